// Which attention the drawn model shows: what its queries read beyond an even share.

import { packed } from "./mosaic_layout.js"

const ONE = 254 // the level of weight 1.0; 255 is not finite
const EACH = 2 // arcs of a query in a layer, of different heads

/**
 * @typedef {object} Arc
 * @property {number} head
 * @property {number} query
 * @property {number} key
 * @property {number} weight 0..1
 * @property {number} beyond how far the weight is from an even share towards 1, 0..1
 */
/** @typedef {{ array: Stepped, size: number }} Weights packed as in a mosaic, `size` queries */

// A query that reads all keys alike, as an untrained head does, goes beyond in none of them.
/** @param {number} weight @param {number} query */
export function beyond(weight, query) {
  const even = 1 / (query + 1)
  return Math.max((weight - even) / (1 - even), 0)
}

// What each head of a layer reads most with this query, the query itself left out; strongest first.
/** @param {Weights} weights @param {number} step @param {number} layer @param {number} query */
export function read({ array, size }, step, layer, query) {
  const [steps, layers, heads] = array.shape
  const first = ((steps === 1 ? 0 : step) * layers + layer) * heads
  /** @type {Arc[]} */
  const found = []
  for (let head = 0; head < heads; head++) {
    const from = (first + head) * packed(size) + packed(query)
    let key = -1
    let level = 0
    for (let k = 0; k < query; k++) {
      const here = array.values[from + k]
      if (here > level && here <= ONE) {
        key = k
        level = here
      }
    }
    const weight = level / ONE
    if (key >= 0) found.push({ head, query, key, weight, beyond: beyond(weight, query) })
  }
  return found.filter((arc) => arc.beyond > 0).sort((a, b) => b.beyond - a.beyond)
}

// Of every query in a layer the strongest, EACH at most; the weakest first, so that others cover it.
/** @param {Weights} weights @param {number} step @param {number} layer */
export function arcsOf(weights, step, layer) {
  const arcs = Array.from({ length: weights.size }, (_, query) => {
    return read(weights, step, layer, query).slice(0, EACH)
  })
  return arcs.flat().sort((a, b) => a.beyond - b.beyond)
}
