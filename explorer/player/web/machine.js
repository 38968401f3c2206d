// The model drawn while it reads a sentence; every part of it leads to its page.

import { clamp, element, fitCanvas, given, hiddenTip, label, pointIn } from "./dom.js"
import { arcsOf, read } from "./machine_arcs.js"
import { MachineLayout, WIDE } from "./machine_layout.js"
import { glyphSize, isLog, lookOf, paint, percent, start } from "./machine_paint.js"
import { shortened } from "./spelling.js"
import { GLYPHS } from "./theme.js"
import { integer } from "./timeline.js"

/** @import { Arc } from "./machine_arcs.js" */
/** @import { Part, Place } from "./machine_layout.js" */
/** @import { Look } from "./machine_paint.js" */

/** @type {Part[]} as Python numbers them */
const PARTS = ["rows", "attention", "stream", "next"]
const AWAY = 14 // pixels between the pointer and the tip
const NO_ROLE = 255
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
    if (part === "rows") node.textContent = this.named("token + position", 0)
    if (part === "next")
      node.textContent = this.named("expects next", this.spec.parameters.length - 1)
    node.onclick = () => {
      const best = layer === undefined ? undefined : this.read(layer, this.at)[0]
      this.go(part, this.at, layer, part === "attention" ? best : undefined)
    }
    return node
  }

  // A part that is not a layer, with the shape of what it puts out and how many parameters it has.
  /** @param {string} words @param {number} part */
  named(words, part) {
    const { spec, look } = this
    const last = part ? spec.vocabulary : spec.arrays.rows.shape[2]
    const parts = [words, this.shape(last), parameters(spec.parameters[part])]
    return parts.join(look.layout.wide ? "\n" : " · ")
  }

  /** @param {number} last axis */
  shape(last) {
    return `${integer(this.spec.labels.length)} × ${integer(last)}`
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

  // ---- words -------------------------------------------------------------------------------

  /** @param {number} position */
  say(position) {
    const after = `after '${shortened(this.spec.labels[position])}' at ${position}`
    if (this.after.textContent !== after) this.after.textContent = after
    const { spec } = this
    const right = this.guessed()
    const of = this.spec.labels.length - 1
    write(this.verdict, of ? `guesses ${right} of ${of} next tokens` : "")
    for (const [layer, { heads, size }] of (this.lanes ?? []).entries()) {
      const roles = this.roles(layer)
      const count = parameters(spec.parameters[layer + 1])
      const found = counted(roles.map(({ role }) => role))
      write(heads, [`layer ${layer}`, ...found, count].join(" · "))
      const mean = this.meanSize(layer + 1)
      write(size, `stream ${mean} · ${this.shape(spec.arrays.rows.shape[2])}`)
      const each = roles.map(({ head, role }) => `, head ${head}: ${role}`)
      label(heads, `layer ${layer}, ${count}${each.join("")}: open Attention`)
      label(
        size,
        `mean size of the residual stream after layer ${layer}, ${mean}: open Normalization`,
      )
    }
  }

  // How many tokens of the sentence the model expected most, each after those before it.
  guessed() {
    const { next, chances } = this.spec.arrays
    const [, tokens, count] = next.shape
    const first = start(next, this.index, tokens * count)
    let right = 0
    for (const [token, following] of this.spec.following.entries()) {
      const at = first + token * count
      if (next.values[at] === following && !Number.isNaN(chances.values[at])) right++
    }
    return right
  }

  // The heads of a layer that have a role at this step.
  /** @param {number} layer */
  roles(layer) {
    const { roles, role_names: names } = this.spec
    if (!roles) return []
    const [, layers, heads] = roles.shape
    const first = start(roles, this.index, layers * heads) + layer * heads
    return Array.from({ length: heads }, (_, head) => head).flatMap((head) => {
      const role = roles.values[first + head]
      return role === NO_ROLE ? [] : [{ head, role: names[role] }]
    })
  }

  /** @param {number} depth */
  meanSize(depth) {
    const { sizes } = this.spec.arrays
    const [, depths, tokens] = sizes.shape
    const first = start(sizes, this.index, depths * tokens) + depth * tokens
    const some = sizes.values.subarray(first, first + tokens)
    return number(some.reduce((sum, size) => sum + size, 0) / tokens)
  }

  /** @param {number} position */
  quoted(position) {
    return `'${this.spec.labels[position]}' at ${position}`
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
    this.tip.hidden = true
    this.point(undefined)
  }

  /** @param {PointerEvent} event */
  describe(event) {
    const { place, arc } = this.under(event)
    const words = place && this.reading(place, arc)
    this.tip.hidden = !words
    if (!words) return
    this.tip.textContent = words
    const [x, y] = pointIn(event, this.canvas)
    const room = this.look.layout.width - this.tip.offsetWidth
    this.tip.style.left = `${clamp(x + AWAY, 0, room)}px`
    this.tip.style.top = `${y + AWAY}px`
  }

  /** @param {Place} place @param {Arc | undefined} arc */
  reading({ part, position, layer }, arc) {
    if (arc) {
      const [query, key] = [this.quoted(arc.query), this.quoted(arc.key)]
      const share = `${percent(arc.weight)} of its attention`
      return `layer ${layer}, head ${arc.head}: ${query} gives ${share} to ${key}`
    }
    if (position === undefined) return ""
    const token = this.quoted(position)
    const { sizes, rows } = this.spec.arrays
    const [, depths, tokens] = sizes.shape
    if (part === "rows") return `${token}: its token row + position row, ${rows.shape[2]} channels`
    if (part === "next") return this.expected(position)
    const depth = start(sizes, this.index, depths * tokens) + ((layer ?? 0) + 1) * tokens
    return `${token} after layer ${layer}: stream of size ${number(sizes.values[depth + position])}`
  }

  /** @param {number} position */
  expected(position) {
    const { next, chances, true: given } = this.spec.arrays
    const [, tokens, count] = next.shape
    const first = start(next, this.index, tokens * count) + position * count
    const likeliest = this.spec.names[next.values[first]]
    const words = `after ${this.quoted(position)}: '${likeliest}' ${percent(chances.values[first])}`
    if (position === tokens - 1) return words
    const truth = percent(given.values[start(given, this.index, tokens) + position])
    return `${words}, the true next '${this.spec.labels[position + 1]}' ${truth}`
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
    const [low, high] = this.spec.bounds.map(number)
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

// "first token ×2"
/** @param {string[]} roles */
function counted(roles) {
  return [...new Set(roles)].map((role) => {
    const count = roles.filter((one) => one === role).length
    return count > 1 ? `${role} ×${count}` : role
  })
}

/** @param {HTMLElement} node @param {string} words */
function write(node, words) {
  if (node.textContent !== words) node.textContent = words
}

/** @param {number} count */
function parameters(count) {
  return `${integer(count)} parameter${count === 1 ? "" : "s"}`
}

/** @param {number} value */
function number(value) {
  if (!Number.isFinite(value)) return "NaN"
  return value >= 1e5 ? value.toExponential(1).replace("e+", "e") : String(+value.toPrecision(3))
}
