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

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high)
}
