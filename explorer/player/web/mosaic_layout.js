// Where the heads of a mosaic stand: rows are layers, columns heads; all in CSS pixels.

import { clamp } from "./dom.js"

export const GAP = 6 // between heads
export const LEFT = 52 // for "layer 0"
export const TOP = 18 // for "head 0"
const SMALLEST = 8

/** @typedef {[layer: number, head: number]} Head */

export class MosaicLayout {
  // `size` queries and keys a head; `width` and `height` of the whole picture.
  /** @param {{ layers: number, heads: number, size: number, width: number, height: number }} of */
  constructor({ layers, heads, size, width, height }) {
    this.layers = layers
    this.heads = heads
    this.size = size
    const wide = (width - LEFT - GAP * (heads - 1) - 2) / heads
    const high = (height - TOP - GAP * (layers - 1) - 2) / layers
    // Whole pixels: no head shows its neighbour's edge.
    this.side = Math.max(Math.floor(Math.min(wide, high)), SMALLEST)
  }

  // The left top corner of a head.
  /** @param {Head} head @returns {[x: number, y: number]} */
  corner([layer, head]) {
    return [LEFT + head * (this.side + GAP), TOP + layer * (this.side + GAP)]
  }

  // The head under a pixel; a gap belongs half to each of its neighbours.
  /** @param {number} x @param {number} y @returns {Head | undefined} */
  headAt(x, y) {
    const layer = Math.floor((y - TOP + GAP / 2) / (this.side + GAP))
    const head = Math.floor((x - LEFT + GAP / 2) / (this.side + GAP))
    const inside = layer >= 0 && layer < this.layers && head >= 0 && head < this.heads
    return inside ? [layer, head] : undefined
  }

  // The cell of a head under a pixel, or the nearest one.
  /** @param {Head} head @param {number} x @param {number} y @returns {[row: number, key: number]} */
  cellAt(head, x, y) {
    const [left, top] = this.corner(head)
    /** @param {number} pixels */
    const cell = (pixels) => clamp(Math.floor((pixels / this.side) * this.size), 0, this.size - 1)
    return [cell(y - top), cell(x - left)]
  }

  // The head next to this one in a direction; at an edge the same.
  /** @param {Head} head @param {Head} move @returns {Head} */
  beside([layer, head], [down, right]) {
    return [clamp(layer + down, 0, this.layers - 1), clamp(head + right, 0, this.heads - 1)]
  }

  // The number of a head among all of one step.
  /** @param {Head} head */
  number([layer, head]) {
    return layer * this.heads + head
  }
}

// How many weights a head's first `rows` queries have: each reads the keys up to itself.
/** @param {number} rows */
export function packed(rows) {
  return (rows * (rows + 1)) / 2
}
