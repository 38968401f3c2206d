import assert from "node:assert/strict"
import { test } from "node:test"
import { GAP, LEFT, MosaicLayout, packed, TOP } from "../../explorer/player/web/mosaic_layout.js"

const SHAPES = [
  { layers: 4, heads: 4, size: 24, width: 700, height: 640 },
  { layers: 1, heads: 8, size: 41, width: 900, height: 200 },
  { layers: 6, heads: 2, size: 7, width: 320, height: 900 },
]

function* headsOf({ layers, heads }) {
  for (let layer = 0; layer < layers; layer++) {
    for (let head = 0; head < heads; head++) yield [layer, head]
  }
}

test("the middle of every cell leads back to its head and its cell", () => {
  for (const shape of SHAPES) {
    const layout = new MosaicLayout(shape)
    for (const head of headsOf(shape)) {
      const [left, top] = layout.corner(head)
      for (let row = 0; row < shape.size; row++) {
        for (let key = 0; key < shape.size; key++) {
          const x = left + ((key + 0.5) / shape.size) * layout.side
          const y = top + ((row + 0.5) / shape.size) * layout.side
          assert.deepEqual(layout.headAt(x, y), head)
          assert.deepEqual(layout.cellAt(head, x, y), [row, key])
        }
      }
    }
  }
})

test("all heads fit, and one pixel more a head would not", () => {
  for (const shape of SHAPES) {
    const { side } = new MosaicLayout(shape)
    const needs = (edge) => [
      LEFT + shape.heads * edge + (shape.heads - 1) * GAP + 2,
      TOP + shape.layers * edge + (shape.layers - 1) * GAP + 2,
    ]
    const [width, height] = needs(side)
    assert.ok(width <= shape.width && height <= shape.height)
    const [wider, higher] = needs(side + 1)
    assert.ok(wider > shape.width || higher > shape.height)
  }
})

test("a gap belongs half to each neighbour, and outside there is no head", () => {
  const layout = new MosaicLayout(SHAPES[0])
  const [x, y] = layout.corner([1, 1])
  assert.deepEqual(layout.headAt(x - GAP / 2 + 0.5, y), [1, 1])
  assert.deepEqual(layout.headAt(x - GAP / 2 - 0.5, y), [1, 0])
  assert.equal(layout.headAt(0, y), undefined)
  assert.equal(layout.headAt(x, 0), undefined)
  assert.equal(layout.headAt(699, y), undefined)
})

test("a pixel beyond a head's edge means its last cell", () => {
  const layout = new MosaicLayout(SHAPES[0])
  const [x, y] = layout.corner([0, 0])
  assert.deepEqual(layout.cellAt([0, 0], x - 2, y + layout.side + 2), [23, 0])
})

test("the arrow keys stop at the edges", () => {
  const layout = new MosaicLayout(SHAPES[0])
  assert.deepEqual(layout.beside([0, 0], [-1, 0]), [0, 0])
  assert.deepEqual(layout.beside([0, 0], [0, 1]), [0, 1])
  assert.deepEqual(layout.beside([3, 3], [1, 0]), [3, 3])
})

test("heads are numbered layer by layer, weights query by query", () => {
  for (const shape of SHAPES) {
    const layout = new MosaicLayout(shape)
    const numbers = [...headsOf(shape)].map((head) => layout.number(head))
    assert.deepEqual(numbers, [...numbers.keys()])
    let count = 0
    for (let row = 0; row < shape.size; row++) {
      for (let key = 0; key <= row; key++) assert.equal(packed(row) + key, count++)
    }
    assert.equal(packed(shape.size), count)
  }
})
