// One panel: its cell in the grid, its heading, and the picture in its body.

import { element, hide, write } from "./dom.js"
import { Events } from "./events.js"
import { Letters } from "./letters.js"
import { Listing } from "./listing.js"
import { Machine } from "./machine.js"
import { Mosaic } from "./mosaic.js"
import { Plot } from "./plot.js"
import { Saving } from "./saving.js"
import { Text } from "./text.js"
import { Words } from "./words.js"
import { Writings } from "./writings.js"

/** @type {Record<PanelSpec["kind"], new (body: HTMLElement, hands: Hands) => Picture>} */
const KINDS = {
  plot: Plot,
  mosaic: Mosaic,
  text: Text,
  machine: Machine,
  letters: Letters,
  events: Events,
  words: Words,
  writings: Writings,
  listing: Listing,
}

export class Panel {
  /** @param {PanelSpec} spec @param {Omit<Hands, "head">} hands */
  constructor(spec, hands) {
    this.cell = element("section", `driftscope-panel driftscope-${spec.kind}`)
    this.cell.dataset.panel = spec.key
    const head = document.createElement("header")
    this.title = document.createElement("h2")
    this.title.textContent = spec.title
    this.note = element("span", "driftscope-note")
    head.append(this.title, this.note)
    /** @type {string[]} one a step, or none */
    this.notes = []
    this.body = element("div", "driftscope-body")
    this.body.setAttribute("role", "figure") // an image may not hold what takes the focus
    /** @type {Picture} */
    this.picture = new KINDS[spec.kind](this.body, { head, ...hands })
    this.saving = new Saving(this, { head, ...hands })
    this.cell.append(head, this.saving.root, this.body)
    this.visible = true
    this.resized = false
    /** @type {PanelSpec | undefined} what is to be presented */
    this.due = undefined
    /** @type {number | undefined} the step that the picture shows */
    this.drawn = undefined
  }

  /** @param {PanelSpec} spec */
  fit({ span, rows, height }) {
    this.cell.style.setProperty("--span", String(span))
    this.cell.style.setProperty("--rows", String(rows))
    this.cell.style.setProperty("--height", `${height}px`)
  }

  // True when this can be presented without laying out a figure anew.
  /** @param {PanelSpec} spec @param {Theme} theme */
  keeps(spec, theme) {
    return this.picture.keeps?.(spec, theme) ?? true
  }

  /** @param {PanelSpec} spec @param {number} index @param {Theme} theme */
  present(spec, index, theme) {
    this.due = undefined
    this.resized = false // it is drawn at its present size
    write(this.title, spec.title)
    this.saving.name(spec.title)
    this.notes = spec.notes
    hide(this.note, !spec.notes.length)
    this.write(index)
    this.body.setAttribute("aria-label", spec.alt || spec.title)
    this.drawn = this.picture.show(spec, index, theme) ? index : undefined
  }

  // Without an index only a new size is taken up.
  /** @param {number | undefined} index */
  draw(index) {
    if (!this.visible || this.due) return
    if (this.resized) this.picture.resize()
    this.resized = false
    if (index === undefined || index === this.drawn) return
    this.write(index)
    if (this.picture.draw(index)) this.drawn = index
  }

  // The note of a step; alone there is one step.
  /** @param {number} index */
  write(index) {
    write(this.note, this.notes.length > 1 ? this.notes[index] : (this.notes[0] ?? ""))
  }

  close() {
    this.picture.close()
    this.cell.remove()
  }
}
