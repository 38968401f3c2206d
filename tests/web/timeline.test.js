import assert from "node:assert/strict"
import { test } from "node:test"
import { assign, split } from "../../explorer/player/web/paths.js"
import { describe, nearest } from "../../explorer/player/web/timeline.js"

const TIMELINE = {
  steps: new Float64Array([0, 1, 1250]),
  epochs: new Float64Array([0, 0.004, NaN]),
  losses: new Float64Array([3.295, NaN, 12345678]),
  trust: undefined,
  unit: "nats/token",
  clock: "step",
  per: 1,
  ticks: [],
}

test("the nearest recorded step is the one of least distance, the later of two", () => {
  const steps = new Float64Array([0, 1, 2, 5, 9, 30])
  for (let step = -3; step < 40; step++) {
    const distances = [...steps].map((recorded) => Math.abs(recorded - step))
    assert.equal(nearest(steps, step), distances.lastIndexOf(Math.min(...distances)))
  }
})

test("a step in words: small and large numbers, and those that are unknown", () => {
  const words = [0, 1, 2].map((index) => describe(TIMELINE, index))
  assert.deepEqual(words, [
    "step 0 · epoch 0.00 · loss 3.29 nats/token",
    "step 1 · epoch 0.0040 · loss –",
    "step 1,250 · epoch – · loss 1.2e7 nats/token",
  ])
})

test("a moment of another clock in words, in whole units or in parts of them", () => {
  const on = (clock, per) => describe({ ...TIMELINE, clock, per }, 2)
  assert.equal(on("token", 1), "token 1,250 · epoch – · loss 1.2e7 nats/token")
  assert.equal(on("second", 1000), "second 1.25 · epoch – · loss 1.2e7 nats/token")
  assert.equal(on("epoch", 1000), "epoch 1.25 · loss 1.2e7 nats/token")
})

test("a timeline with trust says it too", () => {
  const trusted = { ...TIMELINE, trust: new Float64Array([0.456, NaN, 1]) }
  assert.match(describe(trusted, 0), / · trust 0\.46$/)
  assert.match(describe(trusted, 1), / · trust –$/)
})

test("a path is split at its owner and leads to its attribute, made where it is missing", () => {
  assert.deepEqual(split("12.marker.size"), { trace: 12, attribute: "marker.size" })
  assert.deepEqual(split("layout.xaxis.range"), { trace: undefined, attribute: "xaxis.range" })
  const figure = { marker: { color: "red" } }
  assign(figure, "marker.size", 3)
  assign(figure, "shapes[1].x0", 4)
  assert.deepEqual(figure.marker, { color: "red", size: 3 })
  assert.ok(Array.isArray(figure.shapes))
  assert.deepEqual(figure.shapes[1], { x0: 4 })
})
