// A figure as plain data: what its picture depends on, ranges of its axes, its scales in words.

import { written } from "./digits.js"

// All that a picture without its moving numbers depends on.
/** @param {PlotSpec} spec @param {Theme} theme */
export function lookOf(spec, theme) {
  const moves = spec.moving.map(({ path }) => path) // what moved before keeps its last value
  return JSON.stringify([spec.figure, theme, spec.height, spec.lasso, spec.declutter, moves])
}

/** @param {Attributes} layout @returns {[string, number[]][]} */
export function rangesOfOneUnit(layout) {
  const names = Object.keys(layout).filter((name) => layout[name]?.scaleanchor)
  const anchors = names.map((name) => axisOf(layout[name].scaleanchor))
  return [...new Set([...names, ...anchors])]
    .filter((name) => layout[name]?.range)
    .map((name) => [name, [...layout[name].range]])
}

// "y2" is the layout's yaxis2.
/** @param {string} name */
function axisOf(name) {
  return `${name[0]}axis${name.slice(1)}`
}

// Both ends of the axis in turn for NaN, so that even a line of such points has a length.
/** @param {Slice} values @param {number[]} ends */
export function withoutGaps(values, ends) {
  const numbers = /** @type {Numbers} */ (values)
  return Array.from(numbers, (value, i) => (Number.isNaN(value) ? ends[i % 2] : value))
}

// The ends of what has no numbers in the picture: colours without a bar, axes without ticks.
/** @param {{ data?: Attributes[], layout: Attributes }} figure */
export function scalesOf({ data = [], layout }) {
  const colours = data
    .map((trace) => ({
      trace,
      ends: [trace.zmin ?? trace.marker?.cmin, trace.zmax ?? trace.marker?.cmax],
    }))
    .filter(({ trace, ends }) => ends.every(Number.isFinite) && trace.showscale === false)
    .map(({ ends }) => `colour from ${ends.map(written).join(" to ")}`)
  const axes = Object.keys(layout)
    .filter((name) => /^[xy]axis\d*$/.test(name) && layout[name].showticklabels === false)
    .filter((name) => layout[name].range?.every(Number.isFinite))
    .map(
      (name) => `${name.replace("axis", "")} from ${layout[name].range.map(written).join(" to ")}`,
    )
  const found = [...new Set([...colours, ...axes])]
  return found.length ? [found.join(" · ")] : []
}
