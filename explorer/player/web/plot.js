// A Plotly figure that is drawn once; afterwards only what moves is written, zoom and legend stay.

import { bind } from "./fast.js"
import { Labels } from "./labels.js"
import { slice } from "./payload.js"
import { INCOMPLETE } from "./scatter.js"
import { listenToSelections } from "./selection.js"
import { Space } from "./space.js"
import { plotlyTemplate } from "./theme.js"

const LASSO = ["select2d", "lasso2d"]
const REMOVED = [
  "zoomIn2d",
  "zoomOut2d",
  "autoScale2d",
  "hoverClosestCartesian",
  "hoverCompareCartesian",
  "toggleSpikelines",
  "sendChartToCloud",
  "tableRotation",
  "resetCameraLastSave3d",
  "hoverClosest3d",
]

export class Plot {
  constructor(body, { pick, select, redraw }) {
    this.div = document.createElement("div")
    this.zoomed = new Set() // axes whose range is the reader's now
    body.append(this.div)
    // A mouse click on a mode button leaves the focus where it was: the keys stay the clock's.
    this.div.addEventListener("mousedown", (event) => {
      if (event.target.closest(".modebar")) event.preventDefault()
    })
    this.space = new Space(body, this.div, redraw)
    this.labels = new Labels(this.div)
    this.pick = pick
    this.select = select
    this.redraw = redraw
  }

  // True when `show` has no figure to lay out anew.
  keeps(spec, theme) {
    return lookOf(spec, theme) === this.look
  }

  // A changed figure or theme goes through Plotly.react; with only new arrays the picture stays.
  // True, as in draw, when the picture now shows this step.
  show(spec, index, theme) {
    const look = lookOf(spec, theme)
    this.spec = spec
    this.index = index
    this.moving = spec.moving.map(({ path, array }) => ({ ...split(path), path, array }))
    this.write = undefined
    if (look === this.look) return this.draw(index)
    this.look = look
    this.lacking = false
    const figure = JSON.parse(spec.figure)
    if (!this.space.offers(figure)) return true
    for (const { trace, attribute, array } of this.moving) {
      const target = trace === undefined ? (figure.layout ??= {}) : figure.data[trace]
      assign(target, attribute, slice(array, index))
    }
    const layout = {
      ...figure.layout,
      template: plotlyTemplate(theme),
      uirevision: "the reader's",
      height: spec.height,
      autosize: true,
    }
    for (const [scene, camera] of this.space.cameras()) {
      layout[scene] = { ...layout[scene], camera }
    }
    if (spec.lasso !== this.lasso) this.clear() // a figure's buttons are set at its birth
    this.lasso = spec.lasso
    if (!spec.declutter) this.labels.release()
    const first = !this.div.data
    const removed = spec.lasso ? REMOVED : [...REMOVED, ...LASSO]
    window.Plotly.react(this.div, figure.data, layout, {
      displaylogo: false,
      plotlyServerURL: "", // nothing of a reader's leaves this machine
      modeBarButtonsToRemove: removed,
    })
    if (first) this.listen()
    this.arrange()
    return true
  }

  clear() {
    this.zoomed.clear()
    window.Plotly.purge(this.div)
  }

  listen() {
    this.div.on("plotly_afterplot", () => {
      this.write = undefined
      this.arrange()
    })
    listenToSelections(this.div, (rows) => this.select(rows))
    this.div.on("plotly_relayout", (change) => {
      for (const name of Object.keys(change)) {
        const [axis, part] = name.split(".")
        if (part?.startsWith("range")) this.zoomed.add(axis)
        if (part === "autorange") this.zoomed.delete(axis)
      }
      this.redraw()
    })
    this.div.on("plotly_click", ({ points: [point] }) => {
      if (!this.spec.pickable || !point) return
      const index = point.pointNumber ?? point.pointIndex
      this.space.clicked(() => this.pick(Array.isArray(index) ? [...index] : [index]))
    })
  }

  // True when the picture now shows this step. While the reader pans, Plotly owns the picture.
  draw(index) {
    if (!this.moving.length) return true
    if (this.div._dragging || this.space.held) return false
    if (this.space.missing) return true
    this.index = index
    this.write ??= (!this.lacking && bind(this.div, this.moving)) || slow
    if (this.write === INCOMPLETE) this.complete(index)
    if (this.write === slow) this.update(index)
    else {
      this.write(index)
      this.arrange()
    }
    return true
  }

  arrange() {
    if (this.spec.declutter && !this.completing) this.labels.arrange(this.index)
  }

  // Plotly draws no node for a point without numbers. Drawn once with numbers in their stead, all
  // nodes are there, and a writer hides those that have none.
  complete(index) {
    this.completing = true
    this.update(index, standIns)
    this.completing = false
    this.write = bind(this.div, this.moving)
    this.lacking = typeof this.write !== "function"
    if (this.lacking) this.write = slow
  }

  // Everything that moves in one official call: recalculates all, 13 to 18 ms a figure.
  update(index, change = (values) => values) {
    const traces = [...new Set(this.moving.map((m) => m.trace).filter((t) => t !== undefined))]
    const data = {}
    const layout = {}
    for (const { trace, attribute, array } of this.moving) {
      const value = slice(array, index)
      if (trace !== undefined) {
        data[attribute] ??= traces.map(() => undefined)
        data[attribute][traces.indexOf(trace)] = change(value, this.axis(trace, attribute))
      } else if (!this.zoomed.has(attribute.split(".")[0])) {
        layout[attribute] = value.length === undefined ? value : Array.from(value)
      }
    }
    for (const [scene, camera] of this.space.cameras()) layout[`${scene}.camera`] = camera
    window.Plotly.update(this.div, data, layout, traces)
  }

  axis(trace, attribute) {
    const name = this.div.data[trace][`${attribute}axis`] ?? attribute
    return this.div._fullLayout[`${name[0]}axis${name.slice(1)}`]
  }

  // A page that is being left has no size any more, and Plotly calls that an error.
  resize() {
    if (this.div.data && this.div.getClientRects().length) window.Plotly.Plots.resize(this.div)
  }

  close() {
    this.labels.close()
    this.space.close()
    window.Plotly?.purge(this.div)
  }
}

// All that a picture without its moving numbers depends on.
function lookOf(spec, theme) {
  return JSON.stringify([spec.figure, theme, spec.height, spec.lasso, spec.declutter])
}

const slow = Symbol("Plotly's own call draws every step")

// Both ends of the axis in turn, so that even a line of such places has a length; a logarithmic one
// tells its ends as powers of ten.
function standIns(values, axis) {
  if (!axis?.range) return values
  return Array.from(values, (value, i) => (value === value ? value : axis.r2d(axis.range[i % 2])))
}

// "0.marker.size" -> trace 0, "marker.size"; "layout.xaxis.range" -> no trace, "xaxis.range".
function split(path) {
  const dot = path.indexOf(".")
  const owner = path.slice(0, dot)
  return { trace: owner === "layout" ? undefined : Number(owner), attribute: path.slice(dot + 1) }
}

// Sets "marker.size" or "shapes[0].x0" in a figure that may lack the way there.
function assign(target, attribute, value) {
  const names = attribute.split(/[.[\]]+/).filter((name) => name !== "")
  const last = names.pop()
  for (const [i, name] of names.entries()) {
    const next = names[i + 1] ?? last
    target[name] ??= /^\d+$/.test(next) ? [] : {}
    target = target[name]
  }
  target[last] = value
}
