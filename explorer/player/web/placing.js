// Where labels go so that no two overlap: on their point, beside it, or hidden.
//
// Greedy: the largest font first, then the order of the traces and their points. A label stays where
// it is while that is free, and moves only to where it has some room, so that nothing flickers while
// the points drift.

/** @typedef {[x: number, y: number]} Pixels */
/** @typedef {[left: number, top: number, right: number, bottom: number]} Box */
/**
 * @typedef {object} Label
 * @property {string} key
 * @property {number} font in pixels
 * @property {Pixels} point
 * @property {number} radius of the point's mark
 * @property {Pixels} own the figure's own shift from the point
 * @property {{ left: number, top: number, width: number, height: number }} size before any shift,
 *   from the point
 */

const ROOM = 2 // pixels around a label that goes to a new place
const OWN = 0 // the figure's own place; 1 to 8 are BESIDE
export const HIDDEN = -1
// Right, left, above, below, and the corners: in which a label's nearest side or corner lies.
// biome-ignore format: a table
const BESIDE = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [1, 1], [-1, -1], [-1, 1]]

// A place and the shift it means for every label; `before` has the places of the step before, by key.
/**
 * @template {Label} L
 * @param {L[]} labels
 * @param {Map<string, number>} before
 * @param {{ width: number, height: number }} plot labels beside their points stay within it
 */
export function placed(labels, before, plot) {
  /** @type {Box[]} */
  const taken = []
  const ordered = [...labels].sort((a, b) => b.font - a.font)
  return ordered.map((label) => {
    const place = find(label, before.get(label.key), taken, plot)
    const shift = place === HIDDEN ? undefined : shiftTo(label, place)
    if (shift) taken.push(boxAt(label, shift))
    return { label, place, shift }
  })
}

/**
 * @param {Label} label
 * @param {number | undefined} before
 * @param {Box[]} taken
 * @param {{ width: number, height: number }} plot
 */
function find(label, before, taken, plot) {
  /** @param {number} place */
  const box = (place) => boxAt(label, shiftTo(label, place))
  if (before !== undefined && before !== HIDDEN && isFree(box(before), taken, 0)) return before
  for (let place = OWN; place <= BESIDE.length; place++) {
    const own = box(place)
    const isInside = place === OWN || contains(plot, own)
    if (isInside && isFree(own, taken, before === undefined ? 0 : ROOM)) return place
  }
  return HIDDEN
}

/** @param {{ width: number, height: number }} plot @param {Box} box */
function contains({ width, height }, [left, top, right, bottom]) {
  return left >= 0 && top >= 0 && right <= width && bottom <= height
}

/** @param {Label} label @param {Pixels} shift @returns {Box} */
function boxAt({ point: [x, y], size }, [dx, dy]) {
  const [left, top] = [x + dx + size.left, y + dy + size.top]
  return [left, top, left + size.width, top + size.height]
}

/** @param {Label} label @param {number} place @returns {Pixels} */
function shiftTo({ own, radius, size: { left, top, width, height } }, place) {
  if (place === OWN) return own
  const [right, down] = BESIDE[place - 1]
  const away = radius * (right && down ? Math.SQRT1_2 : 1) + 1
  const x = right > 0 ? away : right < 0 ? -away - width : -width / 2
  const y = down > 0 ? away : down < 0 ? -away - height : -height / 2
  return [x - left, y - top]
}

/** @param {Box} box @param {Box[]} taken @param {number} room */
function isFree([left, top, right, bottom], taken, room) {
  for (const [l, t, r, b] of taken) {
    if (left - room < r && right + room > l && top - room < b && bottom + room > t) return false
  }
  return true
}
