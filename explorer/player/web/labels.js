// Keeps the labels of a figure's points apart from step to step. Assumes that a figure with such
// labels has one plot.

import { HIDDEN, placed } from "./placing.js"
import { plotOf } from "./plotly_figure.js"
import { shiftOf, shownLabels } from "./plotly_marks.js"

const LEAP = 3 // steps beyond which the old places mean nothing

export class Labels {
  /** @param {PlotlyDiv} div */
  constructor(div) {
    this.div = div
    /** @type {Map<string, { left: number, top: number, width: number, height: number }>} */
    this.sizes = new Map() // by words and font: a label's box from its point, before its shift
    /** @type {Map<string, number>} */
    this.places = new Map() // by trace and point
    /** @type {WeakMap<Element, { own: [number, number], written: string }>} */
    this.shifts = new WeakMap() // by node: Plotly's shift, and the transform that stands there
    /** @type {number | undefined} */
    this.index = undefined
    this.view = ""
    this.remeasure = () => {
      this.sizes.clear()
      if (this.index !== undefined) this.arrange(this.index)
    }
    document.fonts.addEventListener("loadingdone", this.remeasure)
  }

  // After every drawing, Plotly's or ours. After a leap of the reader, or another zoom, every label
  // starts from its own point again.
  /** @param {number} index */
  arrange(index) {
    const labels = this.collect()
    if (!labels.length) return
    const plot = plotOf(this.div)
    const moved = Math.abs(index - (this.index ?? Number.NEGATIVE_INFINITY))
    if (moved > LEAP || (moved === 0 && plot.view !== this.view)) this.places.clear()
    this.index = index
    this.view = plot.view
    for (const { label, place, shift } of placed(labels, this.places, plot)) {
      this.places.set(label.key, place)
      const visibility = place === HIDDEN ? "hidden" : ""
      if (label.node.style.visibility !== visibility) label.node.style.visibility = visibility
      if (shift) this.shift(label.node, shift)
    }
  }

  collect() {
    return shownLabels(this.div).map(({ node, text, key, radius }) => {
      /** @type {[x: number, y: number]} */
      const point = [Number(text.getAttribute("x")), Number(text.getAttribute("y"))]
      const font = parseFloat(text.style.fontSize) || 0
      return { node, key, font, radius, point, own: this.own(node), size: this.size(text, point) }
    })
  }

  // Plotly's own shift of a label; ours, where nothing was drawn since, does not count.
  /** @param {Element} node */
  own(node) {
    const transform = node.getAttribute("transform") ?? ""
    const known = this.shifts.get(node)
    if (known?.written === transform) return known.own
    const own = shiftOf(node)
    this.shifts.set(node, { own, written: transform })
    return own
  }

  /** @param {SVGTextElement} text @param {[x: number, y: number]} point */
  size(text, [x, y]) {
    const { fontFamily, fontSize, fontWeight } = text.style
    const look = [fontFamily, fontSize, fontWeight, text.getAttribute("text-anchor")]
    const key = [text.textContent, ...look].join("\n")
    const known = this.sizes.get(key)
    if (known) return known
    const box = text.getBBox()
    const size = { left: box.x - x, top: box.y - y, width: box.width, height: box.height }
    this.sizes.set(key, size)
    return size
  }

  /** @param {Element} node @param {[dx: number, dy: number]} shift */
  shift(node, shift) {
    const transform = `translate(${shift.map((value) => Math.round(value * 100) / 100)})`
    const known = this.shifts.get(node)
    if (!known || transform === known.written) return
    known.written = transform
    node.setAttribute("transform", transform)
  }

  // Labels are the figure's own again; Plotly puts them back as it draws it.
  release() {
    this.index = undefined
    this.places.clear()
    for (const { node } of shownLabels(this.div)) node.style.visibility = ""
  }

  close() {
    document.fonts.removeEventListener("loadingdone", this.remeasure)
  }
}
