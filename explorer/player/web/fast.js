// Writes a step straight into the picture that Plotly drew, where that gives the same picture.
//
// Plotly's calls recompute the whole figure: 13 to 18 ms each for 65 labelled points or a 65 × 64
// heatmap, so three linked panels would miss every second frame. Points, labels and lines of a
// scatter on fixed axes need only new coordinates and colours, and a heatmap on a fixed scale only
// a new image. What Plotly keeps for hover and zoom is updated too. Anything else:
// bind() gives undefined, and the caller uses Plotly's own call. Written for plotly.js 4.1; a test
// holds the result equal to a full redraw.

import { slice } from "./payload.js"
import { bindScatter, INCOMPLETE } from "./scatter.js"
import { LEVELS, levels } from "./theme.js"

const XLINK = "http://www.w3.org/1999/xlink"
const KINDS = { scatter: bindScatter, heatmap: bindHeatmap }

// A function that draws one step; INCOMPLETE where the picture lacks nodes for it that Plotly left
// out for want of numbers; undefined where it cannot be done.
export function bind(div, moving) {
  const traces = new Map()
  for (const { trace, attribute, array } of moving) {
    if (trace === undefined) return undefined
    if (!traces.has(trace)) traces.set(trace, {})
    traces.get(trace)[attribute] = array
  }
  const writers = []
  for (const [number, arrays] of traces) {
    const full = div._fullData?.find((trace) => trace.index === number)
    const calc = div.calcdata?.find((entry) => entry[0]?.trace === full)
    const place = full && calc && axes(div, full)
    const writer =
      place && KINDS[full.type]?.({ full, calc, data: div.data[number], arrays, ...place, div })
    if (!writer) return undefined
    writers.push(writer)
  }
  if (writers.includes(INCOMPLETE)) return INCOMPLETE
  return (index) => writers.forEach((write) => write(index))
}

// Both axes, if a changed value can move neither.
function axes(div, full) {
  if (full.visible !== true || !full.xaxis || !full.yaxis) return undefined
  const [x, y] = [full.xaxis, full.yaxis].map((name) => {
    return div._fullLayout[`${name[0]}axis${name.slice(1)}`]
  })
  const kinds = full.type === "scatter" ? ["linear", "log"] : ["linear"]
  const fixed = (axis) => kinds.includes(axis?.type) && !axis.rangebreaks?.length
  return fixed(x) && fixed(y) ? { x, y } : undefined
}

// ---- heatmap -----------------------------------------------------------------------------------

function bindHeatmap({ full, calc, data, arrays, x, y, div }) {
  if (!arrays.z || Object.keys(arrays).some((name) => name !== "z" && name !== "customdata"))
    return undefined
  if (full.zauto || full.coloraxis) return undefined
  if (full.xgap || full.ygap || full.zsmooth || full.texttemplate || full.transpose)
    return undefined
  const [, rows, columns] = arrays.z.shape
  const group = [...div.querySelectorAll(".heatmaplayer .hm")].find((g) => {
    return g.__data__ === calc || g.__data__?.[0] === calc[0]
  })
  const image = group?.querySelector("image")
  if (!image || !isOnePixelACell(image, rows, columns)) return undefined

  const table = levels(full)
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows })
  const context = canvas.getContext("2d", { willReadFrequently: true })
  const pixels = context.createImageData(columns, rows)
  const words = new Uint32Array(pixels.data.buffer)
  const factor = (LEVELS - 1) / (full.zmax - full.zmin)

  return (index) => {
    const z = slice(arrays.z, index)
    data.z = full.z = calc[0].z = z
    if (arrays.customdata) data.customdata = full.customdata = slice(arrays.customdata, index)
    const upward = y.range[0] < y.range[1]
    const rightward = x.range[0] < x.range[1]
    for (let r = 0; r < rows; r++) {
      const start = (upward ? rows - 1 - r : r) * columns
      for (let c = 0; c < columns; c++) {
        const level = Math.round((z[r][c] - full.zmin) * factor)
        // NaN gives neither a level nor a colour: a gap.
        const color = level === level ? table[Math.min(Math.max(level, 0), LEVELS - 1)] : 0
        words[start + (rightward ? c : columns - 1 - c)] = color
      }
    }
    context.putImageData(pixels, 0, 0)
    image.setAttributeNS(XLINK, "xlink:href", canvas.toDataURL("image/png"))
  }
}

// Plotly paints even cells as one pixel each and lets the browser enlarge them; read its PNG's size.
function isOnePixelACell(image, rows, columns) {
  const [kind, data] = (image.getAttributeNS(XLINK, "href") ?? "").split("base64,")
  if (kind !== "data:image/png;" || !data) return false
  const head = atob(data.slice(0, 32))
  const word = (at) => [0, 1, 2, 3].reduce((sum, k) => sum * 256 + head.charCodeAt(at + k), 0)
  return word(16) === columns && word(20) === rows
}
