// The colour scale of weights from 0 to 1, as a small bar.

import { element } from "./dom.js"

/** @param {string} colors @param {[low: string, high: string]} words */
export function legend(colors, words) {
  const box = element("span", "driftscope-legend")
  const bar = document.createElement("i")
  bar.style.background = `linear-gradient(to right, ${colors})`
  box.append("0", bar, "1")
  box.setAttribute("role", "img")
  box.setAttribute("aria-label", `colour scale from 0, ${words[0]}, to 1, ${words[1]}`)
  return box
}
