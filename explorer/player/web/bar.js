// The bar at the foot of the page: a video player's controls, the track and the numbers.

import { clamp, element, hide, label, scaleOf, write } from "./dom.js"
import { numbersAt } from "./timeline.js"
import { Track } from "./track.js"

/** @import { Clock } from "./player.js" */

const SPEEDS = [0.5, 1, 2, 4]
const MADE_FOR = 900 // pixels of a window in which panels have the height that they ask for
const [SMALLEST, LARGEST] = [0.8, 1.6] // of that height, in other windows
const NARROW = 640 // pixels of a page on which panels stand below each other
const SVG = "http://www.w3.org/2000/svg"
const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  back: "M6 6h2.4v12H6zM19 6v12L9.6 12z",
  forward: "M15.6 6H18v12h-2.4zM5 6v12l9.4-6z",
}

export class Bar {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock
    this.root = element("div", "driftscope-bar")
    this.root.setAttribute("role", "group")
    this.root.setAttribute("aria-label", "step clock")
    this.root.hidden = true
    this.playIcon = icon("play")
    this.playButton = button("Play (space)", () => clock.playback.toggle(), this.playIcon.svg)
    this.playButton.classList.add("driftscope-play")
    this.speedButton = button("Speed", () => clock.playback.setSpeed(this.nextSpeed()))
    this.speedButton.classList.add("driftscope-speed")
    this.badge = element("span", "driftscope-live")
    this.badge.title = "New steps appear at the right"
    this.numbers = element("span", "driftscope-numbers")
    this.track = new Track(clock, this.root)
    this.root.append(this.controls(), this.track.root, this.readout())
    clock.root.append(this.root)
    /** @type {HTMLElement} */
    this.main = clock.root.closest("[data-testid=stMain]") ?? document.documentElement
    // The main column changes its width with the window and with the sidebar.
    this.observer = new ResizeObserver(() => this.fit())
    this.fit() // before the first figure
    for (const node of [this.main, this.root, this.track.root]) this.observer.observe(node)
  }

  controls() {
    const back = button(
      "One recorded step back (←)",
      (event) => this.clock.stepBy(-1, event.timeStamp),
      icon("back").svg,
    )
    const forward = button(
      "One recorded step on (→)",
      (event) => this.clock.stepBy(1, event.timeStamp),
      icon("forward").svg,
    )
    const controls = element("div", "driftscope-controls")
    controls.append(this.playButton, back, forward, this.speedButton)
    // A mouse click leaves the focus where it was, so that space still plays and pauses.
    controls.onmousedown = (event) => event.preventDefault()
    return controls
  }

  readout() {
    const readout = element("div", "driftscope-readout")
    readout.append(this.badge, this.numbers)
    return readout
  }

  // After a change of anything but the step.
  show() {
    const { live, last, playback } = this.clock
    if (last < 0) return
    hide(this.root, false)
    hide(this.badge, !live)
    write(this.badge, live)
    this.badge.classList.toggle("driftscope-waits", live !== "LIVE")
    this.playIcon.set(playback.playing ? "pause" : "play")
    label(this.playButton, playback.playing ? "Pause (space)" : "Play (space)")
    write(this.speedButton, `${playback.speed}×`)
    label(this.speedButton, `Speed ${playback.speed}×, press for ${this.nextSpeed()}×`)
    this.track.show()
    this.fit()
    this.move()
  }

  nextSpeed() {
    return SPEEDS[(SPEEDS.indexOf(this.clock.playback.speed) + 1) % SPEEDS.length]
  }

  move() {
    write(this.numbers, numbersAt(this.clock.timeline, this.clock.index))
    this.track.move()
  }

  fit() {
    const scale = scaleOf(this.main)
    const isScrolled = this.main.clientWidth <= NARROW && scale === 1 // not while presented
    const share = isScrolled ? 1 : window.innerHeight / scale / MADE_FOR
    this.clock.root.style.setProperty("--tall", String(clamp(share, SMALLEST, LARGEST)))
    const box = this.main.getBoundingClientRect()
    this.root.style.left = `${box.left / scale}px`
    this.root.style.width = `${this.main.clientWidth}px`
    // Read by the style sheet to keep the page's end clear of the bar.
    document.documentElement.style.setProperty("--driftscope-bar", `${this.root.offsetHeight}px`)
    if (this.clock.last >= 0) this.track.paint()
  }

  close() {
    this.observer.disconnect()
    this.root.remove()
    // Another clock may stand here already: Streamlit removes an old one late.
    if (document.querySelector(".driftscope-bar")) return
    document.documentElement.style.removeProperty("--driftscope-bar")
  }
}

/** @param {string} words @param {(event: MouseEvent) => void} press @param {Element[]} content */
function button(words, press, ...content) {
  const node = element("button", "driftscope-button")
  node.type = "button"
  node.onclick = press
  label(node, words)
  node.append(...content)
  return node
}

/** @param {keyof typeof ICONS} name */
function icon(name) {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS(SVG, "path")
  svg.append(path)
  /** @param {keyof typeof ICONS} shape */
  const set = (shape) => path.setAttribute("d", ICONS[shape])
  set(name)
  return { svg, set }
}
