// The colour scale of weights from 0 to 1, as a small bar.

import { element } from "./dom.js"

// Out of the page by the square root of the weight: see the pictures' own in theme.js.
const SHADES = [0, 25, 50, 75, 100].map((share) => {
  return `color-mix(in srgb, var(--deep) ${share}%, var(--paper)) ${share ** 2 / 100}%`
})

export function legend() {
  const box = element("span", "driftscope-legend")
  const bar = document.createElement("i")
  bar.style.background = `linear-gradient(to right, ${SHADES.join(", ")})`
  box.append("0", bar, "1")
  box.setAttribute("role", "img")
  box.setAttribute("aria-label", "colour scale from 0, the page, to 1, full")
  return box
}
