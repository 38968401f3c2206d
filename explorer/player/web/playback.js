// Plays through the recorded steps at an even pace.

/** @import { Clock } from "./player.js" */

const STEPS_PER_SECOND = 12 // at speed 1×, fewer where the whole would take less than
const SECONDS = 5
const LONGEST_MS = 250 // counted between two frames: a hidden tab does not jump ahead

export class Playback {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock
    this.playing = false
    this.held = false // the reader drags: time stands still
    this.speed = 1
    this.owed = 0 // steps that have passed and are not drawn
    /** @type {number | undefined} the frame before, in ms */
    this.before = undefined
    this.ticking = 0
  }

  toggle() {
    if (!this.playing) return this.play()
    this.stop()
    this.clock.reports.settle()
  }

  play() {
    const { clock } = this
    if (clock.last < 0) return
    clock.reports.wait()
    if (clock.index === clock.last && !clock.live) clock.go(0)
    this.playing = true
    this.owed = 0
    this.before = undefined
    clock.bar.show()
    this.ticking = requestAnimationFrame((now) => this.tick(now))
  }

  /** @param {number} now */
  tick(now) {
    const { clock } = this
    if (!this.playing) return
    const passed = Math.min(now - (this.before ?? now), LONGEST_MS)
    this.before = now
    const pace = clock.live ? STEPS_PER_SECOND : Math.min(STEPS_PER_SECOND, clock.last / SECONDS)
    if (!this.held) this.owed += (passed / 1000) * pace * this.speed
    const whole = Math.floor(this.owed)
    this.owed -= whole
    if (whole && clock.index < clock.last) {
      clock.index = Math.min(clock.index + whole, clock.last)
      clock.since ??= now
      clock.draw()
    }
    if (clock.index === clock.last && !clock.live && !this.held) this.toggle()
    else this.ticking = requestAnimationFrame((next) => this.tick(next))
  }

  release() {
    this.held = false
    this.before = undefined
  }

  stop() {
    cancelAnimationFrame(this.ticking)
    if (!this.playing) return
    this.playing = false
    this.clock.bar.show()
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.speed = speed
    this.clock.bar.show()
  }
}
