// The menu of a panel: its picture as a file that says what it shows, of which run and step.

import { element, given, label } from "./dom.js"
import { SvgContext } from "./svg_context.js"
import { describe, momentAt } from "./timeline.js"
import { vector } from "./vector.js"

/** @import { Panel } from "./panel.js" */

const PAD = 12 // pixels around a picture
const SHARPEST = 2 // pixels of a PNG for one of the page, at least

export class Saving {
  /** @param {Panel} panel @param {Hands} hands */
  constructor(panel, { names, theme, timeline, catchUp }) {
    this.panel = panel
    this.names = names
    this.theme = theme
    this.timeline = timeline
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
      if (!(relatedTarget instanceof Node && this.root.contains(relatedTarget)))
        this.root.open = false
    })
  }

  /** @param {string} title */
  name(title) {
    this.title = title
    label(this.button, `Save the picture: ${title}`)
  }

  // Built as it opens: most menus never do.
  offer() {
    const kinds = this.root.open ? ["SVG", "PNG"] : []
    const buttons = kinds.map((kind) => {
      const button = element("button", "driftscope-kind")
      button.type = "button"
      button.textContent = kind
      label(button, `Save as ${kind}: ${this.title}`)
      button.onclick = () => this.save(kind)
      return button
    })
    for (const old of this.root.querySelectorAll("button")) old.remove()
    this.root.append(...buttons)
  }

  fold() {
    this.root.open = false
    this.button.focus()
  }

  /** @param {string} kind */
  async save(kind) {
    const picture = await this.picture()
    const data =
      kind === "SVG" ? new Blob([picture.text], { type: "image/svg+xml" }) : await pixels(picture)
    const link = document.createElement("a")
    link.href = URL.createObjectURL(data)
    link.download = `${picture.name}.${kind.toLowerCase()}`
    link.click()
    URL.revokeObjectURL(link.href)
    this.fold()
  }

  // The panel as it is drawn now, with its caption, which stands there only while it is read.
  async picture() {
    const { panel, names } = this
    const timeline = this.timeline()
    this.catchUp()
    const handed = new Map(await panel.picture.stills?.())
    const index = panel.drawn ?? 0
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
    const moment = momentAt(timeline, timeline.steps[index]).replaceAll(",", "").replace(" ", "-")
    const name = [...names(), panel.cell.dataset.panel, moment].join("-")
    return { ...drawn, name }
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

/** @param {{ text: string, width: number, height: number }} picture @returns {Promise<Blob>} */
async function pixels({ text, width, height }) {
  const scale = Math.max(window.devicePixelRatio, SHARPEST)
  const image = new Image(width, height)
  image.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }))
  await image.decode()
  URL.revokeObjectURL(image.src)
  const canvas = document.createElement("canvas")
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  given(canvas.getContext("2d")).drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) => {
    const done = (/** @type {Blob | null} */ blob) => {
      if (blob) resolve(blob)
      else reject(new Error("the picture is too large for this browser"))
    }
    canvas.toBlob(done)
  })
}
