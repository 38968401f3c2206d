// The one file that knows Plotly beyond its documented calls: what the fast drawing relies on, each
// with a check on a figure that Plotly drew, and the functions that use it. Read in plotly.js 4.1.

/** @typedef {{ node: SVGElement, entry: PlotlyEntry }} PointMark */
/** @typedef {{ node: SVGElement, texts: Element[], entry: PlotlyEntry }} LabelMark */
/**
 * @typedef {object} Drawn a trace in a figure that Plotly drew
 * @property {Attributes} full all attributes, defaults filled in
 * @property {Attributes} data the attributes as written
 * @property {PlotlyEntry[]} calc
 * @property {PlotlyAxis} x
 * @property {PlotlyAxis} y
 */

const XLINK = "http://www.w3.org/1999/xlink"
const PNG = "data:image/png;base64,"
const SHIFT = /translate\(\s*(-?[\d.e-]+)[ ,]+(-?[\d.e-]+)\s*\)\s*$/
const POINTS = ":scope > .points > path.point"
const LABELS = ":scope > .text > .textpoint"
const LINES = ":scope > .lines > path.js-line"
const CELLS = ":scope > .heatmap-label > text"
const NO_NUMBER = "#444" // Plotly's colour of a point whose value is NaN

// ---- what is relied on ---------------------------------------------------------------------------

/**
 * @typedef {object} Reliance
 * @property {string} name
 * @property {(full: Attributes) => boolean} of whether it is about this trace
 * @property {(div: PlotlyInternals, full: Attributes) => unknown} holds undefined: cannot tell
 */

const ROOTS = /** @type {const} */ (["_fullData", "_fullLayout", "calcdata"])

/** @type {Reliance[]} */
export const RELIES_ON = [
  {
    name: "_fullData[].index, calcdata[][0].trace",
    of: isFlat,
    holds: (div, full) => Number.isInteger(full.index) && Boolean(calcOf(div, full)),
  },
  {
    name: "_fullLayout.<axis>: type, range, _length, c2p(), r2d(), isPtWithinRange()",
    of: isFlat,
    holds: (div, full) => axesOf(div, full).every(isAxis),
  },
  {
    name: "calcdata[][].{i, x, y} of a point",
    of: isScatter,
    holds: (div, full) => {
      const calc = calcOf(div, full)
      const entry = calc?.find(({ x, y }) => x !== undefined && y !== undefined)
      return calc && entry && calc[entry.i] === entry
    },
  },
  { name: ".trace<uid>", of: isScatter, holds: (div, full) => Boolean(groupOf(div, full)) },
  {
    name: "path.point: its entry as __data__, mrc, and translate() to its pixels",
    of: (full) => has(full, "markers"),
    holds: (div, full) => witness(div, full, POINTS, isPoint),
  },
  {
    name: "mc, mcc: a point's value on the colour scale, and its colour",
    of: (full) => has(full, "markers") && ArrayBuffer.isView(full.marker?.color),
    holds: (div, full) => witness(div, full, POINTS, isColored),
  },
  {
    name: ".textpoint: its entry as __data__, translate(), a text at its pixels with a font size",
    of: (full) => has(full, "text"),
    holds: (div, full) => witness(div, full, LABELS, isLabel),
  },
  {
    name: "path.js-line",
    of: (full) => has(full, "lines"),
    holds: (div, full) =>
      Boolean(groupOf(div, full)?.querySelector(LINES)) || (isLine(div, full) ? false : undefined),
  },
  {
    name: ".heatmaplayer .hm: its calcdata as __data__, z, and a PNG as xlink:href",
    of: (full) => full.type === "heatmap",
    holds: (div, full) => {
      const calc = calcOf(div, full)
      const group = calc?.[0].z && tableGroup(div, calc)
      const image = group?.querySelector("image")
      return image ? linkOf(image).startsWith(PNG) : Boolean(group)
    },
  },
  {
    name: ".heatmap-label: a text for each number of a table that writes them",
    of: (full) => full.type === "heatmap" && Boolean(full.texttemplate),
    holds: (div, full) => {
      const calc = calcOf(div, full)
      return Boolean(calc && tableGroup(div, calc)?.querySelector(CELLS))
    },
  },
  {
    name: "_fullLayout._subplots.gl3d, <scene>._scene.getCamera()",
    of: (full) => Boolean(full.scene),
    holds: (div, { scene }) => cameras(div).some(([name]) => name === scene),
  },
  {
    name: "_dragging: unset or true or false",
    of: () => true,
    holds: ({ _dragging }) => _dragging === undefined || typeof _dragging === "boolean",
  },
]

