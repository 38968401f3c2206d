import assert from "node:assert/strict"
import { test } from "node:test"
import { indexOf, moved } from "../../explorer/player/web/cursor.js"

const POINTS = { curve: 0, rows: 5, columns: 1, down: true }
const CELLS = { curve: 0, rows: 3, columns: 4, down: true }
const UP = [-1, 0]
const DOWN = [1, 0]
const LEFT = [0, -1]
const RIGHT = [0, 1]
const HOME = [-Infinity, -Infinity]

test("points follow one another and end at the first and the last", () => {
  assert.equal(moved(1, DOWN, POINTS), 2)
  assert.equal(moved(1, RIGHT, POINTS), 2)
  assert.equal(moved(0, UP, POINTS), 0)
  assert.equal(moved(4, RIGHT, POINTS), 4)
  assert.deepEqual(indexOf(3, POINTS), [3])
})

test("cells go row by row, and the first row may be at the foot", () => {
  assert.equal(moved(5, DOWN, CELLS), 9)
  assert.equal(moved(5, DOWN, { ...CELLS, down: false }), 1)
  assert.equal(moved(7, RIGHT, CELLS), 7)
  assert.equal(moved(4, LEFT, CELLS), 4)
  assert.equal(moved(9, DOWN, CELLS), 9)
  assert.equal(moved(9, HOME, CELLS), 0)
  assert.deepEqual(indexOf(9, CELLS), [2, 1])
})
