// Writes the points, labels and lines of a scatter into the picture that Plotly drew; see fast.js.

import { clamp } from "./dom.js"
import { slice } from "./payload.js"
import { has } from "./plotly_figure.js"
import {
  adopt,
  fill,
  isWithinAxes,
  labelMarks,
  lineNodes,
  pixels,
  pointMarks,
} from "./plotly_marks.js"
import { LEVELS, levels } from "./theme.js"

/** @import { Arrays, Writer } from "./fast.js" */
/** @import { Drawn } from "./plotly_figure.js" */
/** @import { LabelMark, PointMark } from "./plotly_marks.js" */

const MOVABLE = new Set(["x", "y", "marker.color"])

export const INCOMPLETE = Symbol("Plotly left out nodes that another step needs")

/**
 * @param {PlotlyDiv} div
 * @param {Drawn} trace
 * @param {Arrays} arrays
 * @returns {Writer | symbol | undefined}
 */
export function bindScatter(div, trace, arrays) {
  const { full, calc } = trace
  if (!canBeWritten(trace, arrays)) return undefined
  const color = arrays["marker.color"] && colorScale(full.marker)
  if (arrays["marker.color"] && !(has(full, "markers") && color)) return undefined
  const points = has(full, "markers") ? pointMarks(div, trace) : []
  const labels = has(full, "text") ? labelMarks(div, trace) : []
  const lines = has(full, "lines") ? lineNodes(div, trace) : undefined
  if (!points || !labels || lines?.length === 0) return INCOMPLETE
  const marks = [...points, ...labels].map((mark) => ({ ...mark, isShown: undefined }))
  for (const node of lines?.slice(1) ?? []) node.setAttribute("d", NO_LINE) // the first draws all

  return (index) => {
    for (const [name, array] of Object.entries(arrays)) {
      const values = /** @type {Numbers} */ (slice(array, index))
      adopt(trace, name, values)
      if (name !== "marker.color" || !color) continue
      for (const point of points) fill(point, color(values[point.entry.i]))
    }
    for (const mark of marks) place(mark, trace)
    if (!lines) return
    const places = calc.map((entry) => pixels(entry, trace.x, trace.y))
    lines[0].setAttribute("d", linePath(places, full.connectgaps))
  }
}

/** @param {Drawn} trace @param {Arrays} arrays */
function canBeWritten({ full, calc, x, y }, arrays) {
  for (const [name, { shape }] of Object.entries(arrays)) {
    if (!MOVABLE.has(name) || shape[1] !== calc.length) return false
  }
  if ((arrays.x && x.autorange) || (arrays.y && y.autorange)) return false
  if (full.fill !== "none" || full.error_x?.visible || full.error_y?.visible) return false
  return !full.stackgroup && (!has(full, "lines") || reachesItsEnds(full))
}

// Straight lines to the points themselves, not up to an arrow head or away from a marker.
/** @param {Attributes} full */
function reachesItsEnds({ line, marker }) {
  if (line.shape !== "linear") return false
  if (!line.backoff) return true
  return line.backoff === "auto" && !marker?.standoff && !String(marker?.symbol).includes("arrow")
}

// A point is hidden where it has no numbers, and beyond the axes where these do not clip it.
/** @param {(PointMark | LabelMark) & { isShown?: boolean }} mark @param {Drawn} trace */
function place(mark, trace) {
  const { node, entry } = mark
  const [left, top] = pixels(entry, trace.x, trace.y)
  const isKnown = !Number.isNaN(left) && !Number.isNaN(top)
  const isShown = isKnown && (trace.full.cliponaxis !== false || isWithinAxes(trace, entry))
  if (isShown !== mark.isShown) {
    mark.isShown = isShown
    if (isShown) node.removeAttribute("display")
    else node.setAttribute("display", "none")
  }
  if (!isKnown) return
  if (!("texts" in mark)) node.setAttribute("transform", `translate(${left},${top})`)
  else {
    for (const text of mark.texts) {
      text.setAttribute("x", String(left))
      text.setAttribute("y", String(top))
    }
  }
}

const NO_LINE = "M0,0"

// Only stretches of two points and more are lines; a point without numbers ends one unless gaps
// are connected.
/** @param {[x: number, y: number][]} places @param {boolean} connect */
export function linePath(places, connect) {
  let path = ""
  let start = ""
  let isDrawing = false
  for (const [x, y] of places) {
    const at = `${x},${y}`
    if (Number.isNaN(x) || Number.isNaN(y)) {
      if (!connect) [start, isDrawing] = ["", false]
    } else if (!start) start = at
    else {
      path += isDrawing ? `L${at}` : `M${start}L${at}`
      isDrawing = true
    }
  }
  return path || NO_LINE
}

// A value's colour, undefined for NaN; undefined where Plotly's look is more than a fill.
/** @param {Attributes} marker */
function colorScale(marker) {
  const { cmin, cmax, cauto, coloraxis, colorscale, symbol, gradient, pattern } = marker
  if (cauto || coloraxis || !colorscale || !(cmax > cmin)) return undefined
  if (typeof symbol !== "string" || symbol.includes("open") || pattern?.shape) return undefined
  if (gradient && gradient.type !== "none") return undefined
  const colors = Array.from(levels(/** @type {any} */ (marker)), (word) => {
    return `rgb(${word & 255}, ${(word >> 8) & 255}, ${(word >> 16) & 255})`
  })
  const factor = (LEVELS - 1) / (cmax - cmin)
  return /** @param {number} value */ (value) => {
    const level = Math.round((value - cmin) * factor)
    return Number.isNaN(level) ? undefined : colors[clamp(level, 0, LEVELS - 1)]
  }
}
