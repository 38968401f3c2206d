// Writes the points, labels and lines of a scatter into the picture that Plotly drew; see fast.js.

import { slice } from "./payload.js"
import { LEVELS, levels } from "./theme.js"

const MOVABLE = new Set(["x", "y", "marker.color"])
const NO_NUMBER = "#444" // Plotly's colour for a value that is none

export const INCOMPLETE = Symbol("Plotly left out nodes that another step needs")

export function bindScatter({ full, calc, data, arrays, x, y, div }) {
  const names = Object.keys(arrays)
  if (names.some((name) => !MOVABLE.has(name) || arrays[name].shape[1] !== calc.length))
    return undefined
  if ((arrays.x && x.autorange) || (arrays.y && y.autorange)) return undefined
  if (full.fill !== "none" || full.error_x?.visible || full.error_y?.visible || full.stackgroup) {
    return undefined
  }
  const has = (part) => full.mode.includes(part)
  if (has("lines") && !reachesItsEnds(full)) return undefined
  const paint = arrays["marker.color"] && colorWriter(full.marker)
  if (arrays["marker.color"] && !(has("markers") && paint)) return undefined
  const group = div.querySelector(`.trace${CSS.escape(full.uid)}`)
  if (!group) return undefined

  const points = has("markers") ? pointNodes(group, calc) : []
  const labels = has("text") ? labelNodes(group, calc) : []
  const lines = has("lines")
    ? [...group.querySelectorAll(":scope > .lines > path.js-line")]
    : undefined
  if (!points || !labels || lines?.length === 0) return INCOMPLETE
  const marked = [...points, ...labels].map(([nodes, entry]) => ({ nodes, entry }))
  lines?.slice(1).forEach((node) => node.setAttribute("d", "M0,0")) // one path draws all stretches

  return (index) => {
    for (const name of names) {
      const values = slice(arrays[name], index)
      adopt(name, values, [data, full], calc)
      if (name === "marker.color")
        points.forEach(([[node], entry]) => paint(node, entry, values[entry.i]))
    }
    for (const mark of marked) place(mark, x, y, full.cliponaxis === false)
    lines?.[0].setAttribute("d", linePath(calc, x, y, full.connectgaps))
  }
}

// Straight lines to the points themselves, not up to an arrow head or away from a marker.
function reachesItsEnds({ line, marker }) {
  if (line.shape !== "linear") return false
  if (!line.backoff) return true
  return line.backoff === "auto" && !marker?.standoff && !String(marker?.symbol).includes("arrow")
}

// What Plotly keeps of a trace, so that hover, zoom and its own drawing tell the same step.
function adopt(name, values, traces, calc) {
  if (name === "marker.color") {
    for (const trace of traces) trace.marker.color = values
    for (let i = 0; i < calc.length; i++) calc[i].mc = values[i]
    return
  }
  for (const trace of traces) trace[name] = values
  // Plotly's word for "no number" is undefined; a NaN it would draw.
  for (let i = 0; i < calc.length; i++)
    calc[i][name] = values[i] === values[i] ? values[i] : undefined
}

// A point is hidden where it has no place, and beyond the axes where these do not clip it.
function place(mark, x, y, unclipped) {
  const { nodes, entry } = mark
  const [left, top] = [px(x, entry.x), px(y, entry.y)]
  const known = left === left && top === top
  const shown = known && (!unclipped || (x.isPtWithinRange(entry) && y.isPtWithinRange(entry)))
  if (shown !== mark.shown) {
    mark.shown = shown
    if (shown) nodes[0].removeAttribute("display")
    else nodes[0].setAttribute("display", "none")
  }
  if (!known) return
  if (nodes.length === 1) return nodes[0].setAttribute("transform", `translate(${left},${top})`)
  for (let i = 1; i < nodes.length; i++) {
    nodes[i].setAttribute("x", left)
    nodes[i].setAttribute("y", top)
  }
}

function px(axis, value) {
  return value === undefined ? NaN : Math.round(axis.c2p(value) * 100) / 100
}

// [[node], entry] of every point, undefined when Plotly left some out.
function pointNodes(group, calc) {
  const nodes = [...group.querySelectorAll(":scope > .points > path.point")]
  const entries = nodes.map((node) => [[node], node.__data__])
  const known = entries.every(([, entry]) => calc[entry?.i] === entry)
  return known && nodes.length === calc.length ? entries : undefined
}

// [[group, its text, a part for each of several lines], entry]; an empty label has no node.
function labelNodes(group, calc) {
  const nodes = [...group.querySelectorAll(":scope > .text > .textpoint")]
  const entries = nodes.map((node) => [
    [node, ...node.querySelectorAll("text, tspan.line")],
    node.__data__,
  ])
  const known = entries.every(([, entry]) => calc[entry?.i] === entry)
  const expected = calc.filter((entry) => entry.tx !== "" && entry.tx !== undefined).length
  return known && nodes.length === expected ? entries : undefined
}

// Only stretches of two places and more are lines.
function linePath(calc, x, y, connect) {
  let path = ""
  let start = ""
  let drawing = false
  for (const entry of calc) {
    const place =
      entry.x === undefined || entry.y === undefined ? "" : `${px(x, entry.x)},${px(y, entry.y)}`
    if (!place) {
      if (!connect) [start, drawing] = ["", false]
    } else if (!start) start = place
    else {
      path += drawing ? `L${place}` : `M${start}L${place}`
      drawing = true
    }
  }
  return path || "M0,0"
}

// Fills a point with its value's colour, or undefined where Plotly's look is more than a fill.
function colorWriter(marker) {
  const { cmin, cmax, cauto, coloraxis, colorscale, symbol, gradient, pattern } = marker
  if (cauto || coloraxis || !colorscale || !(cmax > cmin)) return undefined
  if (typeof symbol !== "string" || symbol.includes("open") || pattern?.shape) return undefined
  if (gradient && gradient.type !== "none") return undefined
  const colors = Array.from(levels(marker), (word) => {
    return `rgb(${word & 255}, ${(word >> 8) & 255}, ${(word >> 16) & 255})`
  })
  const factor = (LEVELS - 1) / (cmax - cmin)
  return (node, entry, value) => {
    const level = Math.round((value - cmin) * factor)
    const color = level === level ? colors[Math.min(Math.max(level, 0), LEVELS - 1)] : NO_NUMBER
    if (entry.mcc === color) return
    entry.mcc = color
    node.style.fill = color
  }
}
