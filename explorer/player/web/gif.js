// GIF 89a (w3.org/Graphics/GIF/spec-gif89a.txt): frames of one palette, each as what has changed.

/** @typedef {{ width: number, height: number }} Size */

export const MOST_COLOURS = 255
const SAME = 255 // the number of no colour: the pixel of the frame before stays
const [CLEAR, END, FIRST, FULL] = [256, 257, 258, 4096] // LZW codes of eight-bit values
const BLOCK = 255 // bytes
const FOR_EVER = [0x21, 0xff, 11, ...letters("NETSCAPE2.0"), 3, 1, 0, 0, 0]

export const ENDING = Uint8Array.of(0x3b)

/** @param {Size} size @param {number[][]} colours red, green and blue, at most MOST_COLOURS */
export function opening({ width, height }, colours) {
  const table = new Uint8Array(3 * 256)
  table.set(colours.flat())
  const screen = [...short(width), ...short(height), 0xf7, 0, 0]
  return Uint8Array.from([...letters("GIF89a"), ...screen, ...table, ...FOR_EVER])
}

/**
 * @param {Uint8Array} numbers of its pixels' colours
 * @param {Uint8Array | undefined} before of the frame before
 * @param {Size} size @param {number} delay in hundredths of a second
 */
export function frame(numbers, before, size, delay) {
  const { left, top, width, height } = changed(numbers, before, size)
  const part = new Uint8Array(width * height)
  for (let n = 0; n < part.length; n++) {
    const at = (top + Math.floor(n / width)) * size.width + left + (n % width)
    part[n] = numbers[at] === before?.[at] ? SAME : numbers[at]
  }
  const control = [0x21, 0xf9, 4, 0b101, ...short(delay), SAME, 0]
  const box = [0x2c, ...[left, top, width, height].flatMap(short), 0, 8]
  const data = blocks(compressed(part))
  const whole = new Uint8Array(control.length + box.length + data.length)
  whole.set([...control, ...box])
  whole.set(data, control.length + box.length)
  return whole
}

// The least rectangle with all pixels that differ; one pixel where none does.
/** @param {Uint8Array} numbers @param {Uint8Array | undefined} before @param {Size} size */
function changed(numbers, before, { width, height }) {
  if (!before) return { left: 0, top: 0, width, height }
  let [left, right, top, bottom] = [width, 0, height, 0]
  for (let at = 0; at < numbers.length; at++) {
    if (numbers[at] === before[at]) continue
    const [x, y] = [at % width, Math.floor(at / width)]
    left = Math.min(left, x)
    right = Math.max(right, x)
    top = Math.min(top, y)
    bottom = y
  }
  if (left > right) return { left: 0, top: 0, width: 1, height: 1 }
  return { left, top, width: right - left + 1, height: bottom - top + 1 }
}

// By LZW, appendix F of the specification. A code is at most 12 bits and stands for a value or more.
/** @param {Uint8Array} values at least one */
function compressed(values) {
  const bytes = new Uint8Array(2 * values.length + 8)
  let [length, held, count] = [0, 0, 0] // bits that are no byte yet
  let [next, size] = [FIRST, 9]
  /** @param {number} code */
  const write = (code) => {
    held |= code << count
    count += size
    for (; count >= 8; count -= 8, held >>= 8) bytes[length++] = held & 0xff
    if (next === 1 << size && next < FULL) size++ // the reader knows of a code one code later
  }
  const table = new Uint16Array(FULL << 8) // the code of a code and the value after it; 0 for none
  write(CLEAR)
  let prefix = values[0]
  for (let n = 1; n < values.length; n++) {
    const longer = (prefix << 8) | values[n]
    if (table[longer]) {
      prefix = table[longer]
      continue
    }
    write(prefix)
    if (next < FULL) table[longer] = next++
    else {
      write(CLEAR)
      table.fill(0)
      ;[next, size] = [FIRST, 9]
    }
    prefix = values[n]
  }
  write(prefix)
  write(END)
  if (count) bytes[length++] = held
  return bytes.subarray(0, length)
}

/** @param {Uint8Array} bytes */
function blocks(bytes) {
  const whole = new Uint8Array(bytes.length + Math.ceil(bytes.length / BLOCK) + 1)
  let at = 0
  for (let from = 0; from < bytes.length; from += BLOCK) {
    const block = bytes.subarray(from, from + BLOCK)
    whole[at] = block.length
    whole.set(block, at + 1)
    at += block.length + 1
  }
  return whole // the last byte is 0: no more blocks
}

/** @param {number} value */
function short(value) {
  return [value & 0xff, value >> 8]
}

/** @param {string} text */
function letters(text) {
  return [...text].map((letter) => letter.charCodeAt(0))
}
