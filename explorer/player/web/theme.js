// The palettes, the page's theme as Plotly understands it, and the colours that all pictures share.

import { clamp, given } from "./dom.js"

// [light, dark]. Charts are written in the light colours of explorer/charts/parts/theme.py, and on a
// dark page each is replaced by the other one; a test holds both files equal.
/** @type {Record<string, [light: string, dark: string]>} */
export const PALETTE = {
  paper: ["#FFFFFF", "#0E1117"],
  blue: ["#0072B2", "#56A8F0"],
  vermilion: ["#C04A00", "#F2853D"],
  green: ["#007A58", "#2BC49A"],
  purple: ["#A94C86", "#E59AC8"],
  indigo: ["#2E2A7A", "#A8DCFF"],
  ochre: ["#8A6100", "#F0C04A"],
  grey: ["#6B6B6B", "#A8A8A8"],
  chosen: ["#E6007A", "#FF5CAB"],
  cursor: ["#6E737B", "#A0A5AE"],
  deep: ["#0B4F9C", "#8CCBFF"],
  coldest: ["#08407A", "#B5E1FF"],
  cold: ["#3B8BC4", "#2E7DC0"],
  warm: ["#E0812F", "#C0691F"],
  warmest: ["#8F3200", "#FFD4A3"],
  palecold: ["#B7D6EA", "#1D4667"],
  palewarm: ["#F3CDA9", "#5C3717"],
  first: ["#9A6A00", "#A77BEB"],
  second: ["#A8502A", "#D178D8"],
  third: ["#8E2F6B", "#F58FA8"],
  fourth: ["#4F2A86", "#FBBF77"],
  fifth: ["#161A54", "#FFF09A"],
}
const CATEGORIES = ["blue", "vermilion", "green", "purple", "indigo", "ochre", "grey"]
export const GLYPHS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
const SHADES = 16 // straight parts of a colour scale that follows the root

export const LEVELS = 1024 // distinct colours of a scale

// Shares from 0 to 1: one hue out of the page, by the square root, so that small ones show.
/** @param {{ dark: boolean }} theme @returns {[at: number, color: string][]} */
export function magnitude({ dark }) {
  const [from, to] = [PALETTE.paper, PALETTE.deep].map((pair) => pair[Number(dark)])
  return Array.from({ length: SHADES + 1 }, (_, n) => {
    return [(n / SHADES) ** 2, mixed(from, to, n / SHADES)]
  })
}

// The colour "#RRGGBB" with this share of another in its place.
/** @param {string} color @param {string} other @param {number} share */
function mixed(color, other, share) {
  const to = bytes(other)
  const parts = bytes(color).map((one, k) => Math.floor(one + (to[k] - one) * share + 0.5))
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`.toUpperCase()
}

/** @param {string} color */
function bytes(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))
}

/** @type {Map<string, string>} light to dark, as "#RRGGBB" and as the beginning of "rgba(r, g, b, a)" */
const DARK = new Map()
const lightShades = magnitude({ dark: false }).map(([, color]) => color)
const darkShades = magnitude({ dark: true }).map(([, color]) => color)
const shades = lightShades.map((light, n) => [light, darkShades[n]])
for (const [light, dark] of [...shades, ...Object.values(PALETTE)]) {
  DARK.set(light, dark)
  DARK.set(`rgba(${bytes(light).join(", ")}`, `rgba(${bytes(dark).join(", ")}`)
}

// A figure's JSON in the colours of this theme.
/** @param {string} figure @param {{ dark: boolean }} theme */
export function themed(figure, { dark }) {
  if (!dark) return figure
  return figure.replace(/#[0-9A-F]{6}|rgba\(\d+, \d+, \d+/g, (color) => DARK.get(color) ?? color)
}

/** @param {Element} element @returns {Theme} */
export function readTheme(element) {
  const style = getComputedStyle(element)
  /** @param {string} name @param {string} fallback */
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback
  const background = read("--st-background-color", "#ffffff")
  return {
    dark: luminance(rgba(background)) < 0.2,
    text: read("--st-text-color", "#31333f"),
    background,
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
      colorway: CATEGORIES.map((name) => PALETTE[name][Number(theme.dark)]),
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

// Of two luminances, 1 to 21 (WCAG 2).
/** @param {number} one @param {number} other */
export function contrast(one, other) {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
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

// Colours of the levels 0 to 254 around 127, which is the page's own; 255, not finite, is clear.
/** @param {Theme} theme */
export function signed({ dark, background }) {
  const [coldest, cold, warm, warmest] = ["coldest", "cold", "warm", "warmest"].map((name) => {
    return PALETTE[name][Number(dark)]
  })
  const stops = [coldest, cold, background, warm, warmest]
  const colors = new Uint32Array(256)
  colors.set(
    lookup(
      stops.map((color, n) => [n / (stops.length - 1), color]),
      255,
    ),
  )
  return colors
}

// The lookup table of a trace's own colour scale.
/** @param {{ colorscale: [number, string][], reversescale?: boolean }} trace */
export function levels({ colorscale, reversescale }) {
  /** @type {[number, string][]} */
  const reversed = colorscale.map(([at, color]) => [1 - at, color])
  return lookup(reversescale ? reversed.reverse() : colorscale, LEVELS)
}

// Relative luminance, 0 for black to 1 for white (WCAG 2).
/** @param {number[]} color of bytes */
export function luminance(color) {
  const [red, green, blue] = color.map((byte) => {
    const part = byte / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** @param {string} color @param {number} opacity */
export function fade(color, opacity) {
  const [red, green, blue] = rgba(color)
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`
}
