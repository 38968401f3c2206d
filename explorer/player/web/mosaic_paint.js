// Draws the heads of all layers at one step: weights as pixels, a role's name in its head's corner.

import { packed, TOP } from "./mosaic_layout.js"
import { fade } from "./theme.js"

/** @import { Head, MosaicLayout } from "./mosaic_layout.js" */

const INSET = 3 // pixels around a role's name in its corner
const SHORT = 4 // letters of a role's name where all of it has no room
const LARGE = 150 // pixels of a head in which that name may be larger
export const ONE = 254 // the level of weight 1.0; 255 is NaN and stays transparent

/**
 * @typedef {object} Look
 * @property {MosaicLayout} layout
 * @property {Theme} theme
 * @property {OffscreenCanvas} pixels a pixel a weight, all heads without gaps
 * @property {(place: Head) => string | undefined} role what a head does, if it has a name
 */

// The pixels of the step at `index`; `colors` by level.
/**
 * @param {Uint32Array} words
 * @param {{ spec: MosaicSpec, index: number, colors: Uint32Array }} from
 */
export function fill(words, { spec: { array, size }, index, colors }) {
  const [, layers, heads] = array.shape
  const width = heads * size
  let from = index * layers * heads * packed(size)
  for (let layer = 0; layer < layers; layer++) {
    for (let head = 0; head < heads; head++) {
      for (let row = 0; row < size; row++) {
        const to = (layer * size + row) * width + head * size
        // Keys after the query are masked: those words stay 0, which is transparent.
        for (let key = 0; key <= row; key++) words[to + key] = colors[array.values[from++]]
      }
    }
  }
}

/** @param {CanvasRenderingContext2D} context @param {Look} look */
export function paint(context, look) {
  const { layout, theme } = look
  context.imageSmoothingEnabled = false
  context.font = `12px ${theme.font}`
  context.fillStyle = theme.text
  context.strokeStyle = fade(theme.text, 0.25)
  context.textBaseline = "middle"
  for (let layer = 0; layer < layout.layers; layer++) {
    const [, y] = layout.corner([layer, 0])
    context.textAlign = "left"
    context.fillText(`layer ${layer}`, 0, y + layout.side / 2)
    for (let head = 0; head < layout.heads; head++) paintHead(context, look, [layer, head])
  }
}

/** @param {CanvasRenderingContext2D} context @param {Look} look @param {Head} place */
function paintHead(context, look, [layer, head]) {
  const { side, size } = look.layout
  const [x, y] = look.layout.corner([layer, head])
  if (layer === 0) {
    context.textAlign = "center"
    context.fillText(side < 40 ? String(head) : `head ${head}`, x + side / 2, TOP / 2)
  }
  context.drawImage(look.pixels, head * size, layer * size, size, size, x, y, side, side)
  context.strokeRect(x - 0.5, y - 0.5, side + 1, side + 1)
  const role = look.role([layer, head])
  if (role) paintRole(context, look, role, [x + side, y])
}

// In the corner where all is masked, beginning right of the diagonal; a long name is shortened.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Look} look
 * @param {string} role
 * @param {[right: number, top: number]} corner
 */
function paintRole(context, { layout: { side, size }, theme }, role, [right, top]) {
  const letters = side < LARGE ? 12 : 14
  const line = letters + 2 * INSET
  context.font = `${letters}px ${theme.font}`
  const room = side - line - side / size - INSET
  const fitting = [role, [...role].slice(0, SHORT).join("")].find((name) => {
    return context.measureText(name).width <= room
  })
  context.textAlign = "right"
  if (fitting) context.fillText(fitting, right - INSET, top + line / 2)
  context.font = `12px ${theme.font}`
}
