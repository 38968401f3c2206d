// One text per step in a box of fixed height: always as text, never as markup.

import { element } from "./dom.js"
import { integer } from "./timeline.js"

export class Words {
  // Set by `show`, which comes first.
  /** @type {WordsSpec} */
  spec

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
    this.body.replaceChildren(...columns)
    return this.draw(index)
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
    const { texts, faint } = this.spec
    this.text.replaceChildren(...parts(texts[index], faint[index]))
    this.now.textContent = `now: step ${integer(this.timeline().steps[index])}`
    return true
  }

  resize() {}

  close() {}
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
