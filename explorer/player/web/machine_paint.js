// Draws the model at one step: rows as colours, the stream as bands, attention as arcs, what is next.

import { clamp } from "./dom.js"
import { share } from "./machine_layout.js"
import { lettersOf, shortened } from "./spelling.js"
import { fade, GLYPHS, PALETTE, signed } from "./theme.js"

/** @import { Arc } from "./machine_arcs.js" */
/** @import { MachineLayout } from "./machine_layout.js" */

const THICK = 0.62 // of a column, at the largest size
const WIDEST = 20 // pixels, at the largest size
const STRONGEST = 2.6 // pixels of an arc that has all, in a lane of
const HIGH = 60 // pixels or more
const DIMMED = 0.15
const LOG_FROM = 20 // times the smallest size from which widths are logarithmic
const LABEL = [26, 96] // pixels of a bar's token, as its name needs
const GLYPH = 8.5 // pixels of a letter there
const NUMBER = 48 // pixels of a bar's number

/**
 * @typedef {object} Look
 * @property {MachineSpec} spec
 * @property {MachineLayout} layout
 * @property {Theme} theme
 * @property {{ attention: string, mark: string, stream: string, broken: string, frame: string,
 *   bar: string, soft: string }} inks
 * @property {Uint32Array} colors of rows, by level
 * @property {OffscreenCanvas} pixels of rows: a column a token, a line a channel
 */
/**
 * @typedef {object} View what is drawn of the model
 * @property {number} step
 * @property {number} position whose future is drawn as bars
 * @property {boolean} pointed then only what this position reads is drawn strongly
 * @property {Arc[][]} arcs by layer, the strongest last
 */

/** @param {MachineSpec} spec @param {MachineLayout} layout @param {Theme} theme @returns {Look} */
export function lookOf(spec, layout, theme) {
  const [, tokens, channels] = spec.arrays.rows.shape
  const colors = signed(theme)
  /** @param {string} name */
  const ink = (name) => PALETTE[name][Number(theme.dark)]
  const inks = {
    attention: ink("deep"),
    mark: fade(theme.text, 0.06),
    stream: fade(theme.text, 0.2),
    broken: fade(ink("vermilion"), 0.55),
    frame: fade(theme.text, 0.55),
    bar: fade(theme.primary, 0.85),
    soft: fade(theme.text, 0.75),
  }
  return { spec, layout, theme, inks, colors, pixels: new OffscreenCanvas(tokens, channels) }
}

/** @param {CanvasRenderingContext2D} context @param {Look} look @param {View} view */
export function paint(context, look, view) {
  const { layout, inks } = look
  context.clearRect(0, 0, layout.width, layout.height)
  context.fillStyle = inks.mark
  const left = layout.edges[view.position]
  context.fillRect(left, 0, layout.widths[view.position], layout.expects.bottom)
  paintRows(context, look, view.step)
  paintStream(context, look, view.step)
  for (const [layer, arcs] of view.arcs.entries()) paintArcs(context, look, arcs, layer, view)
  paintExpected(context, look, view.step)
  paintBars(context, look, view)
}

/** @param {Stepped} array @param {number} step @param {number} size of a recorded step */
export function start({ shape }, step, size) {
  return shape[0] === 1 ? 0 : step * size
}

/** @param {CanvasRenderingContext2D} context @param {Look} look @param {number} step */
function paintRows(context, { spec, layout, colors, pixels }, step) {
  const { rows } = spec.arrays
  const [, tokens, channels] = rows.shape
  const image = new ImageData(tokens, channels)
  const words = new Uint32Array(image.data.buffer)
  let from = start(rows, step, tokens * channels)
  for (let token = 0; token < tokens; token++) {
    for (let channel = 0; channel < channels; channel++) {
      words[channel * tokens + token] = colors[rows.values[from++]]
    }
  }
  pixels.getContext("2d")?.putImageData(image, 0, 0)
  context.imageSmoothingEnabled = false
  const inset = layout.unit > 14 ? 2 : 0.5
  const { top, bottom } = layout.rows
  for (let token = 0; token < tokens; token++) {
    const left = layout.edges[token] + inset
    const width = layout.widths[token] - 2 * inset
    context.drawImage(pixels, token, 0, 1, channels, left, top, width, bottom - top - 4)
  }
}

