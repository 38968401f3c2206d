// What a label is written with, in any script.

const ISOLATES = /[\u2068\u2069]/g // keep a label's direction to itself where it stands beside others
const segments = new Intl.Segmenter("und", { granularity: "grapheme" })

// Letters with their marks.
/** @param {string} label */
export function lettersOf(label) {
  const text = label.replace(ISOLATES, "")
  return Array.from(segments.segment(text), ({ segment }) => segment)
}