// The names of what this figure does not have as expected.
/** @param {PlotlyDiv} div */
export function missing(div) {
  const figure = inside(div)
  const roots = ROOTS.filter((name) => !figure[name])
  return roots.length
    ? roots
    : RELIES_ON.filter((one) => !holds(one, figure)).map(({ name }) => name)
}

/** @param {Reliance} reliance @param {PlotlyInternals} div */
function holds({ of, holds }, div) {
  try {
    for (const full of div._fullData) {
      if (full.visible !== true || !of(full)) continue
      const answer = holds(div, full)
      if (answer !== undefined) return Boolean(answer)
    }
    return true
  } catch {
    return false // it used something else that is missing
  }
}

let warned = false

// True when the figure is as this file expects it. If not, the console has one line for the page.
/** @param {PlotlyDiv} div */
export function isFamiliar(div) {
  const names = missing(div)
  if (names.length && !warned) {
    warned = true
    console.warn(`driftscope draws by Plotly's own calls, slower; missing: ${names.join("; ")}`)
  }
  return !names.length
}

/** @param {Attributes} full */
function isFlat(full) {
  return isScatter(full) || full.type === "heatmap"
}

/** @param {Attributes} full */
function isScatter(full) {
  return full.type === "scatter"
}

/** @param {Attributes} full @param {string} part */
export function has(full, part) {
  return isScatter(full) && full.mode.includes(part)
}

/** @param {PlotlyAxis | undefined} axis */
function isAxis(axis) {
  if (!axis || typeof axis.type !== "string" || !Array.isArray(axis.range)) return false
  const functions = [axis.c2p, axis.r2d, axis.isPtWithinRange]
  return Number.isFinite(axis._length) && functions.every((one) => typeof one === "function")
}

// What a node of a trace's first point with numbers shows; undefined where there is none.
/**
 * @param {PlotlyInternals} div
 * @param {Attributes} full
 * @param {string} selector
 * @param {(node: PlotlyNode, entry: PlotlyEntry, at: [x: number, y: number]) => boolean} test
 */
function witness(div, full, selector, test) {
  const [calc, [x, y]] = [calcOf(div, full), axesOf(div, full)]
  const isText = selector === LABELS
  const entry = calc?.find((one) => isPlaced(one, x, y) && (!isText || one.tx))
  if (!entry || !calc) return undefined
  const nodes = groupOf(div, full)?.querySelectorAll(selector) ?? []
  const node = [...nodes].find((one) => /** @type {PlotlyNode} */ (one).__data__ === entry)
  return Boolean(node) && test(/** @type {PlotlyNode} */ (node), entry, pixels(entry, x, y))
}

// Whether two neighbouring points have numbers: of fewer Plotly draws no path.
/** @param {PlotlyInternals} div @param {Attributes} full */
function isLine(div, full) {
  const [calc, [x, y]] = [calcOf(div, full) ?? [], axesOf(div, full)]
  return calc.some((one, at) => at && isPlaced(calc[at - 1], x, y) && isPlaced(one, x, y))
}

/** @param {PlotlyNode} node @param {PlotlyEntry} entry @param {[number, number]} at */
function isPoint(node, entry, [left, top]) {
  const isMeasured = typeof entry.mrc === "number"
  return isMeasured && node.getAttribute("transform") === `translate(${left},${top})`
}

/** @param {PlotlyNode} _node @param {PlotlyEntry} entry */
function isColored(_node, { mc, mcc }) {
  return mc !== undefined && typeof mcc === "string"
}

/** @param {PlotlyNode} node @param {PlotlyEntry} entry @param {[number, number]} at */
function isLabel(node, entry, [left, top]) {
  const text = node.querySelector("text")
  if (!text || text !== node.firstElementChild || !parseFloat(text.style.fontSize)) return false
  if (Number(text.getAttribute("x")) !== left || Number(text.getAttribute("y")) !== top)
    return false
  const lines = /<br/i.test(entry.tx ?? "") ? text.querySelector("tspan.line") : text
  return Boolean(lines) && SHIFT.test(node.getAttribute("transform") ?? "translate(0,0)")
}

// ---- a trace -------------------------------------------------------------------------------------

/** @param {PlotlyDiv} div */
function inside(div) {
  return /** @type {PlotlyInternals} */ (div)
}

// A visible trace on two axes; undefined for any other.
/** @param {PlotlyDiv} element @param {number} number @returns {Drawn | undefined} */
export function drawnTrace(element, number) {
  const div = inside(element)
  const full = div._fullData.find(({ index }) => index === number)
  const calc = full?.visible === true && full.xaxis && full.yaxis ? calcOf(div, full) : undefined
  if (!full || !calc) return undefined
  const [x, y] = axesOf(div, full)
  return { full, calc, data: div.data[number], x, y }
}

