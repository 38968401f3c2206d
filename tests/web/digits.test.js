import assert from "node:assert/strict"
import { test } from "node:test"
import { written } from "../../explorer/player/web/digits.js"

test("numbers have three digits, very large and very small ones two and an exponent", () => {
  assert.deepEqual([1234.5, 0.5, -2, 0, 99999, 1e5].map(written), [
    "1230",
    "0.5",
    "−2",
    "0",
    "100000",
    "1.0e5",
  ])
  assert.deepEqual([0.001, -0.00012, 3e-10].map(written), ["0.001", "−1.2e−4", "3.0e−10"])
})

test("what is no number says so", () => {
  const not = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  assert.deepEqual(not.map(written), ["NaN", "infinite", "infinite"])
})
