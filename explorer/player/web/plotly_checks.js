// What the fast drawing relies on beyond Plotly's documented calls, each with a check on a figure that
// Plotly drew. Only this file and those that it imports know of it. Read in plotly.js 4.1.

import { axesOf, calcOf, cameras, has, inside, isScatter } from "./plotly_figure.js"
import { groupOf, isPlaced, LABELS, LINES, POINTS, pixels, SHIFT } from "./plotly_marks.js"
import { CELLS, linkOf, PNG, tableGroup } from "./plotly_table.js"

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
