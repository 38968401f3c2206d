// The step clock: owns time in the browser, draws every panel at one step, tells Python where it settled.

import { Bar } from "./bar.js"
import { listen } from "./keys.js"
import { Mosaic } from "./mosaic.js"
import { fetchPayload, loadScript, loadStyle } from "./payload.js"
import { Plot } from "./plot.js"
import { Text } from "./text.js"
import { readTheme } from "./theme.js"
import { Words } from "./words.js"

const STEPS_PER_SECOND = 12 // at speed 1×
const KEY_SETTLES_MS = 250
const KEPT_MEASURES = 2000
const KINDS = { plot: Plot, mosaic: Mosaic, text: Text, words: Words }

const clocks = new WeakMap()

// Streamlit calls this when the component appears, when its data changes, and when the theme does.
// The clean-up of an overtaken call may run late: only the newest one closes the clock.
export function clock(component, plotlyPath) {
  const host = component.parentElement
  const own = clocks.get(host) ?? new Clock(host, plotlyPath)
  clocks.set(host, own)
  const call = own.update(component)
  return () => {
    if (own.call !== call) return
    own.close()
    clocks.delete(host)
  }
}

class Clock {
  constructor(host, plotlyPath) {
    this.plotlyPath = plotlyPath
    this.call = 0
    this.panels = new Map()
    this.index = 0
    this.moves = Date.now() // numbers our reports; larger than those of any clock before
    this.speed = 1
    this.playing = false
    this.dragging = false
    this.abort = new AbortController()
    this.build(host)
    this.stopListening = listen(this)
  }

  build(host) {
    this.root = document.createElement("div")
    this.root.className = "driftscope-clock"
    this.message = document.createElement("div")
    this.message.className = "driftscope-message"
    this.message.setAttribute("role", "status")
    const frame = document.createElement("div")
    frame.className = "driftscope-frame"
    this.grid = document.createElement("div")
    this.grid.className = "driftscope-grid"
    frame.append(this.grid)
    this.root.append(this.message, frame)
    host.append(this.root)
    this.bar = new Bar(this)
    this.seen = new IntersectionObserver((entries) => this.see(entries), { rootMargin: "100px" })
    this.sized = new ResizeObserver((entries) => this.resize(entries))
  }

  // ---- from Python -------------------------------------------------------------------------

  update(component) {
    this.component = component
    const { payload, live } = component.data
    this.obey(component.data)
    const theme = readTheme(this.root)
    const themeChanged = JSON.stringify(theme) !== JSON.stringify(this.theme)
    this.theme = theme
    this.nextLive = live
    if (payload !== this.digest) this.load(payload)
    else if (this.timeline) {
      this.live = live
      this.bar.show(this)
      if (themeChanged) this.showPanels()
      this.follow()
    }
    return ++this.call
  }

  // Python's step counts as soon as Python has heard all we said; before, it only lags behind us.
  obey({ step, heard }) {
    if (this.reported !== undefined && heard !== this.reported) return
    if (step === this.told) return
    this.wanted = this.told = step
  }

  follow() {
    if (this.wanted === undefined) return
    this.go(this.nearest(this.wanted))
    this.wanted = undefined
  }

  async load(digest) {
    this.digest = digest
    const lost = () => this.component.setTriggerValue("lost", digest)
    try {
      const [payload] = await Promise.all([
        fetchPayload(digest, lost, this.abort.signal),
        loadScript(this.plotlyPath),
        loadStyle(new URL("player.css", import.meta.url).href),
      ])
      if (digest !== this.digest || this.abort.signal.aborted) return
      this.message.replaceChildren()
      this.adopt(payload)
    } catch (error) {
      if (digest === this.digest && !this.abort.signal.aborted) this.complain(error, digest)
    }
  }

  complain(error, digest) {
    const again = document.createElement("button")
    again.type = "button"
    again.textContent = "Try again"
    again.onclick = () => this.load(digest)
    const words = document.createElement("span")
    words.textContent = `The recorded steps could not be loaded (${error.message}). `
    this.message.replaceChildren(words, again)
  }

  // New steps or figures: stay at the same step, or at the end of a live run if that is where we were.
  adopt(payload) {
    const atEnd = this.live && this.timeline && this.index === this.last
    const here = this.wanted ?? (this.timeline ? this.timeline.steps[this.index] : this.told)
    const follows = atEnd && this.wanted === undefined
    this.payload = payload
    this.timeline = payload.timeline
    this.live = this.nextLive
    this.last = this.timeline.steps.length - 1
    this.index = follows ? this.last : this.nearest(here)
    this.wanted = undefined
    this.bar.show(this)
    this.arrival = { digest: this.digest, alone: payload.alone, marks: new Set() }
    this.showPanels()
  }

