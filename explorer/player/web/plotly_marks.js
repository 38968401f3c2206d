// The points, labels and lines of a scatter that Plotly drew, beyond what Plotly documents. What is
// relied on is in plotly_checks.js. Read in plotly.js 4.1.

import { has } from "./plotly_figure.js"

/** @import { Drawn } from "./plotly_figure.js" */
/** @typedef {{ node: SVGElement, entry: PlotlyEntry }} PointMark */
/** @typedef {{ node: SVGElement, texts: Element[], entry: PlotlyEntry }} LabelMark */

export const SHIFT = /translate\(\s*(-?[\d.e-]+)[ ,]+(-?[\d.e-]+)\s*\)\s*$/
export const POINTS = ":scope > .points > path.point"
export const LABELS = ":scope > .text > .textpoint"
export const LINES = ":scope > .lines > path.js-line"
const NO_NUMBER = "#444" // Plotly's colour of a point whose value is NaN

/** @param {PlotlyDiv} div @param {Attributes} full */
export function groupOf(div, full) {
  return div.querySelector(`.trace${CSS.escape(full.uid)}`)
}

/** @param {PlotlyEntry} entry @param {PlotlyAxis} x @param {PlotlyAxis} y */
export function isPlaced(entry, x, y) {
  return pixels(entry, x, y).every(Number.isFinite)
}

// NaN for what has no number, or none on this axis.
/**
 * @param {PlotlyEntry} entry
 * @param {PlotlyAxis} x
 * @param {PlotlyAxis} y
 * @returns {[x: number, y: number]}
 */
export function pixels(entry, x, y) {
  return [pixel(x, entry.x), pixel(y, entry.y)]
}

/** @param {PlotlyAxis} axis @param {number | undefined} value */
function pixel(axis, value) {
  return value === undefined ? NaN : Math.round(axis.c2p(value) * 100) / 100
}

// The node of every point; undefined when Plotly left some out.
/** @param {PlotlyDiv} div @param {Drawn} trace @returns {PointMark[] | undefined} */
export function pointMarks(div, { full, calc }) {
  const marks = marksIn(div, full, POINTS)
  const isComplete = marks.every(({ entry }) => calc[entry?.i] === entry)
  return isComplete && marks.length === calc.length ? marks : undefined
}

// The node of every label, its text and a part for each of several lines; an empty label has none.
/** @param {PlotlyDiv} div @param {Drawn} trace @returns {LabelMark[] | undefined} */
export function labelMarks(div, { full, calc }) {
  const marks = marksIn(div, full, LABELS)
  const isComplete = marks.every(({ entry }) => calc[entry?.i] === entry)
  const expected = calc.filter(({ tx }) => tx !== "" && tx !== undefined).length
  if (!isComplete || marks.length !== expected) return undefined
  return marks.map(({ node, entry }) => {
    return { node, texts: [...node.querySelectorAll("text, tspan.line")], entry }
  })
}

/** @param {PlotlyDiv} div @param {Attributes} full @param {string} selector */
function marksIn(div, full, selector) {
  const nodes = /** @type {PlotlyNode[]} */ ([
    ...(groupOf(div, full)?.querySelectorAll(selector) ?? []),
  ])
  return nodes.map((node) => ({ node, entry: /** @type {PlotlyEntry} */ (node.__data__) }))
}

/** @param {PlotlyDiv} div @param {Drawn} trace */
export function lineNodes(div, { full }) {
  return [...(groupOf(div, full)?.querySelectorAll(LINES) ?? [])]
}

// What Plotly stores of a trace, so that hover, zoom and its own drawing show the same step.
/** @param {Drawn} trace @param {string} name @param {Numbers} values */
export function adopt({ full, data, calc }, name, values) {
  const traces = [data, full]
  if (name === "marker.color") {
    for (const trace of traces) trace.marker.color = values
    for (let i = 0; i < calc.length; i++) calc[i].mc = values[i]
    return
  }
  for (const trace of traces) trace[name] = values
  const coordinate = /** @type {"x" | "y"} */ (name)
  // Plotly stores NaN as undefined; a NaN it would draw.
  for (let i = 0; i < calc.length; i++) {
    calc[i][coordinate] = Number.isNaN(values[i]) ? undefined : values[i]
  }
}

/** @param {PointMark} mark @param {string | undefined} color undefined for NaN */
export function fill({ node, entry }, color = NO_NUMBER) {
  if (entry.mcc === color) return
  entry.mcc = color
  node.style.fill = color
}

/** @param {Drawn} trace @param {PlotlyEntry} entry */
export function isWithinAxes({ x, y }, entry) {
  return x.isPtWithinRange(entry) && y.isPtWithinRange(entry)
}

// Every label that has a point in view.
/** @param {PlotlyDiv} div */
export function shownLabels(div) {
  const nodes = /** @type {NodeListOf<PlotlyNode>} */ (
    div.querySelectorAll(".textpoint:not([display=none])")
  )
  return [...nodes].flatMap((node) => {
    const text = /** @type {SVGTextElement | null} */ (node.firstElementChild)
    const entry = /** @type {PlotlyEntry | undefined} */ (node.__data__)
    if (!text?.textContent || !entry) return []
    const trace = /** @type {PlotlyNode} */ (node.closest(".trace")).__data__[0].trace
    const radius = has(trace, "markers") ? (entry.mrc ?? 0) : 0
    return [{ node, text, key: `${trace.uid} ${entry.i}`, radius }]
  })
}

// How far a label stands from its point; Plotly writes it at each drawing.
/** @param {Element} node @returns {[dx: number, dy: number]} */
export function shiftOf(node) {
  const [, dx, dy] = SHIFT.exec(node.getAttribute("transform") ?? "") ?? [0, 0, 0]
  return [Number(dx), Number(dy)]
}
