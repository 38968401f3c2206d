// What a label is written with, in any script.

const ISOLATES = /[\u2068\u2069]/g // keep a label's direction to itself where it stands beside others
const segments = new Intl.Segmenter("und", { granularity: "grapheme" })

const MOST = 16 // letters of a label in a drawing

// A label in a drawing, cut where it is too long.
/** @param {string} label */
export function shortened(label) {
  if (label.length <= MOST) return label
  const letters = lettersOf(label)
  return letters.length > MOST ? `${letters.slice(0, MOST - 1).join("")}…` : label
}

// Letters with their marks.
/** @param {string} label */
export function lettersOf(label) {
  const text = label.replace(ISOLATES, "")
  return Array.from(segments.segment(text), ({ segment }) => segment)
}
