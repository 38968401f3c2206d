// A Plotly figure that is drawn once; afterwards only what moves is written, zoom and legend stay.

import { aside } from "./aside.js"
import { Cursor } from "./cursor.js"
import { element } from "./dom.js"
import { bind } from "./fast.js"
import { lookOf, rangesOfOneUnit, scalesOf, withoutGaps } from "./figure.js"
import { Labels } from "./labels.js"
import { assign, split } from "./paths.js"
import { slice } from "./payload.js"
import { isFamiliar } from "./plotly_checks.js"
import { cameras, endsOf, isDragging } from "./plotly_figure.js"
import { INCOMPLETE } from "./scatter.js"
import { listenToSelections } from "./selection.js"
import { Space } from "./space.js"
import { plotlyTemplate, themed } from "./theme.js"

/** @import { Moving, Writer } from "./fast.js" */

const FINGERS = ["pan", "select", "lasso"]
const LASSO = ["select2d", "lasso2d"]
// biome-ignore format: a list of buttons
const REMOVED = [
  "toImage", "zoomIn2d", "zoomOut2d", "autoScale2d", "hoverClosestCartesian", "hoverCompareCartesian",
  "toggleSpikelines", "sendChartToCloud", "tableRotation", "resetCameraLastSave3d", "hoverClosest3d",
]

const OFFICIAL = Symbol("Plotly's own call draws every step")

export class Plot {
  // Set by `show`, which comes first.
  /** @type {PlotSpec} */
  spec
  /** @type {Moving[]} */
  moving
  index = 0
  look = "" // of the figure that is drawn
  lasso = false // its buttons
  familiar = false // it is as plotly_checks.js expects it
  /** @type {Writer | symbol | undefined} draws a step; undefined until it is known how */
  write
  completing = false
  /** @type {MouseEvent | undefined} over the figure, as it last moved there */
  pointer
  lacking = false // completing it did not help
  /** @type {[string, number[]][]} ranges of axes with one unit, as the figure has them */
  ranges = []

  /** @param {HTMLElement} body @param {Hands} hands */
  constructor(body, { pick, select, redraw }) {
    this.div = /** @type {PlotlyDiv} */ (element("div", "driftscope-figure"))
    /** @type {Set<string>} axes whose range is the reader's now */
    this.zoomed = new Set()
    body.append(this.div)
    // A mouse click on a mode button leaves the focus where it was: the keys stay the clock's.
    this.div.addEventListener("mousedown", (event) => {
      if (event.target instanceof Element && event.target.closest(".modebar"))
        event.preventDefault()
    })
    // Plotly would zoom where a finger scrolls the page; its mode bar offers what is for fingers.
    const scroll = (/** @type {TouchEvent} */ event) => {
      const isFlat = event.target instanceof SVGElement
      if (isFlat && !FINGERS.includes(this.div.layout?.dragmode)) event.stopPropagation()
    }
    this.div.addEventListener("touchstart", scroll, { capture: true, passive: true })
    this.div.addEventListener("mousemove", (event) => {
      if (event.isTrusted) this.pointer = event
    })
    this.space = new Space(body, this.div, redraw)
    this.labels = new Labels(this.div)
    this.pick = pick
    this.cursor = new Cursor(body, this.div, pick)
    this.select = select
    this.redraw = redraw
  }

  // True when `show` has no figure to lay out anew.
  /** @param {PlotSpec} spec @param {Theme} theme */
  keeps(spec, theme) {
    return lookOf(spec, theme) === this.look
  }

  // A changed figure or theme goes through Plotly.react; with only new arrays the picture stays.
  /** @param {PlotSpec} spec @param {number} index @param {Theme} theme */
  show(spec, index, theme) {
    const look = lookOf(spec, theme)
    this.spec = spec
    this.index = index
    this.moving = spec.moving.map(({ path, array }) => ({ ...split(path), array }))
    this.write = undefined
    this.cursor.show(spec.pickable, spec.title)
    if (look === this.look) return this.draw(index)
    this.look = look
    this.lacking = false
    const figure = JSON.parse(themed(spec.figure, theme))
    if (this.space.offers(figure)) this.react(figure, theme)
    return true
  }

