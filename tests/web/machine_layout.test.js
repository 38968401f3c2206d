import assert from "node:assert/strict"
import { test } from "node:test"
import { along, MachineLayout, share } from "../../explorer/player/web/machine_layout.js"

const letters = (count) => Array.from({ length: count }, () => "a")
const layout = (count, width, layers = 4, more = {}) => {
  const labels = letters(count)
  return new MachineLayout({ labels, unread: {}, layers, bars: 10, width, height: 398, ...more })
}

test("a wide picture fits its width from 1 to 64 letters, and its height", () => {
  for (const width of [864, 1280, 1760]) {
    for (const count of [1, 5, 41, 64]) {
      const found = layout(count, width)
      assert.ok(found.width <= width + 0.01, `${count} letters in ${width}: ${found.width}`)
      assert.ok(found.height <= 398.01)
    }
  }
})

test("parts follow each other downward without a gap, and fill the height", () => {
  const { letters: top, rows, lanes, expects } = layout(41, 1280)
  const bands = [top, rows, ...lanes, expects]
  assert.equal(bands[0].top, 0)
  for (const [n, band] of bands.slice(1).entries()) assert.equal(band.top, bands[n].bottom)
  assert.ok(Math.abs(expects.bottom + 18 - 398) < 1e-9, "the last name has a second line")
})

test("a narrow picture has names above its parts and the bars below", () => {
  const found = layout(20, 358)
  assert.equal(found.wide, false)
  assert.equal(found.left, 0)
  assert.ok(found.bars.top >= found.expects.bottom)
  assert.ok(found.height >= found.bar(9).bottom)
  assert.ok(layout(64, 358).width > 358, "many letters scroll instead of vanishing")
})

test("a longer token has a wider column", () => {
  const labels = ["a", "word", "a"]
  const found = new MachineLayout({
    labels,
    unread: {},
    layers: 1,
    bars: 4,
    width: 1280,
    height: 200,
  })
  assert.ok(found.widths[1] > 2 * found.widths[0])
  assert.ok(Math.abs(found.edges[2] + found.widths[2] - found.right) < 1e-9)
})

test("what is not read has room before its position, and no column", () => {
  const unread = { 1: "é", 3: "ßß" }
  const found = layout(3, 1280, 2, { unread })
  const { edges, widths, gaps, unit } = found
  assert.ok(Math.abs(edges[1] - (edges[0] + widths[0] + 0.6 * unit)) < 1e-9)
  assert.ok(Math.abs(edges[2] - (edges[1] + widths[1])) < 1e-9)
  assert.ok(Math.abs(found.right - (edges[2] + widths[2] + 1.2 * unit)) < 1e-9)
  const y = found.rows.top + 1
  assert.deepEqual(found.at(edges[1] - gaps[1] / 2, y), { part: "rows", position: undefined })
  assert.deepEqual(found.at(edges[1] + 1, y), { part: "rows", position: 1 })
  assert.ok(layout(40, 1280, 2, { unread }).width <= 1280.01)
})

test("the middle of every part leads back to it", () => {
  for (const width of [390, 1280]) {
    const found = layout(7, width, 2)
    const middle = ({ top, bottom }) => (top + bottom) / 2
    for (let n = 0; n < 7; n++) {
      const x = found.x(n)
      assert.deepEqual(found.at(x, middle(found.rows)), { part: "rows", position: n })
      assert.deepEqual(found.at(x, middle(found.letters)), { part: "rows", position: n })
      assert.deepEqual(found.at(x, middle(found.expects)), { part: "next", position: n })
      for (const [layer, lane] of found.lanes.entries())
        assert.deepEqual(found.at(x, middle(lane)), { part: "stream", position: n, layer })
    }
    assert.deepEqual(found.at(found.bars.left + 5, middle(found.bar(3))), { part: "next" })
  }
  assert.equal(layout(7, 1280).at(5, 200).position, undefined, "names stand there")
})

test("an arc leaves its key at the top, arrives at its query, and is half way in the middle", () => {
  assert.ok(along(0) < 1e-3 && along(1) > 1 - 1e-3)
  assert.ok(Math.abs(along(0.5) - 0.5) < 1e-3)
  for (let n = 1; n <= 20; n++) assert.ok(along(n / 20) > along((n - 1) / 20))
})

test("the arc under the pointer is the nearest, or none", () => {
  const found = layout(9, 1280, 2)
  const arcs = [
    { key: 0, query: 8 },
    { key: 3, query: 4 },
  ]
  const { top, bottom } = found.lanes[1]
  const y = (top + bottom) / 2
  assert.equal(found.arcAt(arcs, 1, (found.x(0) + found.x(8)) / 2, y), arcs[0])
  assert.equal(found.arcAt(arcs, 1, (found.x(3) + found.x(4)) / 2 + 2, y), arcs[1])
  assert.equal(found.arcAt(arcs, 1, found.x(7), y), undefined)
})

test("widths are in proportion, or logarithmic, and nothing where there is no number", () => {
  assert.equal(share(5, [1, 10], false), 0.5)
  assert.equal(share(1e6, [1, 1e6], true), 1)
  assert.ok(Math.abs(share(1e3, [1, 1e6], true) - 0.56) < 1e-9)
  assert.ok(Number.isNaN(share(Number.POSITIVE_INFINITY, [1, 10], false)))
  assert.ok(Number.isNaN(share(Number.NaN, [1, 10], true)))
})