  // ---- panels ------------------------------------------------------------------------------

  // What is cheap is drawn at once. A figure that Plotly must lay out anew is due: until its turn
  // the panel keeps the old one, at its old step.
  showPanels() {
    const old = this.panels
    this.panels = new Map()
    for (const spec of this.payload.panels) {
      const name = `${spec.kind}:${spec.key}`
      const panel = old.get(name) ?? this.openPanel(spec)
      old.delete(name)
      this.panels.set(name, panel)
      // Moving a node that already stands there would throw away focus and scroll.
      const place = this.grid.children[this.panels.size - 1]
      if (place !== panel.cell) this.grid.insertBefore(panel.cell, place ?? null)
      panel.cell.style.setProperty("--span", spec.span)
      panel.cell.style.setProperty("--rows", spec.rows)
      panel.cell.style.setProperty("--height", `${spec.height}px`)
      panel.due = spec
      if (panel.keeps?.(spec, this.theme) ?? true) this.present(panel)
    }
    for (const panel of old.values()) this.closePanel(panel)
    if (!this.isReady()) this.root.dataset.ready = "false"
    this.schedule()
  }

  present(panel) {
    const spec = panel.due
    panel.due = undefined
    panel.resized = false // it is drawn at its size of now
    panel.title.textContent = spec.title
    panel.body.setAttribute("aria-label", spec.alt || spec.title)
    panel.drawn = panel.show(spec, this.index, this.theme) ? this.index : undefined
  }

  // One figure a frame, those in view first; the frame before shows what was drawn at once.
  advance() {
    const due = [...this.panels.values()].filter((panel) => panel.due)
    const next = due.find((panel) => panel.visible) ?? due[0]
    if (next && this.arrival.marks.has("shown")) this.present(next)
    if (this.payload.alone && !this.arrival.marks.has("shown")) {
      this.component.setTriggerValue("rest", this.digest)
    }
    this.mark("shown")
    if (this.isReady()) this.mark("complete")
    if (next) this.schedule()
  }

  // Every panel in view shows its own figure.
  isReady() {
    return [...this.panels.values()].every((panel) => !panel.due || !panel.visible)
  }

  // Once a payload: in the frame after it was drawn. Only the latest marks are kept.
  mark(what) {
    const { marks, ...detail } = this.arrival
    if (marks.has(what)) return
    marks.add(what)
    requestAnimationFrame(() => {
      performance.clearMarks(`driftscope:${what}`)
      performance.mark(`driftscope:${what}`, { detail })
    })
  }

  openPanel(spec) {
    const cell = document.createElement("section")
    cell.className = `driftscope-panel driftscope-${spec.kind}`
    cell.dataset.panel = spec.key
    const head = document.createElement("header")
    const title = document.createElement("h4")
    title.textContent = spec.title
    head.append(title)
    const body = document.createElement("div")
    body.className = "driftscope-body"
    body.setAttribute("role", "img")
    cell.append(head, body)
    this.grid.append(cell)
    const panel = new KINDS[spec.kind](body, {
      head,
      pick: (index) => this.pick(spec.key, index),
      select: (rows) => this.select(spec.key, rows),
      redraw: () => this.schedule(),
    })
    Object.assign(panel, { cell, title, body, visible: true })
    cell.panel = panel
    this.seen.observe(cell)
    this.sized.observe(body)
    return panel
  }

  closePanel(panel) {
    this.seen.unobserve(panel.cell)
    this.sized.unobserve(panel.body)
    panel.close()
    panel.cell.remove()
  }

  see(entries) {
    for (const entry of entries) entry.target.panel.visible = entry.isIntersecting
    this.schedule()
  }

  resize(entries) {
    for (const entry of entries) {
      const panel = entry.target.parentElement?.panel
      if (panel) panel.resized = true
    }
    this.schedule()
  }

  // ---- time --------------------------------------------------------------------------------

  nearest(step) {
    const steps = this.timeline.steps
    let best = 0
    for (let i = 1; i < steps.length; i++) {
      if (Math.abs(steps[i] - step) <= Math.abs(steps[best] - step)) best = i
    }
    return best
  }