  /** @param {{ data: Attributes[], layout?: Attributes }} figure @param {Theme} theme */
  react(figure, theme) {
    const { spec, div } = this
    const layout = figure.layout ?? {}
    for (const { trace, attribute, array } of this.moving) {
      assign(trace === undefined ? layout : figure.data[trace], attribute, slice(array, this.index))
    }
    const moves = this.moving.map(({ trace, attribute }) => trace ?? attribute.split(".")[0])
    this.ranges = rangesOfOneUnit(layout).filter(([axis]) => !moves.includes(axis))
    Object.assign(layout, {
      template: plotlyTemplate(theme),
      uirevision: "the reader's",
      autosize: true, // as wide and high as its panel
    })
    for (const [scene, camera] of this.cameras()) layout[scene] = { ...layout[scene], camera }
    if (spec.lasso !== this.lasso) this.clear() // a figure's buttons are set at its birth
    this.lasso = spec.lasso
    if (!spec.declutter && this.familiar) this.labels.release()
    const isFirst = !div.data
    const config = {
      displaylogo: false,
      plotlyServerURL: "", // nothing of a reader's leaves this machine
      modeBarButtonsToRemove: spec.lasso ? REMOVED : [...REMOVED, ...LASSO],
    }
    aside(div, () => window.Plotly.react(div, figure.data, layout, config))
    for (const button of div.querySelectorAll(".modebar-btn")) button.setAttribute("tabindex", "-1")
    this.familiar = isFamiliar(div)
    if (isFirst) this.listen()
    this.arrange()
  }

  clear() {
    this.pointer = undefined
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

  /** @param {number} index */
  draw(index) {
    if (!this.moving.length) return true
    if (isDragging(this.div) || this.space.held) return false
    if (this.space.missing) return true
    this.index = index
    this.write ??= (this.familiar && !this.lacking && bind(this.div, this.moving)) || OFFICIAL
    if (this.write === INCOMPLETE) this.complete(index)
    if (typeof this.write === "function") {
      this.write(index)
      this.arrange()
    } else this.update(index)
    this.hoverAgain()
    return true
  }

  // What the pointer rests on has another number now.
  hoverAgain() {
    if (!this.div.querySelector(".hoverlayer > *")) return
    const { target, clientX, clientY } = this.pointer ?? {}
    target?.dispatchEvent(new MouseEvent("mousemove", { clientX, clientY }))
  }

  arrange() {
    const isOurs = this.familiar && this.spec.declutter && !this.completing
    if (isOurs) this.labels.arrange(this.index)
  }

  // Plotly draws no node for a point without numbers. Drawn once with numbers in their stead, all
  // nodes are there, and a writer hides those that have none.
  /** @param {number} index */
  complete(index) {
    this.completing = true
    this.update(index, true)
    this.completing = false
    const write = bind(this.div, this.moving)
    this.lacking = typeof write !== "function"
    this.write = this.lacking ? OFFICIAL : write
  }

  // Everything that moves in one official call: recalculates all, 13 to 18 ms a figure.
  /** @param {number} index */
  update(index, completed = false) {
    const traces = [...new Set(this.moving.flatMap(({ trace }) => trace ?? []))]
    /** @type {Attributes} */
    const data = {}
    /** @type {Attributes} */
    const layout = {}
    for (const { trace, attribute, array } of this.moving) {
      const value = slice(array, index)
      if (trace !== undefined) {
        data[attribute] ??= traces.map(() => undefined)
        const ends = completed ? endsOf(this.div, trace, attribute) : undefined
        data[attribute][traces.indexOf(trace)] = ends ? withoutGaps(value, ends) : value
      } else if (!this.zoomed.has(attribute.split(".")[0])) {
        layout[attribute] = typeof value === "number" ? value : [...value]
      }
    }
    for (const [scene, camera] of this.cameras()) layout[`${scene}.camera`] = camera
    window.Plotly.update(this.div, data, layout, traces)
  }

  cameras() {
    return this.familiar ? cameras(this.div) : []
  }

  // A scene is drawn by WebGL, whose pixels only Plotly can read.
  async stills() {
    if (!this.div.querySelector(".gl-container canvas")) return []
    const { clientWidth: width, clientHeight: height } = this.div
    const url = await window.Plotly.toImage(this.div, { format: "png", width, height, scale: 2 })
    const image = `<image width="${width}" height="${height}" href="${url}"/>`
    return /** @type {[Element, string][]} */ ([[this.div, image]])
  }

  scale() {
    return scalesOf(this.div)
  }

  // A page that is being left has no size any more, and Plotly calls that an error. It widens the
  // ranges of axes with one unit until they fit, and narrows none.
  resize() {
    if (!this.div.data || !this.div.getClientRects().length) return
    for (const [axis, range] of this.ranges) {
      if (!this.zoomed.has(axis)) this.div.layout[axis].range = [...range]
    }
    window.Plotly.Plots.resize(this.div)
  }

  close() {
    this.labels.close()
    this.space.close()
    window.Plotly?.purge(this.div)
  }
}
