// Every head of every layer on one canvas.

import { element, fitCanvas, given, hiddenTip, hide, pointIn, write } from "./dom.js"
import { legend } from "./legend.js"
import { MosaicLayout, packed } from "./mosaic_layout.js"
import { fill, ONE, paint } from "./mosaic_paint.js"
import { lookup, magnitude } from "./theme.js"

/** @import { Head } from "./mosaic_layout.js" */

const AWAY = 14 // pixels between the pointer and the tip
/** @type {Record<string, Head>} layers down, heads to the right */
const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }

export class Mosaic {
  // Set by `show`, which comes first.
  /** @type {MosaicSpec} */
  spec
  /** @type {Theme} */
  theme
  /** @type {MosaicLayout} */
  layout
  /** @type {ImageData} a pixel a weight, all heads without gaps */
  image
  /** @type {Uint32Array} the same pixels */
  words
  colors = new Uint32Array(256) // by level
  /** @type {Head} where the keyboard stands */
  at
  index = 0
  /** @type {[Head | undefined, PointerEvent] | undefined} */
  hovered

  /** @param {HTMLElement} body @param {Hands} hands */
  constructor(body, { head, pick }) {
    this.body = body
    this.pick = pick
    this.canvas = document.createElement("canvas")
    this.context = given(this.canvas.getContext("2d"))
    this.frame = element("div", "driftscope-frame-chosen")
    this.pointer = element("div", "driftscope-frame-pointer")
    this.tip = hiddenTip()
    this.heads = element("div", "driftscope-heads")
    this.heads.tabIndex = 0
    this.heads.dataset.keys = "" // the clock leaves this element's keys alone
    this.heads.setAttribute("role", "button")
    body.append(this.canvas, this.frame, this.pointer, this.heads, this.tip)
    head.append(legend())
    this.pixels = new OffscreenCanvas(1, 1)
    this.listen()
  }

  listen() {
    this.heads.onclick = (event) => this.choose(this.under(event))
    this.heads.onpointermove = (event) => this.hover(this.under(event), event)
    this.heads.onpointerleave = (event) => this.hover(undefined, event)
    this.heads.onfocus = () => this.point(this.at)
    this.heads.onblur = () => this.point(undefined)
    this.heads.onkeydown = (event) => this.key(event)
  }

  /** @param {MosaicSpec} spec @param {number} index @param {Theme} theme */
  show(spec, index, theme) {
    const [, layers, heads] = spec.array.shape
    this.spec = spec
    this.theme = theme
    this.colors.set(lookup(magnitude(theme), ONE + 1))
    this.at = spec.selected
    this.pixels.width = heads * spec.size
    this.pixels.height = layers * spec.size
    this.image = new ImageData(this.pixels.width, this.pixels.height)
    this.words = new Uint32Array(this.image.data.buffer)
    hide(this.tip, true) // it describes the old heads
    this.arrange()
    this.point(undefined)
    return this.draw(index)
  }

  resize() {
    this.arrange()
    this.paint()
  }

  arrange() {
    const [, layers, heads] = this.spec.array.shape
    const { clientWidth: width, clientHeight: height } = this.body
    this.layout = new MosaicLayout({ layers, heads, size: this.spec.size, width, height })
    fitCanvas(this.context, width, height)
    this.place(this.frame, this.spec.selected)
  }

  /** @param {number} index */
  draw(index) {
    this.index = this.spec.array.shape[0] === 1 ? 0 : index
    fill(this.words, { spec: this.spec, index: this.index, colors: this.colors })
    given(this.pixels.getContext("2d")).putImageData(this.image, 0, 0)
    this.paint()
    this.describe()
    if (!this.tip.hidden && this.hovered) this.hover(...this.hovered)
    return true
  }

  paint() {
    const { context, layout, theme, pixels } = this
    context.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight)
    paint(context, { layout, theme, pixels, role: (place) => this.role(place) })
  }

  // What this head does at the step drawn, if it has a name.
  /** @param {Head} place */
  role(place) {
    const { roles, role_names: names, array } = this.spec
    const [, layers, heads] = array.shape
    return roles && names[roles.values[this.index * layers * heads + this.layout.number(place)]]
  }

  // "layer 0, head 1, induction"
  /** @param {Head} place @param {string} between */
  named(place, between) {
    const role = this.role(place)
    return [`layer ${place[0]}`, `head ${place[1]}`, ...(role ? [role] : [])].join(between)
  }

  /** @param {MouseEvent} event */
  under(event) {
    return this.layout.headAt(...pointIn(event, this.canvas))
  }

  /** @param {Head | undefined} place @param {PointerEvent} event */
  hover(place, event) {
    this.heads.style.cursor = place ? "pointer" : "default"
    this.hovered = [place, event]
    hide(this.tip, !place)
    if (!place) return
    const [x, y] = pointIn(event, this.canvas)
    const [row, key] = this.layout.cellAt(place, x, y)
    write(this.tip, `${this.named(place, " · ")} · ${this.reading(place, row, key)}`)
    const width = this.tip.offsetWidth
    const fits = x + AWAY + width < this.body.clientWidth
    this.tip.style.left = `${fits ? x + AWAY : Math.max(x - AWAY - width, 0)}px`
    this.tip.style.top = `${y + AWAY}px`
  }

  /** @param {Head} place @param {number} row @param {number} key */
  reading(place, row, key) {
    if (key > row) return `query ${row}, key ${key}: masked`
    const { array, size } = this.spec
    const [, layers, heads] = array.shape
    const head = this.index * layers * heads + this.layout.number(place)
    const level = array.values[head * packed(size) + packed(row) + key]
    const weight = level > ONE ? "no number" : `${((100 * level) / ONE).toFixed(0)}%`
    return `query ${row} gives ${weight} of its attention to key ${key}`
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Enter" || event.key === " ") this.choose(this.at)
    else if (event.key in MOVES) this.point(this.layout.beside(this.at, MOVES[event.key]))
    else return
    event.preventDefault()
  }

  /** @param {Head | undefined} place */
  choose(place) {
    if (!place) return
    this.point(place)
    this.pick(place)
  }

  /** @param {Head | undefined} place */
  point(place) {
    hide(this.pointer, !place || !this.heads.matches(":focus-visible"))
    if (place) {
      this.at = place
      this.place(this.pointer, place)
    }
    this.describe()
  }

  // For a screen reader.
  describe() {
    const chosen = String(this.at) === String(this.spec.selected) ? ", shown large" : ""
    const words = `${this.named(this.at, ", ")}${chosen}. Arrow keys move, Enter picks.`
    this.heads.setAttribute("aria-label", words)
  }

  /** @param {HTMLElement} frame @param {Head} place */
  place(frame, place) {
    const [x, y] = this.layout.corner(place)
    Object.assign(frame.style, {
      left: `${x - 2}px`,
      top: `${y - 2}px`,
      width: `${this.layout.side + 4}px`,
      height: `${this.layout.side + 4}px`,
    })
  }

  scale() {
    return ["colour: a weight from 0 to 1, by its square root"]
  }

  close() {}
}
