// Numbers for property tests: the same in every run.

/** @param {number} seed */
export function generator(seed) {
  let state = seed
  return (low, high) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return low + (state / 2 ** 32) * (high - low)
  }
}
