// Every head of every layer on one canvas: rows are layers, columns heads.

import { legend } from "./legend.js"
import { lookup, scale, VIRIDIS } from "./theme.js"

const GAP = 6 // pixels between heads
const LEFT = 52 // pixels for "layer 0"
const TOP = 18 // pixels for "head 0"
const INSET = 3 // pixels around a role's name in its corner
const SHORT = 4 // letters of a role's name where all of it has no room
const LARGE = 150 // pixels of a head in which that name may be larger
const ONE = 254 // the level of weight 1.0; 255 is not a number and stays transparent
const COLORS = new Uint32Array(256)
COLORS.set(lookup(scale(VIRIDIS), ONE + 1))

export class Mosaic {
  constructor(body, { head, pick }) {
    this.body = body
    this.pick = pick
    this.canvas = document.createElement("canvas")
    this.frame = document.createElement("div")
    this.frame.className = "driftscope-frame-chosen"
    this.pointer = document.createElement("div")
    this.pointer.className = "driftscope-frame-pointer"
    this.tip = document.createElement("div")
    this.tip.className = "driftscope-tip"
    this.tip.hidden = true
    this.heads = document.createElement("div")
    this.heads.className = "driftscope-heads"
    this.heads.tabIndex = 0
    this.heads.dataset.keys = "" // the clock leaves this element's keys alone
    this.heads.setAttribute("role", "button")
    body.append(this.canvas, this.frame, this.pointer, this.heads, this.tip)
    head.append(legend(VIRIDIS.join(", "), ["dark", "bright"]))
    this.pixels = new OffscreenCanvas(1, 1)
    this.listen()
  }

  listen() {
    this.heads.onclick = (event) => this.choose(this.under(event))
    this.heads.onpointermove = (event) => this.hover(this.under(event), event)
    this.heads.onpointerleave = () => this.hover(undefined)
    this.heads.onfocus = () => this.point(this.at ?? this.spec.selected)
    this.heads.onblur = () => this.point(undefined)
    this.heads.onkeydown = (event) => this.key(event)
  }

  show(spec, index, theme) {
    const [, layers, heads, packed] = spec.array.shape
    const { size } = spec
    Object.assign(this, { spec, theme, layers, columns: heads, size, packed })
    this.at = spec.selected
    this.index = index
    this.pixels.width = heads * size
    this.pixels.height = layers * size
    this.image = this.pixels.getContext("2d").createImageData(heads * size, layers * size)
    this.words = new Uint32Array(this.image.data.buffer)
    this.tip.hidden = true // it speaks of the old heads
    this.point(undefined)
    this.resize()
    return this.draw(index)
  }

  resize() {
    const width = this.body.clientWidth
    const height = this.body.clientHeight
    const cell = Math.min(
      (width - LEFT - GAP * (this.columns - 1) - 2) / this.columns,
      (height - TOP - GAP * (this.layers - 1) - 2) / this.layers,
    )
    this.side = Math.max(Math.floor(cell), 8) // whole pixels: no head shows its neighbour's edge
    const ratio = window.devicePixelRatio || 1
    this.canvas.width = Math.round(width * ratio)
    this.canvas.height = Math.round(height * ratio)
    this.ratio = ratio
    this.place(this.frame, this.spec.selected)
    if (this.index !== undefined) this.paint()
  }

