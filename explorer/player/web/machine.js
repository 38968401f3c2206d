// The model drawn while it reads a sentence; every part of it leads to its page.

import { written } from "./digits.js"
import { clamp, element, fitCanvas, given, hiddenTip, hide, pointIn, write } from "./dom.js"
import { arcsOf, read } from "./machine_arcs.js"
import { MachineLayout, WIDE } from "./machine_layout.js"
import { MachineLetters } from "./machine_letters.js"
import { MachineNames } from "./machine_names.js"
import { isLog, lookOf, paint } from "./machine_paint.js"
import { guessed, reading } from "./machine_words.js"
import { shortened } from "./spelling.js"

/** @import { Arc } from "./machine_arcs.js" */
/** @import { Part, Place } from "./machine_layout.js" */
/** @import { Look } from "./machine_paint.js" */

/** @type {Part[]} as Python numbers them */
const PARTS = ["rows", "attention", "stream", "next"]
const AWAY = 14 // pixels between the pointer and the tip

export class Machine {
  // Set by `show`, which comes first.
  /** @type {MachineSpec} */
  spec
  /** @type {Theme} */
  theme
  /** @type {Look} */
  look
  index = 0
  at = 0 // the position whose future is shown while none is pointed at
  /** @type {number | undefined} */
  pointed
  /** @type {PointerEvent | undefined} where the tip was shown */
  hovered
  words = "" // what the letters and names were built from

  /** @param {HTMLElement} body @param {Hands} hands */
  constructor(body, { head, pick }) {
    this.body = body
    this.pick = pick
    this.verdict = element("span", "driftscope-verdict")
    head.append(this.verdict)
    this.canvas = element("canvas", "driftscope-drawing")
    this.context = given(this.canvas.getContext("2d"))
    this.letters = new MachineLetters({
      point: (position) => this.point(position),
      move: (position) => {
        this.at = position
      },
      press: (position) => this.go("rows", position),
    })
    this.names = new MachineNames((part, layer) => this.open(part, layer))
    this.after = element("button", "driftscope-after")
    this.tip = hiddenTip()
    this.sheet = element("div", "driftscope-sheet")
    this.sheet.append(this.canvas, this.letters.node, this.names.node, this.after, this.tip)
    body.append(this.sheet)
    this.listen()
  }

  listen() {
    this.canvas.onclick = (event) => this.click(event)
    this.sheet.onpointermove = (event) => this.hover(event)
    this.sheet.onpointerleave = () => this.leave()
    this.after.type = "button"
    this.after.onclick = () => this.go("next", this.at)
  }

  /** @param {MachineSpec} spec @param {number} index @param {Theme} theme */
  show(spec, index, theme) {
    const same = this.spec && String(this.spec.labels) === String(spec.labels)
    if (!same || this.spec.position !== spec.position) this.at = spec.position
    this.spec = spec
    this.theme = theme
    this.pointed = undefined
    this.arrange()
    return this.draw(index)
  }

  resize() {
    this.arrange()
    this.draw(this.index)
  }

  arrange() {
    const { spec, theme } = this
    const [, layers] = spec.arrays.weights.shape
    const [, , bars] = spec.arrays.next.shape
    const { clientWidth: width, clientHeight } = this.body
    const size = { width, height: width < WIDE ? spec.height : clientHeight }
    const layout = new MachineLayout({
      labels: spec.labels,
      unread: spec.unread,
      layers,
      bars,
      ...size,
    })
    fitCanvas(this.context, layout.width, layout.height)
    this.sheet.style.width = `${layout.width}px`
    this.sheet.style.height = `${layout.height}px`
    this.look = lookOf(spec, layout, theme)
    this.build()
  }

  // The letters and names, which are pressed; only where they changed, so that focus stays.
  build() {
    const { spec, look } = this
    const { unit, bars, wide, lanes } = look.layout
    const words = JSON.stringify([spec.labels, spec.unread, unit, wide, lanes])
    Object.assign(this.after.style, { left: `${bars.left}px`, top: `${bars.top}px` })
    if (words === this.words) return
    this.words = words
    this.letters.build(spec, look.layout)
    this.names.build(spec, look.layout)
  }

