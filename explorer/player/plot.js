// A Plotly figure that is drawn once; afterwards only what moves is written, zoom and legend stay.

import { bind } from "./fast.js"
import { slice } from "./payload.js"
import { plotlyTemplate } from "./theme.js"

const CONFIG = {
  displaylogo: false,
  plotlyServerURL: "", // nothing of a reader's leaves this machine
  modeBarButtonsToRemove: [
    "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d",
    "hoverClosestCartesian", "hoverCompareCartesian", "toggleSpikelines", "sendChartToCloud",
  ],
}

export class Plot {
  constructor(body, { pick, redraw }) {
    this.div = document.createElement("div")
    this.zoomed = new Set() // axes whose range is the reader's now
    body.append(this.div)
    this.pick = pick
    this.redraw = redraw
  }

  // A changed figure or theme goes through Plotly.react; with only new arrays the picture stays.
  // True, as in draw, when the picture now shows this step.
  show(spec, index, theme) {
    const look = spec.figure + JSON.stringify(theme) + spec.height
    this.spec = spec
    this.moving = spec.moving.map(({ path, array }) => ({ ...split(path), path, array }))
    this.write = undefined
    if (look === this.look) return this.draw(index)
    this.look = look
    const figure = JSON.parse(spec.figure)
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
    const first = !this.div.data
    window.Plotly.react(this.div, figure.data, layout, CONFIG)
    if (first) this.listen()
    return true
  }

  listen() {
    this.div.on("plotly_afterplot", () => (this.write = undefined))
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
      this.pick(Array.isArray(index) ? [...index] : [index])
    })
  }

  // True when the picture now shows this step. While the reader pans, Plotly owns the picture.
  draw(index) {
    if (!this.moving.length) return true
    if (this.div._dragging) return false
    this.write ??= bind(this.div, this.moving) ?? slow
    if (this.write === slow || !this.write(index)) this.update(index)
    return true
  }

  // Everything that moves in one official call: recalculates all, 13 to 18 ms a figure.
  update(index) {
    const traces = [...new Set(this.moving.map((m) => m.trace).filter((t) => t !== undefined))]
    const data = {}
    const layout = {}
    for (const { trace, attribute, array } of this.moving) {
      const value = slice(array, index)
      if (trace !== undefined) {
        data[attribute] ??= traces.map(() => undefined)
        data[attribute][traces.indexOf(trace)] = value
      } else if (!this.zoomed.has(attribute.split(".")[0])) {
        layout[attribute] = value.length === undefined ? value : Array.from(value)
      }
    }
    window.Plotly.update(this.div, data, layout, traces)
  }

  // A page that is being left has no size any more, and Plotly calls that an error.
  resize() {
    if (this.div.data && this.div.getClientRects().length) window.Plotly.Plots.resize(this.div)
  }

  close() {
    window.Plotly?.purge(this.div)
  }
}

const slow = () => false

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
