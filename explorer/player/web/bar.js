// The bar at the foot of the page: a video player's controls, with the loss curve as its track.

import { TRUST, paintLoss, paintShare, prepare } from "./curves.js"

const SPEEDS = [0.5, 1, 2, 4]
const SVG = "http://www.w3.org/2000/svg"
const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  back: "M6 6h2.4v12H6zM19 6v12L9.6 12z",
  forward: "M15.6 6H18v12h-2.4zM5 6v12l9.4-6z",
}

export class Bar {
  constructor(clock) {
    this.clock = clock
    this.build()
    clock.root.append(this.bar)
    this.main = clock.root.closest("[data-testid=stMain]") ?? document.documentElement
    // The main column changes its width with the window and with the sidebar.
    this.observer = new ResizeObserver(() => this.fit())
    this.observer.observe(this.main)
    this.observer.observe(this.bar)
    this.observer.observe(this.track)
  }

  build() {
    const { clock } = this
    this.bar = element("div", "driftscope-bar")
    this.bar.setAttribute("role", "group")
    this.bar.setAttribute("aria-label", "step clock")
    this.bar.hidden = true
    this.playButton = button("play", "Play (space)", () => clock.toggle())
    this.playButton.classList.add("driftscope-play")
    const back = button("back", "One recorded step back (←)", (e) => clock.stepBy(-1, e.timeStamp))
    const forward = button("forward", "One recorded step on (→)", (e) =>
      clock.stepBy(1, e.timeStamp),
    )
    this.speedButton = button(undefined, "Speed", () => this.nextSpeed())
    this.speedButton.classList.add("driftscope-speed")
    const controls = element("div", "driftscope-controls")
    controls.append(this.playButton, back, forward, this.speedButton)
    this.bar.append(controls, this.buildTrack(), this.buildReadout())
    // A mouse click leaves the focus where it was, so that space keeps playing and pausing.
    controls.onmousedown = (event) => event.preventDefault()
  }

  buildTrack() {
    this.track = element("div", "driftscope-track")
    this.rest = element("canvas", "driftscope-curve")
    this.played = element("canvas", "driftscope-curve driftscope-played")
    this.head = element("div", "driftscope-playhead")
    this.slider = element("div", "driftscope-slider")
    this.slider.tabIndex = 0
    this.slider.setAttribute("role", "slider")
    this.slider.setAttribute("aria-label", "training step")
    this.slider.setAttribute("aria-valuemin", "0")
    this.ticks = element("div", "driftscope-ticks")
    this.ticks.onmousedown = (event) => event.preventDefault()
    this.tip = element("div", "driftscope-tip")
    this.tip.hidden = true
    this.legend = element("div", "driftscope-lines")
    this.legend.setAttribute("aria-hidden", "true") // the slider says it
    this.trusted = element("span", "driftscope-trust")
    this.legend.append(element("span", "driftscope-loss"), this.trusted)
    this.legend.firstChild.textContent = "loss"
    this.track.append(
      this.rest,
      this.played,
      this.head,
      this.slider,
      this.ticks,
      this.legend,
      this.tip,
    )
    this.track.onpointerdown = (event) => this.press(event)
    this.track.onpointermove = (event) => this.movePointer(event)
    this.track.onpointerup = this.track.onpointercancel = (event) => this.lift(event)
    this.track.onpointerleave = () => this.hideTip()
    return this.track
  }

  buildReadout() {
    this.readout = element("div", "driftscope-readout")
    this.badge = element("span", "driftscope-live")
    this.badge.textContent = "LIVE"
    this.badge.title = "Training goes on; new steps appear at the right"
    this.numbers = element("span", "driftscope-numbers")
    this.readout.append(this.badge, this.numbers)
    return this.readout
  }

  // ---- the pointer on the track ----------------------------------------------------------------

  press(event) {
    if (event.button !== 0) return
    this.track.setPointerCapture(event.pointerId)
    const tick = event.target.closest(".driftscope-tick")
    this.pressed = event.pointerId
    this.clock.drag(tick ? Number(tick.dataset.index) : this.at(event), event.timeStamp)
    this.bar.classList.add("driftscope-dragging")
  }

  movePointer(event) {
    const index = this.at(event)
    if (this.pressed === event.pointerId) this.clock.drag(index, event.timeStamp)
    const tick = event.target.closest?.(".driftscope-tick")
    if (tick && this.pressed === undefined) this.showTip(tick.title, Number(tick.dataset.index))
    else this.showTip(this.describe(index), index)
  }

  lift(event) {
    if (this.pressed !== event.pointerId) return
    this.pressed = undefined
    this.bar.classList.remove("driftscope-dragging")
    this.tip.hidden = event.pointerType === "touch"
    this.clock.release()
  }

  // Every recorded step is equally wide, so the dense first ones can be reached.
  at(event) {
    const box = this.track.getBoundingClientRect()
    const part = (event.clientX - box.left) / box.width
    return Math.min(Math.max(Math.round(part * this.clock.last), 0), this.clock.last)
  }

  place(index) {
    return this.clock.last ? index / this.clock.last : 0
  }

  // ---- what it shows -----------------------------------------------------------------------------

  show(clock) {
    if (!clock.timeline) return
    this.bar.hidden = false
    this.badge.hidden = !clock.live
    this.playButton.setIcon(clock.playing ? "pause" : "play")
    label(this.playButton, clock.playing ? "Pause (space)" : "Play (space)")
    this.speedButton.textContent = `${clock.speed}×`
    label(this.speedButton, `Speed ${clock.speed}×, press for ${this.following()}×`)
    this.slider.setAttribute("aria-valuemax", String(clock.last))
    this.slider.title = "Each recorded step is equally wide; early steps are recorded more densely."
    this.showTicks(clock)
    this.bar.classList.toggle("driftscope-trusted", Boolean(clock.timeline.trust))
    this.legend.hidden = !clock.timeline.trust
    this.fit()
    this.move(clock)
  }

