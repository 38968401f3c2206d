// The recorded steps: which is nearest, and each of them in words.

/** Before a payload has arrived and after the clock was closed. @type {Timeline} */
export const EMPTY = {
  steps: new Float64Array(),
  epochs: new Float64Array(),
  losses: new Float64Array(),
  trust: undefined,
  unit: "",
  clock: "step",
  per: 1,
  ticks: [],
}

// The index of the recorded step nearest to this one, the later of two.
/** @param {Float64Array} steps @param {number} step */
export function nearest(steps, step) {
  let best = 0
  for (let i = 1; i < steps.length; i++) {
    if (Math.abs(steps[i] - step) <= Math.abs(steps[best] - step)) best = i
  }
  return best
}

/** @param {Timeline} timeline @param {number} index */
export function describe(timeline, index) {
  const words = numbersAt(timeline, index)
  return timeline.trust ? `${words} · ${trustAt(timeline.trust, index)}` : words
}

/** @param {Timeline} timeline @param {number} index */
export function numbersAt(timeline, index) {
  const { steps, epochs, losses, unit, clock } = timeline
  const loss = Number.isFinite(losses[index]) ? `${decimal(losses[index])} ${unit}` : "–"
  const epoch = Number.isFinite(epochs[index]) ? decimal(epochs[index]) : "–"
  const now = momentAt(timeline, steps[index])
  return clock === "epoch" ? `${now} · loss ${loss}` : `${now} · epoch ${epoch} · loss ${loss}`
}

// A moment in words, by the clock's unit: "step 1,250", "second 3.20".
/** @param {Timeline} timeline @param {number} moment */
export function momentAt({ clock, per }, moment) {
  return `${clock} ${per === 1 ? integer(moment) : decimal(moment / per)}`
}

/** @param {Float64Array} trust @param {number} index */
export function trustAt(trust, index) {
  return `trust ${Number.isFinite(trust[index]) ? trust[index].toFixed(2) : "–"}`
}

/** @param {number} value */
export function integer(value) {
  return value.toLocaleString("en-US")
}

/** @param {number} value */
function decimal(value) {
  if (value !== 0 && Math.abs(value) < 0.1) return value.toPrecision(2)
  if (Math.abs(value) >= 1e7) return value.toExponential(1).replace("e+", "e")
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toFixed(2)
}
