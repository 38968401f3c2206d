import assert from "node:assert/strict"
import { test } from "node:test"
import {
  guessed,
  meanSize,
  partNamed,
  reading,
  rolesOf,
  tallied,
} from "../../explorer/player/web/machine_words.js"

const { NaN: NONE } = Number
// Two steps, two tokens, one layer of three heads; after each token the two likeliest of three.
const SPEC = {
  labels: ["a", "b"],
  names: ["a", "b", "c"],
  following: [1, -1],
  vocabulary: 3,
  parameters: [15, 200, 1],
  roles: { shape: [2, 1, 3], values: Uint8Array.of(255, 255, 255, 1, 255, 1) },
  role_names: ["induction", "first token"],
  arrays: {
    rows: { shape: [2, 2, 5], values: new Uint8Array(20) },
    sizes: { shape: [2, 2, 2], values: Float32Array.of(1, 1, 2, 4, 1, 1, 6, 3e5) },
    next: { shape: [2, 2, 2], values: Float32Array.of(2, 1, 0, 1, 1, 0, 1, 2) },
    chances: { shape: [2, 2, 2], values: Float32Array.of(0.5, 0.2, NONE, 0, 0.75, 0.1, 1, 0) },
    true: { shape: [2, 2], values: Float32Array.of(0.2, NONE, 0.75, NONE) },
  },
}

test("what is said follows the step", () => {
  assert.deepEqual(
    [0, 1].map((step) => guessed(SPEC, step)),
    [0, 1],
  )
  assert.deepEqual(tallied(rolesOf(SPEC, 0, 0)), [])
  assert.deepEqual(tallied(rolesOf(SPEC, 1, 0)), ["first token ×2"])
  assert.deepEqual([meanSize(SPEC, 0, 1), meanSize(SPEC, 1, 0)], [3, 1])
})

test("a guess that is no number is none", () => {
  const lost = { ...SPEC.arrays.chances, values: new Float32Array(8).fill(NONE) }
  assert.equal(guessed({ ...SPEC, arrays: { ...SPEC.arrays, chances: lost } }, 1), 0)
})

test("what is under the pointer is said in a sentence", () => {
  const arc = { head: 2, query: 1, key: 0, weight: 0.5 }
  const said = (place, over) => reading(SPEC, 1, place, over)
  assert.match(said({ part: "attention", layer: 0 }, arc), /^layer 0, head 2: 'b' at 1 gives 50%/)
  assert.equal(
    said({ part: "rows", position: 0 }),
    "'a' at 0: its token row + position row, 5 channels",
  )
  assert.match(
    said({ part: "next", position: 0 }),
    /^after 'a' at 0: 'b' 75%, the true next 'b' 75/,
  )
  assert.match(said({ part: "next", position: 1 }), /^after 'b' at 1: 'b' 100%$/)
  assert.equal(
    said({ part: "stream", position: 1, layer: 0 }),
    "'b' at 1 after layer 0: stream of size 3.0e5",
  )
  assert.equal(said({ part: "rows" }), "")
})

test("parts that are no layers have a shape and count their parameters", () => {
  assert.deepEqual(partNamed(SPEC, "rows"), ["token + position", "2 × 5", "15 parameters"])
  assert.deepEqual(partNamed(SPEC, "next"), ["expects next", "2 × 3", "1 parameter"])
})
