// The lines on the track: the loss, and how far a map can be trusted, over recorded steps.

export const TRUST = "#D55E00" // vermilion: told from the loss on white and on black, by any eye
const ABOVE = 5 // pixels kept free over the highest value
const BELOW = 6

// An empty canvas of this size; its context counts in CSS pixels.
export function prepare(canvas, [width, height, ratio]) {
  canvas.width = Math.max(Math.round(width * ratio), 1)
  canvas.height = Math.max(Math.round(height * ratio), 1)
  const context = canvas.getContext("2d")
  context.scale(ratio, ratio)
  context.lineJoin = "round"
  return context
}

// The loss between its lowest and highest value, filled; unknown losses leave a gap.
export function paintLoss(context, size, losses, color, opacity) {
  const known = losses.filter(Number.isFinite)
  if (!known.length) return
  const low = known.reduce((a, b) => Math.min(a, b))
  const high = known.reduce((a, b) => Math.max(a, b))
  context.strokeStyle = context.fillStyle = color
  context.lineWidth = 1.75
  for (const { line, start, end } of lines(losses, size, low, high)) {
    context.globalAlpha = opacity
    context.stroke(line)
    line.lineTo(end, size[1])
    line.lineTo(start, size[1])
    context.globalAlpha = opacity * 0.18
    context.fill(line)
  }
}

// A share in [0, 1], 0 at the bottom and 1 at the top of the track, as a thin line.
export function paintShare(context, size, shares, color, opacity) {
  context.strokeStyle = color
  context.globalAlpha = opacity
  context.lineWidth = 1.25
  for (const { line } of lines(shares, size, 0, 1)) context.stroke(line)
}

// A path for every stretch of finite values, with its first and last x.
function lines(values, [width, height], low, high) {
  const x = (i) => (values.length > 1 ? (i / (values.length - 1)) * width : 0)
  const y = (v) => ABOVE + (height - ABOVE - BELOW) * (1 - (v - low) / (high - low || 1))
  return runs(values).map(([start, end]) => {
    const line = new Path2D()
    for (let i = start; i <= end; i++) line.lineTo(x(i), y(values[i]))
    return { line, start: x(start), end: x(end) }
  })
}

// [first, last] of every stretch of finite values.
function runs(values) {
  const found = []
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return
    if (i > 0 && Number.isFinite(values[i - 1])) found[found.length - 1][1] = i
    else found.push([i, i])
  })
  return found
}
