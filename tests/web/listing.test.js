import assert from "node:assert/strict"
import { test } from "node:test"
import { largest } from "../../explorer/player/web/listing.js"

const { NaN: NONE, POSITIVE_INFINITY: ENDLESS } = Number

test("the largest is finite and one of those that lead", () => {
  const all = [true, true, true, true]
  assert.equal(largest([1, 3, NONE, 2], all), 1)
  assert.equal(largest([-3, -1, ENDLESS, NONE], all), 1)
  assert.equal(largest([1, 3, NONE, 2], [true, false, true, true]), 3)
  assert.equal(largest([2, 2, 1, 0], all), 0)
})

test("where only a constant is finite none is the largest", () => {
  assert.equal(largest([NONE, ENDLESS, 0.5], [true, true, false]), -1)
  assert.equal(largest([], []), -1)
})
