// The tokens of a sentence as nodes, each in the colour of its weight.

import { clamp, element, isolated, write } from "./dom.js"
import { contrast, LEVELS, lookup, luminance, magnitude, rgba } from "./theme.js"

/** @typedef {{ node: HTMLElement, label: string, number: HTMLElement, level: number }} Token */
/** @typedef {{ back: string, ink: string }} Look of a token */

const NEWLINE = "⏎"
const READABLE = 4.5 // of letters to what is behind them
// A key's look by its weight in hundredths, so that only visible changes are written.
const WEIGHTS = Array.from({ length: 101 }, (_, n) => n / 100)
const NUMBERS = WEIGHTS.map((_, n) => (n === 100 ? "1" : n ? `.${String(n).padStart(2, "0")}` : ""))

/** @param {string} label @param {boolean} written @param {string} [beneath] @returns {Token} */
export function token(label, written, beneath = "") {
  const node = element("span", "driftscope-token")
  node.classList.toggle("driftscope-written", written)
  const number = document.createElement("small")
  number.textContent = beneath
  node.append(isolated(label), number)
  return { node, label, number, level: 0 }
}

// What was typed there and is not read.
/** @param {string | undefined} label */
export function struck(label) {
  if (label === undefined) return []
  const node = document.createElement("s")
  node.append(isolated(label))
  return [node]
}

/** @param {Token} token */
export function withBreak({ node, label }) {
  return label === NEWLINE ? [node, element("i", "driftscope-break")] : [node]
}

// The letter takes the end of grey with more contrast where the page's own colour has too little.
/** @param {Theme} theme */
export function colors(theme) {
  const table = lookup(magnitude(theme), LEVELS)
  const ink = luminance(rgba(theme.text))
  return WEIGHTS.map((weight, n) => {
    const word = table[Math.round(weight * (LEVELS - 1))]
    const back = [word & 255, (word >> 8) & 255, (word >> 16) & 255]
    const light = luminance(back)
    const end = light > 0.179 ? "#000000" : "#FFFFFF"
    return {
      back: n ? `rgb(${back.join(", ")})` : "",
      ink: contrast(ink, light) < READABLE ? end : "",
    }
  })
}

// In the colour of its weight, which stands beneath it.
/** @param {Token} token @param {number} weight @param {Look[]} looks by the weight in hundredths */
export function paint(token, weight, looks) {
  const level = Math.round(100 * clamp(weight, 0, 1)) || 0 // NaN: none
  if (level === token.level) return
  const { back, ink } = looks[level]
  token.level = level
  token.node.style.backgroundColor = back
  token.node.style.color = ink
  write(token.number, NUMBERS[level])
}
