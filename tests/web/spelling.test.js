import assert from "node:assert/strict"
import { test } from "node:test"
import { lettersOf } from "../../explorer/player/web/spelling.js"

test("a letter has its marks, and what isolates a label is none", () => {
  assert.deepEqual(lettersOf("fox"), ["f", "o", "x"])
  assert.deepEqual(lettersOf("\u2068שלום\u2069"), ["ש", "ל", "ו", "ם"])
  assert.deepEqual(lettersOf("e\u0301te\u0301"), ["e\u0301", "t", "e\u0301"])
  assert.equal(lettersOf("हिन्दी").length < [..."हिन्दी"].length, true)
  assert.deepEqual(lettersOf("👩‍👧"), ["👩‍👧"])
})
