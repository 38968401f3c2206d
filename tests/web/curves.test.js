import assert from "node:assert/strict"
import { test } from "node:test"
import { stretches } from "../../explorer/player/web/curves.js"
import { linePath } from "../../explorer/player/web/scatter.js"
import { generator } from "./random.js"

const [WIDTH, HEIGHT] = [400, 61]
const [TOP, BOTTOM] = [5, HEIGHT - 6]

function withGaps(seed, count) {
  const random = generator(seed)
  return Float64Array.from({ length: count }, () => {
    return random(0, 1) < 0.3 ? NaN : random(1, 3)
  })
}

test("a curve runs from the lowest value at the bottom to the highest at the top", () => {
  const points = stretches(new Float64Array([4, 2, 3]), [WIDTH, HEIGHT, 1], 2, 4)
  const middle = (TOP + BOTTOM) / 2
  assert.deepEqual(points, [
    [
      [0, TOP],
      [WIDTH / 2, BOTTOM],
      [WIDTH, middle],
    ],
  ])
})

test("one value and equal values lie at the bottom", () => {
  assert.deepEqual(stretches(new Float64Array([7]), [WIDTH, HEIGHT, 1], 7, 7), [[[0, BOTTOM]]])
  const two = stretches(new Float64Array([7, 7]), [WIDTH, HEIGHT, 1], 7, 7)
  assert.deepEqual(two, [
    [
      [0, BOTTOM],
      [WIDTH, BOTTOM],
    ],
  ])
})

test("every finite value is a point of one stretch, and gaps part the stretches", () => {
  for (let seed = 0; seed < 50; seed++) {
    const values = withGaps(seed, 40)
    const found = stretches(values, [WIDTH, HEIGHT, 1], 1, 3)
    const finite = [...values.keys()].filter((i) => Number.isFinite(values[i]))
    assert.deepEqual(
      found.flat().map(([x]) => Math.round((x / WIDTH) * 39)),
      finite,
    )
    for (const [n, [, y]] of found.flat().entries()) {
      const share = (values[finite[n]] - 1) / 2
      assert.ok(Math.abs(y - (BOTTOM - share * (BOTTOM - TOP))) < 1e-9)
    }
    const marks = [...values].map((value) => (Number.isFinite(value) ? "x" : " ")).join("")
    const lengths = marks
      .split(/ +/)
      .filter(Boolean)
      .map((run) => run.length)
    assert.deepEqual(
      found.map((run) => run.length),
      lengths,
    )
  }
})

test("a line joins the points of a stretch; connected, the stretches too", () => {
  for (let seed = 0; seed < 50; seed++) {
    const places = [...withGaps(seed, 30)].map((y, x) => [x, y])
    const runs = [[]]
    for (const place of places) {
      if (Number.isNaN(place[1])) runs.push([])
      else runs.at(-1).push(place.join())
    }
    const expected = runs.filter((run) => run.length > 1).map((run) => `M${run.join("L")}`)
    assert.equal(linePath(places, false), expected.join("") || "M0,0")
    assert.equal(linePath(places, true), `M${runs.flat().join("L")}`)
  }
})

test("a lone point is no line", () => {
  assert.equal(
    linePath(
      [
        [NaN, 1],
        [2, 3],
        [4, NaN],
      ],
      false,
    ),
    "M0,0",
  )
})
