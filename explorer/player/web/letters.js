// A map whose marks are the letters themselves, each with the way it has just come. A letter that
// would lie over another stands aside, with a line to its point; one without room is a dot.

import { clamp, element, fitCanvas, given, hiddenTip, hide, pointIn, write } from "./dom.js"
import { fitted, Standing } from "./letters_apart.js"
import { nearestOf, pixelOf, planeOf } from "./letters_layout.js"
import { shortened } from "./spelling.js"
import { GLYPHS, PALETTE, themed } from "./theme.js"

/** @import { Plane } from "./letters_layout.js" */

const TAIL = 6 // recorded steps
const REACH = 16 // pixels from a letter that still mean it
const DOT = 1.5 // pixels of a point's radius
const AWAY = 12 // pixels between a letter and the tip

export class Letters {
  // Set by `show`, which comes first.
  /** @type {LettersSpec} */
  spec
  /** @type {Theme} */
  theme
  /** @type {Plane} */
  plane
  /** @type {string[]} of this theme */
  colours
  /** @type {string[]} as drawn */
  names
  size = 0 // pixels of letters
  /** @type {Standing} of the first letters, those that have room */
  standing
  chosen = "" // the colour of the chosen letter
  index = 0
  at = 0 // where the keyboard stands
  /** @type {number | undefined} the letter pointed at */
  pointed

  /** @param {HTMLElement} body @param {Hands} hands */
  constructor(body, { pick }) {
    this.body = body
    this.pick = pick
    this.canvas = element("canvas", "driftscope-drawing")
    this.context = given(this.canvas.getContext("2d"))
    this.field = element("div", "driftscope-heads")
    this.field.tabIndex = 0
    this.field.dataset.keys = "" // the clock leaves this element's keys alone
    this.field.setAttribute("role", "button")
    this.tip = hiddenTip()
    body.append(this.canvas, this.field, this.tip)
    this.field.onpointermove = (event) => this.point(this.under(event))
    this.field.onpointerleave = () => this.point(undefined)
    this.field.onclick = (event) => this.choose(this.under(event))
    this.field.onfocus = () => {
      if (this.field.matches(":focus-visible")) this.point(this.at)
    }
    this.field.onblur = () => this.point(undefined)
    this.field.onkeydown = (event) => this.key(event)
  }

  /** @param {LettersSpec} spec @param {number} index @param {Theme} theme */
  show(spec, index, theme) {
    this.spec = spec
    this.theme = theme
    this.names = spec.labels.map(shortened)
    this.colours = spec.colours.map((colour) => themed(colour, theme))
    this.chosen = PALETTE.chosen[Number(theme.dark)]
    this.at = clamp(spec.chosen ?? this.at, 0, spec.labels.length - 1)
    this.pointed = undefined
    hide(this.tip, true)
    this.arrange()
    return this.draw(index)
  }

  resize() {
    this.arrange()
    this.draw(this.index)
  }

  arrange() {
    const { clientWidth: width, clientHeight: height } = this.body
    const room = { width, height }
    fitCanvas(this.context, width, height)
    this.plane = planeOf(this.spec.array, width, height)
    const boxes = fitted((size) => this.widths(size), room)
    this.standing = new Standing((step) => this.points(step), boxes, room)
    this.size = boxes.size
  }

  /** @param {number} size */
  widths(size) {
    this.context.font = fontOf(size)
    return this.names.map((name) => this.context.measureText(name).width)
  }

  /** @param {number} index */
  draw(index) {
    this.index = index
    const { context, theme } = this
    context.clearRect(0, 0, this.body.clientWidth, this.body.clientHeight)
    context.lineCap = "round"
    context.globalAlpha = 0.4
    context.lineWidth = 1.5
    for (const [n, colour] of this.colours.entries()) this.paintTail(n, colour)
    context.globalAlpha = 0.6
    context.lineWidth = 0.75
    for (const [n, colour] of this.colours.entries()) this.paintPoint(n, colour)
    context.globalAlpha = 1
    context.font = fontOf(this.size)
    context.textAlign = "center"
    context.textBaseline = "middle"
    context.lineWidth = 3
    context.strokeStyle = theme.background
    for (const n of this.order()) this.paintLetter(n)
    this.describe()
    return true
  }

  // The chosen letter and the one pointed at stand above the others.
  order() {
    const above = [this.spec.chosen, this.pointed].filter((n) => typeof n === "number")
    const others = [...this.spec.labels.keys()].filter((n) => !above.includes(n))
    return [...others, ...above]
  }