  draw(index) {
    this.index = this.spec.array.shape[0] === 1 ? 0 : index // one step is the same at all
    const { values } = this.spec.array
    const { layers, columns, size, words } = this
    const width = columns * size
    let from = this.index * layers * columns * this.packed
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < columns; head++) {
        for (let row = 0; row < size; row++) {
          const to = (layer * size + row) * width + head * size
          // Keys after the query are masked: those words stay 0, which is transparent.
          for (let key = 0; key <= row; key++) words[to + key] = COLORS[values[from++]]
        }
      }
    }
    this.pixels.getContext("2d").putImageData(this.image, 0, 0)
    this.paint()
    this.say()
    if (!this.tip.hidden) this.hover(...this.hovered)
    return true
  }

  paint() {
    const context = this.canvas.getContext("2d")
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0)
    context.clearRect(0, 0, this.canvas.width, this.canvas.height)
    context.imageSmoothingEnabled = false
    context.font = `12px ${this.theme.font}`
    context.fillStyle = this.theme.text
    context.textBaseline = "middle"
    for (let layer = 0; layer < this.layers; layer++) {
      const [, y] = this.corner(layer, 0)
      context.textAlign = "left"
      context.fillText(`layer ${layer}`, 0, y + this.side / 2)
      for (let head = 0; head < this.columns; head++) this.paintHead(context, layer, head)
    }
  }

  paintHead(context, layer, head) {
    const { size, side } = this
    const [x, y] = this.corner(layer, head)
    if (layer === 0) {
      context.textAlign = "center"
      context.fillText(side < 40 ? head : `head ${head}`, x + side / 2, TOP / 2)
    }
    context.drawImage(this.pixels, head * size, layer * size, size, size, x, y, side, side)
    const role = this.role(layer, head)
    if (role) this.paintRole(context, role, x + side, y)
  }

  // In the corner where all is masked, beginning right of the diagonal; a long name is shortened.
  paintRole(context, role, right, top) {
    const { side, size } = this
    const letters = side < LARGE ? 12 : 14
    const line = letters + 2 * INSET
    context.font = `${letters}px ${this.theme.font}`
    const room = side - line - side / size - INSET
    const shown = [role, [...role].slice(0, SHORT).join("")].find((name) => {
      return context.measureText(name).width <= room
    })
    context.textAlign = "right"
    if (shown) context.fillText(shown, right - INSET, top + line / 2)
    context.font = `12px ${this.theme.font}`
  }

  // What this head does at the step shown, if it has a name.
  role(layer, head) {
    const { roles, role_names: names } = this.spec
    return roles && names[roles.values[(this.index * this.layers + layer) * this.columns + head]]
  }

  // "layer 0, head 1, induction"
  named([layer, head], between) {
    const role = this.role(layer, head)
    return [`layer ${layer}`, `head ${head}`, ...(role ? [role] : [])].join(between)
  }

  corner(layer, head) {
    return [LEFT + head * (this.side + GAP), TOP + layer * (this.side + GAP)]
  }

  under(event) {
    const box = this.canvas.getBoundingClientRect()
    const x = event.clientX - box.left - LEFT
    const y = event.clientY - box.top - TOP
    const [layer, head] = [y, x].map((v) => Math.floor((v + GAP / 2) / (this.side + GAP)))
    const inside = layer >= 0 && layer < this.layers && head >= 0 && head < this.columns
    return inside ? [layer, head] : undefined
  }

  hover(place, event) {
    this.heads.style.cursor = place ? "pointer" : "default"
    this.hovered = [place, event]
    this.tip.hidden = !place
    if (!place) return
    const [layer, head] = place
    const [x, y] = this.corner(layer, head)
    const box = this.canvas.getBoundingClientRect()
    const [row, column] = [event.clientY - box.top - y, event.clientX - box.left - x].map((v) => {
      return Math.min(Math.max(Math.floor((v / this.side) * this.size), 0), this.size - 1)
    })
    this.tip.textContent = `${this.named(place, " · ")} · ${this.reading(layer, head, row, column)}`
    const left = event.clientX - box.left
    const fits = left + 14 + this.tip.offsetWidth < this.body.clientWidth
    this.tip.style.left = `${fits ? left + 14 : Math.max(left - 14 - this.tip.offsetWidth, 0)}px`
    this.tip.style.top = `${event.clientY - box.top + 14}px`
  }

  reading(layer, head, row, column) {
    if (column > row) return `query ${row}, key ${column}: masked`
    const { columns, layers, packed } = this
    const at =
      ((this.index * layers + layer) * columns + head) * packed + (row * (row + 1)) / 2 + column
    const level = this.spec.array.values[at]
    const weight = level > ONE ? "no number" : (level / ONE).toFixed(2)
    return `query ${row} reads ${weight} of key ${column}`
  }

  key(event) {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }
    if (event.key === "Enter" || event.key === " ") this.choose(this.at)
    else if (moves[event.key]) {
      const [layer, head] = this.at.map((value, i) => value + moves[event.key][i])
      const clamp = (value, count) => Math.min(Math.max(value, 0), count - 1)
      this.point([clamp(layer, this.layers), clamp(head, this.columns)])
    } else return
    event.preventDefault()
  }

  choose(place) {
    if (!place) return
    this.point(place)
    this.pick(place)
  }

  point(place) {
    this.pointer.hidden = !place || !this.heads.matches(":focus-visible")
    if (place) {
      this.at = place
      this.place(this.pointer, place)
    }
    this.say()
  }

  say() {
    const chosen = String(this.at) === String(this.spec.selected) ? ", shown large" : ""
    const words = `${this.named(this.at, ", ")}${chosen}. Arrow keys move, Enter picks.`
    this.heads.setAttribute("aria-label", words)
  }

  place(frame, [layer, head]) {
    const [x, y] = this.corner(layer, head)
    Object.assign(frame.style, {
      left: `${x - 2}px`,
      top: `${y - 2}px`,
      width: `${this.side + 4}px`,
      height: `${this.side + 4}px`,
    })
  }

  close() {}
}
