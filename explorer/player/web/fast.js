// Writes a step straight into the picture that Plotly drew, where that gives the same picture.
//
// Plotly's calls recompute the whole figure: 13 to 18 ms each for 65 labelled points or a 65 × 64
// heatmap, so three linked panels would miss every second frame. Points, labels and lines of a
// scatter on fixed axes need only new coordinates and colours, and a heatmap on a fixed scale only
// a new image. What Plotly stores for hover and zoom is updated too. For anything else bind() gives
// undefined, and the caller uses Plotly's own call. A test holds both pictures equal.

import { bindHeatmap } from "./heatmap.js"
import { drawnTrace } from "./plotly_figure.js"
import { bindScatter, INCOMPLETE } from "./scatter.js"

/** @import { Drawn } from "./plotly_figure.js" */
/** @typedef {(index: number) => void} Writer draws one step */
/** @typedef {Record<string, Stepped>} Arrays what moves, by attribute */
/** @typedef {{ trace: number | undefined, attribute: string, array: Stepped }} Moving */

// INCOMPLETE where the picture lacks nodes of points that have no numbers at the step it was drawn
// at; undefined where it cannot be done.
/** @param {PlotlyDiv} div @param {Moving[]} moving @returns {Writer | symbol | undefined} */
export function bind(div, moving) {
  /** @type {Map<number, Arrays>} */
  const traces = new Map()
  for (const { trace, attribute, array } of moving) {
    if (trace === undefined) return undefined
    traces.set(trace, { ...traces.get(trace), [attribute]: array })
  }
  const bound = [...traces].map(([number, arrays]) => bindTrace(div, number, arrays))
  if (bound.includes(undefined)) return undefined
  if (bound.includes(INCOMPLETE)) return INCOMPLETE
  const writers = /** @type {Writer[]} */ (bound)
  return (index) => {
    for (const write of writers) write(index)
  }
}

/** @param {PlotlyDiv} div @param {number} number @param {Arrays} arrays */
function bindTrace(div, number, arrays) {
  const trace = drawnTrace(div, number)
  if (trace?.full.type === "scatter" && isFixed(trace, ["linear", "log"])) {
    return bindScatter(div, trace, arrays)
  }
  if (trace?.full.type === "heatmap" && isFixed(trace, ["linear"])) {
    return bindHeatmap(div, trace, arrays)
  }
  return undefined
}

// True when a changed value can move neither axis.
/** @param {Drawn} trace @param {string[]} types */
function isFixed({ x, y }, types) {
  return [x, y].every((axis) => types.includes(axis?.type) && !axis.rangebreaks?.length)
}