/** @param {PlotlyInternals} div @param {Attributes} full */
function calcOf(div, full) {
  return div.calcdata.find(([entry]) => entry?.trace === full)
}

/** @param {PlotlyInternals} div @param {Attributes} full */
function axesOf(div, full) {
  return [full.xaxis, full.yaxis].map((name) => axisNamed(div, name))
}

// By its name in a trace, as "x2".
/** @param {PlotlyInternals} div @param {string} name @returns {PlotlyAxis} */
function axisNamed(div, name) {
  return div._fullLayout[`${name[0]}axis${name.slice(1)}`]
}

// Both ends of a trace's axis as it writes numbers: a logarithmic axis has its range as powers of
// ten. Undefined for what is not a coordinate.
/** @param {PlotlyDiv} element @param {number} trace @param {string} attribute */
export function endsOf(element, trace, attribute) {
  const div = inside(element)
  const axis = axisNamed(div, div.data[trace][`${attribute}axis`] ?? attribute)
  return axis?.range?.map((end) => axis.r2d(end))
}

// True while the reader pans or zooms: Plotly owns the picture then.
/** @param {PlotlyDiv} div */
export function isDragging(div) {
  return Boolean(inside(div)._dragging)
}

// Where the reader looks from, by scene: Plotly itself forgets a turn of the wheel.
/** @param {PlotlyDiv} div @returns {[scene: string, camera: Attributes][]} */
export function cameras(div) {
  const layout = inside(div)._fullLayout
  /** @type {string[]} */
  const names = layout._subplots?.gl3d ?? []
  return names.flatMap((name) => {
    const camera = layout[name]._scene?.getCamera?.()
    return camera ? [[name, camera]] : []
  })
}

// ---- points, labels and lines --------------------------------------------------------------------

/** @param {PlotlyDiv} div @param {Attributes} full */
function groupOf(div, full) {
  return div.querySelector(`.trace${CSS.escape(full.uid)}`)
}

/** @param {PlotlyEntry} entry @param {PlotlyAxis} x @param {PlotlyAxis} y */
function isPlaced(entry, x, y) {
  return pixels(entry, x, y).every(Number.isFinite)
}

// NaN for what has no number, or none on this axis.
/**
 * @param {PlotlyEntry} entry
 * @param {PlotlyAxis} x
 * @param {PlotlyAxis} y
 * @returns {[x: number, y: number]}
 */
export function pixels(entry, x, y) {
  return [pixel(x, entry.x), pixel(y, entry.y)]
}

/** @param {PlotlyAxis} axis @param {number | undefined} value */
function pixel(axis, value) {
  return value === undefined ? NaN : Math.round(axis.c2p(value) * 100) / 100
}

// The node of every point; undefined when Plotly left some out.
/** @param {PlotlyDiv} div @param {Drawn} trace @returns {PointMark[] | undefined} */
export function pointMarks(div, { full, calc }) {
  const marks = marksIn(div, full, POINTS)
  const isComplete = marks.every(({ entry }) => calc[entry?.i] === entry)
  return isComplete && marks.length === calc.length ? marks : undefined
}

// The node of every label, its text and a part for each of several lines; an empty label has none.
/** @param {PlotlyDiv} div @param {Drawn} trace @returns {LabelMark[] | undefined} */
export function labelMarks(div, { full, calc }) {
  const marks = marksIn(div, full, LABELS)
  const isComplete = marks.every(({ entry }) => calc[entry?.i] === entry)
  const expected = calc.filter(({ tx }) => tx !== "" && tx !== undefined).length
  if (!isComplete || marks.length !== expected) return undefined
  return marks.map(({ node, entry }) => {
    return { node, texts: [...node.querySelectorAll("text, tspan.line")], entry }
  })
}

/** @param {PlotlyDiv} div @param {Attributes} full @param {string} selector */
function marksIn(div, full, selector) {
  const nodes = /** @type {PlotlyNode[]} */ ([
    ...(groupOf(div, full)?.querySelectorAll(selector) ?? []),
  ])
  return nodes.map((node) => ({ node, entry: /** @type {PlotlyEntry} */ (node.__data__) }))
}

/** @param {PlotlyDiv} div @param {Drawn} trace */
export function lineNodes(div, { full }) {
  return [...(groupOf(div, full)?.querySelectorAll(LINES) ?? [])]
}

