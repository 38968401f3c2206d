import assert from "node:assert/strict"
import { test } from "node:test"
import { paces, thinned } from "../../explorer/player/web/film.js"
import { Colours } from "../../explorer/player/web/palette.js"
import { generator } from "./random.js"

const number = generator(4)

test("the steps of a film ascend evenly from the first to the last", () => {
  assert.deepEqual(thinned(1, 120), [0])
  assert.deepEqual(thinned(8, 120), [0, 1, 2, 3, 4, 5, 6, 7])
  for (const count of [120, 121, 200, 1000]) {
    const found = thinned(count, 120)
    assert.equal(found.length, 120)
    assert.deepEqual([found[0], found[119]], [0, count - 1])
    const gaps = found.slice(1).map((index, n) => index - found[n])
    const even = (count - 1) / 119
    assert.ok(gaps.every((gap) => gap >= Math.floor(even) && gap <= Math.ceil(even)))
  }
})

test("a film of few steps is slower, and its last frame stands for two seconds", () => {
  assert.deepEqual(paces(3), [250, 250, 2000])
  assert.deepEqual(paces(40).slice(38), [125, 2000])
  assert.deepEqual(paces(120).slice(118), [1000 / 12, 2000])
})

test("few colours are kept exactly, as many as a palette has room for", () => {
  const pixels = new Uint8ClampedArray(4 * 64 * 16)
  for (let n = 0; n < pixels.length / 4; n++) {
    const colour = n % 64 // each in a cube of its own, where only the last bits are alike
    pixels.set(
      [(colour & 3) * 64 + 63, ((colour >> 2) & 3) * 64, (colour >> 4) * 64 + 7, 255],
      4 * n,
    )
  }
  const colours = new Colours()
  colours.count(pixels)
  const palette = colours.palette(64)
  const found = palette.numbers(pixels)
  assert.equal(new Set(found).size, 64)
  for (let n = 0; n < found.length; n++) {
    assert.deepEqual(palette.colours[found[n]], [...pixels.slice(4 * n, 4 * n + 3)])
  }
})

test("a small mark keeps its colour beside a ramp and wide paper", () => {
  const ramp = Array.from({ length: 4096 }, (_, n) => [n >> 4, 255 - (n >> 4), 128, 255])
  const paper = Array.from({ length: 100000 }, () => [255, 255, 255, 255])
  const mark = [240, 40, 40, 255]
  const pixels = Uint8ClampedArray.from([...ramp, ...paper, mark].flat())
  const colours = new Colours()
  colours.count(pixels)
  const palette = colours.palette(32)
  const numbers = palette.numbers(pixels)
  const worst = [...numbers].map((found, n) => distance(palette.colours[found], pixels, 4 * n))
  assert.ok(palette.colours.length <= 32)
  assert.equal(worst[4096], 0)
  assert.ok(worst.at(-1) < 12 && Math.max(...worst.slice(0, 4096)) < 12)
})

test("a colour that was not counted is drawn by the nearest of the palette", () => {
  const counted = Uint8ClampedArray.from({ length: 400 }, () => number(0, 256))
  const others = Uint8ClampedArray.from({ length: 4000 }, () => number(0, 256))
  const colours = new Colours()
  colours.count(counted)
  const palette = colours.palette(20)
  const binOf = (pixels, n) =>
    pixels
      .slice(4 * n, 4 * n + 3)
      .map((value) => value >> 2)
      .join()
  const bins = new Set(Array.from({ length: 100 }, (_, n) => binOf(counted, n)))
  for (const [n, found] of palette.numbers(others).entries()) {
    const bin = binOf(others, n)
    if (bins.has(bin)) continue // all colours of a bin follow the first
    bins.add(bin)
    const distances = palette.colours.map((colour) => distance(colour, others, 4 * n))
    assert.equal(distances[found], Math.min(...distances))
  }
})

function distance(colour, pixels, i) {
  return Math.hypot(...colour.map((value, axis) => value - pixels[i + axis]))
}
