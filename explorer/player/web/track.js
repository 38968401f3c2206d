// The track of the bar: the loss curve, ticks, and the pointer that drags through the steps.

import { paintLoss, paintShare, prepare } from "./curves.js"
import { clamp, element, hiddenTip, hide, label, write } from "./dom.js"
import { PALETTE } from "./theme.js"
import { describe, momentAt, nearest, trustAt } from "./timeline.js"

/** @import { Clock } from "./player.js" */
/** @import { Size } from "./curves.js" */

const BESIDE = 12 // pixels between the name of a mark and the legend

export class Track {
  /** @param {Clock} clock @param {HTMLElement} bar */
  constructor(clock, bar) {
    this.clock = clock
    this.bar = bar
    this.root = element("div", "driftscope-track")
    this.rest = element("canvas", "driftscope-curve")
    this.played = element("canvas", "driftscope-curve driftscope-played")
    this.head = element("div", "driftscope-playhead")
    this.slider = slider()
    this.ticks = element("div", "driftscope-ticks")
    this.ticks.onmousedown = (event) => event.preventDefault()
    this.tip = hiddenTip()
    this.shape = "" // its words but for the digits
    this.half = "" // of its width
    this.mark = element("div", "driftscope-mark")
    this.mark.setAttribute("aria-hidden", "true") // its button says the same
    this.named = "" // what it says where it stands
    this.trusted = element("span", "driftscope-trust")
    this.legend = legend(this.trusted)
    /** @type {number | undefined} the pointer that is down */
    this.pressed = undefined
    this.shownTicks = ""
    this.painted = ""
    this.paintedTimeline = clock.timeline
    this.root.append(this.rest, this.played, this.head, this.slider, this.ticks)
    this.root.append(this.mark, this.legend, this.tip)
    this.root.onpointerdown = (event) => this.press(event)
    this.root.onpointermove = (event) => this.movePointer(event)
    this.root.onpointerup = this.root.onpointercancel = (event) => this.lift(event)
    this.root.onpointerleave = () => this.hideTip()
  }

