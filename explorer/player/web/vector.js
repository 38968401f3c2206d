// A part of the page as SVG: text as text, boxes and lines as shapes, canvases as they are handed.

import { given, scaleOf } from "./dom.js"
import { escaped, hex, number, textOf } from "./svg.js"
import { magnitude } from "./theme.js"

/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

const UNSEEN = [
  ".driftscope-tip, .driftscope-save, .driftscope-cursor, .driftscope-frame-pointer",
  ".modebar-container, .gl-container",
].join(", ")
const UNSEEN_IN_FIGURES = ".hoverlayer, .zoomlayer, .draglayer, .selectionlayer, .glimages"
const SIDES = /** @type {const} */ (["Top", "Right", "Bottom", "Left"])
const SHADOW = /^(.*\)) 0px ([\d.]+)px 0px 0px$/

/**
 * The SVG of a node. `handed` has the SVG of nodes that are pictures already, in their own pixels.
 * @param {HTMLElement} root
 * @param {{ handed: Map<Element, string>, theme: Theme, title: string, desc: string, pad: number }} how
 */
export function vector(root, { handed, theme, title, desc, pad }) {
  const drawing = new Drawing(root, handed, theme)
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
  clips = 0

  /** @param {HTMLElement} root @param {Map<Element, string>} handed @param {Theme} theme */
  constructor(root, handed, theme) {
    this.handed = handed
    this.theme = theme
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
    else if (node.matches(".driftscope-legend i")) this.parts.push(this.legend(at, size))
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
  }

  /** @param {CSSStyleDeclaration} style @param {Box} box */
  edges(style, { left, top, width, height }) {
    const [, color, down] = SHADOW.exec(style.boxShadow) ?? []
    if (color) this.rect(color, { left, top: top + height, width, height: Number(down) })
    this.rect(style.backgroundColor, { left, top, width, height })
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
    const [x, y, wide, high] = [left, top, width, height].map(number)
    const at = `x="${x}" y="${y}" width="${wide}" height="${high}"`
    this.parts.push(`<rect ${at} fill="${fill}" fill-opacity="${number(opacity)}"/>`)
  }

  /** @param {Box} box */
  clip({ left, top, width, height }) {
    const name = `driftscope-clip-${this.clips++}`
    const [x, y, wide, high] = [left, top, width, height].map(number)
    const rect = `<rect x="${x}" y="${y}" width="${wide}" height="${high}"/>`
    this.parts.push(`<clipPath id="${name}">${rect}</clipPath><g clip-path="url(#${name})">`)
  }

  // The colours of weights, see legend.js.
  /** @param {string} at @param {string} size */
  legend(at, size) {
    const stops = magnitude(this.theme).map(([share, color]) => {
      return `<stop offset="${number(share)}" stop-color="${color}"/>`
    })
    const gradient = `<linearGradient id="driftscope-weights">${stops.join("")}</linearGradient>`
    return `${gradient}<rect ${at} ${size} fill="url(#driftscope-weights)"/>`
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
