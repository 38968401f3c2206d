// A part of the page as SVG: text as text, boxes and lines as shapes, canvases as they are handed.

import { given, scaleOf } from "./dom.js"
import { escaped, hex, number, textOf } from "./svg.js"

/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

const UNSEEN = [
  ".driftscope-tip, .driftscope-save, .driftscope-cursor, .driftscope-frame-pointer",
  ".modebar-container, .gl-container",
].join(", ")
const UNSEEN_IN_FIGURES = ".hoverlayer, .zoomlayer, .draglayer, .selectionlayer, .glimages"
const SIDES = /** @type {const} */ (["Top", "Right", "Bottom", "Left"])
const SHADOW = /^(.*\)) 0px ([\d.]+)px 0px 0px$/
const GRADIENT = /^linear-gradient\(to (left|right), (.*)\)$/
const STOP = /^(.*?)(?: ([\d.e-]+)(%|px))?$/
const BETWEEN_STOPS = /, (?![^(]*\))/ // a comma that is not of a colour

/**
 * The SVG of a node. `handed` has the SVG of nodes that are pictures already, in their own pixels.
 * @param {HTMLElement} root
 * @param {{ handed: Map<Element, string>, theme: Theme, title: string, desc: string, pad: number }} how
 */
export function vector(root, { handed, theme, title, desc, pad }) {
  const drawing = new Drawing(root, handed)
  drawing.walk(root, "none")
  const { width, height } = drawing.boxOf(root.getBoundingClientRect())
  const [wide, high] = [Math.ceil(width) + 2 * pad, Math.ceil(height) + 2 * pad]
  const [paper] = hex(theme.background)
  return {
    width: wide,
    height: high,
    text: `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" \
width="${wide}" height="${high}" viewBox="${-pad} ${-pad} ${wide} ${high}" role="img">
<title>${escaped(title)}</title>
<desc>${escaped(desc)}</desc>
<rect x="${-pad}" y="${-pad}" width="${wide}" height="${high}" fill="${paper}"/>
${drawing.parts.join("\n")}
</svg>
`,
  }
}

class Drawing {
  /** @type {string[]} */
  parts = []
  names = 0 // given so far

  /** @param {HTMLElement} root @param {Map<Element, string>} handed */
  constructor(root, handed) {
    this.handed = handed
    this.scale = scaleOf(root)
    this.origin = root.getBoundingClientRect()
    this.ruler = given(document.createElement("canvas").getContext("2d"))
  }

  // In the pixels of the layout, from the corner of the root.
  /** @param {Box} box */
  boxOf({ left, top, width, height }) {
    const { scale, origin } = this
    return {
      left: (left - origin.left) / scale,
      top: (top - origin.top) / scale,
      width: width / scale,
      height: height / scale,
    }
  }

  /** @param {Element} node @param {string} decoration of its text, by what it stands in */
  walk(node, decoration) {
    const style = getComputedStyle(node)
    const hidden = style.display === "none" || style.visibility === "hidden"
    if (hidden || node.matches(UNSEEN)) return
    const box = this.boxOf(node.getBoundingClientRect())
    const handed = this.handed.get(node)
    const at = `x="${number(box.left)}" y="${number(box.top)}"`
    const size = `width="${number(box.width)}" height="${number(box.height)}"`
    if (handed !== undefined) this.parts.push(`<svg ${at} ${size}>${handed}</svg>`)
    else if (node instanceof HTMLCanvasElement) this.parts.push(pixels(node, at, size))
    else if (node instanceof SVGSVGElement) this.parts.push(figure(node, at, size))
    else this.fill(node, style, box, decoration)
  }

  /** @param {Element} node @param {CSSStyleDeclaration} style @param {Box} box @param {string} decoration */
  fill(node, style, box, decoration) {
    const line = style.textDecorationLine === "none" ? decoration : style.textDecorationLine
    this.edges(style, box)
    const isCut =
      node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1
    const clips = style.overflow !== "visible" && isCut
    if (clips) this.clip(box)
    for (const child of node.childNodes) {
      if (child instanceof Element) this.walk(child, line)
      else if (child instanceof Text) this.write(child, style, line)
    }
    if (clips) this.parts.push("</g>")
    if (style.outlineStyle === "solid") this.outline(style, box)
  }

  /** @param {CSSStyleDeclaration} style @param {Box} box */
  edges(style, { left, top, width, height }) {
    const [, color, down] = SHADOW.exec(style.boxShadow) ?? []
    if (color) this.rect(color, { left, top: top + height, width, height: Number(down) })
    this.rect(style.backgroundColor, { left, top, width, height })
    this.gradient(style.backgroundImage, { left, top, width, height })
    for (const side of SIDES) {
      const thick = Number.parseFloat(style[`border${side}Width`])
      const isFlat = side === "Top" || side === "Bottom"
      this.rect(style[`border${side}Color`], {
        left: side === "Right" ? left + width - thick : left,
        top: side === "Bottom" ? top + height - thick : top,
        width: isFlat ? width : thick,
        height: isFlat ? thick : height,
      })
    }
  }

  /** @param {string} color @param {Box} box */
  rect(color, { left, top, width, height }) {
    const [fill, opacity] = hex(color)
    if (!opacity || !width || !height) return
    const look = `fill="${fill}" fill-opacity="${number(opacity)}"`
    this.parts.push(rectOf({ left, top, width, height }, look))
  }