  following() {
    return SPEEDS[(SPEEDS.indexOf(this.clock.speed) + 1) % SPEEDS.length]
  }

  nextSpeed() {
    this.clock.setSpeed(this.following())
  }

  showTicks({ timeline }) {
    const text = JSON.stringify([timeline.ticks, [...timeline.steps]])
    if (text === this.shownTicks) return
    this.shownTicks = text
    const marks = timeline.ticks.map(({ step, label: words }) => {
      const index = this.clock.nearest(step)
      const mark = element("button", "driftscope-tick")
      mark.type = "button"
      mark.dataset.index = index
      label(mark, `${words} · step ${integer(step)}`)
      mark.style.left = `${100 * this.place(index)}%`
      mark.onfocus = () => this.showTip(mark.title, index)
      mark.onblur = () => this.hideTip()
      mark.onclick = (event) => event.detail === 0 && this.clock.jump(index, event.timeStamp)
      return mark
    })
    this.ticks.replaceChildren(...marks)
  }

  move({ index, timeline }) {
    const part = this.place(index)
    this.played.style.clipPath = `inset(0 ${100 * (1 - part)}% 0 0)`
    this.head.style.left = `${100 * part}%`
    const words = this.numbersAt(index)
    if (this.numbers.textContent !== words) this.numbers.textContent = words
    if (timeline.trust) this.trusted.textContent = this.trustAt(index)
    this.slider.setAttribute("aria-valuenow", String(index))
    this.slider.setAttribute("aria-valuetext", this.withTrust(words, index))
    if (this.pressed !== undefined) this.showTip(`step ${integer(timeline.steps[index])}`, index)
  }

  describe(index) {
    return this.withTrust(this.numbersAt(index), index)
  }

  withTrust(words, index) {
    return this.clock.timeline.trust ? `${words} · ${this.trustAt(index)}` : words
  }

  trustAt(index) {
    const trust = this.clock.timeline.trust[index]
    return `trust ${Number.isFinite(trust) ? trust.toFixed(2) : "–"}`
  }

  numbersAt(index) {
    const { steps, epochs, losses, unit } = this.clock.timeline
    const loss = Number.isFinite(losses[index]) ? `${decimal(losses[index])} ${unit}` : "–"
    const epoch = Number.isFinite(epochs[index]) ? decimal(epochs[index]) : "–"
    return `step ${integer(steps[index])} · epoch ${epoch} · loss ${loss}`
  }

  showTip(text, index) {
    this.tip.textContent = text
    this.tip.hidden = false
    const width = this.track.clientWidth
    const half = this.tip.offsetWidth / 2
    const middle = Math.min(Math.max(this.place(index) * width, half), width - half)
    this.tip.style.left = `${middle}px`
  }

  hideTip() {
    this.tip.hidden = true
  }

  // ---- size and curve ------------------------------------------------------------------------------

  fit() {
    const box = this.main.getBoundingClientRect()
    this.bar.style.left = `${box.left}px`
    this.bar.style.width = `${this.main.clientWidth}px`
    // Read by the style sheet to keep the page's end clear of the bar.
    document.documentElement.style.setProperty("--driftscope-bar", `${this.bar.offsetHeight}px`)
    if (this.clock.timeline) this.paint()
  }

  paint() {
    const { timeline, theme } = this.clock
    const size = [this.track.clientWidth, this.track.clientHeight, window.devicePixelRatio || 1]
    const look = JSON.stringify([size, theme])
    if (look === this.painted && timeline === this.paintedTimeline) return
    this.painted = look
    this.paintedTimeline = timeline
    for (const canvas of [this.rest, this.played]) {
      const played = canvas === this.played
      const context = prepare(canvas, size)
      paintLoss(
        context,
        size,
        timeline.losses,
        played ? theme.primary : theme.text,
        played ? 1 : 0.35,
      )
      if (timeline.trust) paintShare(context, size, timeline.trust, TRUST, played ? 1 : 0.7)
    }
  }

  close() {
    this.observer.disconnect()
    this.bar.remove()
    // Another clock may stand here already: Streamlit removes an old one late.
    if (document.querySelector(".driftscope-bar")) return
    document.documentElement.style.removeProperty("--driftscope-bar")
  }
}

// ---- small things ----------------------------------------------------------------------------------

function integer(value) {
  return value.toLocaleString("en-US")
}

function decimal(value) {
  if (value !== 0 && Math.abs(value) < 0.1) return value.toPrecision(2)
  if (Math.abs(value) >= 1e7) return value.toExponential(1).replace("e+", "e")
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toFixed(2)
}

function element(tag, name) {
  return Object.assign(document.createElement(tag), { className: name })
}

function label(node, words) {
  node.title = words
  node.setAttribute("aria-label", words)
}

function button(icon, words, onclick) {
  const node = element("button", "driftscope-button")
  node.type = "button"
  node.onclick = onclick
  label(node, words)
  const path = document.createElementNS(SVG, "path")
  node.setIcon = (name) => path.setAttribute("d", ICONS[name])
  if (icon) {
    const svg = document.createElementNS(SVG, "svg")
    svg.setAttribute("viewBox", "0 0 24 24")
    svg.setAttribute("aria-hidden", "true")
    svg.append(path)
    node.append(svg)
    node.setIcon(icon)
  }
  return node
}
