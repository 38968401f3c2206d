import assert from "node:assert/strict"
import { test } from "node:test"
import { grouped } from "../../explorer/player/web/words.js"

const [NAME, CELL] = [5, 3]
const CHANNELS = Array.from({ length: 32 }, (_, n) => n)
const TABLE = ["head ", "= sum"].map((name) => {
  return name + CHANNELS.map((n) => String(n).padStart(CELL)).join("")
})

test("as many columns as fit stand side by side, each line with its name", () => {
  for (const [room, groups] of [
    [1000, 1],
    [NAME + 32 * CELL, 1],
    [NAME + 32 * CELL - 1, 2],
    [NAME + 13 * CELL, 3],
    [NAME + CELL, 32],
  ]) {
    const found = grouped(TABLE.join("\n"), [NAME, CELL], room).split("\n\n")
    assert.equal(found.length, groups)
    const lines = found.map((group) => group.split("\n"))
    for (const [n, name] of ["head ", "= sum"].entries()) {
      assert.ok(lines.every((group) => group[n].startsWith(name) && group[n].length <= room))
      const numbers = lines.flatMap((group) => group[n].slice(NAME).trim().split(/ +/))
      assert.deepEqual(numbers.map(Number), CHANNELS)
    }
  }
})

test("columns are shared out evenly, and one stands where nothing is measured", () => {
  const sizes = (/** @type {number} */ room) => {
    const groups = grouped(TABLE.join("\n"), [NAME, CELL], room).split("\n\n")
    return groups.map((group) => (group.indexOf("\n") - NAME) / CELL)
  }
  assert.deepEqual(sizes(NAME + 13 * CELL), [11, 11, 10])
  assert.deepEqual(
    sizes(Number.NaN),
    CHANNELS.map(() => 1),
  )
})