  go(index, since = performance.now()) {
    if (!this.timeline) return
    const next = Math.min(Math.max(index, 0), this.last)
    if (next === this.index) return
    this.index = next
    this.since ??= since
    this.schedule()
  }

  // At most one redraw per animation frame, always of the newest step.
  schedule() {
    if (!this.timeline || this.frame) return
    this.frame = requestAnimationFrame(() => this.draw())
  }

  draw() {
    cancelAnimationFrame(this.frame)
    this.frame = 0
    for (const panel of this.panels.values()) {
      if (!panel.visible || panel.due) continue
      if (panel.resized) panel.resize()
      panel.resized = false
      if (this.payload.alone) continue // these panels have one step, and all of them are on their way
      if (panel.drawn !== this.index && panel.draw(this.index)) panel.drawn = this.index
    }
    this.bar.move(this)
    this.advance()
    if (this.isReady()) {
      this.root.dataset.step = this.timeline.steps[this.index]
      this.root.dataset.ready = "true"
    }
    if (this.since === undefined) return
    const start = this.since
    this.since = undefined
    requestAnimationFrame(() => measure(start))
  }

  // ---- what the reader does ----------------------------------------------------------------

  stepBy(count, since) {
    this.jump(this.index + count, since)
  }

  jump(index, since) {
    this.stop()
    this.bar.hideTip() // it may still speak of where the pointer rests
    this.go(index, since)
    this.settleSoon()
  }

  drag(index, since) {
    clearTimeout(this.settling)
    this.dragging = true
    this.go(index, since)
  }

  release() {
    this.dragging = false
    this.before = undefined
    if (!this.playing) this.settle()
  }

  toggle() {
    if (this.playing) {
      this.stop()
      this.settle()
    } else this.play()
  }

  play() {
    if (!this.timeline) return
    clearTimeout(this.settling)
    if (this.index === this.last && !this.live) this.go(0)
    this.playing = true
    this.owed = 0
    this.before = undefined
    this.bar.show(this)
    this.ticking = requestAnimationFrame((now) => this.tick(now))
  }

  tick(now) {
    if (!this.playing) return
    const passed = Math.min(now - (this.before ?? now), 250) // a hidden tab does not jump ahead
    this.before = now
    if (!this.dragging) this.owed += (passed / 1000) * STEPS_PER_SECOND * this.speed
    const whole = Math.floor(this.owed)
    this.owed -= whole
    if (whole && this.index < this.last) {
      this.index = Math.min(this.index + whole, this.last)
      this.since ??= now
      this.draw()
    }
    if (this.index === this.last && !this.live && !this.dragging) {
      this.stop()
      this.settle()
      return
    }
    this.ticking = requestAnimationFrame((next) => this.tick(next))
  }

  stop() {
    cancelAnimationFrame(this.ticking)
    if (!this.playing) return
    this.playing = false
    this.bar.show(this)
  }

  setSpeed(speed) {
    this.speed = speed
    this.bar.show(this)
  }

  // ---- to Python, only when settled ----------------------------------------------------------

  settleSoon() {
    clearTimeout(this.settling)
    this.settling = setTimeout(() => this.settle(), KEY_SETTLES_MS)
  }

  settle() {
    clearTimeout(this.settling)
    this.settling = undefined
    if (!this.timeline) return
    const step = this.timeline.steps[this.index]
    if (step === this.told) return
    this.told = step
    this.reported = ++this.moves
    this.component.setStateValue("step", { step, move: this.reported })
  }

  pick(panel, index) {
    if (this.settling) this.settle()
    this.component.setTriggerValue("pick", { panel, index })
  }

  select(panel, rows) {
    if (this.settling) this.settle()
    this.component.setTriggerValue("selection", { panel, rows })
  }

  close() {
    this.abort.abort()
    clearTimeout(this.settling)
    this.playing = false
    cancelAnimationFrame(this.frame)
    cancelAnimationFrame(this.ticking)
    this.timeline = undefined // a late observer call must not draw
    this.stopListening()
    this.seen.disconnect()
    this.sized.disconnect()
    for (const panel of this.panels.values()) panel.close()
    this.bar.close()
    this.root.remove()
  }
}

// From the reader's input to the first frame after the drawing: what they wait.
let measures = 0
function measure(start) {
  if (++measures % KEPT_MEASURES === 0) performance.clearMeasures("driftscope:frame")
  performance.measure("driftscope:frame", { start, end: performance.now() })
}
