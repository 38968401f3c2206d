// The menu of a panel: its picture as a file that says what it shows, of which run and step, and the
// film of all its steps.

import { element, label } from "./dom.js"
import { film } from "./film.js"
import { png, recordsFrames } from "./pixels.js"
import { SvgContext } from "./svg_context.js"
import { describe, integer, momentAt } from "./timeline.js"
import { vector } from "./vector.js"

/** @import { Panel } from "./panel.js" */
/** @typedef {{ data: Blob, name: string }} Made */

const PAD = 12 // pixels around a picture
const FRAMES = 120 // of a film, at most
const CHANGED =
  "The page has changed meanwhile. Film it again; of a run that trains, once it has ended."

export class Saving {
  /** @type {AbortController | undefined} while a film is made */
  filming

  /** @param {Panel} panel @param {Hands} hands */
  constructor(panel, { names, theme, timeline, isWhole, catchUp }) {
    this.panel = panel
    this.names = names
    this.theme = theme
    this.timeline = timeline
    this.isWhole = isWhole
    this.catchUp = catchUp
    this.root = element("details", "driftscope-save")
    this.button = document.createElement("summary")
    this.button.textContent = "⤓"
    this.root.append(this.button)
    this.root.ontoggle = () => this.offer()
    this.root.onkeydown = (event) => {
      if (event.key === "Escape") this.fold()
    }
    this.root.addEventListener("focusout", ({ relatedTarget }) => {
      const isLeft = !(relatedTarget instanceof Node && this.root.contains(relatedTarget))
      if (isLeft && !this.filming) this.root.open = false
    })
  }

  /** @param {string} title */
  name(title) {
    this.title = title
    label(this.button, `Save the picture: ${title}`)
  }

  // Built as it opens: most menus never do. Closing it ends a film.
  offer() {
    this.filming?.abort()
    this.fill(...(this.root.open ? [...this.stills(), ...this.films()] : []))
  }

  stills() {
    return ["SVG", "PNG"].map((kind) => {
      return this.entry(kind, `Save as ${kind}`, () => this.hand(() => this.still(kind)))
    })
  }

  films() {
    if (!this.isWhole() || this.timeline().steps.length < 2) return []
    /** @type {("GIF" | "WebM")[]} */
    const kinds = recordsFrames() ? ["GIF", "WebM"] : ["GIF"]
    return kinds.map((kind) => {
      return this.entry(`Film as ${kind}`, `Film as ${kind}`, () => this.film(kind))
    })
  }

  /** @param {string} words @param {string} what @param {() => void} act */
  entry(words, what, act) {
    const button = element("button", "driftscope-kind")
    button.type = "button"
    button.textContent = words
    label(button, `${what}: ${this.title}`)
    button.onclick = act
    return button
  }

  // The focus stays in the menu: where it leaves, the menu closes.
  /** @param {HTMLElement[]} nodes */
  fill(...nodes) {
    if (this.root.contains(document.activeElement)) this.button.focus()
    while (this.button.nextSibling) this.button.nextSibling.remove()
    this.root.append(...nodes)
  }

  fold() {
    if (this.root.contains(document.activeElement)) this.button.focus()
    this.root.open = false
  }

  // Saves a file, or says why there is none; neither when nobody wants it any more.
  /** @param {() => Promise<Made>} made @param {AbortSignal} [signal] */
  async hand(made, signal) {
    try {
      const { data, name } = await made()
      signal?.throwIfAborted()
      const link = document.createElement("a")
      link.href = URL.createObjectURL(data)
      link.download = name
      link.click()
      URL.revokeObjectURL(link.href)
      this.fold()
    } catch (error) {
      if (signal?.aborted) return
      const words = element("output", "driftscope-said")
      words.textContent = error instanceof Error ? error.message : String(error)
      this.fill(words)
    } finally {
      this.catchUp()
    }
  }

