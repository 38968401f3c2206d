// What SVG is written with: numbers, colours, text.

import { rgba } from "./theme.js"

/** @type {Map<string, [color: string, opacity: number]>} */
const known = new Map()
// What XML 1.0 has no way to write.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g
const FONT = /^(?:italic )?(?:(\w+) )?([\d.]+)px(?: ?\/ ?[\w.]+)? (.+)$/

/** @param {number} value */
export function number(value) {
  return String(Math.round(1000 * value) / 1000)
}

// Any CSS colour as programs other than browsers read it, too.
/** @param {string} color @returns {[color: string, opacity: number]} */
export function hex(color) {
  const found = known.get(color)
  if (found) return found
  const [alpha, ...bytes] = [rgba(color)[3], ...rgba(opaque(color)).slice(0, 3)]
  const text = `#${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`
  known.set(color, [text, alpha / 255])
  return [text, alpha / 255]
}

// A transparent colour comes back from a canvas rounded.
/** @param {string} color */
function opaque(color) {
  return color.replace(/^rgba\((.*), [\d.]+\)$/, "rgb($1)")
}

/** @param {string} text */
export function escaped(text) {
  const safe = text.replace(UNWRITABLE, "\ufffd").replaceAll("&", "&amp;").replaceAll("<", "&lt;")
  return safe.replaceAll('"', "&quot;")
}

/**
 * A line of text on its baseline; `font` as CSS writes it in short, `look` more attributes.
 * @param {string} text @param {{ x: number, y: number, font: string, look: string }} how
 */
export function textOf(text, { x, y, font, look }) {
  const [, weight = "400", size, family] = FONT.exec(font) ?? ["", "400", "12", "sans-serif"]
  const letters = `font-family="${escaped(family)}" font-size="${size}" font-weight="${weight}"`
  const at = `x="${number(x)}" y="${number(y)}"`
  return `<text ${at} ${letters} ${look} style="white-space: pre">${escaped(text)}</text>`
}
