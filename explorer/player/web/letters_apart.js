// Where letters stand so that none lies over another: at their points, or as near as there is room.
//
// Each step starts from the shifts of the step before, somewhat shorter, so that no letter leaps
// from its point while the steps pass; then letters that overlap push each other apart.

import { clamp } from "./dom.js"

/** @typedef {Float64Array} Spots x and y of letter after letter, in CSS pixels; NaN for none */
/** @typedef {{ size: number, widths: number[], height: number }} Boxes with the gap to others */
/** @typedef {{ width: number, height: number }} Room */
/** @typedef {{ points: Spots, spots: Spots }} Placed letters at a step, beside their points */

const SIZES = [16, 13, 11] // pixels of letters
const GAP = 2 // pixels between letters
const KEPT = 0.8 // of a shift from one step to the next
const LOOSE = 1.2 // how much farther apart than packed letters begin
const SLACK = 0.1 // pixels that letters are pushed too far, so that fewer rounds are needed
const ROUNDS = 3000
const GOLDEN = Math.PI * (3 - Math.sqrt(5)) // the angle from seed to seed of a sunflower
const SEED = 0.01 // pixels, so that equal points have a direction to part in

const FULL = 1 / 3 // of a square as high or wide as the room, that letters may take

// Letters at every step, found when it is asked for, after the steps before it.
export class Standing {
  /** @type {Placed[]} */
  known = []

  /** @param {(step: number) => Spots} pointsAt @param {Boxes} boxes @param {Room} room */
  constructor(pointsAt, boxes, room) {
    this.pointsAt = pointsAt
    this.boxes = boxes
    this.room = room
    this.count = boxes.widths.length
  }

  /** @param {number} step */
  at(step) {
    while (this.known.length <= step) {
      const points = this.pointsAt(this.known.length).slice(0, 2 * this.count)
      const spots = apart(points, this.known.at(-1), this.boxes, this.room)
      this.known.push({ points, spots })
    }
    return this.known[step]
  }
}

// The largest letters that all have room, or of the smallest the first that have it.
/** @param {(size: number) => number[]} widthsAt @param {Room} room @returns {Boxes} */
export function fitted(widthsAt, room) {
  const found = SIZES.map((size) => {
    const boxes = { size, widths: widthsAt(size).map((width) => width + GAP), height: size + GAP }
    return { boxes, count: fitting(boxes, room) }
  })
  const whole = found.find(({ boxes, count }) => count === boxes.widths.length)
  const { boxes, count } = whole ?? found[SIZES.length - 1]
  return { ...boxes, widths: boxes.widths.slice(0, count) }
}

/** @param {Boxes} boxes @param {Room} room */
function fitting({ widths, height }, room) {
  const full = FULL * Math.min(room.width, room.height) ** 2
  let [count, taken] = [0, 0]
  for (; count < widths.length; count++) {
    taken += widths[count] * height
    if (taken > full) break
  }
  return count
}

/** @param {Spots} points @param {Placed | undefined} before @param {Boxes} boxes @param {Room} room */
function apart(points, before, boxes, room) {
  const started = loosened(points, boxes)
  const spots = points.map((at, n) => {
    const shift = before ? before.spots[n] - before.points[n] : Number.NaN
    return Number.isNaN(shift) ? started[n] : at + KEPT * shift
  })
  pushApart(spots, boxes, room)
  return spots
}

// Points farther from their mean, all by one factor, where letters need more room than they take.
/** @param {Spots} points @param {Boxes} boxes */
function loosened(points, { widths, height }) {
  const seeded = points.map((at, n) => {
    const angle = (n >> 1) * GOLDEN
    return at + SEED * Math.sqrt(n >> 1) * (n % 2 ? Math.sin(angle) : Math.cos(angle))
  })
  const axes = [0, 1].map((axis) => momentsOf(seeded.filter((_, n) => n % 2 === axis)))
  const needed = widths.reduce((sum, width) => sum + width * height, 0)
  const taken = 2 * Math.PI * (axes[0].variance + axes[1].variance) // by an even disc of these
  const factor = taken > 0 ? Math.max(LOOSE * Math.sqrt(needed / taken), 1) : 1 // one letter
  return seeded.map((at, n) => axes[n % 2].mean + factor * (at - axes[n % 2].mean))
}

/** @param {Float64Array} values */
function momentsOf(values) {
  const known = values.filter((value) => !Number.isNaN(value))
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length
  return {
    mean,
    variance: known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length,
  }
}

// Pushes letters that overlap away from each other, each half the way, until none do.
/** @param {Spots} spots @param {Boxes} boxes @param {Room} room */
function pushApart(spots, boxes, room) {
  const order = boxes.widths.flatMap((_, n) => (Number.isNaN(spots[2 * n]) ? [] : [n]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const n of order) keepInside(spots, n, boxes, room)
    order.sort((a, b) => spots[2 * a + 1] - spots[2 * b + 1] || a - b)
    let isFree = true
    for (let at = 0; at < order.length; at++) {
      for (let next = at + 1; next < order.length; next++) {
        const [n, m] = [order[at], order[next]]
        if (spots[2 * m + 1] - spots[2 * n + 1] >= boxes.height) break
        if (push(spots, n, m, boxes)) isFree = false
      }
    }
    if (isFree) return
  }
}

// Moves two letters along the axis that needs less; false where they do not overlap.
/** @param {Spots} spots @param {number} n @param {number} m @param {Boxes} boxes */
function push(spots, n, m, { widths, height }) {
  const [right, down] = [spots[2 * m] - spots[2 * n], spots[2 * m + 1] - spots[2 * n + 1]]
  const across = (widths[n] + widths[m]) / 2 - Math.abs(right)
  const along = height - Math.abs(down)
  if (across <= 0 || along <= 0) return false
  const [axis, way, lack] = across < along ? [0, right, across] : [1, down, along]
  const shift = ((way < 0 ? -1 : 1) * (lack + SLACK)) / 2
  spots[2 * n + axis] -= shift
  spots[2 * m + axis] += shift
  return true
}

/** @param {Spots} spots @param {number} n @param {Boxes} boxes @param {Room} room */
function keepInside(spots, n, { widths, height }, room) {
  spots[2 * n] = clamp(spots[2 * n], widths[n] / 2, room.width - widths[n] / 2)
  spots[2 * n + 1] = clamp(spots[2 * n + 1], height / 2, room.height - height / 2)
}