  /** @param {string} kind */
  async still(kind) {
    const picture = await this.picture()
    const name = `${this.named(picture.index)}.${kind.toLowerCase()}`
    const isText = kind === "SVG"
    const data = isText ? new Blob([picture.text], { type: "image/svg+xml" }) : await png(picture)
    return { data, name }
  }

  /** @param {"GIF" | "WebM"} kind */
  async film(kind) {
    const filming = new AbortController()
    this.filming = filming
    const share = element("progress", "driftscope-share")
    label(share, `Film as ${kind}: ${this.title}`)
    const cancel = this.entry("Cancel", "Cancel the film", () => this.fold())
    const words = element("span", "driftscope-said")
    const steps = this.timeline().steps.length
    words.textContent = steps > FRAMES ? `${FRAMES} of ${integer(steps)} steps` : `${steps} steps`
    this.fill(cancel, share, words)
    cancel.focus()
    const tell = (/** @type {number} */ done) => {
      share.value = done
    }
    await this.hand(() => this.filmed(kind, tell, filming.signal), filming.signal)
    if (this.filming === filming) this.filming = undefined
  }

  /** @param {"GIF" | "WebM"} kind @param {(share: number) => void} tell @param {AbortSignal} signal */
  async filmed(kind, tell, signal) {
    const timeline = this.timeline()
    const steps = timeline.steps.length
    const name = `${this.named(0, steps - 1)}.${kind.toLowerCase()}`
    const take = (/** @type {number} */ index) => this.take(index, timeline, signal)
    const scene = { steps, most: FRAMES, take, paper: this.theme().background }
    const data = await film(kind, scene, tell, signal)
    return { data, name }
  }

  // The picture of another step than the clock's; waits while the reader turns the figure.
  /** @param {number} index @param {Timeline} timeline @param {AbortSignal} signal */
  async take(index, timeline, signal) {
    for (;;) {
      signal.throwIfAborted()
      if (this.timeline() !== timeline) throw new Error(CHANGED)
      const picture = await this.picture(index)
      if (this.panel.drawn === index) return picture
      await new Promise(requestAnimationFrame)
    }
  }

  // The panel as it is drawn now or at a step, with its caption, which stands there only while it is
  // read.
  /** @param {number} [at] */
  async picture(at) {
    const { panel, names } = this
    const timeline = this.timeline()
    this.catchUp(at)
    const index = panel.drawn ?? 0
    const handed = new Map(await panel.picture.stills?.())
    panel.draw(index) // the clock may have gone on
    record(panel.picture, index, handed)
    const lines = [
      [...names(), describe(timeline, index)].join(" · "),
      ...(panel.picture.scale?.() ?? []),
    ]
    const caption = element("footer", "driftscope-caption")
    caption.append(...lines.map((line) => Object.assign(element("p", ""), { textContent: line })))
    panel.cell.append(caption)
    const [title, desc] = [this.title ?? "", lines.join(". ")]
    const drawn = vector(panel.cell, { handed, theme: this.theme(), title, desc, pad: PAD })
    caption.remove()
    return { ...drawn, index }
  }

  // Of what and which steps a file is.
  /** @param {number[]} indices */
  named(...indices) {
    const timeline = this.timeline()
    const moments = indices.map((index) => {
      return momentAt(timeline, timeline.steps[index]).replaceAll(",", "").replace(" ", "-")
    })
    return [...this.names(), this.panel.cell.dataset.panel, moments.join("-to-")].join("-")
  }
}

// What a picture paints on its canvas, as SVG.
/** @param {Picture} picture @param {number} index @param {Map<Element, string>} handed */
function record(picture, index, handed) {
  const { context } = picture
  if (!context) return
  const recorder = new SvgContext(context)
  picture.context = /** @type {CanvasRenderingContext2D} */ (/** @type {unknown} */ (recorder))
  picture.draw(index)
  picture.context = context
  handed.set(context.canvas, recorder.parts.join("\n"))
}
