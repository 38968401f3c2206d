// What is said of the drawn model at a step: its parts, its guesses, what is under the pointer.

import { written } from "./digits.js"
import { percent, start } from "./machine_paint.js"
import { integer } from "./timeline.js"

/** @import { Arc } from "./machine_arcs.js" */
/** @import { Place } from "./machine_layout.js" */

const NO_ROLE = 255

// A part that is not a layer, with the shape of what it puts out and how many parameters it has.
/** @param {MachineSpec} spec @param {"rows" | "next"} part */
export function partNamed(spec, part) {
  const isFirst = part === "rows"
  const last = isFirst ? spec.arrays.rows.shape[2] : spec.vocabulary
  const count = spec.parameters[isFirst ? 0 : spec.parameters.length - 1]
  return [isFirst ? "token + position" : "expects next", shapeOf(spec, last), parameters(count)]
}

/** @param {MachineSpec} spec @param {number} last axis */
export function shapeOf({ labels }, last) {
  return `${integer(labels.length)} × ${integer(last)}`
}

// How many tokens of the sentence the model expected most, each after those before it.
/** @param {MachineSpec} spec @param {number} index */
export function guessed({ arrays: { next, chances }, following }, index) {
  const [, tokens, count] = next.shape
  const first = start(next, index, tokens * count)
  let right = 0
  for (const [token, truth] of following.entries()) {
    const at = first + token * count
    if (next.values[at] === truth && !Number.isNaN(chances.values[at])) right++
  }
  return right
}

// The heads of a layer that have a role at this step.
/** @param {MachineSpec} spec @param {number} index @param {number} layer */
export function rolesOf({ roles, role_names: names }, index, layer) {
  if (!roles) return []
  const [, layers, heads] = roles.shape
  const first = start(roles, index, layers * heads) + layer * heads
  return Array.from({ length: heads }, (_, head) => head).flatMap((head) => {
    const role = roles.values[first + head]
    return role === NO_ROLE ? [] : [{ head, role: names[role] }]
  })
}

// "first token ×2"
/** @param {{ role: string }[]} roles */
export function tallied(roles) {
  return [...new Set(roles.map(({ role }) => role))].map((role) => {
    const count = roles.filter((one) => one.role === role).length
    return count > 1 ? `${role} ×${count}` : role
  })
}

// Of the residual stream, over the sentence.
/** @param {MachineSpec} spec @param {number} index @param {number} depth */
export function meanSize({ arrays: { sizes } }, index, depth) {
  const [, depths, tokens] = sizes.shape
  const first = start(sizes, index, depths * tokens) + depth * tokens
  return sizes.values.subarray(first, first + tokens).reduce((sum, size) => sum + size, 0) / tokens
}

/**
 * What is under the pointer, in a sentence.
 * @param {MachineSpec} spec @param {number} index @param {Place} place @param {Arc | undefined} arc
 */
export function reading(spec, index, { part, position, layer }, arc) {
  if (arc) {
    const [query, key] = [quoted(spec, arc.query), quoted(spec, arc.key)]
    const share = `${percent(arc.weight)} of its attention`
    return `layer ${layer}, head ${arc.head}: ${query} gives ${share} to ${key}`
  }
  if (position === undefined) return ""
  const token = quoted(spec, position)
  const { sizes, rows } = spec.arrays
  const [, depths, tokens] = sizes.shape
  if (part === "rows") return `${token}: its token row + position row, ${rows.shape[2]} channels`
  if (part === "next") return expected(spec, index, position)
  const depth = start(sizes, index, depths * tokens) + ((layer ?? 0) + 1) * tokens
  return `${token} after layer ${layer}: stream of size ${written(sizes.values[depth + position])}`
}

/** @param {MachineSpec} spec @param {number} index @param {number} position */
function expected(spec, index, position) {
  const { next, chances, true: given } = spec.arrays
  const [, tokens, count] = next.shape
  const first = start(next, index, tokens * count) + position * count
  const likeliest = spec.names[next.values[first]]
  const chance = percent(chances.values[first])
  const words = `after ${quoted(spec, position)}: '${likeliest}' ${chance}`
  if (position === tokens - 1) return words
  const truth = percent(given.values[start(given, index, tokens) + position])
  return `${words}, the true next '${spec.labels[position + 1]}' ${truth}`
}

/** @param {MachineSpec} spec @param {number} position */
function quoted({ labels }, position) {
  return `'${labels[position]}' at ${position}`
}

/** @param {number} count */
export function parameters(count) {
  return `${integer(count)} parameter${count === 1 ? "" : "s"}`
}
