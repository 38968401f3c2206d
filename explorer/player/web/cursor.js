// The keyboard's way to a point or a cell of a Plotly figure: arrows move, Enter picks.

import { clamp, element, hide } from "./dom.js"

/** @typedef {{ curve: number, rows: number, columns: number, down: boolean }} Marks */

/** @type {Record<string, [down: number, right: number]>} */
const MOVES = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [-Infinity, -Infinity],
  End: [Infinity, Infinity],
}
const DRAWN = 100 // milliseconds in which Plotly, which waits 50 between two labels, has drawn one

export class Cursor {
  /** @type {number | undefined} */
  timer
  at = 0 // the number of a point, or of a cell, row by row

  /** @param {HTMLElement} body @param {PlotlyDiv} div @param {(index: number[]) => void} pick */
  constructor(body, div, pick) {
    this.div = div
    this.pick = pick
    this.node = element("div", "driftscope-cursor")
    this.node.tabIndex = 0
    this.node.hidden = true
    this.node.dataset.keys = "" // the clock leaves this element's keys alone
    this.node.setAttribute("role", "button")
    this.node.onfocus = () => this.point()
    this.node.onblur = () => this.div.data && window.Plotly.Fx.unhover(this.div)
    this.node.onkeydown = (event) => this.key(event)
    body.append(this.node)
  }

  // For a new figure; `title` names it until a point does.
  /** @param {boolean} pickable @param {string} title */
  show(pickable, title) {
    hide(this.node, !pickable)
    this.node.setAttribute("aria-label", `${title}: arrow keys move, Enter picks`)
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const marks = marksOf(this.div)
    if (!marks) return
    if (event.key === "Enter" || event.key === " ") this.pick(indexOf(this.at, marks))
    else if (event.key in MOVES) this.at = moved(this.at, MOVES[event.key], marks)
    else return
    event.preventDefault()
    this.point()
  }

  // Plotly's own label on the point, whose words a screen reader hears.
  point() {
    const marks = marksOf(this.div)
    if (!marks) return
    this.at = clamp(this.at, 0, marks.rows * marks.columns - 1)
    const [row, column] = indexOf(this.at, marks)
    const which = column === undefined ? { pointNumber: row } : { xval: column, yval: row }
    window.Plotly.Fx.hover(this.div, [{ curveNumber: marks.curve, ...which }])
    window.clearTimeout(this.timer)
    this.timer = window.setTimeout(() => this.describe(), DRAWN)
  }

  describe() {
    const lines = this.div.querySelectorAll(
      ".hovertext .nums .line, .hovertext .nums:not(:has(.line))",
    )
    const words = [...lines].map((node) => node.textContent).join(", ")
    this.node.setAttribute(
      "aria-label",
      `${words || "No value here"}. Arrow keys move, Enter picks.`,
    )
  }
}

/** @param {number} at @param {[down: number, right: number]} by @param {Marks} marks */
export function moved(at, [down, right], { rows, columns, down: isDown }) {
  if (columns === 1) return clamp(at + down + right, 0, rows - 1)
  const row = clamp(Math.floor(at / columns) + (isDown ? down : -down), 0, rows - 1)
  return row * columns + clamp((at % columns) + right, 0, columns - 1)
}

/** @param {number} at @param {Marks} marks */
export function indexOf(at, { columns }) {
  return columns === 1 ? [at] : [Math.floor(at / columns), at % columns]
}

// A trace that answers a pointer; Plotly describes no point of a scene unless the pointer is on it.
/** @param {Attributes} trace */
function isOpen({ type, hoverinfo, z, x }) {
  return hoverinfo !== "skip" && !type?.endsWith("3d") && Boolean((z ?? x)?.length)
}

// Points of the first trace that answers a pointer, one after the other, or the cells of a table.
/** @param {PlotlyDiv} div @returns {Marks | undefined} */
function marksOf({ data = [], layout }) {
  const curve = data.findIndex(isOpen)
  if (curve < 0) return undefined
  const { type, z, x } = data[curve]
  if (type !== "heatmap") return { curve, rows: x.length, columns: 1, down: true }
  const [first, last] = layout.yaxis?.range ?? [0, 1]
  return { curve, rows: z.length, columns: z[0].length, down: first > last }
}
