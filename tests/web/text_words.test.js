import assert from "node:assert/strict"
import { test } from "node:test"
import { mostRead, saying } from "../../explorer/player/web/text_words.js"

const SPEC = { labels: ["a", "{key}", "c"], says: "{query} at {query_at} reads {weight} of {key}" }
const ROW = Float32Array.of(0.12345, 0.5, Number.NaN)

/** @param {number} key */
const said = (key, row = ROW) => {
  return saying(SPEC, { row, query: 1, key })
    .map(([text]) => text)
    .join("")
}

test("a key's sentence has its weight with three digits, or why there is none", () => {
  assert.equal(said(0), "{key} at 1 reads 12.3% of a")
  assert.equal(said(2), "{key} at 1 reads nothing (masked) of c")
  assert.equal(said(1, Float32Array.of(1, Number.NaN, 0)), "{key} at 1 reads no number of {key}")
})

test("labels are told from the words around them", () => {
  const labels = saying(SPEC, { row: undefined, query: 1, key: 0 }).filter(([, isLabel]) => isLabel)
  assert.deepEqual(labels, [
    ["{key}", true],
    ["a", true],
  ])
})

test("the keys read most come first, those without a number not at all", () => {
  assert.deepEqual(mostRead(ROW, 3), [1, 0])
  assert.deepEqual(mostRead(ROW, 1), [1])
})
