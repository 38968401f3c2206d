// Numbers as they are written where three digits are enough.

/** @param {number} value */
export function written(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : "infinite"
  const size = Math.abs(value)
  const isFar = size >= 1e5 || (size !== 0 && size < 1e-3)
  const text = isFar ? value.toExponential(1).replace("e+", "e") : String(+value.toPrecision(3))
  return text.replaceAll("-", "−")
}
