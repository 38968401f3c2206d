// The letters of the sentence above the drawn model: they are pressed, and arrow keys move along them.

import { clamp, element, isolated } from "./dom.js"
import { glyphSize } from "./machine_paint.js"
import { shortened } from "./spelling.js"
import { GLYPHS } from "./theme.js"

/** @import { MachineLayout } from "./machine_layout.js" */

export class MachineLetters {
  /** @type {HTMLElement[]} */
  buttons = []

  /**
   * @param {object} hands
   * @param {(position: number | undefined) => void} hands.point where the keyboard stands
   * @param {(position: number) => void} hands.move it goes on to there
   * @param {(position: number) => void} hands.press
   */
  constructor({ point, move, press }) {
    this.move = move
    this.node = element("div", "driftscope-spelled")
    this.node.dataset.keys = "" // the clock leaves these keys alone
    this.node.onkeydown = (event) => this.key(event)
    this.node.addEventListener("focusin", ({ target }) => point(positionOf(target)))
    this.node.addEventListener("focusout", () => point(undefined))
    this.node.onclick = ({ target }) => {
      const position = positionOf(target)
      if (position !== undefined) press(position)
    }
  }

  /** @param {MachineSpec} spec @param {MachineLayout} layout */
  build({ labels, unread }, { unit, left, widths, gaps }) {
    const style = { left: `${left}px`, font: `${glyphSize(unit)}px ${GLYPHS}` }
    Object.assign(this.node.style, style)
    this.buttons = labels.map((text, n) => letter(text, n, widths[n]))
    this.node.replaceChildren(
      ...gaps.flatMap((gap, n) => [...struck(unread[n], gap), ...this.buttons.slice(n, n + 1)]),
    )
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const here = positionOf(event.target) ?? 0
    const last = this.buttons.length - 1
    /** @type {Record<string, number>} */
    const goals = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: last }
    if (!(event.key in goals)) return
    event.preventDefault()
    const goal = clamp(goals[event.key], 0, last)
    this.move(goal)
    for (const [n, node] of this.buttons.entries()) node.tabIndex = n === goal ? 0 : -1
    this.buttons[goal].focus()
  }
}

/** @param {EventTarget | null} target */
function positionOf(target) {
  const at = target instanceof HTMLElement ? target.dataset.position : undefined
  return at === undefined ? undefined : Number(at)
}

/** @param {string} text @param {number} position @param {number} column */
function letter(text, position, column) {
  const node = element("button", "driftscope-letter")
  node.type = "button"
  node.dataset.position = String(position)
  node.tabIndex = position ? -1 : 0
  node.style.width = `${column}px`
  node.append(isolated(shortened(text)))
  node.setAttribute("aria-label", `${text} at ${position}: open Tables`)
  return node
}

// What was typed here and is not read.
/** @param {string | undefined} label @param {number} width */
function struck(label, width) {
  if (label === undefined) return []
  const node = element("s", "driftscope-struck")
  node.style.width = `${width}px`
  node.append(isolated(shortened(label)))
  return [node]
}
