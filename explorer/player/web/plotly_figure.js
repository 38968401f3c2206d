// A figure that Plotly drew, beyond what Plotly documents: its traces, axes, cameras. What is relied
// on is in plotly_checks.js. Read in plotly.js 4.1.

/**
 * @typedef {object} Drawn a trace in a figure that Plotly drew
 * @property {Attributes} full all attributes, defaults filled in
 * @property {Attributes} data the attributes as written
 * @property {PlotlyEntry[]} calc
 * @property {PlotlyAxis} x
 * @property {PlotlyAxis} y
 */

/** @param {PlotlyDiv} div */
export function inside(div) {
  return /** @type {PlotlyInternals} */ (div)
}

// A visible trace on two axes; undefined for any other.
/** @param {PlotlyDiv} element @param {number} number @returns {Drawn | undefined} */
export function drawnTrace(element, number) {
  const div = inside(element)
  const full = div._fullData.find(({ index }) => index === number)
  const calc = full?.visible === true && full.xaxis && full.yaxis ? calcOf(div, full) : undefined
  if (!full || !calc) return undefined
  const [x, y] = axesOf(div, full)
  return { full, calc, data: div.data[number], x, y }
}

/** @param {PlotlyInternals} div @param {Attributes} full */
export function calcOf(div, full) {
  return div.calcdata.find(([entry]) => entry?.trace === full)
}

/** @param {PlotlyInternals} div @param {Attributes} full */
export function axesOf(div, full) {
  return [full.xaxis, full.yaxis].map((name) => axisNamed(div, name))
}

// By its name in a trace, as "x2".
/** @param {PlotlyInternals} div @param {string} name @returns {PlotlyAxis} */
function axisNamed(div, name) {
  return div._fullLayout[`${name[0]}axis${name.slice(1)}`]
}

// Both ends of a trace's axis as it writes numbers: a logarithmic axis has its range as powers of
// ten. Undefined for what is not a coordinate.
/** @param {PlotlyDiv} element @param {number} trace @param {string} attribute */
export function endsOf(element, trace, attribute) {
  const div = inside(element)
  const axis = axisNamed(div, div.data[trace][`${attribute}axis`] ?? attribute)
  return axis?.range?.map((end) => axis.r2d(end))
}

// True while the reader pans or zooms: Plotly owns the picture then.
/** @param {PlotlyDiv} div */
export function isDragging(div) {
  return Boolean(inside(div)._dragging)
}

// Where the reader looks from, by scene: Plotly itself forgets a turn of the wheel.
/** @param {PlotlyDiv} div @returns {[scene: string, camera: Attributes][]} */
export function cameras(div) {
  const layout = inside(div)._fullLayout
  /** @type {string[]} */
  const names = layout._subplots?.gl3d ?? []
  return names.flatMap((name) => {
    const camera = layout[name]._scene?.getCamera?.()
    return camera ? [[name, camera]] : []
  })
}

// Size and ranges of the figure's one plot.
/** @param {PlotlyDiv} div */
export function plotOf(div) {
  const { xaxis: x, yaxis: y } = inside(div)._fullLayout
  return {
    width: x._length,
    height: y._length,
    view: JSON.stringify([x.range, y.range, x._length, y._length]),
  }
}

/** @param {Attributes} full */
export function isScatter(full) {
  return full.type === "scatter"
}

/** @param {Attributes} full @param {string} part */
export function has(full, part) {
  return isScatter(full) && full.mode.includes(part)
}
