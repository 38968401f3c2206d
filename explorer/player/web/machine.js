// The model drawn while it reads a sentence; every part of it leads to its page.

import { written } from "./digits.js"
import { clamp, element, fitCanvas, given, hiddenTip, hide, label, pointIn, write } from "./dom.js"
import { arcsOf, read } from "./machine_arcs.js"
import { MachineLayout, WIDE } from "./machine_layout.js"
import { glyphSize, isLog, lookOf, paint } from "./machine_paint.js"
import {
  guessed,
  meanSize,
  parameters,
  partNamed,
  reading,
  rolesOf,
  shapeOf,
  tallied,
} from "./machine_words.js"
import { shortened } from "./spelling.js"
import { GLYPHS } from "./theme.js"

/** @import { Arc } from "./machine_arcs.js" */
/** @import { Part, Place } from "./machine_layout.js" */
/** @import { Look } from "./machine_paint.js" */

/** @type {Part[]} as Python numbers them */
const PARTS = ["rows", "attention", "stream", "next"]
const AWAY = 14 // pixels between the pointer and the tip
const LINE = 17 // pixels of a line of a name

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
  /** @type {HTMLElement[]} of the letters */
  buttons = []

  /** @param {HTMLElement} body @param {Hands} hands */
  constructor(body, { head, pick }) {
    this.body = body
    this.pick = pick
    this.verdict = element("span", "driftscope-verdict")
    head.append(this.verdict)
    this.canvas = element("canvas", "driftscope-drawing")
    this.context = given(this.canvas.getContext("2d"))
    this.letters = element("div", "driftscope-spelled")
    this.letters.dataset.keys = "" // the clock leaves these keys alone
    this.names = element("div", "driftscope-names")
    this.after = element("button", "driftscope-after")
    this.tip = hiddenTip()
    this.sheet = element("div", "driftscope-sheet")
    this.sheet.append(this.canvas, this.letters, this.names, this.after, this.tip)
    body.append(this.sheet)
    this.listen()
  }

  listen() {
    this.canvas.onclick = (event) => this.click(event)
    this.sheet.onpointermove = (event) => this.hover(event)
    this.sheet.onpointerleave = () => this.leave()
    this.letters.onkeydown = (event) => this.key(event)
    this.letters.addEventListener("focusin", ({ target }) => this.point(this.positionOf(target)))
    this.letters.addEventListener("focusout", () => this.point(undefined))
    this.letters.onclick = ({ target }) => {
      const position = this.positionOf(target)
      if (position !== undefined) this.go("rows", position)
    }
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
    const { unit, left, bars, wide, rows, lanes, expects, widths, gaps } = look.layout
    const words = JSON.stringify([spec.labels, spec.unread, unit, wide, lanes])
    Object.assign(this.after.style, { left: `${bars.left}px`, top: `${bars.top}px` })
    if (words === this.words) return
    this.words = words
    const style = { left: `${left}px`, font: `${glyphSize(unit)}px ${GLYPHS}` }
    Object.assign(this.letters.style, style)
    this.buttons = spec.labels.map((text, n) => letter(text, n, widths[n]))
    this.letters.replaceChildren(
      ...gaps.flatMap((gap, n) => [
        ...struck(spec.unread[n], gap),
        ...this.buttons.slice(n, n + 1),
      ]),
    )
    this.names.classList.toggle("driftscope-beside", wide)
    this.lanes = lanes.map(({ top, bottom }, layer) => ({
      heads: this.name("attention", layer, top, bottom - top),
      size: this.name("stream", layer, top, bottom - top),
    }))
    this.names.replaceChildren(
      this.name("rows", undefined, rows.top, rows.bottom - rows.top),
      ...this.lanes.flatMap(({ heads, size }) => [heads, size]),
      this.name("next", undefined, expects.top, expects.bottom - expects.top),
    )
  }

  /** @param {Part} part @param {number | undefined} layer @param {number} top @param {number} height */
  name(part, layer, top, height) {
    const node = element("button", `driftscope-name driftscope-name-${part}`)
    node.type = "button"
    node.style.setProperty("--top", `${top}px`)
    node.style.setProperty("--high", `${height}px`)
    node.style.setProperty("--lines", String(Math.max(Math.floor(height / LINE) - 1, 1)))
    if (part === "rows" || part === "next") {
      const parts = partNamed(this.spec, part)
      node.textContent = parts.join(this.look.layout.wide ? "\n" : " · ")
    }
    node.onclick = () => {
      const best = layer === undefined ? undefined : this.read(layer, this.at)[0]
      this.go(part, this.at, layer, part === "attention" ? best : undefined)
    }
    return node
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
    for (const [layer, { heads, size }] of (this.lanes ?? []).entries()) {
      const roles = rolesOf(spec, index, layer)
      const count = parameters(spec.parameters[layer + 1])
      write(heads, [`layer ${layer}`, ...tallied(roles), count].join(" · "))
      const mean = written(meanSize(spec, index, layer + 1))
      write(size, `stream ${mean} · ${shapeOf(spec, spec.arrays.rows.shape[2])}`)
      const each = roles.map(({ head, role }) => `, head ${head}: ${role}`)
      label(heads, `layer ${layer}, ${count}${each.join("")}: open Attention`)
      label(
        size,
        `mean size of the residual stream after layer ${layer}, ${mean}: open Normalization`,
      )
    }
  }

  // ---- the pointer and the keyboard --------------------------------------------------------

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

  /** @param {EventTarget | null} target */
  positionOf(target) {
    const at = target instanceof HTMLElement ? target.dataset.position : undefined
    return at === undefined ? undefined : Number(at)
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const here = this.positionOf(event.target) ?? this.at
    const last = this.spec.labels.length - 1
    /** @type {Record<string, number>} */
    const goals = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: last }
    if (!(event.key in goals)) return
    event.preventDefault()
    this.at = clamp(goals[event.key], 0, last)
    for (const [n, node] of this.buttons.entries()) node.tabIndex = n === this.at ? 0 : -1
    this.buttons[this.at].focus()
  }

  scale() {
    const [low, high] = this.spec.bounds.map(written)
    const by = isLog(this.spec) ? "by its logarithm" : "in proportion"
    return [`width of a band: size of the residual stream, ${low} to ${high}, ${by}`]
  }

  close() {}
}

/** @param {string} text @param {number} position @param {number} column */
function letter(text, position, column) {
  const node = element("button", "driftscope-letter")
  node.type = "button"
  node.dataset.position = String(position)
  node.tabIndex = position ? -1 : 0
  node.style.width = `${column}px`
  node.append(Object.assign(document.createElement("bdi"), { textContent: shortened(text) }))
  node.setAttribute("aria-label", `${text} at ${position}: open Tables`)
  return node
}

// What was typed here and is not read.
/** @param {string | undefined} label @param {number} width */
function struck(label, width) {
  if (label === undefined) return []
  const node = element("s", "driftscope-struck")
  node.style.width = `${width}px`
  node.append(Object.assign(document.createElement("bdi"), { textContent: shortened(label) }))
  return [node]
}
