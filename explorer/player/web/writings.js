// What is written at each step, as a list that grows with the clock: step, then text, newest first.

export class Writings {
  /** @type {HTMLElement[]} an entry a step; steps that write the same share one */
  entries = []
  look = ""
  /** @type {HTMLElement | undefined} */
  lit

  /** @param {HTMLElement} body */
  constructor(body) {
    this.list = document.createElement("ol")
    this.list.tabIndex = 0 // it scrolls
    body.append(this.list)
    body.removeAttribute("role") // a list is read entry by entry
  }

  /** @param {WritingsSpec} spec @param {number} index */
  show(spec, index) {
    const look = JSON.stringify([spec.steps, spec.texts])
    if (look !== this.look) this.adopt(spec)
    this.look = look
    return this.draw(index)
  }

  /** @param {WritingsSpec} spec */
  adopt({ steps, texts }) {
    this.entries = []
    texts.forEach((text, i) => {
      const last = this.entries[i - 1]
      this.entries.push(i && text === texts[i - 1] ? last : entry(steps[i], text))
    })
    this.list.replaceChildren(...[...new Set(this.entries)].reverse())
  }

  /** @param {number} index */
  draw(index) {
    const now = this.entries[index]
    this.lit?.removeAttribute("aria-current")
    now.setAttribute("aria-current", "step")
    this.lit = now
    this.list.scrollTop = 0
    return true
  }

  resize() {}

  close() {}
}

/** @param {number} step @param {string} text */
function entry(step, text) {
  const item = document.createElement("li")
  const number = document.createElement("b")
  number.textContent = step.toLocaleString("en-US")
  const words = document.createElement("span")
  words.textContent = text.replaceAll("\n", "⏎") || "–"
  item.append(number, words)
  return item
}
