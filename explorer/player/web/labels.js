// Keeps the labels of a figure's points apart: each on its point, beside it, or hidden.
//
// Greedy: the largest font first, then the order of the traces and their points. A label keeps its
// place while that is free, and moves only to where it has some room, so that nothing flickers
// while the points drift. After a leap of the reader, or another zoom, every label starts from its
// own point again. Assumes that a figure with such labels has one plot.

const ROOM = 2 // pixels around a label that goes to a new place
const LEAP = 3 // steps beyond which the old places say nothing
const OWN = 0 // the place on the point; 1 to 8 are BESIDE
const HIDDEN = -1
// Right, left, above, below, and the corners: in which a label's nearest side or corner lies.
const BESIDE = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 1],
  [-1, -1],
  [-1, 1],
]
const SHIFT = /translate\(\s*(-?[\d.e-]+)[ ,]+(-?[\d.e-]+)\s*\)\s*$/

export class Labels {
  constructor(div) {
    this.div = div
    this.sizes = new Map() // words and font -> box around a label's point before its shift
    this.chosen = new Map() // trace and point -> place
    this.shifts = new WeakMap() // node -> { own, written }: Plotly's shift, and ours
    this.remeasure = () => {
      this.sizes.clear()
      if (this.index !== undefined) this.arrange(this.index)
    }
    document.fonts.addEventListener("loadingdone", this.remeasure)
  }

  // After every drawing, Plotly's or ours.
  arrange(index) {
    const labels = this.collect()
    if (!labels.length) return
    const view = JSON.stringify(
      ["xaxis", "yaxis"].map((name) => {
        const { range, _length } = this.div._fullLayout[name]
        return [range, _length]
      }),
    )
    const moved = Math.abs(index - this.index)
    if (!(moved <= LEAP) || (moved === 0 && view !== this.view)) this.chosen.clear()
    this.index = index
    this.view = view
    const placed = []
    for (const label of labels) {
      const place = this.find(label, placed)
      this.chosen.set(label.key, place)
      this.put(label, place)
      if (place !== HIDDEN) placed.push(label.boxes[place])
    }
  }

  find(label, placed) {
    const before = this.chosen.get(label.key)
    if (before >= 0 && free(label.box(before), placed, 0)) return before
    for (let place = OWN; place <= BESIDE.length; place++) {
      const inside = place === OWN || this.holds(label.box(place))
      if (inside && free(label.box(place), placed, before === undefined ? 0 : ROOM)) return place
    }
    return HIDDEN
  }

  holds([left, top, right, bottom]) {
    const { xaxis, yaxis } = this.div._fullLayout
    return left >= 0 && top >= 0 && right <= xaxis._length && bottom <= yaxis._length
  }

  // Every label that has a point in view, the most important first.
  collect() {
    const labels = []
    for (const node of this.div.querySelectorAll(".textpoint:not([display=none])")) {
      const text = node.firstElementChild
      const trace = node.closest(".trace").__data__[0].trace
      const entry = node.__data__
      if (!text?.textContent || !entry) continue
      const radius = trace.mode.includes("markers") ? (entry.mrc ?? 0) : 0
      const label = {
        key: `${trace.uid} ${entry.i}`,
        node,
        font: parseFloat(text.style.fontSize) || 0,
      }
      labels.push(Object.assign(label, this.boxes(node, text, radius)))
    }
    return labels.sort((a, b) => b.font - a.font)
  }

  // The boxes of all places, each made when asked for: [left, top, right, bottom] in pixels.
  boxes(node, text, radius) {
    const x = Number(text.getAttribute("x"))
    const y = Number(text.getAttribute("y"))
    const [own, size] = [this.own(node), this.size(text, x, y)]
    const boxes = []
    const shifts = []
    const box = (place) => {
      if (boxes[place]) return boxes[place]
      const [dx, dy] = (shifts[place] =
        place === OWN ? own : beside(BESIDE[place - 1], size, radius))
      const [left, top] = [x + dx + size.left, y + dy + size.top]
      return (boxes[place] = [left, top, left + size.width, top + size.height])
    }
    return { box, boxes, shifts }
  }

  // Plotly's own shift of a label; ours, where nothing was drawn since, does not count.
  own(node) {
    const transform = node.getAttribute("transform") ?? ""
    const known = this.shifts.get(node)
    if (known?.written === transform) return known.own
    const [, dx, dy] = SHIFT.exec(transform) ?? [0, 0, 0]
    const own = [Number(dx), Number(dy)]
    this.shifts.set(node, { own, written: transform })
    return own
  }

  size(text, x, y) {
    const { fontFamily, fontSize, fontWeight } = text.style
    const key = [
      text.textContent,
      fontFamily,
      fontSize,
      fontWeight,
      text.getAttribute("text-anchor"),
    ].join("\n")
    if (!this.sizes.has(key)) {
      const box = text.getBBox()
      this.sizes.set(key, { left: box.x - x, top: box.y - y, width: box.width, height: box.height })
    }
    return this.sizes.get(key)
  }

  put({ node, shifts }, place) {
    const visibility = place === HIDDEN ? "hidden" : ""
    if (node.style.visibility !== visibility) node.style.visibility = visibility
    if (place === HIDDEN) return
    const known = this.shifts.get(node)
    const transform = `translate(${shifts[place].map((value) => Math.round(value * 100) / 100)})`
    if (transform === known.written) return
    known.written = transform
    node.setAttribute("transform", transform)
  }

  // Labels are the figure's own again; Plotly puts them back as it draws it.
  release() {
    this.index = undefined
    this.chosen.clear()
    for (const node of this.div.querySelectorAll(".textpoint")) node.style.visibility = ""
  }

  close() {
    document.fonts.removeEventListener("loadingdone", this.remeasure)
  }
}

// The shift that brings a label beside the dot of this radius.
function beside([right, down], { left, top, width, height }, radius) {
  const away = radius * (right && down ? Math.SQRT1_2 : 1) + 1
  const x = right > 0 ? away : right < 0 ? -away - width : -width / 2
  const y = down > 0 ? away : down < 0 ? -away - height : -height / 2
  return [x - left, y - top]
}

function free([left, top, right, bottom], placed, room) {
  for (const [l, t, r, b] of placed) {
    if (left - room < r && right + room > l && top - room < b && bottom + room > t) return false
  }
  return true
}