// What Plotly stores of a trace, so that hover, zoom and its own drawing show the same step.
/** @param {Drawn} trace @param {string} name @param {Numbers} values */
export function adopt({ full, data, calc }, name, values) {
  const traces = [data, full]
  if (name === "marker.color") {
    for (const trace of traces) trace.marker.color = values
    for (let i = 0; i < calc.length; i++) calc[i].mc = values[i]
    return
  }
  for (const trace of traces) trace[name] = values
  const coordinate = /** @type {"x" | "y"} */ (name)
  // Plotly stores NaN as undefined; a NaN it would draw.
  for (let i = 0; i < calc.length; i++) {
    calc[i][coordinate] = Number.isNaN(values[i]) ? undefined : values[i]
  }
}

/** @param {PointMark} mark @param {string | undefined} color undefined for NaN */
export function fill({ node, entry }, color = NO_NUMBER) {
  if (entry.mcc === color) return
  entry.mcc = color
  node.style.fill = color
}

/** @param {Drawn} trace @param {PlotlyEntry} entry */
export function isWithinAxes({ x, y }, entry) {
  return x.isPtWithinRange(entry) && y.isPtWithinRange(entry)
}

// ---- heatmap -------------------------------------------------------------------------------------

/** @param {PlotlyDiv} div @param {PlotlyEntry[]} calc */
function tableGroup(div, calc) {
  const groups = /** @type {NodeListOf<PlotlyNode>} */ (div.querySelectorAll(".heatmaplayer .hm"))
  return [...groups].find(({ __data__: own }) => own === calc || own?.[0] === calc[0])
}

// Plotly paints even cells as one pixel each and lets the browser enlarge them; undefined where it
// did not.
/** @param {PlotlyDiv} div @param {Drawn} trace @param {number} rows @param {number} columns */
export function pixelImage(div, { calc }, rows, columns) {
  const image = tableGroup(div, calc)?.querySelector("image")
  if (!image) return undefined
  const link = linkOf(image)
  if (!link.startsWith(PNG)) return undefined
  const head = atob(link.slice(PNG.length, PNG.length + 32))
  /** @param {number} at */
  const word = (at) => [0, 1, 2, 3].reduce((sum, k) => sum * 256 + head.charCodeAt(at + k), 0)
  return word(16) === columns && word(20) === rows ? image : undefined
}

// The text of every cell, row by row; undefined where Plotly left some out.
/** @param {PlotlyDiv} div @param {Drawn} trace @param {number} count */
export function cellLabels(div, { calc }, count) {
  const texts = tableGroup(div, calc)?.querySelectorAll(CELLS) ?? []
  return texts.length === count ? [...texts] : undefined
}

/** @param {Element} image */
function linkOf(image) {
  return image.getAttributeNS(XLINK, "href") ?? ""
}

/** @param {Element} image @param {string} link */
export function setLink(image, link) {
  image.setAttributeNS(XLINK, "xlink:href", link)
}

/** @param {Drawn} trace @param {Numbers[]} z @param {Slice | undefined} customdata */
export function adoptTable({ full, data, calc }, z, customdata) {
  data.z = full.z = calc[0].z = z
  if (customdata) data.customdata = full.customdata = customdata
}

// ---- labels to be kept apart ---------------------------------------------------------------------

// Size and ranges of the figure's one plot.
/** @param {PlotlyDiv} div */
export function plotOf(div) {
  const { xaxis: x, yaxis: y } = inside(div)._fullLayout
  return {
    width: x._length,
    height: y._length,
    view: JSON.stringify([x.range, y.range, x._length, y._length]),
  }
}

// Every label that has a point in view.
/** @param {PlotlyDiv} div */
export function shownLabels(div) {
  const nodes = /** @type {NodeListOf<PlotlyNode>} */ (
    div.querySelectorAll(".textpoint:not([display=none])")
  )
  return [...nodes].flatMap((node) => {
    const text = /** @type {SVGTextElement | null} */ (node.firstElementChild)
    const entry = /** @type {PlotlyEntry | undefined} */ (node.__data__)
    if (!text?.textContent || !entry) return []
    const trace = /** @type {PlotlyNode} */ (node.closest(".trace")).__data__[0].trace
    const radius = has(trace, "markers") ? (entry.mrc ?? 0) : 0
    return [{ node, text, key: `${trace.uid} ${entry.i}`, radius }]
  })
}

// How far a label stands from its point; Plotly writes it at each drawing.
/** @param {Element} node @returns {[dx: number, dy: number]} */
export function shiftOf(node) {
  const [, dx, dy] = SHIFT.exec(node.getAttribute("transform") ?? "") ?? [0, 0, 0]
  return [Number(dx), Number(dy)]
}
