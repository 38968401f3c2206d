import assert from "node:assert/strict"
import { test } from "node:test"
import { HIDDEN, placed } from "../../explorer/player/web/placing.js"
import { generator } from "./random.js"

const PLOT = { width: 300, height: 200 }
const [OWN, LEFT, BELOW] = [0, 2, 4]

function label(key, point, font = 12) {
  const size = { left: -10, top: -7, width: 20, height: 14 }
  return { key, font, point, radius: 4, own: [0, -11], size }
}

function crowd(seed, count = 60) {
  const random = generator(seed)
  return Array.from({ length: count }, (_, n) => {
    const width = random(8, 40)
    return {
      ...label(`${n}`, [random(0, PLOT.width), random(0, PLOT.height)], 10 + (n % 3)),
      size: { left: -width / 2, top: -7, width, height: 14 },
    }
  })
}

function box({ label: { point, size }, shift }) {
  const [left, top] = [point[0] + shift[0] + size.left, point[1] + shift[1] + size.top]
  return { left, top, right: left + size.width, bottom: top + size.height }
}

function overlap(a, b) {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  return width > 0 && height > 0
}

const places = (found) => new Map(found.map(({ label, place }) => [label.key, place]))

test("no two labels overlap, whatever the crowd and wherever they were before", () => {
  let before = new Map()
  for (let seed = 0; seed < 60; seed++) {
    const found = placed(crowd(seed), before, PLOT)
    const boxes = found.filter(({ shift }) => shift).map(box)
    for (const [n, one] of boxes.entries()) {
      assert.ok(!boxes.slice(0, n).some((other) => overlap(one, other)))
    }
    assert.ok(boxes.length < found.length, "the crowd is too thin to test anything")
    before = places(found)
  }
})

test("a label is hidden only where none of its nine places is free", () => {
  for (let seed = 0; seed < 20; seed++) {
    const found = placed(crowd(seed), new Map(), PLOT)
    for (const [n, hidden] of found.entries()) {
      if (hidden.place !== HIDDEN) continue
      const earlier = found
        .slice(0, n)
        .filter(({ shift }) => shift)
        .map(box)
      for (let place = OWN; place <= 8; place++) {
        const [alone] = placed([hidden.label], new Map([[hidden.label.key, place]]), PLOT)
        const own = box(alone)
        const inside =
          own.left >= 0 && own.top >= 0 && own.right <= PLOT.width && own.bottom <= PLOT.height
        assert.ok((place !== OWN && !inside) || earlier.some((other) => overlap(own, other)))
      }
    }
  }
})

test("a label alone stands where the figure puts it, even across the plot's edge", () => {
  const [{ place, shift }] = placed([label("a", [0, 0])], new Map(), PLOT)
  assert.equal(place, OWN)
  assert.deepEqual(shift, [0, -11])
})

test("of two labels at one point the larger has it and the other stands below the dot", () => {
  const small = label("small", [100, 100], 10)
  const large = label("large", [100, 100], 14)
  const [first, second] = placed([small, large], new Map(), PLOT)
  assert.deepEqual([first.label.key, first.place], ["large", OWN])
  assert.deepEqual([second.label.key, second.place], ["small", BELOW]) // all beside and above overlap
  assert.deepEqual(second.shift, [0, 4 + 1 + 7]) // radius, one pixel, half its height
})

test("a label stays where it was while that is free, and moves only to where it has room", () => {
  const a = label("a", [100, 100])
  const neighbour = label("neighbour", [121, 100], 14) // one pixel right of a's own box
  const from = (place) => places(placed([a, neighbour], new Map([["a", place]]), PLOT)).get("a")
  assert.equal(from(undefined), OWN)
  assert.equal(from(BELOW), BELOW)
  assert.equal(from(OWN), OWN)
  assert.equal(from(HIDDEN), LEFT)
})
