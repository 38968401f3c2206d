// Three dimensions need WebGL: where the browser has none a sentence stands in the picture's place.

const SENTENCE =
  "This picture needs WebGL, which this browser does not offer; switch to 2-D, which shows the same tokens."

const STILL = 4 // pixels that a pointer may move in a click

export class Space {
  constructor(body, div, redraw) {
    this.div = div
    this.held = false // the reader turns the scene; a step drawn meanwhile would turn it back
    this.words = document.createElement("p")
    this.words.className = "driftscope-needs"
    this.words.textContent = SENTENCE
    this.words.hidden = true
    body.append(this.words)
    this.release = (event) => {
      if (!this.held) return
      this.held = false
      this.turned = Math.hypot(event.clientX - this.from.x, event.clientY - this.from.y) > STILL
      if (!this.turned) this.click?.()
      redraw()
    }
    div.addEventListener(
      "pointerdown",
      ({ target, clientX: x, clientY: y }) => {
        this.turned = this.click = undefined
        this.held = target.localName === "canvas"
        this.from = { x, y }
      },
      true,
    )
    window.addEventListener("pointerup", this.release)
    window.addEventListener("pointercancel", this.release)
  }

  // True when this browser can draw the figure.
  offers(figure) {
    this.missing = figure.data.some(({ type }) => type?.endsWith("3d")) && !hasWebGL()
    this.div.hidden = this.missing
    this.words.hidden = !this.missing
    return !this.missing
  }

  // Plotly tells a click in a scene as the pointer goes down: it is none when the scene is turned.
  clicked(tell) {
    if (this.held) this.click ??= tell
    else if (!this.turned) tell()
  }

  // Where the reader looks from, by scene: Plotly itself forgets a turn of the wheel.
  cameras() {
    const { _fullLayout: layout } = this.div
    const names = layout?._subplots?.gl3d ?? []
    return names
      .map((name) => [name, layout[name]._scene?.getCamera()])
      .filter(([, camera]) => camera)
  }

  close() {
    window.removeEventListener("pointerup", this.release)
    window.removeEventListener("pointercancel", this.release)
  }
}

let known
function hasWebGL() {
  if (known === undefined) {
    const context = document.createElement("canvas").getContext("webgl")
    context?.getExtension("WEBGL_lose_context")?.loseContext()
    known = context !== null
  }
  return known
}
