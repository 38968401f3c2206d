import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { fitted, Standing } from "../../explorer/player/web/letters_apart.js"
import { pixelOf, planeOf } from "../../explorer/player/web/letters_layout.js"
import { lettersOf, shortened } from "../../explorer/player/web/spelling.js"
import { generator } from "./random.js"

const LARGEST_LEAP = 45 // pixels, three letters: from step to step points move by up to 90
const ROOMS = [
  { width: 660, height: 220 },
  { width: 330, height: 220 },
]
const maps = JSON.parse(readFileSync(join(process.env.PAYLOAD, "maps.json"), "utf8"))

// Letters of a fixed width, as in GLYPHS.
const widths = (labels) => (size) =>
  labels.map((label) => 0.6 * size * lettersOf(shortened(label)).length)

function standing({ labels, shape, values }, room) {
  const points = { shape, values: Float32Array.from(values, (value) => value ?? Number.NaN) }
  const plane = planeOf(points, room.width, room.height)
  const at = (step) => labels.flatMap((_, n) => pixelOf(plane, points, step, n, room.height))
  return new Standing((step) => Float64Array.from(at(step)), fitted(widths(labels), room), room)
}

function boxes({ widths, height }, spots) {
  const found = widths.map((width, n) => {
    const [x, y] = [spots[2 * n], spots[2 * n + 1]]
    return {
      left: x - width / 2,
      top: y - height / 2,
      right: x + width / 2,
      bottom: y + height / 2,
    }
  })
  return found.filter(({ left }) => !Number.isNaN(left))
}

const meets = (a, b) =>
  Math.min(a.right, b.right) > Math.max(a.left, b.left) + 1e-9 &&
  Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top) + 1e-9

function assertApart({ boxes: of, room }, spots) {
  const found = boxes(of, spots)
  for (const [n, one] of found.entries()) {
    assert.ok(one.left >= -1e-9 && one.right <= room.width + 1e-9)
    assert.ok(one.top >= -1e-9 && one.bottom <= room.height + 1e-9)
    assert.ok(!found.slice(0, n).some((other) => meets(one, other)))
  }
  return found.length
}

test("no two letters of a shipped run overlap at any step, and none leaps from its point", () => {
  assert.ok(maps.length >= 7)
  for (const map of maps) {
    for (const room of ROOMS) {
      const letters = standing(map, room)
      assert.equal(letters.count, map.labels.length, `letters of ${map.name} without room`)
      let before
      for (let step = 0; step < map.shape[0]; step++) {
        const { points, spots } = letters.at(step)
        const drawn = assertApart(letters, spots)
        assert.equal(drawn, points.filter((at) => !Number.isNaN(at)).length / 2)
        const shifts = spots.map((at, n) => at - points[n])
        for (let n = 0; before && n < shifts.length; n += 2) {
          const leap = Math.hypot(shifts[n] - before[n], shifts[n + 1] - before[n + 1])
          assert.ok(!(leap > LARGEST_LEAP), `${map.name} step ${step} letter ${n / 2}: ${leap}`)
        }
        before = shifts
      }
    }
  }
})

test("a letter with room stands on its point, and comes back to it", () => {
  const [room] = ROOMS
  const labels = ["a", "b"]
  const points = [[100, 100, 104, 100], ...Array(20).fill([100, 100, 300, 100])]
  const letters = new Standing(
    (step) => Float64Array.from(points[step]),
    fitted(widths(labels), room),
    room,
  )
  const aside = letters.at(0).spots
  assert.ok(aside[2] - aside[0] >= letters.boxes.widths[0])
  assert.ok(Math.abs((aside[0] + aside[2]) / 2 - 102) < 0.1) // both give way by half
  assert.ok(Math.abs(letters.at(1).spots[0] - 100) < Math.abs(aside[0] - 100))
  assert.ok(Math.abs(letters.at(20).spots[0] - 100) < 0.1)
})

test("the same letters stand at a step, whichever steps were asked for before", () => {
  const [first, again] = [0, 1].map(() => standing(maps[0], ROOMS[0]))
  const at = first.at(3).spots
  again.at(5)
  assert.deepEqual(again.at(3).spots, at)
})

test("equal points part in every direction, and what is not finite stays away", () => {
  const [room] = ROOMS
  const labels = Array(40).fill("a")
  const equal = Float64Array.from({ length: 80 }, (_, n) => (n < 2 ? Number.NaN : 110))
  const letters = new Standing(() => equal, fitted(widths(labels), room), room)
  const { spots } = letters.at(0)
  assert.ok(Number.isNaN(spots[0]) && Number.isNaN(spots[1]))
  assert.equal(assertApart(letters, spots), 39)
  const reach = [0, 1].map((axis) => {
    const along = spots.filter((at, n) => n % 2 === axis && !Number.isNaN(at))
    return Math.max(...along) - Math.min(...along)
  })
  assert.ok(Math.max(...reach) < 3 * Math.min(...reach))
})

test("of too many words the first that have room are written", () => {
  const [room] = ROOMS
  const number = generator(4)
  const labels = Array.from({ length: 500 }, (_, n) => `word ${n}`)
  const points = Float64Array.from({ length: 1000 }, (_, n) => number(0, n % 2 ? 220 : 660))
  const letters = new Standing(() => points, fitted(widths(labels), room), room)
  assert.ok(letters.count > 10 && letters.count < 100)
  assert.equal(assertApart(letters, letters.at(0).spots), letters.count)
})

test("a single letter stands at its point", () => {
  const room = ROOMS[0]
  const alone = new Standing(() => Float64Array.of(50, 60), fitted(widths(["a"]), room), room)
  assert.deepEqual([...alone.at(0).spots], [50, 60])
})
