// The colours of a film: so many that stand for all that its frames have.

/** @typedef {[red: number, green: number, blue: number]} Colour */
/** @typedef {{ at: number, colour: Colour, weight: number }} Bin pixels that are nearly alike */
/** @typedef {{ bins: Bin[], mean: Colour, axis: number, error: number }} Box */

const BINS = 1 << 18 // by the upper six bits of each byte
const AXES = /** @type {const} */ ([0, 1, 2])

/** @param {ArrayLike<number>} pixels RGBA @param {number} i the first of four */
function binOf(pixels, i) {
  return ((pixels[i] >> 2) << 12) | ((pixels[i + 1] >> 2) << 6) | (pixels[i + 2] >> 2)
}

// Counts the colours of frames.
export class Colours {
  counts = new Float64Array(BINS)
  sums = AXES.map(() => new Float64Array(BINS))

  /** @param {ArrayLike<number>} pixels RGBA */
  count(pixels) {
    for (let i = 0; i < pixels.length; i += 4) {
      const at = binOf(pixels, i)
      this.counts[at]++
      for (const axis of AXES) this.sums[axis][at] += pixels[i + axis]
    }
  }

  // By median cut: the box whose colours differ most is divided at their mean, again and again.
  /** @param {number} most */
  palette(most) {
    const boxes = [boxOf(this.bins())]
    while (boxes.length < most) {
      const widest = boxes.reduce((a, b) => (b.error > a.error ? b : a))
      if (!widest.error) break
      boxes.splice(boxes.indexOf(widest), 1, ...halves(widest))
    }
    return new Palette(boxes)
  }

  // By the root of its count, a small mark keeps its colour beside wide paper.
  /** @returns {Bin[]} */
  bins() {
    const { counts, sums } = this
    return [...counts.keys()]
      .filter((at) => counts[at])
      .map((at) => {
        const [red, green, blue] = sums.map((sum) => sum[at] / counts[at])
        return { at, colour: [red, green, blue], weight: Math.sqrt(counts[at]) }
      })
  }
}

/** @param {Bin[]} bins @returns {Box} */
function boxOf(bins) {
  const weight = bins.reduce((sum, bin) => sum + bin.weight, 0)
  const [red, green, blue] = AXES.map((axis) => {
    return bins.reduce((sum, bin) => sum + bin.weight * bin.colour[axis], 0) / weight
  })
  const mean = /** @type {Colour} */ ([red, green, blue])
  const errors = AXES.map((axis) => {
    return bins.reduce((sum, bin) => sum + bin.weight * (bin.colour[axis] - mean[axis]) ** 2, 0)
  })
  const error = Math.max(...errors)
  return { bins, mean, axis: errors.indexOf(error), error: bins.length > 1 ? error : 0 }
}

/** @param {Box} box */
function halves({ bins, mean, axis }) {
  const isBelow = (/** @type {Bin} */ bin) => bin.colour[axis] <= mean[axis]
  return [bins.filter(isBelow), bins.filter((bin) => !isBelow(bin))].map(boxOf)
}

export class Palette {
  /** @type {Int16Array} the colour that stands for a bin; -1 until it is looked for */
  known = new Int16Array(BINS).fill(-1)

  /** @param {Box[]} boxes */
  constructor(boxes) {
    this.colours = boxes.map(({ mean }) => mean.map(Math.round))
    for (const [n, { bins }] of boxes.entries()) for (const { at } of bins) this.known[at] = n
  }

  // The number of each pixel's colour.
  /** @param {ArrayLike<number>} pixels RGBA */
  numbers(pixels) {
    const numbers = new Uint8Array(pixels.length / 4)
    for (let n = 0; n < numbers.length; n++) {
      const at = binOf(pixels, 4 * n)
      if (this.known[at] < 0) this.known[at] = this.nearest(pixels, 4 * n)
      numbers[n] = this.known[at]
    }
    return numbers
  }

  /** @param {ArrayLike<number>} pixels RGBA @param {number} i the first of four */
  nearest(pixels, i) {
    const errors = this.colours.map((colour) => {
      return colour.reduce((sum, value, axis) => sum + (value - pixels[i + axis]) ** 2, 0)
    })
    return errors.indexOf(Math.min(...errors))
  }
}
