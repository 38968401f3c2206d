// What every part of the page builds itself from.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} name
 */
export function element(tag, name) {
  const node = document.createElement(tag)
  node.className = name
  return node
}

// Other words for a node that holds nothing but words. They change within its text node: where nodes
// come and go, the browser judges every `:has()` of the page again, Streamlit's own on its main
// column too, and with that the style of all that stands there: 5 ms a frame.
/** @param {Node} node @param {string} words */
export function write(node, words) {
  if (node.textContent === words) return
  const [only, another] = node.childNodes
  if (only instanceof Text && !another) only.data = words
  else node.textContent = words
}

// Hidden, or not. It is written only where it changes: a `:has()` of the page reads it; see `write`.
/** @param {HTMLElement} node @param {boolean} isHidden */
export function hide(node, isHidden) {
  if (node.hidden !== isHidden) node.hidden = isHidden
}

// A label as it is: never markup, and its direction of writing ends with it.
/** @param {string} label */
export function isolated(label) {
  return Object.assign(document.createElement("bdi"), { textContent: label })
}

// Named for the pointer and for a screen reader.
/** @param {HTMLElement} node @param {string} words */
export function label(node, words) {
  node.title = words
  node.setAttribute("aria-label", words)
}

// The text under or beside the pointer, for every picture in the same look.
export function hiddenTip() {
  const tip = element("div", "driftscope-tip")
  tip.hidden = true
  return tip
}

/**
 * @template {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context
 * @param {Context | null} context
 */
export function given(context) {
  if (!context) throw new Error("this browser draws no canvas")
  return context
}

// A canvas of so many CSS pixels, sharp on this screen, whose context draws in CSS pixels.
/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
export function fitCanvas(context, width, height) {
  const ratio = window.devicePixelRatio || 1
  context.canvas.width = Math.round(width * ratio)
  context.canvas.height = Math.round(height * ratio)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
}

// How much larger a node is on the screen than it is laid out: not 1 in a presentation.
/** @param {HTMLElement} node */
export function scaleOf(node) {
  return node.getBoundingClientRect().width / node.offsetWidth || 1
}

// Where the pointer is, in the node's own pixels from its corner.
/** @param {MouseEvent} event @param {HTMLElement} node @returns {[x: number, y: number]} */
export function pointIn({ clientX, clientY }, node) {
  const [box, scale] = [node.getBoundingClientRect(), scaleOf(node)]
  return [(clientX - box.left) / scale, (clientY - box.top) / scale]
}

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high)
}
