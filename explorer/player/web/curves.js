// The lines on the track: the loss, and how far a map can be trusted, over recorded steps.

import { given } from "./dom.js"

/** @typedef {[width: number, height: number, ratio: number]} Size in CSS pixels */

const ABOVE = 5 // pixels left free over the highest value
const BELOW = 6

// An empty canvas of this size; its context counts in CSS pixels.
/** @param {HTMLCanvasElement} canvas @param {Size} size */
export function prepare(canvas, [width, height, ratio]) {
  canvas.width = Math.max(Math.round(width * ratio), 1)
  canvas.height = Math.max(Math.round(height * ratio), 1)
  const context = given(canvas.getContext("2d"))
  context.scale(ratio, ratio)
  context.lineJoin = "round"
  return context
}

// The loss between its lowest and highest value, filled; unknown losses leave a gap.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Size} size
 * @param {Float64Array} losses
 * @param {{ color: string, opacity: number }} look
 */
export function paintLoss(context, size, losses, { color, opacity }) {
  const known = losses.filter(Number.isFinite)
  if (!known.length) return
  const low = known.reduce((a, b) => Math.min(a, b))
  const high = known.reduce((a, b) => Math.max(a, b))
  context.strokeStyle = context.fillStyle = color
  context.lineWidth = 1.75
  for (const points of stretches(losses, size, low, high)) {
    const line = path(points)
    context.globalAlpha = opacity
    context.stroke(line)
    line.lineTo(points[points.length - 1][0], size[1])
    line.lineTo(points[0][0], size[1])
    context.globalAlpha = opacity * 0.18
    context.fill(line)
  }
}

// A share in [0, 1], 0 at the bottom and 1 at the top of the track, as a thin line.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Size} size
 * @param {Float64Array} shares
 * @param {{ color: string, opacity: number }} look
 */
export function paintShare(context, size, shares, { color, opacity }) {
  context.strokeStyle = color
  context.globalAlpha = opacity
  context.lineWidth = 1.25
  for (const points of stretches(shares, size, 0, 1)) context.stroke(path(points))
}

/** @param {[x: number, y: number][]} points */
function path(points) {
  const line = new Path2D()
  for (const [x, y] of points) line.lineTo(x, y)
  return line
}

// The pixels of every stretch of finite values, spread over the whole width.
/** @param {Float64Array} values @param {Size} size @param {number} low @param {number} high */
export function stretches(values, [width, height], low, high) {
  const last = Math.max(values.length - 1, 1)
  /** @param {number} value */
  const y = (value) => ABOVE + (height - ABOVE - BELOW) * (1 - (value - low) / (high - low || 1))
  /** @type {[x: number, y: number][][]} */
  const found = []
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return
    if (i === 0 || !Number.isFinite(values[i - 1])) found.push([])
    found[found.length - 1].push([(i / last) * width, y(value)])
  })
  return found
}
