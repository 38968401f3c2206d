import assert from "node:assert/strict"
import { test } from "node:test"
import { nearestOf, pixelOf, planeOf } from "../../explorer/player/web/letters_layout.js"
import { generator } from "./random.js"

const number = generator(2)
const points = {
  shape: [3, 5, 2],
  values: Float32Array.from({ length: 30 }, (_, n) => number(-1, 1) * (n % 2 ? 1 : 4)),
}
points.values[4] = Number.NaN

test("all points of all steps are inside, with one scale for both axes", () => {
  const plane = planeOf(points, 600, 260)
  for (let step = 0; step < 3; step++) {
    for (let n = 0; n < 5; n++) {
      const [x, y] = pixelOf(plane, points, step, n, 260)
      if (Number.isNaN(x)) continue
      assert.ok(x >= 14 && x <= 586 && y >= 14 && y <= 246)
    }
  }
  const [[x0, y0], [x1, y1]] = [0, 1].map((n) => pixelOf(plane, points, 1, n, 260))
  const [dx, dy] = [0, 1].map((axis) => points.values[12 + axis] - points.values[10 + axis])
  assert.ok(Math.abs((x1 - x0) / dx - (y0 - y1) / dy) < 1e-3)
})

test("points that are all alike are in the middle", () => {
  const one = { shape: [1, 1, 2], values: Float32Array.of(3, 3) }
  const plane = planeOf(one, 100, 100)
  assert.ok(pixelOf(plane, one, 0, 0, 100).every(Number.isFinite))
})

test("the nearest within reach is found", () => {
  const pixels = [
    [0, 0],
    [10, 0],
    [Number.NaN, 0],
  ]
  assert.equal(nearestOf(pixels, [7, 0], 16), 1)
  assert.equal(nearestOf(pixels, [4, 0], 16), 0)
  assert.equal(nearestOf(pixels, [40, 0], 16), -1)
})
