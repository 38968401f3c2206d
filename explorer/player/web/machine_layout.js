// Where the parts of the drawn model stand, in CSS pixels: tokens side by side, layers downward.

import { clamp } from "./dom.js"
import { lettersOf, shortened } from "./spelling.js"

export const WIDE = 720 // from here on names stand at the left and what comes next at the right
const GUTTER = 152
const SIDE = 180
const GAP = 20 // before what comes next
const COLUMN = { least: 8, most: 64 } // of a single letter
const LETTER = 0.6 // of such a column, for each further letter of a token
const LETTERS = 28
const EXPECTS = 30
const FOOT = 18 // below it, where its name has more than one line
const NAME = 18 // a line of names above each part of a narrow picture
const BAR = 20
const NEAR = 7 // pixels from an arc that still mean it
const HALVINGS = 16

/** @typedef {{ top: number, bottom: number }} Band */
/** @typedef {"rows" | "attention" | "stream" | "next"} Part */

/** @typedef {{ part: Part, position?: number, layer?: number }} Place */

export class MachineLayout {
  // `height` is that of a wide picture; a narrow one is as high as it needs. What is `unread` has
  // room before its position, and no column.
  /**
   * @param {{
   *   labels: string[], unread: Record<string, string>, layers: number, bars: number,
   *   width: number, height: number,
   * }} of
   */
  constructor({ labels, unread, layers, bars, width, height }) {
    this.wide = width >= WIDE
    this.tokens = labels.length
    const count = (/** @type {string} */ label) => lettersOf(shortened(label)).length
    const needs = labels.map((label) => 1 + LETTER * (Math.max(count(label), 1) - 1))
    const gaps = [...labels, ""].map((_, n) => LETTER * count(unread[n] ?? ""))
    const name = this.wide ? 0 : NAME
    this.left = this.wide ? GUTTER : 0
    const room = width - this.left - (this.wide ? SIDE + GAP : 0)
    const all = [...needs, ...gaps].reduce((sum, need) => sum + need, 0)
    this.unit = clamp(room / all, COLUMN.least, COLUMN.most)
    this.widths = needs.map((need) => need * this.unit)
    this.gaps = gaps.map((gap) => gap * this.unit)
    /** @type {number[]} left edges of the columns */
    this.edges = []
    this.right = this.left
    for (const [n, width] of this.widths.entries()) {
      this.edges.push(this.right + this.gaps[n])
      this.right = this.edges[n] + width
    }
    this.right += this.gaps[this.tokens]
    const rows = clamp(Math.round(height / 7), 50, 64)
    const foot = this.wide ? FOOT : 0
    const lanes = height - LETTERS - rows - EXPECTS - foot
    /** @type {Band} */
    this.letters = { top: 0, bottom: LETTERS }
    this.rows = below(this.letters, name, rows)
    /** @type {Band[]} */
    this.lanes = []
    let last = this.rows
    for (let layer = 0; layer < layers; layer++) {
      last = below(last, name, lanes / layers)
      this.lanes.push(last)
    }
    this.expects = below(last, name, EXPECTS)
    // What comes next, as bars under a line that says after what.
    this.bars = this.wide
      ? { left: this.right + GAP, top: 0, width: Math.max(width - this.right - GAP, SIDE) }
      : { left: 0, top: this.expects.bottom + NAME, width }
    this.bars.width = Math.min(this.bars.width, 420)
    const end = this.bars.top + LETTERS + bars * BAR
    this.height = Math.max(this.expects.bottom + foot, end)
    this.width = this.wide ? this.bars.left + this.bars.width : Math.max(this.right, width)
  }

  // The middle of a token's column.
  /** @param {number} position */
  x(position) {
    return this.edges[position] + this.widths[position] / 2
  }

  /** @param {number} bar @returns {Band} */
  bar(bar) {
    const top = this.bars.top + LETTERS + bar * BAR
    return { top, bottom: top + BAR }
  }

  // What is under a pixel; the position is missing where no column is.
  /** @param {number} x @param {number} y @returns {Place | undefined} */
  at(x, y) {
    const column = this.edges.findLastIndex((edge) => edge <= x)
    const position = x < this.edges[column] + this.widths[column] ? column : undefined
    const isBar = x >= this.bars.left && x < this.bars.left + this.bars.width && y >= this.bars.top
    if (isBar) return { part: "next" }
    const layer = this.lanes.findIndex((lane) => within(lane, y))
    if (layer >= 0) return { part: "stream", position, layer }
    if (within(this.expects, y)) return { part: "next", position }
    if (y < this.rows.bottom) return { part: "rows", position }
    return undefined
  }

  // The arc under a pixel of a lane, the strongest of those that are equally near.
  /**
   * @template {{ query: number, key: number }} Arc
   * @param {Arc[]} arcs @param {number} layer @param {number} x @param {number} y
   */
  arcAt(arcs, layer, x, y) {
    const { top, bottom } = this.lanes[layer]
    const part = along((y - top) / (bottom - top))
    let best = NEAR
    /** @type {Arc | undefined} */
    let found
    for (const arc of arcs) {
      const away = Math.abs(this.x(arc.key) + part * (this.x(arc.query) - this.x(arc.key)) - x)
      if (away <= best) {
        best = away
        found = arc
      }
    }
    return found
  }
}

// The width of the stream in 0..1 for its size: from nothing, or on a logarithmic scale.
/** @param {number} size @param {[low: number, high: number]} bounds @param {boolean} log */
export function share(size, [low, high], log) {
  if (!Number.isFinite(size)) return NaN
  if (!log) return high > 0 ? size / high : 0
  return 0.12 + 0.88 * (high > low ? Math.log(size / low) / Math.log(high / low) : 1)
}

// How far an arc has gone sideways, 0..1, where it has come down so far, 0..1. Its curve leaves the
// key downward and arrives downward: a cubic with its two middle points at half of the height.
/** @param {number} down */
export function along(down) {
  let [low, high] = [0, 1]
  for (let n = 0; n < HALVINGS; n++) {
    const t = (low + high) / 2
    if (1.5 * t * (1 - t) + t ** 3 < down) low = t
    else high = t
  }
  return low * low * (3 - 2 * low)
}

/** @param {Band} above @param {number} gap @param {number} height @returns {Band} */
function below({ bottom }, gap, height) {
  return { top: bottom + gap, bottom: bottom + gap + height }
}

/** @param {Band} band @param {number} y */
function within({ top, bottom }, y) {
  return y >= top && y < bottom
}