// A band a token, as wide as the residual stream is large; without a number it has its own colour.
/** @param {CanvasRenderingContext2D} context @param {Look} look @param {number} step */
function paintStream(context, { spec, layout, inks }, step) {
  const { sizes } = spec.arrays
  const [, depths, tokens] = sizes.shape
  const first = start(sizes, step, depths * tokens)
  const most = Math.min(layout.unit * THICK, WIDEST) / 2
  /** @param {number} depth @param {number} token half of a band's width */
  const half = (depth, token) => {
    const size = sizes.values[first + depth * tokens + token]
    return Math.max(share(size, spec.bounds, isLog(spec)) * most, 0.5)
  }
  const ends = [layout.rows.bottom, ...layout.lanes.map(({ bottom }) => bottom)]
  for (const broken of [false, true]) {
    context.beginPath()
    for (let token = 0; token < tokens; token++) {
      const x = layout.x(token)
      for (let depth = 0; depth + 1 < depths; depth++) {
        const [above, below] = [half(depth, token), half(depth + 1, token)]
        if (Number.isNaN(above + below) !== broken) continue
        const [up, down] = [above, below].map((width) => (Number.isNaN(width) ? most : width))
        context.moveTo(x - up, ends[depth])
        context.lineTo(x + up, ends[depth])
        context.lineTo(x + down, ends[depth + 1])
        context.lineTo(x - down, ends[depth + 1])
        context.closePath()
      }
    }
    context.fillStyle = broken ? inks.broken : inks.stream
    context.fill()
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {Look} look
 * @param {Arc[]} arcs @param {number} layer @param {View} view
 */
function paintArcs(context, { layout, inks }, arcs, layer, view) {
  const { top, bottom } = layout.lanes[layer]
  const middle = (top + bottom) / 2
  const most = STRONGEST * Math.min((bottom - top) / HIGH, 1)
  context.strokeStyle = inks.attention
  context.lineCap = "round"
  for (const { query, key, beyond } of arcs) {
    const strong = Math.sqrt(beyond)
    const dim = view.pointed && query !== view.position ? DIMMED : 1
    context.globalAlpha = strong * dim
    context.lineWidth = Math.max(most * strong, 0.6)
    const [from, to] = [layout.x(key), layout.x(query)]
    context.beginPath()
    context.moveTo(from, top)
    context.bezierCurveTo(from, middle, to, middle, to, bottom)
    context.stroke()
  }
  context.globalAlpha = 1
}

// The likeliest token after each position; framed where it is the one that follows.
/** @param {CanvasRenderingContext2D} context @param {Look} look @param {number} step */
function paintExpected(context, { spec, layout, theme, inks }, step) {
  const { next, chances } = spec.arrays
  const [, tokens, count] = next.shape
  const first = start(next, step, tokens * count)
  const { top, bottom } = layout.expects
  context.font = `${glyphSize(layout.unit)}px ${GLYPHS}`
  context.textAlign = "center"
  context.textBaseline = "middle"
  for (let token = 0; token < tokens; token++) {
    const at = first + token * count
    const chance = chances.values[at]
    if (Number.isNaN(chance)) continue
    const x = layout.x(token)
    const right = next.values[at] === spec.following[token]
    context.globalAlpha = 0.35 + 0.65 * Math.sqrt(chance)
    context.fillStyle = theme.text
    const label = fitted(context, spec.names[next.values[at]], layout.widths[token])
    context.fillText(label, x, (top + bottom) / 2 + 1)
    context.globalAlpha = 1
    if (!right) continue
    context.strokeStyle = inks.frame
    context.lineWidth = 1
    const width = layout.widths[token] - 2
    context.strokeRect(x - width / 2, top + 3.5, width, bottom - top - 7)
  }
}

// What comes after one position, the likeliest first; the token that follows is framed.
/** @param {CanvasRenderingContext2D} context @param {Look} look @param {View} view */
function paintBars(context, { spec, layout, theme, inks }, { step, position }) {
  const { next, chances } = spec.arrays
  const [, tokens, count] = next.shape
  const first = start(next, step, tokens * count) + position * count
  const { left, width } = layout.bars
  const longest = Math.max(...spec.names.map((name) => lettersOf(shortened(name)).length))
  const label = clamp(longest * GLYPH + 8, LABEL[0], LABEL[1])
  const room = width - label - NUMBER
  context.textBaseline = "middle"
  for (let n = 0; n < count; n++) {
    const { top, bottom } = layout.bar(n)
    const [index, chance] = [next.values[first + n], chances.values[first + n]]
    const [y, known] = [(top + bottom) / 2, !Number.isNaN(chance)]
    if (!known) continue
    context.fillStyle = theme.text
    context.font = `14px ${GLYPHS}`
    context.textAlign = "center"
    context.fillText(fitted(context, spec.names[index], label), left + label / 2, y + 1)
    context.fillStyle = inks.bar
    context.fillRect(left + label, top + 3, Math.max(chance * room, 1), bottom - top - 6)
    context.fillStyle = inks.soft
    context.font = `12px ${theme.font}`
    context.textAlign = "left"
    context.fillText(percent(chance), left + label + chance * room + 6, y + 1)
    if (index !== spec.following[position]) continue
    context.strokeStyle = theme.text
    context.lineWidth = 1.5
    context.strokeRect(left + 1.5, top + 1.5, width - 3, bottom - top - 3)
  }
}

/** @param {MachineSpec} spec */
export function isLog({ bounds: [low, high] }) {
  return low > 0 && high > LOG_FROM * low
}

/** @param {number} share */
export function percent(share) {
  if (Number.isNaN(share)) return "no number"
  return share > 0 && share < 0.01 ? "< 1%" : `${Math.round(100 * share)}%`
}

/** @param {number} unit pixels of a single letter's column */
export function glyphSize(unit) {
  return clamp(Math.round(unit * 0.72), 10, 18)
}

// A token that is too wide is cut; a narrow column still shows one letter.
/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} room */
function fitted(context, text, room) {
  if (text.length === 1 || context.measureText(text).width <= room) return text
  const letters = lettersOf(shortened(text))
  while (letters.length > 1 && context.measureText(`${letters.join("")}…`).width > room) {
    letters.pop()
  }
  return letters.length > 1 ? `${letters.join("")}…` : letters[0]
}
