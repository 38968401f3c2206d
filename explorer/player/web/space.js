// Three dimensions need WebGL: where the browser has none, a sentence replaces the picture.

import { element } from "./dom.js"

const SENTENCE =
  "This picture needs WebGL, which this browser does not offer; switch to 2-D, which shows the same tokens."

const STILL = 4 // pixels that a pointer may move in a click

export class Space {
  /** @param {HTMLElement} body @param {PlotlyDiv} div @param {() => void} redraw */
  constructor(body, div, redraw) {
    this.div = div
    this.missing = false // WebGL, for the present figure
    this.held = false // the reader turns the scene; a step drawn meanwhile would turn it back
    this.turned = false
    this.from = { x: 0, y: 0 }
    /** @type {(() => void) | undefined} */
    this.click = undefined
    this.words = element("p", "driftscope-needs")
    this.words.textContent = SENTENCE
    this.words.hidden = true
    body.append(this.words)
    /** @param {PointerEvent} event */
    this.release = (event) => {
      if (!this.held) return
      this.held = false
      this.turned = Math.hypot(event.clientX - this.from.x, event.clientY - this.from.y) > STILL
      if (!this.turned) this.click?.()
      redraw()
    }
    /** @param {PointerEvent} event */
    const press = ({ target, clientX: x, clientY: y }) => {
      this.turned = false
      this.click = undefined
      this.held = target instanceof HTMLCanvasElement
      this.from = { x, y }
    }
    div.addEventListener("pointerdown", press, true)
    window.addEventListener("pointerup", this.release)
    window.addEventListener("pointercancel", this.release)
  }

  // True when this browser can draw the figure.
  /** @param {{ data: Attributes[] }} figure */
  offers(figure) {
    this.missing = figure.data.some(({ type }) => type?.endsWith("3d")) && !hasWebGL()
    this.div.hidden = this.missing
    this.words.hidden = !this.missing
    return !this.missing
  }

  // Plotly reports a click in a scene as the pointer goes down: it is none if the scene is turned.
  /** @param {() => void} act */
  clicked(act) {
    if (this.held) this.click ??= act
    else if (!this.turned) act()
  }

  close() {
    window.removeEventListener("pointerup", this.release)
    window.removeEventListener("pointercancel", this.release)
  }
}

/** @type {boolean | undefined} */
let known
function hasWebGL() {
  if (known === undefined) {
    const context = document.createElement("canvas").getContext("webgl")
    context?.getExtension("WEBGL_lose_context")?.loseContext()
    known = context !== null
  }
  return known
}
