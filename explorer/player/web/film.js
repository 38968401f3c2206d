// A film of a panel: its picture at every step, as a GIF or a WebM.

import { clamp, given } from "./dom.js"
import { ENDING, frame, MOST_COLOURS, opening } from "./gif.js"
import { Colours } from "./palette.js"
import { decoded, WEBM } from "./pixels.js"

/** @import { Drawn } from "./pixels.js" */
/**
 * At most so many of the steps, each as `take` draws it, on this paper.
 * @typedef {object} Scene
 * @property {number} steps
 * @property {number} most
 * @property {(index: number) => Promise<Drawn>} take
 * @property {string} paper
 */
/** @typedef {() => Promise<void>} Passed called once a frame; throws when nobody wants the film */

const SECONDS = 5 // that the whole takes at least, unless a frame would take more than the longest
const [SHORTEST, LONGEST] = [1000 / 12, 250] // milliseconds of a frame
const HELD = 2000 // milliseconds of the last
const SHARP = 1.2e6 // pixels of a frame up to which it has two for one of the page, in each direction
const SEEN = 250 // milliseconds after which a frame is surely recorded
const SAMPLED = 8 // frames that give a GIF its colours
const BITS_PER_SECOND = 8e6

/**
 * @param {"GIF" | "WebM"} kind @param {Scene} scene
 * @param {(share: number) => void} tell how much is done @param {AbortSignal} signal
 */
export async function film(kind, { steps, most, take, paper }, tell, signal) {
  const indices = thinned(steps, most)
  let done = 0
  const passed = async () => {
    tell(++done / (2 * indices.length))
    await new Promise((resolve) => setTimeout(resolve)) // the page stays alive
    signal.throwIfAborted()
  }
  /** @type {Drawn[]} */
  const pictures = []
  for (const index of indices) {
    const { text, width, height } = await take(index)
    pictures.push({ text: new Blob([text]), width, height })
    await passed()
  }
  const screen = new Screen(pictures, paper)
  return kind === "GIF" ? gif(screen, pictures, passed) : webm(screen, pictures, passed)
}

// At most so many of the first numbers, evenly, with both ends.
/** @param {number} count @param {number} most */
export function thinned(count, most) {
  const kept = Math.min(count, most)
  return Array.from({ length: kept }, (_, n) => Math.round((n * (count - 1)) / (kept - 1 || 1)))
}

// How long each frame stands, in milliseconds.
/** @param {number} count */
export function paces(count) {
  const pace = clamp((1000 * SECONDS) / count, SHORTEST, LONGEST)
  return Array.from({ length: count }, (_, n) => (n === count - 1 ? HELD : pace))
}

// Where frames are shown one after another; all have the size of the largest.
class Screen {
  /** @param {Drawn[]} pictures @param {string} paper */
  constructor(pictures, paper) {
    const width = Math.max(...pictures.map((picture) => picture.width))
    const height = Math.max(...pictures.map((picture) => picture.height))
    this.paper = paper
    this.scale = 4 * width * height > SHARP ? 1 : 2
    this.canvas = document.createElement("canvas")
    this.canvas.width = width * this.scale
    this.canvas.height = height * this.scale
    this.context = given(this.canvas.getContext("2d", { willReadFrequently: true }))
  }

  /** @param {Drawn} picture */
  async show(picture) {
    this.paint(await decoded(picture))
  }

  /** @param {HTMLImageElement} image */
  paint(image) {
    const { context, canvas, paper, scale } = this
    context.fillStyle = paper
    context.fillRect(0, 0, canvas.width, canvas.height)
    context.drawImage(image, 0, 0, image.width * scale, image.height * scale)
  }

  pixels() {
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height).data
  }
}

/** @param {Screen} screen @param {Drawn[]} pictures @param {Passed} passed */
async function gif(screen, pictures, passed) {
  const colours = new Colours()
  for (const index of thinned(pictures.length, SAMPLED)) {
    await screen.show(pictures[index])
    colours.count(screen.pixels())
  }
  const palette = colours.palette(MOST_COLOURS)
  const parts = [opening(screen.canvas, palette.colours)]
  /** @type {Uint8Array | undefined} */
  let before
  for (const [n, pace] of paces(pictures.length).entries()) {
    await screen.show(pictures[n])
    const numbers = palette.numbers(screen.pixels())
    parts.push(frame(numbers, before, screen.canvas, Math.round(pace / 10)))
    before = numbers
    await passed()
  }
  return new Blob([...parts, ENDING], { type: "image/gif" })
}

// Recorded while it is shown: it takes as long as it plays.
/** @param {Screen} screen @param {Drawn[]} pictures @param {Passed} passed */
async function webm(screen, pictures, passed) {
  const [track] = screen.canvas.captureStream(0).getVideoTracks()
  const recorder = new MediaRecorder(new MediaStream([track]), {
    mimeType: WEBM,
    videoBitsPerSecond: BITS_PER_SECOND,
  })
  /** @type {Blob[]} */
  const parts = []
  recorder.ondataavailable = ({ data }) => parts.push(data)
  const stopped = new Promise((resolve, reject) => {
    recorder.onstop = resolve
    recorder.onerror = () => reject(new Error("This browser stopped recording. Film it as GIF."))
  })
  recorder.start()
  const frames = /** @type {CanvasCaptureMediaStreamTrack} */ (track)
  const played = play(screen, pictures, frames, passed).finally(() => {
    if (recorder.state !== "inactive") recorder.stop()
    track.stop()
  })
  await Promise.all([played, stopped])
  return new Blob(parts, { type: "video/webm" })
}

// The last frame is shown again at its end: a file of frames does not say how long the last stands.
/**
 * @param {Screen} screen @param {Drawn[]} pictures
 * @param {CanvasCaptureMediaStreamTrack} track @param {Passed} passed
 */
async function play(screen, pictures, track, passed) {
  let due = 0
  for (const [n, pace] of [...paces(pictures.length), SEEN].entries()) {
    const image = await decoded(pictures[Math.min(n, pictures.length - 1)])
    await until(due)
    screen.paint(image)
    track.requestFrame()
    due = performance.now() + pace
    if (n < pictures.length) await passed()
  }
  await until(due)
}

/** @param {number} time in milliseconds of the page */
async function until(time) {
  await new Promise((resolve) => setTimeout(resolve, time - performance.now()))
}
