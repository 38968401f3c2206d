// The page's theme as Plotly understands it, and the colours that both kinds of picture share.

import { clamp, given } from "./dom.js"

// Okabe and Ito's colours, distinct for readers with any colour vision; black follows the text.
const CATEGORIES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"]

export const LEVELS = 1024 // distinct colours of a scale

export const VIRIDIS = [
  "#440154",
  "#482878",
  "#3e4989",
  "#31688e",
  "#26828e",
  "#1f9e89",
  "#35b779",
  "#6ece58",
  "#b5de2b",
  "#fde725",
]

/** @param {Element} element @returns {Theme} */
export function readTheme(element) {
  const style = getComputedStyle(element)
  /** @param {string} name @param {string} fallback */
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback
  return {
    text: read("--st-text-color", "#31333f"),
    background: read("--st-background-color", "#ffffff"),
    surface: read("--st-secondary-background-color", "#f0f2f6"),
    border: read("--st-border-color", "rgba(49, 51, 63, 0.2)"),
    primary: read("--st-primary-color", "#0072b2"),
    font: read("--st-font", "sans-serif"),
  }
}

/** @param {Theme} theme */
export function plotlyTemplate(theme) {
  const axis = {
    gridcolor: fade(theme.text, 0.09),
    zerolinecolor: fade(theme.text, 0.18),
    linecolor: fade(theme.text, 0.25),
    tickcolor: fade(theme.text, 0.25),
    tickfont: { color: fade(theme.text, 0.75), size: 12 },
    title: { font: { size: 13 }, standoff: 8 },
    automargin: true,
  }
  const colorbar = { outlinewidth: 0, thickness: 12, ticks: "", tickfont: { size: 12 } }
  return {
    layout: {
      font: { family: theme.font, color: theme.text, size: 13 },
      paper_bgcolor: theme.background,
      plot_bgcolor: theme.background,
      margin: { l: 56, r: 12, t: 10, b: 44 },
      colorway: CATEGORIES,
      colorscale: {
        sequential: scale(VIRIDIS),
        diverging: scale(["#2166ac", "#92c5de", "#f7f7f7", "#f4a582", "#b2182b"]),
      },
      coloraxis: { colorbar },
      xaxis: axis,
      yaxis: axis,
      hoverlabel: {
        bgcolor: theme.surface,
        bordercolor: fade(theme.text, 0.25),
        font: { color: theme.text, family: theme.font, size: 13 },
      },
      modebar: {
        bgcolor: "rgba(0, 0, 0, 0)",
        color: fade(theme.text, 0.45),
        activecolor: theme.primary,
      },
      legend: { bgcolor: "rgba(0, 0, 0, 0)" },
      hovermode: "closest",
    },
    data: { heatmap: [{ colorbar }], scatter: [{ marker: { line: { width: 0 } } }] },
  }
}

// Any CSS colour as [red, green, blue, alpha], 0..255.
/** @param {string} color */
export function rgba(color) {
  const context = given(new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }))
  context.fillStyle = color
  context.fillRect(0, 0, 1, 1)
  return [...context.getImageData(0, 0, 1, 1).data]
}

// A lookup table of little-endian RGBA words from [[position, colour], ...].
/** @param {[at: number, color: string][]} stops @param {number} size */
export function lookup(stops, size) {
  const points = stops.map(([at, color]) => ({ at: Number(at), color: rgba(color) }))
  const table = new Uint32Array(size)
  let right = 1
  for (let i = 0; i < size; i++) {
    const at = i / (size - 1)
    while (right < points.length - 1 && points[right].at < at) right++
    const [from, to] = [points[right - 1], points[right]]
    const part = to.at > from.at ? clamp((at - from.at) / (to.at - from.at), 0, 1) : 1
    const [r, g, blue] = from.color.map((value, k) => {
      return Math.round(value + (to.color[k] - value) * part)
    })
    table[i] = ((255 << 24) | (blue << 16) | (g << 8) | r) >>> 0
  }
  return table
}

// The lookup table of a trace's own colour scale.
/** @param {{ colorscale: [number, string][], reversescale?: boolean }} trace */
export function levels({ colorscale, reversescale }) {
  /** @type {[number, string][]} */
  const reversed = colorscale.map(([at, color]) => [1 - at, color])
  return lookup(reversescale ? reversed.reverse() : colorscale, LEVELS)
}

/** @param {string[]} colors @returns {[at: number, color: string][]} */
export function scale(colors) {
  return colors.map((color, i) => [i / (colors.length - 1), color])
}

/** @param {string} color @param {number} opacity */
export function fade(color, opacity) {
  const [red, green, blue] = rgba(color)
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`
}
