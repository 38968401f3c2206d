import assert from "node:assert/strict"
import { test } from "node:test"
import { arcsOf, beyond, read } from "../../explorer/player/web/machine_arcs.js"
import { generator } from "./random.js"

// Levels (steps, layers, heads, size(size+1)/2) from rows of weights, as Python packs them.
function weights(steps) {
  const size = steps[0][0][0].length
  const values = steps.flat(3).flatMap((row) => row.map((one) => Math.round(one * 254)))
  const shape = [steps.length, steps[0].length, steps[0][0].length, (size * (size + 1)) / 2]
  return { array: { shape, values: Uint8Array.from(values) }, size }
}

const EVEN = [[1], [0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]]
const BEFORE = [[1], [0.9, 0.1], [0.1, 0.8, 0.1]]
const FIRST = [[1], [0.6, 0.4], [0.7, 0.2, 0.1]]

test("an even share goes beyond by nothing, all of the attention by one", () => {
  assert.equal(beyond(1 / 3, 2), 0)
  assert.equal(beyond(0.1, 2), 0)
  assert.equal(beyond(1, 2), 1)
  assert.ok(Math.abs(beyond(2 / 3, 2) - 0.5) < 1e-12, "half of the way from 1/3 to 1")
})

test("heads that read all keys alike draw no arc", () => {
  for (const arc of arcsOf(weights([[[EVEN, EVEN]]]), 0, 0)) assert.ok(arc.beyond < 0.01)
})

test("each head's strongest earlier key is read, the strongest head first", () => {
  const found = read(weights([[[EVEN, BEFORE, FIRST]]]), 0, 0, 2)
  assert.deepEqual(
    found.filter((arc) => arc.beyond > 0.01).map(({ head, query, key }) => [head, query, key]),
    [
      [1, 2, 1],
      [2, 2, 0],
    ],
  )
  assert.ok(Math.abs(found[0].weight - 0.8) < 1 / 254)
})

test("a step and a layer have their own arcs, and one step holds at all", () => {
  const two = weights([
    [[BEFORE], [EVEN]],
    [[EVEN], [FIRST]],
  ])
  const keys = (step, layer) => {
    return arcsOf(two, step, layer)
      .filter((arc) => arc.beyond > 0.01)
      .map((arc) => arc.key)
  }
  assert.deepEqual(keys(0, 0), [1, 0])
  assert.deepEqual([keys(0, 1), keys(1, 0)], [[], []])
  assert.deepEqual(keys(1, 1), [0, 0])
  const one = weights([[[BEFORE]]])
  assert.deepEqual(arcsOf(one, 7, 0), arcsOf(one, 0, 0))
})

test("what is not finite is no arc", () => {
  const broken = weights([[[BEFORE]]])
  broken.array.values.fill(255)
  assert.deepEqual(arcsOf(broken, 0, 0), [])
})

test("two arcs a query at most, the strongest last, and no arc to the query itself", () => {
  const number = generator(5)
  const size = 9
  const head = () =>
    Array.from({ length: size }, (_, q) => {
      const row = Array.from({ length: q + 1 }, () => number(0, 1) ** 8)
      const sum = row.reduce((a, b) => a + b)
      return row.map((one) => one / sum)
    })
  const arcs = arcsOf(weights([[Array.from({ length: 4 }, head)]]), 0, 0)
  const counts = Map.groupBy(arcs, ({ query }) => query)
  for (const of of counts.values()) assert.ok(of.length <= 2)
  for (const { key, query } of arcs) assert.ok(key < query)
  const strengths = arcs.map((arc) => arc.beyond)
  assert.deepEqual(
    strengths,
    strengths.toSorted((a, b) => a - b),
  )
})