  /** @param {number} n @param {string} colour */
  paintTail(n, colour) {
    const { context, index } = this
    context.strokeStyle = colour
    context.beginPath()
    for (let step = Math.max(index - TAIL, 0); step <= index; step++) {
      const [x, y] = this.pixel(n, step)
      if (!Number.isNaN(x)) context.lineTo(x, y)
    }
    context.stroke()
  }

  // A point that its letter does not cover, and the line between them.
  /** @param {number} n @param {string} colour */
  paintPoint(n, colour) {
    const { context, index, size } = this
    const [[x, y], [left, top]] = [this.pixel(n, index), this.spot(n)]
    const isAside = Math.hypot(left - x, top - y) > size / 2
    if (Number.isNaN(x) || !(isAside || n >= this.standing.count)) return
    context.strokeStyle = context.fillStyle = colour
    context.beginPath()
    context.moveTo(x, y)
    context.lineTo(left, top)
    context.stroke()
    context.beginPath()
    context.arc(x, y, DOT, 0, 2 * Math.PI)
    context.fill()
  }

  /** @param {number} n */
  paintLetter(n) {
    const { context, spec, size, theme } = this
    const [x, y] = this.spot(n)
    if (Number.isNaN(x)) return
    const special = n === spec.chosen ? this.chosen : n === this.pointed ? theme.text : undefined
    if (special) {
      context.save()
      context.lineWidth = 2
      context.strokeStyle = special
      context.beginPath()
      context.arc(x, y, size * 0.75, 0, 2 * Math.PI)
      context.stroke()
      context.restore()
    } else if (n >= this.standing.count) return
    context.strokeText(this.names[n], x, y)
    context.fillStyle = n === spec.chosen ? this.chosen : this.colours[n]
    context.fillText(this.names[n], x, y)
  }

  /** @param {number} n @param {number} step @returns {[x: number, y: number]} of its point */
  pixel(n, step) {
    const { spec, plane, body } = this
    return pixelOf(plane, spec.array, step, n, body.clientHeight)
  }

  /** @param {number} step */
  points(step) {
    return Float64Array.from(this.names.flatMap((_, n) => this.pixel(n, step)))
  }

  // Where a letter stands now; one without room at its point.
  /** @param {number} n @returns {[x: number, y: number]} */
  spot(n) {
    if (n >= this.standing.count) return this.pixel(n, this.index)
    const { spots } = this.standing.at(this.index)
    return [spots[2 * n], spots[2 * n + 1]]
  }

  /** @param {MouseEvent} event */
  under(event) {
    const pixels = this.names.map((_, n) => this.spot(n))
    const found = nearestOf(pixels, pointIn(event, this.canvas), REACH)
    return found < 0 ? undefined : found
  }

  /** @param {number | undefined} n */
  point(n) {
    this.field.style.cursor = n === undefined ? "default" : "pointer"
    if (n === this.pointed) return
    this.pointed = n
    this.draw(this.index)
  }

  // The letter pointed at in the tip, and for a screen reader.
  describe() {
    const { spec, pointed, tip } = this
    const n = pointed ?? this.at
    const chosen = n === spec.chosen ? ", chosen" : ""
    const words = `'${spec.labels[n]}'${chosen}. Arrow keys move, Enter chooses.`
    this.field.setAttribute("aria-label", words)
    hide(tip, pointed === undefined)
    if (pointed === undefined) return
    write(tip, `'${spec.labels[pointed]}'${chosen}`)
    const [x, y] = this.spot(pointed)
    tip.style.left = `${clamp(x + AWAY, 0, this.body.clientWidth - tip.offsetWidth)}px`
    tip.style.top = `${y + AWAY}px`
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const last = this.spec.labels.length - 1
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }
    if (event.key === "Enter" || event.key === " ") this.choose(this.at)
    else if (event.key in moves) {
      this.at = clamp(this.at + moves[event.key], 0, last)
      this.point(this.at)
    } else return
    event.preventDefault()
  }

  /** @param {number | undefined} n */
  choose(n) {
    if (n === undefined) return
    this.at = n
    this.pick([n])
  }

  scale() {
    return ["both axes on one scale, the same at every step"]
  }

  close() {}
}

/** @param {number} size */
function fontOf(size) {
  return `600 ${size}px ${GLYPHS}`
}