  /** @param {number} index */
  draw(index) {
    this.index = index
    const position = this.pointed ?? this.at
    const [, layers] = this.spec.arrays.weights.shape
    const arcs = Array.from({ length: layers }, (_, layer) => this.arcs(layer))
    paint(this.context, this.look, {
      step: index,
      position,
      pointed: this.pointed !== undefined,
      arcs,
    })
    this.say(position)
    if (this.hovered && !this.tip.hidden) this.describe(this.hovered)
    return true
  }

  /** @param {number} layer */
  arcs(layer) {
    const arcs = arcsOf(this.weights(), this.index, layer)
    return this.pointed === undefined ? arcs : [...arcs, ...this.read(layer, this.pointed)]
  }

  /** @param {number} layer @param {number} query */
  read(layer, query) {
    return read(this.weights(), this.index, layer, query)
  }

  weights() {
    return { array: this.spec.arrays.weights, size: this.spec.labels.length }
  }

  /** @param {number} position */
  say(position) {
    const { spec, index } = this
    write(this.after, `after '${shortened(spec.labels[position])}' at ${position}`)
    const of = spec.labels.length - 1
    write(this.verdict, of ? `guesses ${guessed(spec, index)} of ${of} next tokens` : "")
    this.names.say(spec, index)
  }

  // ---- the pointer --------------------------------------------------------

  /** @param {MouseEvent} event @returns {{ place: Place | undefined, arc: Arc | undefined }} */
  under(event) {
    const [x, y] = pointIn(event, this.canvas)
    const { layout } = this.look
    const place = layout.at(x, y)
    if (place?.layer === undefined) return { place, arc: undefined }
    return { place, arc: layout.arcAt(this.arcs(place.layer).reverse(), place.layer, x, y) }
  }

  /** @param {PointerEvent} event */
  hover(event) {
    const { place, arc } = this.under(event)
    this.hovered = event
    this.canvas.style.cursor = place ? "pointer" : "default"
    this.point(arc ? arc.query : place?.position)
    this.describe(event)
  }

  leave() {
    this.hovered = undefined
    hide(this.tip, true)
    this.point(undefined)
  }

  /** @param {PointerEvent} event */
  describe(event) {
    const { place, arc } = this.under(event)
    const words = place && reading(this.spec, this.index, place, arc)
    hide(this.tip, !words)
    if (!words) return
    write(this.tip, words)
    const [x, y] = pointIn(event, this.canvas)
    const room = this.look.layout.width - this.tip.offsetWidth
    this.tip.style.left = `${clamp(x + AWAY, 0, room)}px`
    this.tip.style.top = `${y + AWAY}px`
  }

  /** @param {MouseEvent} event */
  click(event) {
    const { place, arc } = this.under(event)
    if (place) this.go(place.part, place.position ?? this.at, place.layer, arc)
  }

  // From a name; that of a layer's heads leads to the strongest arc.
  /** @param {Part} part @param {number | undefined} layer */
  open(part, layer) {
    const isHeads = part === "attention" && layer !== undefined
    this.go(part, this.at, layer, isHeads ? this.read(layer, this.at)[0] : undefined)
  }

  /** @param {Part} part @param {number} position @param {number} [layer] @param {Arc} [arc] */
  go(part, position, layer, arc) {
    if (arc) this.pick([PARTS.indexOf("attention"), arc.query, arc.key, layer ?? 0, arc.head])
    else this.pick([PARTS.indexOf(part), position])
  }

  /** @param {number | undefined} position */
  point(position) {
    if (position === this.pointed) return
    this.pointed = position
    this.draw(this.index)
  }

  scale() {
    const [low, high] = this.spec.bounds.map(written)
    const by = isLog(this.spec) ? "by its logarithm" : "in proportion"
    return [`width of a band: size of the residual stream, ${low} to ${high}, ${by}`]
  }

  close() {}
}
