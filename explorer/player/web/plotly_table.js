// The table of a heatmap that Plotly drew, beyond what Plotly documents. What is relied on is in
// plotly_checks.js. Read in plotly.js 4.1.

/** @import { Drawn } from "./plotly_figure.js" */

const XLINK = "http://www.w3.org/1999/xlink"
export const PNG = "data:image/png;base64,"
export const CELLS = ":scope > .heatmap-label > text"

/** @param {PlotlyDiv} div @param {PlotlyEntry[]} calc */
export function tableGroup(div, calc) {
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
export function linkOf(image) {
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