  // ---- the pointer -------------------------------------------------------------------------

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0) return
    this.root.setPointerCapture(event.pointerId)
    this.pressed = event.pointerId
    this.clock.drag(tickUnder(event)?.index ?? this.at(event), event.timeStamp)
    this.bar.classList.add("driftscope-dragging")
  }

  /** @param {PointerEvent} event */
  movePointer(event) {
    const index = this.at(event)
    if (this.pressed === event.pointerId) {
      this.clock.drag(index, event.timeStamp) // where it moves, it says so itself
      return
    }
    const tick = this.pressed === undefined && tickUnder(event)
    if (tick) this.showTip(tick.title, tick.index)
    else this.showTip(describe(this.clock.timeline, index), index)
  }

  /** @param {PointerEvent} event */
  lift(event) {
    if (this.pressed !== event.pointerId) return
    this.pressed = undefined
    this.bar.classList.remove("driftscope-dragging")
    hide(this.tip, event.pointerType === "touch")
    this.clock.release()
  }

  // Every recorded step is equally wide, so the dense first ones can be reached.
  /** @param {PointerEvent} event */
  at(event) {
    const box = this.root.getBoundingClientRect()
    const part = (event.clientX - box.left) / box.width
    return clamp(Math.round(part * this.clock.last), 0, this.clock.last)
  }

  /** @param {number} index */
  part(index) {
    return this.clock.last ? index / this.clock.last : 0
  }

  // ---- what it shows -----------------------------------------------------------------------

  show() {
    const { timeline, last } = this.clock
    this.slider.setAttribute("aria-valuemax", String(last))
    this.showTicks(timeline)
    this.bar.classList.toggle("driftscope-trusted", Boolean(timeline.trust))
    hide(this.legend, !timeline.trust)
    this.bar.classList.toggle("driftscope-marked", timeline.ticks.length > 0)
  }

  /** @param {Timeline} timeline */
  showTicks(timeline) {
    const { ticks, steps } = timeline
    const text = JSON.stringify([ticks, [...steps]])
    if (text === this.shownTicks) return
    this.shownTicks = text
    const marks = ticks.map((tick) => {
      const index = nearest(steps, tick.step)
      const mark = element("button", "driftscope-tick")
      mark.type = "button"
      mark.dataset.index = String(index)
      label(mark, `${tick.label} · ${momentAt(timeline, tick.step)}`)
      mark.style.left = `${100 * this.part(index)}%`
      mark.onfocus = () => this.showTip(mark.title, index)
      mark.onblur = () => this.hideTip()
      mark.onclick = (event) => {
        if (event.detail === 0) this.clock.jump(index, event.timeStamp) // by the keyboard
      }
      return mark
    })
    this.ticks.replaceChildren(...marks)
  }

  move() {
    const { index, timeline } = this.clock
    const part = this.part(index)
    this.played.style.clipPath = `inset(0 ${100 * (1 - part)}% 0 0)`
    this.head.style.left = `${100 * part}%`
    this.name(timeline, index)
    this.slider.setAttribute("aria-valuenow", String(index))
    this.slider.setAttribute("aria-valuetext", describe(timeline, index))
    if (this.pressed !== undefined) this.showTip(momentAt(timeline, timeline.steps[index]), index)
  }

  // How much the map is to be trusted, and beside that what happened last, above its mark.
  /** @param {Timeline} timeline @param {number} index */
  name({ ticks, steps, trust }, index) {
    if (trust) write(this.trusted, trustAt(trust, index))
    const latest = ticks.findLast(({ step }) => step <= steps[index])
    const words = latest?.label ?? ""
    if (words === this.named) return
    this.named = words
    write(this.mark, words)
    if (!latest) return
    const width = this.root.clientWidth
    const room = width - (this.legend.offsetWidth && this.legend.offsetWidth + BESIDE)
    this.mark.style.maxWidth = `${room}px`
    const own = this.mark.offsetWidth
    const left = this.part(nearest(steps, latest.step)) * width - own / 2
    this.mark.style.left = `${clamp(left, 0, room - own)}px`
  }

  // The pointer moves more often than what is said, and to read a width here makes the browser lay
  // out the whole page at once: digits are all as wide, so it is read where more than they change.
  /** @param {string} text @param {number} index */
  showTip(text, index) {
    const { tip } = this
    const shape = text.replace(/\d/g, "0")
    write(tip, text)
    hide(tip, false)
    if (shape !== this.shape) this.half = `${Math.ceil(tip.offsetWidth / 2)}px`
    this.shape = shape
    const left = `clamp(${this.half}, ${100 * this.part(index)}%, 100% - ${this.half})`
    if (tip.style.left !== left) tip.style.left = left
  }

  hideTip() {
    hide(this.tip, true)
  }

  paint() {
    const { timeline, theme } = this.clock
    const ratio = window.devicePixelRatio || 1
    /** @type {Size} */
    const size = [this.root.clientWidth, this.root.clientHeight, ratio]
    const look = JSON.stringify([size, theme])
    if (look === this.painted && timeline === this.paintedTimeline) return
    this.painted = look
    this.paintedTimeline = timeline
    this.named = "" // its place depends on the width
    this.name(timeline, this.clock.index)
    const [rest, played] = [this.rest, this.played].map((canvas) => prepare(canvas, size))
    paintLoss(rest, size, timeline.losses, { color: theme.text, opacity: 0.35 })
    paintLoss(played, size, timeline.losses, { color: theme.primary, opacity: 1 })
    if (!timeline.trust) return
    const color = PALETTE.vermilion[Number(theme.dark)]
    paintShare(rest, size, timeline.trust, { color, opacity: 0.7 })
    paintShare(played, size, timeline.trust, { color, opacity: 1 })
  }
}

function slider() {
  const node = element("div", "driftscope-slider")
  node.tabIndex = 0
  node.title = "Each recorded step is equally wide; early steps are recorded more densely."
  node.setAttribute("role", "slider")
  node.setAttribute("aria-label", "training step")
  node.setAttribute("aria-valuemin", "0")
  return node
}

// Hidden from screen readers: the slider reads the same.
/** @param {HTMLElement} trusted */
function legend(trusted) {
  const [box, loss] = [element("div", "driftscope-lines"), element("span", "driftscope-loss")]
  box.setAttribute("aria-hidden", "true")
  loss.textContent = "loss"
  box.append(loss, trusted)
  return box
}

/** @param {PointerEvent} event */
function tickUnder({ target }) {
  const tick = target instanceof Element && target.closest(".driftscope-tick")
  return tick instanceof HTMLElement
    ? { index: Number(tick.dataset.index), title: tick.title }
    : undefined
}
