// Where Plotly draws a figure without the page around it.

import { element } from "./dom.js"

// Draws beside the page, and puts the node back. Plotly measures each text that it writes, and with new
// nodes in Streamlit's main column the browser styles all of it before it tells a size: see `write`.
/** @param {HTMLElement} node @param {() => void} draw */
export function aside(node, draw) {
  const { parentNode, nextSibling } = node
  const sheet = element("div", "driftscope-aside")
  const { width, height } = getComputedStyle(node)
  Object.assign(sheet.style, { width, height })
  sheet.append(node)
  document.body.append(sheet)
  try {
    draw()
  } finally {
    parentNode?.insertBefore(node, nextSibling)
    sheet.remove()
  }
}
