// What happened in a training, one line a mark of the clock: those that have happened are lit.

import { element } from "./dom.js"
import { integer, nearest } from "./timeline.js"

/** @typedef {{ node: HTMLElement, index: number }} Line */

export class Events {
  shown = "" // the marks that there are lines for
  /** @type {Line[]} */
  lines = []

  /** @param {HTMLElement} body @param {Hands} hands */
  constructor(body, { timeline, jump }) {
    this.body = body
    this.timeline = timeline
    this.jump = jump
  }

  /** @param {EventsSpec} _spec @param {number} index */
  show(_spec, index) {
    const { ticks, steps } = this.timeline()
    const text = JSON.stringify([ticks, [...steps]])
    if (text !== this.shown) {
      this.shown = text
      this.lines = ticks.map((tick) => this.line(tick, nearest(steps, tick.step)))
      this.body.replaceChildren(...this.lines.map(({ node }) => node))
    }
    return this.draw(index)
  }

  /** @param {Tick} tick @param {number} index @returns {Line} */
  line({ step, label }, index) {
    const node = element("button", "driftscope-event")
    node.type = "button"
    node.onclick = (event) => this.jump(index, event.timeStamp)
    const when = document.createElement("span")
    when.textContent = `step ${integer(step)}`
    node.append(when, label)
    return { node, index }
  }

  /** @param {number} index */
  draw(index) {
    const latest = Math.max(...this.lines.map((line) => line.index).filter((at) => at <= index))
    for (const { node, index: at } of this.lines) {
      node.classList.toggle("driftscope-past", at <= index)
      node.classList.toggle("driftscope-latest", at === latest)
      if (at === latest) node.setAttribute("aria-current", "step")
      else node.removeAttribute("aria-current")
    }
    this.reveal(this.lines.find((line) => line.index === latest)?.node)
    return true
  }

  // Scrolls within the list, never the page.
  /** @param {HTMLElement | undefined} node */
  reveal(node) {
    if (!node) return
    const top = node.offsetTop
    const [from, height] = [this.body.scrollTop, this.body.clientHeight]
    if (top < from) this.body.scrollTop = top
    else if (top + node.offsetHeight > from + height) {
      this.body.scrollTop = top + node.offsetHeight - height
    }
  }

  resize() {}

  close() {}
}
