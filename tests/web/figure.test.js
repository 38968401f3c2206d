import assert from "node:assert/strict"
import { test } from "node:test"
import { rangesOfOneUnit, scalesOf, withoutGaps } from "../../explorer/player/web/figure.js"

test("both axes of one unit are found, by the one that names the other", () => {
  const layout = {
    xaxis: { range: [0, 1] },
    xaxis2: { range: [4, 5] },
    yaxis2: { range: [2, 3], scaleanchor: "x2" },
  }
  assert.deepEqual(rangesOfOneUnit(layout), [
    ["yaxis2", [2, 3]],
    ["xaxis2", [4, 5]],
  ])
})

test("a value without a number is drawn at an end of its axis, at both in turn", () => {
  assert.deepEqual(withoutGaps([Number.NaN, Number.NaN, 5], [0, 9]), [0, 9, 5])
})

test("a scale is said where the picture has no numbers for it, once", () => {
  const data = [
    { zmin: 0, zmax: 1, showscale: false },
    { zmin: 0, zmax: 1, showscale: false },
    { marker: { cmin: 2, cmax: 3 }, showscale: true },
  ]
  const layout = { xaxis: { range: [-1, 1], showticklabels: false }, yaxis: { range: [0, 1] } }
  assert.deepEqual(scalesOf({ data, layout }), ["colour from 0 to 1 · x from −1 to 1"])
  assert.deepEqual(scalesOf({ layout: { xaxis: { range: [0, 1] } } }), [])
})
