// What the clock and Python tell each other: the step, and what was clicked or selected.

/** @import { Clock } from "./player.js" */

const KEY_SETTLES_MS = 250

export class Reports {
  /** @param {Clock} clock @param {Component} component */
  constructor(clock, component) {
    this.clock = clock
    this.component = component
    this.told = component.data.step // the last step that either side told the other
    /** @type {number | undefined} the step that Python asked for and the clock has not gone to */
    this.wanted = this.told
    this.moves = Date.now() // numbers our reports; larger than those of any clock before
    /** @type {number | undefined} our last report */
    this.reported = undefined
    /** @type {number | undefined} */
    this.settling = undefined
  }

  // Python's step counts once Python has read our last report; before, it is only out of date.
  /** @param {Component} component */
  hear(component) {
    this.component = component
    const { step, heard } = component.data
    if (this.reported !== undefined && heard !== this.reported) return
    if (step === this.told) return
    this.wanted = this.told = step
  }

  takeWanted() {
    const { wanted } = this
    this.wanted = undefined
    return wanted
  }

  settleSoon() {
    this.wait()
    this.settling = setTimeout(() => this.settle(), KEY_SETTLES_MS)
  }

  wait() {
    clearTimeout(this.settling)
    this.settling = undefined
  }

  settle() {
    this.wait()
    if (this.clock.last < 0) return
    const step = this.clock.timeline.steps[this.clock.index]
    if (step === this.told) return
    this.told = step
    this.reported = ++this.moves
    this.component.setStateValue("step", { step, move: this.reported })
  }

  // A click on a picture: the step it was made at goes first.
  /** @param {"pick" | "selection"} name @param {unknown} value */
  act(name, value) {
    if (this.settling !== undefined) this.settle()
    this.trigger(name, value)
  }

  /** @param {"pick" | "selection" | "lost" | "rest"} name @param {unknown} value */
  trigger(name, value) {
    this.component.setTriggerValue(name, value)
  }
}
