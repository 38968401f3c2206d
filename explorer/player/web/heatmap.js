// Paints a heatmap into the image that Plotly drew; see fast.js.

import { clamp, given, write } from "./dom.js"
import { slice } from "./payload.js"
import { adoptTable, cellLabels, pixelImage, setLink } from "./plotly_table.js"
import { LEVELS, levels } from "./theme.js"

/** @import { Arrays, Writer } from "./fast.js" */
/** @import { Drawn } from "./plotly_figure.js" */

const MOVABLE = new Set(["z", "customdata"])
const TWO_DECIMALS = "%{z:.2f}"

/** @param {PlotlyDiv} div @param {Drawn} trace @param {Arrays} arrays @returns {Writer | undefined} */
export function bindHeatmap(div, trace, arrays) {
  const { full, x, y } = trace
  if (!arrays.z || Object.keys(arrays).some((name) => !MOVABLE.has(name))) return undefined
  if (full.zauto || full.coloraxis || full.xgap || full.ygap) return undefined
  if (full.zsmooth || full.transpose) return undefined
  if (full.texttemplate && full.texttemplate !== TWO_DECIMALS) return undefined
  const [, rows, columns] = arrays.z.shape
  const image = pixelImage(div, trace, rows, columns)
  const labels = full.texttemplate ? cellLabels(div, trace, rows * columns) : []
  if (!image || !labels) return undefined

  const table = levels(/** @type {any} */ (full))
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows })
  const context = given(canvas.getContext("2d", { willReadFrequently: true }))
  const pixels = new ImageData(columns, rows)
  const words = new Uint32Array(pixels.data.buffer)
  const factor = (LEVELS - 1) / (full.zmax - full.zmin)

  return (index) => {
    const z = /** @type {Numbers[]} */ (slice(arrays.z, index))
    adoptTable(trace, z, arrays.customdata && slice(arrays.customdata, index))
    const upward = y.range[0] < y.range[1]
    const rightward = x.range[0] < x.range[1]
    for (let r = 0; r < rows; r++) {
      const start = (upward ? rows - 1 - r : r) * columns
      for (let c = 0; c < columns; c++) {
        const level = Math.round((z[r][c] - full.zmin) * factor)
        // NaN has neither a level nor a colour: a gap.
        const color = Number.isNaN(level) ? 0 : table[clamp(level, 0, LEVELS - 1)]
        words[start + (rightward ? c : columns - 1 - c)] = color
      }
    }
    context.putImageData(pixels, 0, 0)
    setLink(image, canvas.toDataURL("image/png"))
    labels.forEach((label, n) => {
      write(label, twoDecimals(z[Math.floor(n / columns)][n % columns]))
    })
  }
}

// As Plotly writes TWO_DECIMALS.
/** @param {number} value */
export function twoDecimals(value) {
  if (Number.isNaN(value)) return ""
  const digits = value.toFixed(2)
  return Number(digits) === 0 ? "0.00" : digits
}
