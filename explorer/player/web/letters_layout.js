// Where the letters of a map stand, in CSS pixels: one scale for both axes, the same at all steps.

const EDGE = 14 // pixels kept free at each side

/** @typedef {{ left: number, top: number, scale: number, low: [x: number, y: number] }} Plane */

// The plane that holds all finite points in width by height pixels.
/** @param {Stepped} points (S, N, 2) @param {number} width @param {number} height @returns {Plane} */
export function planeOf({ values }, width, height) {
  const low = [Infinity, Infinity]
  const high = [-Infinity, -Infinity]
  for (let n = 0; n < values.length; n++) {
    const value = values[n]
    if (!Number.isFinite(value)) continue
    low[n % 2] = Math.min(low[n % 2], value)
    high[n % 2] = Math.max(high[n % 2], value)
  }
  const span = [0, 1].map((axis) => Math.max(high[axis] - low[axis], 0) || 1)
  const scale = Math.min((width - 2 * EDGE) / span[0], (height - 2 * EDGE) / span[1])
  const [x, y] = low.map((value) => (Number.isFinite(value) ? value : 0))
  const [left, top] = [(width - scale * span[0]) / 2, (height - scale * span[1]) / 2]
  return { left, top, scale, low: [x, y] }
}

// The pixel of token n at a step; NaN for one without a point. Up is up.
/**
 * @param {Plane} plane @param {Stepped} points
 * @param {number} step @param {number} n @param {number} height
 * @returns {[x: number, y: number]}
 */
export function pixelOf({ left, top, scale, low }, { shape, values }, step, n, height) {
  const at = 2 * (step * shape[1] + n)
  return [left + (values[at] - low[0]) * scale, height - top - (values[at + 1] - low[1]) * scale]
}

// The nearest of pixels within `reach`, or -1.
/** @param {number[][]} pixels @param {[x: number, y: number]} from @param {number} reach */
export function nearestOf(pixels, [x, y], reach) {
  let [found, best] = [-1, reach]
  for (const [n, [left, top]] of pixels.entries()) {
    const away = Math.hypot(left - x, top - y)
    if (away <= best) [found, best] = [n, away]
  }
  return found
}
