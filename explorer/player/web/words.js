// One text per step in a box of fixed height: always as text, never as markup.

import { clamp, element, write } from "./dom.js"
import { integer } from "./timeline.js"

const RULER = 100 // digits that are measured

export class Words {
  // Set by `show`, which comes first.
  /** @type {WordsSpec} */
  spec
  index = 0
  room = 0 // characters that fit into a line of a table

  /** @param {HTMLElement} body @param {Hands} hands */
  constructor(body, { timeline }) {
    this.body = body
    this.timeline = timeline
    this.text = document.createElement("pre")
    this.now = element("small", "driftscope-when")
    body.tabIndex = 0 // it scrolls
  }

  /** @param {WordsSpec} spec @param {number} index */
  show(spec, index) {
    this.spec = spec
    const columns = spec.beside ? this.columns(spec) : [this.text]
    this.body.classList.toggle("driftscope-columns", spec.beside)
    this.body.classList.toggle("driftscope-table", spec.table !== null)
    this.body.replaceChildren(...columns)
    if (spec.table) this.measure()
    return this.draw(index)
  }

  measure() {
    this.text.textContent = "0".repeat(RULER)
    const ruler = document.createRange()
    ruler.selectNodeContents(this.text)
    const [room, width] = [this.text, ruler].map((one) => one.getBoundingClientRect().width)
    this.room = Math.floor((RULER * room) / width)
  }

  // The first text, the present one and the last, each under its step.
  /** @param {WordsSpec} spec */
  columns({ texts, faint }) {
    const last = texts.length - 1
    const ends = [0, last].map((at) => {
      const text = document.createElement("pre")
      text.replaceChildren(...parts(texts[at], faint[at]))
      return column(
        element("small", "driftscope-when"),
        text,
        `step ${integer(this.timeline().steps[at])}`,
      )
    })
    return [ends[0], column(this.now, this.text, ""), ends[1]]
  }

  /** @param {number} index */
  draw(index) {
    this.index = index
    const { texts, faint, table } = this.spec
    const text = table ? grouped(texts[index], table, this.room) : texts[index]
    if (faint[index]?.length) this.text.replaceChildren(...parts(text, faint[index]))
    else write(this.text, text)
    write(this.now, `now: step ${integer(this.timeline().steps[index])}`)
    return true
  }

  resize() {
    if (!this.spec.table) return
    this.measure()
    this.draw(this.index)
  }

  close() {}
}

// The lines of a table in groups of columns below each other, about as many columns in each.
/** @param {string} text @param {[name: number, cell: number]} wide @param {number} room */
export function grouped(text, [name, cell], room) {
  const lines = text.split("\n")
  const count = (lines[0].length - name) / cell
  const most = clamp(Math.floor((room - name) / cell) || 1, 1, count)
  const size = Math.ceil(count / Math.ceil(count / most))
  const groups = Array.from({ length: Math.ceil(count / size) }, (_, n) => {
    const [start, end] = [n, n + 1].map((group) => name + group * size * cell)
    return lines.map((line) => line.slice(0, name) + line.slice(start, end)).join("\n")
  })
  return groups.join("\n\n")
}

/** @param {HTMLElement} when @param {HTMLElement} text @param {string} words */
function column(when, text, words) {
  const node = document.createElement("div")
  when.textContent = words
  node.append(when, text)
  return node
}

// The text in parts, some of them in grey.
/** @param {string} text @param {[start: number, end: number][]} faint */
function parts(text, faint = []) {
  const letters = [...text] // Python counts characters, not UTF-16 units
  let at = 0
  /** @type {(string | HTMLElement)[]} */
  const found = []
  for (const [start, end] of faint) {
    const grey = element("span", "driftscope-faint")
    grey.textContent = letters.slice(start, end).join("")
    found.push(letters.slice(at, start).join(""), grey)
    at = end
  }
  return [...found, letters.slice(at).join("")]
}
