// A 2-D context that writes SVG: the part of CanvasRenderingContext2D that our pictures draw with.

import { given } from "./dom.js"
import { hex, number, textOf } from "./svg.js"

const STATE = /** @type {const} */ ([
  "fillStyle",
  "strokeStyle",
  "lineWidth",
  "lineCap",
  "globalAlpha",
  "font",
  "textAlign",
  "textBaseline",
])
const ANCHORS = { left: "start", center: "middle", right: "end" }

export class SvgContext {
  fillStyle = "#000000"
  strokeStyle = "#000000"
  lineWidth = 1
  lineCap = "butt"
  globalAlpha = 1
  font = "10px sans-serif"
  textBaseline = "alphabetic"
  /** @type {keyof typeof ANCHORS} */
  textAlign = "left"
  imageSmoothingEnabled = true // images are numbers: each keeps its own square
  /** @type {string[]} */
  parts = []
  /** @type {unknown[][]} */
  saved = []
  path = ""

  /** @param {CanvasRenderingContext2D} own measures letters */
  constructor(own) {
    this.own = own
  }

  save() {
    this.saved.push(STATE.map((name) => this[name]))
  }

  restore() {
    const values = this.saved.pop() ?? []
    Object.assign(this, Object.fromEntries(values.map((value, n) => [STATE[n], value])))
  }

  clearRect() {}

  beginPath() {
    this.path = ""
  }

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.path += `M${number(x)} ${number(y)}`
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.path += `${this.path ? "L" : "M"}${number(x)} ${number(y)}`
  }

  /** @param {number[]} numbers */
  bezierCurveTo(...numbers) {
    this.path += `C${numbers.map(number).join(" ")}`
  }

  closePath() {
    this.path += "Z"
  }

  // Our pictures draw whole circles.
  /** @param {number} x @param {number} y @param {number} radius */
  arc(x, y, radius) {
    const half = `a${radius} ${radius} 0 1 0`
    this.moveTo(x - radius, y)
    this.path += `${half} ${2 * radius} 0${half} ${-2 * radius} 0`
  }

  fill() {
    if (this.path) this.parts.push(`<path d="${this.path}" ${this.filled()}/>`)
  }

  stroke() {
    if (this.path) this.parts.push(`<path d="${this.path}" ${this.stroked()}/>`)
  }

  /** @param {number[]} numbers */
  fillRect(...numbers) {
    this.parts.push(`<rect ${sides(numbers)} ${this.filled()}/>`)
  }

  /** @param {number[]} numbers */
  strokeRect(...numbers) {
    this.parts.push(`<rect ${sides(numbers)} ${this.stroked()}/>`)
  }

  /** @param {string} text @param {number} x @param {number} y */
  fillText(text, x, y) {
    this.write(text, x, y, this.filled())
  }

  /** @param {string} text @param {number} x @param {number} y */
  strokeText(text, x, y) {
    this.write(text, x, y, this.stroked())
  }

  /** @param {string} text @param {number} x @param {number} y @param {string} look */
  write(text, x, y, look) {
    const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = this.measureText(text)
    const down = this.textBaseline === "middle" ? (above - below) / 2 : 0
    const anchor = `text-anchor="${ANCHORS[this.textAlign]}"`
    this.parts.push(textOf(text, { x, y: y + down, font: this.font, look: `${anchor} ${look}` }))
  }

  /** @param {string} text */
  measureText(text) {
    this.own.font = this.font
    this.own.textBaseline = "alphabetic"
    return this.own.measureText(text)
  }

  /**
   * @param {OffscreenCanvas} image @param {number} fromX @param {number} fromY
   * @param {number} fromWidth @param {number} fromHeight @param {number[]} to
   */
  drawImage(image, fromX, fromY, fromWidth, fromHeight, ...to) {
    const part = document.createElement("canvas")
    part.width = fromWidth
    part.height = fromHeight
    const size = /** @type {const} */ ([fromWidth, fromHeight])
    given(part.getContext("2d")).drawImage(image, fromX, fromY, ...size, 0, 0, ...size)
    const look = 'preserveAspectRatio="none" style="image-rendering: pixelated"'
    this.parts.push(`<image ${sides(to)} ${look} href="${part.toDataURL()}"/>`)
  }

  filled() {
    const [color, opacity] = hex(this.fillStyle)
    return `fill="${color}" fill-opacity="${number(opacity * this.globalAlpha)}"`
  }

  stroked() {
    const [color, opacity] = hex(this.strokeStyle)
    const seen = `stroke="${color}" stroke-opacity="${number(opacity * this.globalAlpha)}"`
    const line = `stroke-width="${this.lineWidth}" stroke-linecap="${this.lineCap}"`
    return `fill="none" ${seen} ${line} stroke-linejoin="round"`
  }
}

/** @param {number[]} numbers */
function sides([x, y, width, height]) {
  return `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`
}
