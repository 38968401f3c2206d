// Rows of text, and beside them what was measured on each: a small picture and numbers of the step.

import { written } from "./digits.js"
import { element, given, label, write } from "./dom.js"
import { signed } from "./theme.js"

/** @typedef {{ node: HTMLElement, canvas: HTMLCanvasElement, numbers: HTMLElement[] }} Row */

export class Listing {
  // Set by `show`, which comes first.
  /** @type {ListingSpec} */
  spec
  words = "" // what the rows were built from
  colors = new Uint32Array(256)
  /** @type {(Row & { lacks: number[], leads: boolean })[]} by number */
  items = []

  /** @param {HTMLElement} body @param {Hands} hands */
  constructor(body, { head, pick }) {
    this.pick = pick
    this.verdict = element("span", "driftscope-verdict")
    head.append(this.verdict)
    this.rows = element("div", "")
    body.append(this.rows)
    body.removeAttribute("role") // it is read row by row
  }

  /** @param {ListingSpec} spec @param {number} index @param {Theme} theme */
  show(spec, index, theme) {
    this.spec = spec
    this.colors = signed(theme)
    const words = JSON.stringify([spec.lines, spec.headings, spec.pickable])
    if (words !== this.words) this.build()
    this.words = words
    return this.draw(index)
  }

  build() {
    const { lines, headings } = this.spec
    this.items = []
    const columns = headings.map((heading) => worded("b", "driftscope-number", heading))
    const named = ["", "", ""].map((words) => worded("b", "", words))
    const top = element("div", "driftscope-item")
    top.append(...named, ...columns)
    const first = element("div", "driftscope-row")
    first.append(element("code", ""), top)
    this.rows.style.setProperty("--numbers", String(headings.length))
    this.rows.classList.toggle("driftscope-bars", this.spec.bars)
    this.rows.replaceChildren(first, ...lines.map((line) => this.row(line)))
  }

  /** @param {ListingRow} row */
  row({ text, items, heading, faint }) {
    const node = element("div", "driftscope-row")
    node.classList.toggle("driftscope-skipped", faint)
    const measured = element("div", "")
    measured.append(...items.map((one) => this.item(one)))
    node.append(this.named(text, heading, items[0]?.number ?? undefined), measured)
    return node
  }

  /** @param {string} text @param {boolean} heading @param {number | undefined} number */
  named(text, heading, number) {
    if (!this.spec.pickable || number === undefined)
      return worded(heading ? "h3" : "code", "", text)
    const button = worded("button", "driftscope-opens", text)
    button.setAttribute("type", "button")
    label(button, `${text}: open its page`)
    button.onclick = () => this.pick([number])
    return button
  }

  /** @param {ListingRow["items"][number]} item */
  item({ name, words, number, lacks, leads }) {
    const node = element("div", "driftscope-item")
    node.append(worded("code", "", name), worded("span", "", words))
    if (number === null) return node
    const canvas = element("canvas", "")
    const numbers = this.spec.headings.map(() => element("span", "driftscope-number"))
    node.append(canvas, ...numbers)
    this.items[number] = { node, canvas, numbers, lacks, leads }
    return node
  }

  /** @param {number} index */
  draw(index) {
    const { array, arrays, headings, lead, names, says, nothing } = this.spec
    const [steps, count, columns] = array.shape
    const first = (steps === 1 ? 0 : index) * count * columns
    for (const [n, { canvas, numbers, lacks }] of this.items.entries()) {
      paint(canvas, arrays[n], index, this.colors)
      for (const k of headings.keys()) {
        const value = array.values[first + n * columns + k]
        write(numbers[k], lacks.includes(k) ? "–" : written(value))
      }
    }
    if (this.spec.bars) this.bar(first)
    const leading = this.items.map((_, n) => array.values[first + n * columns + lead])
    const most = largest(
      leading,
      this.items.map(({ leads }) => leads),
    )
    for (const [n, { node }] of this.items.entries()) {
      node.classList.toggle("driftscope-most", n === most)
    }
    const said = says
      .replace("{name}", () => names[most])
      .replace("{value}", written(leading[most]))
    write(this.verdict, most < 0 ? nothing : said)
    return true
  }

  // How long the bar of each number is: its share of the largest of its column.
  /** @param {number} first */
  bar(first) {
    const { array, headings } = this.spec
    for (const k of headings.keys()) {
      const at = (/** @type {number} */ n) => array.values[first + n * headings.length + k]
      const known = [...this.items.keys()].map(at).filter(Number.isFinite)
      const largest = Math.max(...known, 0)
      for (const [n, { numbers }] of this.items.entries()) {
        const share = largest > 0 && Number.isFinite(at(n)) ? at(n) / largest : 0
        numbers[k].style.setProperty("--share", `${100 * share}%`)
      }
    }
  }

  // What its colours mean, in a saved picture.
  scale() {
    return ["Blue is below zero, orange above, one scale for all steps of a picture."]
  }

  resize() {}

  close() {}
}

// Which of those that lead is the largest finite number; -1 is none.
/** @param {number[]} values @param {boolean[]} leads */
export function largest(values, leads) {
  let found = -1
  for (const [n, value] of values.entries()) {
    if (leads[n] && Number.isFinite(value) && !(values[found] >= value)) found = n
  }
  return found
}

/** @param {"b" | "button" | "code" | "h3" | "span"} tag @param {string} name @param {string} words */
function worded(tag, name, words) {
  const node = element(tag, name)
  node.textContent = words
  return node
}

// A pixel a number, as large as the style sheet says.
/**
 * @param {HTMLCanvasElement} canvas @param {Stepped} picture @param {number} index
 * @param {Uint32Array} colors
 */
function paint(canvas, { shape: [steps, height, width], values }, index, colors) {
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  const image = new ImageData(width, height)
  const from = (steps === 1 ? 0 : index) * width * height
  const levels = values.subarray(from, from + width * height)
  new Uint32Array(image.data.buffer).set(Array.from(levels, (level) => colors[level]))
  given(canvas.getContext("2d")).putImageData(image, 0, 0)
}
