// The step clock: owns time in the browser and draws every panel at one step.

import { Bar } from "./bar.js"
import { clamp, element } from "./dom.js"
import { Grid } from "./grid.js"
import { listen } from "./keys.js"
import { fetchPayload, loadScript, loadStyle } from "./payload.js"
import { Playback } from "./playback.js"
import { Reports } from "./reports.js"
import { readTheme } from "./theme.js"
import { EMPTY, nearest } from "./timeline.js"

const STORED_MEASURES = 2000

let played = 0 // the last story that this tab has played
/** @type {WeakMap<HTMLElement, Clock>} */
const clocks = new WeakMap()

// Streamlit calls this when the component appears, when its data changes, and when the theme does.
// The clean-up of an overtaken call may run late: only the newest one closes the clock.
/** @param {Component} component @param {string} plotlyPath @param {string} stylePath */
export function clock(component, plotlyPath, stylePath) {
  const host = component.parentElement
  const own = clocks.get(host) ?? new Clock(component, plotlyPath, stylePath)
  clocks.set(host, own)
  const call = own.update(component)
  return () => {
    if (own.call !== call) return
    own.close()
    clocks.delete(host)
  }
}

export class Clock {
  /** @param {Component} component @param {string} plotlyPath @param {string} stylePath */
  constructor(component, plotlyPath, stylePath) {
    this.plotlyPath = plotlyPath
    this.stylePath = stylePath
    this.call = 0
    this.digest = ""
    /** @type {Payload} */
    this.payload = { alone: false, timeline: EMPTY, panels: [] }
    this.timeline = EMPTY
    this.index = 0
    /** @type {string[]} what pictures are of: the run, the page */
    this.names = []
    this.live = "" // the badge of a run that grows, or will
    this.nextLive = ""
    this.plays = 0
    this.frame = 0
    /** @type {number | undefined} when the reader asked for the step that is not drawn yet */
    this.since = undefined
    this.abort = new AbortController()
    this.root = element("div", "driftscope-clock")
    this.message = element("div", "driftscope-message")
    this.message.setAttribute("role", "status")
    component.parentElement.append(this.root)
    this.theme = readTheme(this.root)
    this.reports = new Reports(this, component)
    this.playback = new Playback(this)
    this.grid = new Grid(this)
    const frame = element("div", "driftscope-frame")
    frame.append(this.grid.root)
    this.root.append(this.message, frame)
    this.bar = new Bar(this)
    this.stopListening = listen(this)
  }

  /** The index of the last recorded step; -1 while there is none. */
  get last() {
    return this.timeline.steps.length - 1
  }

  // ---- from Python -------------------------------------------------------------------------

  /** @param {Component} component */
  update(component) {
    this.reports.hear(component)
    const { payload, live, plays, names } = component.data
    this.plays = plays
    this.names = names
    const theme = readTheme(this.root)
    const themeChanged = JSON.stringify(theme) !== JSON.stringify(this.theme)
    this.theme = theme
    this.nextLive = live
    if (payload !== this.digest) this.load(payload)
    else if (this.last >= 0) {
      this.live = live
      this.bar.show()
      if (themeChanged) this.grid.show()
      const wanted = this.reports.takeWanted()
      if (wanted !== undefined) this.go(nearest(this.timeline.steps, wanted))
      this.playIfAsked()
    }
    return ++this.call
  }

  /** @param {string} digest */
  async load(digest) {
    this.digest = digest
    try {
      const [payload] = await Promise.all([
        fetchPayload(digest, () => this.reports.trigger("lost", digest), this.abort.signal),
        loadStyle(new URL(this.stylePath, document.baseURI).href),
      ])
      if (digest !== this.digest || this.abort.signal.aborted) return
      if (payload.panels.some(({ kind }) => kind === "plot")) await loadScript(this.plotlyPath)
      if (digest !== this.digest || this.abort.signal.aborted) return
      this.message.replaceChildren()
      this.adopt(payload)
    } catch (error) {
      if (digest === this.digest && !this.abort.signal.aborted) this.complain(error, digest)
    }
  }

  /** @param {unknown} error @param {string} digest */
  complain(error, digest) {
    const again = document.createElement("button")
    again.type = "button"
    again.textContent = "Try again"
    again.onclick = () => this.load(digest)
    const words = document.createElement("span")
    const reason = error instanceof Error ? error.message : error
    words.textContent = `The recorded steps could not be loaded (${reason}). `
    this.message.replaceChildren(words, again)
  }

  // New steps or figures: stay at the same step, or at the end of a live run if that is where we were.
  /** @param {Payload} payload */
  adopt(payload) {
    const atEnd = this.live && this.last >= 0 && this.index === this.last
    const here = this.last >= 0 ? this.timeline.steps[this.index] : this.reports.told
    const wanted = this.reports.takeWanted()
    this.payload = payload
    this.timeline = payload.timeline
    this.live = this.nextLive
    const follows = atEnd && wanted === undefined
    this.index = follows ? this.last : nearest(this.timeline.steps, wanted ?? here)
    this.bar.show()
    this.grid.adopt()
    this.playIfAsked()
  }

  // Once for each story, on whichever page it is told; not while only one step is there.
  playIfAsked() {
    if (this.payload.alone || this.plays <= played || this.last < 1) return
    played = this.plays
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.playback.play()
  }

  // ---- time --------------------------------------------------------------------------------

  /** @param {number} index */
  go(index, since = performance.now()) {
    if (this.last < 0) return
    const next = clamp(index, 0, this.last)
    if (next === this.index) return
    this.index = next
    this.since ??= since
    this.schedule()
  }

  // At most one redraw per animation frame, always of the newest step.
  schedule() {
    if (this.last < 0 || this.frame) return
    this.frame = requestAnimationFrame(() => this.draw())
  }

  draw() {
    cancelAnimationFrame(this.frame)
    this.frame = 0
    this.grid.draw()
    this.bar.move()
    this.grid.advance()
    if (this.grid.isReady()) {
      this.root.dataset.drawn = String(this.timeline.steps[this.index])
      this.root.dataset.ready = "true"
    }
    if (this.since === undefined) return
    const start = this.since
    this.since = undefined
    requestAnimationFrame(() => measure(start))
  }

  // ---- what the reader does ----------------------------------------------------------------

  /** @param {number} count @param {number} since */
  stepBy(count, since) {
    this.jump(this.index + count, since)
  }

  /** @param {number} index @param {number} since */
  jump(index, since) {
    this.playback.stop()
    this.bar.track.hideTip() // it may still describe where the pointer rests
    this.go(index, since)
    this.reports.settleSoon()
  }

  /** @param {number} index @param {number} since */
  drag(index, since) {
    this.reports.wait()
    this.playback.held = true
    this.go(index, since)
  }

  release() {
    this.playback.release()
    if (!this.playback.playing) this.reports.settle()
  }

  close() {
    this.abort.abort()
    this.reports.wait()
    this.playback.stop()
    cancelAnimationFrame(this.frame)
    this.timeline = EMPTY // a late observer call must not draw
    this.stopListening()
    this.grid.close()
    this.bar.close()
    this.root.remove()
  }
}

// From the reader's input to the first frame after the drawing: what they wait.
let measures = 0
/** @param {number} start */
function measure(start) {
  if (++measures % STORED_MEASURES === 0) performance.clearMeasures("driftscope:frame")
  performance.measure("driftscope:frame", { start, end: performance.now() })
}