  // Colours from one side to the other; as in CSS, no stop stands before the one before it.
  /** @param {string} image @param {Box} box */
  gradient(image, box) {
    const [, side, written] = GRADIENT.exec(image) ?? []
    if (!written || !box.width || !box.height) return
    let last = 0
    const stops = written.split(BETWEEN_STOPS).map((stop) => {
      const [, color = "", at = "0", unit = "%"] = STOP.exec(stop) ?? []
      last = Math.max(last, Number(at) / (unit === "%" ? 100 : box.width))
      const [fill, opacity] = hex(color)
      const look = `stop-color="${fill}" stop-opacity="${number(opacity)}"`
      return `<stop offset="${number(last)}" ${look}/>`
    })
    const name = `driftscope-gradient-${this.names++}`
    const ends = side === "left" ? 'x1="1" x2="0"' : 'x1="0" x2="1"'
    this.parts.push(
      `<linearGradient id="${name}" ${ends}>${stops.join("")}</linearGradient>`,
      rectOf(box, `fill="url(#${name})"`),
    )
  }

  /** @param {CSSStyleDeclaration} style @param {Box} box */
  outline({ outlineColor, outlineWidth, outlineOffset }, { left, top, width, height }) {
    const thick = Number.parseFloat(outlineWidth)
    const away = Number.parseFloat(outlineOffset) + thick / 2 // to the middle of its line
    const [color, opacity] = hex(outlineColor)
    const box = {
      left: left - away,
      top: top - away,
      width: width + 2 * away,
      height: height + 2 * away,
    }
    const look = `stroke="${color}" stroke-opacity="${number(opacity)}" stroke-width="${thick}"`
    this.parts.push(rectOf(box, `fill="none" ${look}`))
  }

  /** @param {Box} box */
  clip(box) {
    const name = `driftscope-clip-${this.names++}`
    const clip = `<clipPath id="${name}">${rectOf(box, "")}</clipPath>`
    this.parts.push(`${clip}<g clip-path="url(#${name})">`)
  }

  /** @param {Text} node @param {CSSStyleDeclaration} style @param {string} decoration */
  write(node, style, decoration) {
    const { fontWeight, fontSize, fontFamily, color } = style
    const font = `${fontWeight} ${fontSize} ${fontFamily}`
    this.ruler.font = font
    const { fontBoundingBoxAscent: above } = this.ruler.measureText("x")
    const [fill, opacity] = hex(color)
    const drawn = decoration === "none" ? "" : ` text-decoration="${decoration}"`
    const look = `fill="${fill}" fill-opacity="${number(opacity)}"${drawn}`
    for (const { text, ...box } of linesOf(node)) {
      const { left, top, width } = this.boxOf(box)
      const fitted =
        [...text].length > 1 ? ` textLength="${number(width)}" lengthAdjust="spacingAndGlyphs"` : ""
      this.parts.push(textOf(text, { x: left, y: top + above, font, look: look + fitted }))
    }
  }
}

/** @param {Box} box @param {string} look */
function rectOf({ left, top, width, height }, look) {
  const [x, y, wide, high] = [left, top, width, height].map(number)
  return `<rect x="${x}" y="${y}" width="${wide}" height="${high}" ${look}/>`
}

// The lines that a text is broken into.
/** @param {Text} node @returns {(Box & { text: string })[]} */
function linesOf(node) {
  const range = document.createRange()
  /** @type {(Box & { text: string })[]} */
  const lines = []
  let at = 0
  for (const letter of node.data) {
    range.setStart(node, at)
    at += letter.length
    range.setEnd(node, at)
    const box = range.getBoundingClientRect()
    if (!box.height || (!box.width && !lines.length)) continue
    const line = lines.at(-1)
    if (!line || Math.abs(line.top - box.top) > box.height / 2) {
      if (letter.trim()) lines.push({ ...sizeOf(box), text: letter })
      continue
    }
    const right = Math.max(line.left + line.width, box.right)
    line.left = Math.min(line.left, box.left)
    line.width = right - line.left
    line.text += letter
  }
  return lines
}

/** @param {DOMRect} box @returns {Box} */
function sizeOf({ left, top, width, height }) {
  return { left, top, width, height }
}

// A canvas of numbers: each keeps its own square.
/** @param {HTMLCanvasElement} node @param {string} at @param {string} size */
function pixels(node, at, size) {
  if (!node.width || !node.height) return ""
  const look = 'preserveAspectRatio="none" style="image-rendering: pixelated"'
  return `<image ${at} ${size} ${look} href="${node.toDataURL()}"/>`
}

// One of Plotly's own drawings as it stands, without what answers the pointer.
/** @param {SVGSVGElement} node @param {string} at @param {string} size */
function figure(node, at, size) {
  const copy = /** @type {SVGSVGElement} */ (node.cloneNode(true))
  for (const part of copy.querySelectorAll(UNSEEN_IN_FIGURES)) part.remove()
  for (const name of ["x", "y", "width", "height", "style"]) copy.removeAttribute(name)
  const text = new XMLSerializer().serializeToString(copy)
  // Plotly refers to its clips by the address of the page.
  const local = text.replace(/url\((?:&quot;|'|")?[^)#]*#([^)'"&]+)(?:&quot;|'|")?\)/g, "url(#$1)")
  return local.replace("<svg", `<svg ${at} ${size}`)
}
