// The bytes and what they must hold come from Python: see test_player_scripts.py.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { decode, slice } from "../../explorer/player/web/payload.js"

const bytes = readFileSync(`${process.env.PAYLOAD}/payload.bin`)
const expected = JSON.parse(readFileSync(`${process.env.PAYLOAD}/expected.json`, "utf8"))
const payload = decode(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))

// As Python writes it: lists, and null for NaN.
function plain(value) {
  if (typeof value === "number") return Number.isNaN(value) ? null : value
  return Array.from(value, plain)
}

test("the timeline arrives in full precision", () => {
  const { steps, epochs, losses, trust, unit, ticks } = payload.timeline
  const found = { steps, epochs, losses, trust }
  for (const [name, values] of Object.entries(found)) {
    assert.ok(values instanceof Float64Array)
    assert.deepEqual(plain(values), expected[name])
  }
  assert.equal(unit, expected.unit)
  assert.deepEqual(ticks, expected.ticks)
})

test("every step of every moving attribute is the array that Python had", () => {
  const [plot] = payload.panels
  assert.deepEqual(
    plot.moving.map(({ path }) => path),
    Object.keys(expected.moving),
  )
  for (const { path, array } of plot.moving) {
    const steps = expected.moving[path]
    for (const [index, values] of steps.entries())
      assert.deepEqual(plain(slice(array, index)), values)
  }
})

test("an array of one step holds at all of them", () => {
  const text = payload.panels.find(({ kind }) => kind === "text")
  assert.deepEqual(plain(slice(text.array, 0)), expected.text)
  assert.deepEqual(plain(slice(text.array, 2)), expected.text)
})

test("a mosaic has its weights as bytes, its roles and their names", () => {
  const mosaic = payload.panels.find(({ kind }) => kind === "mosaic")
  assert.ok(mosaic.array.values instanceof Uint8Array)
  assert.deepEqual(mosaic.array.shape, expected.mosaic.shape)
  assert.deepEqual([...mosaic.array.values], expected.mosaic.weights)
  assert.deepEqual([...mosaic.roles.values], expected.mosaic.roles)
  assert.deepEqual(mosaic.role_names, expected.mosaic.role_names)
})

test("the drawn model and the letters have each of their arrays", () => {
  const machine = payload.panels.find(({ kind }) => kind === "machine")
  for (const [name, values] of Object.entries(expected.machine))
    assert.deepEqual(plain(machine.arrays[name].values), values, name)
  assert.deepEqual([machine.bounds, machine.following, machine.position], [[0.5, 2], [0, 0, -1], 2])
  const letters = payload.panels.find(({ kind }) => kind === "letters")
  assert.deepEqual(plain(letters.array.values), expected.letters)
  assert.equal(letters.chosen, 1)
})

test("the rest of a panel is as it was written", () => {
  const words = payload.panels.find(({ kind }) => kind === "words")
  assert.deepEqual(words.texts, expected.texts)
  assert.deepEqual(words.faint, expected.faint)
  const keys = payload.panels.map(({ key, title, span, height }) => [key, title, span, height])
  assert.deepEqual(keys, expected.panels)
  assert.equal(payload.alone, false)
})
