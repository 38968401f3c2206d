import assert from "node:assert/strict"
import { test } from "node:test"
import { isStep } from "../../explorer/player/web/history.js"

/** @param {string} before @param {string} after */
function steps(before, after) {
  return isStep(new URL(before, "http://localhost"), new URL(after, "http://localhost"))
}

test("another page, run or view is a step", () => {
  assert.ok(steps("/drift?run=a", "/attention"))
  assert.ok(steps("/drift?run=a", "/drift?run=b"))
  assert.ok(steps("/attention?run=a&attention.view=Roles", "/attention?run=a"))
  assert.ok(steps("/?run=a", "/?run=a&overview.view=Line+by+line"))
})

test("a training step, another page's view and the first address of a page are none", () => {
  assert.ok(!steps("/drift", "/drift?run=a&step=4"))
  assert.ok(!steps("/drift?run=a&step=3", "/drift?run=a&step=4&token=2"))
  assert.ok(!steps("/drift?run=a&attention.view=Roles", "/drift?run=a"))
})
