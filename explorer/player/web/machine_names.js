// The names beside the parts of the drawn model, each a way to its page.

import { written } from "./digits.js"
import { element, label, write } from "./dom.js"
import { meanSize, parameters, partNamed, rolesOf, shapeOf, tallied } from "./machine_words.js"

/** @import { MachineLayout, Part } from "./machine_layout.js" */
/** @typedef {{ top: number, bottom: number }} Band */

const LINE = 17 // pixels of a line of a name

export class MachineNames {
  /** @type {{ heads: HTMLElement, size: HTMLElement }[]} by layer */
  lanes = []

  /** @param {(part: Part, layer: number | undefined) => void} open */
  constructor(open) {
    this.open = open
    this.node = element("div", "driftscope-names")
  }

  /** @param {MachineSpec} spec @param {MachineLayout} layout */
  build(spec, { wide, rows, lanes, expects }) {
    this.node.classList.toggle("driftscope-beside", wide)
    this.lanes = lanes.map((lane, layer) => ({
      heads: this.name("attention", lane, layer),
      size: this.name("stream", lane, layer),
    }))
    const [first, last] = [this.name("rows", rows), this.name("next", expects)]
    first.textContent = partNamed(spec, "rows").join(wide ? "\n" : " · ")
    last.textContent = partNamed(spec, "next").join(wide ? "\n" : " · ")
    this.node.replaceChildren(
      first,
      ...this.lanes.flatMap(({ heads, size }) => [heads, size]),
      last,
    )
  }

  /** @param {Part} part @param {Band} band @param {number} [layer] */
  name(part, { top, bottom }, layer) {
    const height = bottom - top
    const node = element("button", `driftscope-name driftscope-name-${part}`)
    node.type = "button"
    node.style.setProperty("--top", `${top}px`)
    node.style.setProperty("--high", `${height}px`)
    node.style.setProperty("--lines", String(Math.max(Math.floor(height / LINE) - 1, 1)))
    node.onclick = () => this.open(part, layer)
    return node
  }

  // What the layers do at this step.
  /** @param {MachineSpec} spec @param {number} index */
  say(spec, index) {
    for (const [layer, { heads, size }] of this.lanes.entries()) {
      const roles = rolesOf(spec, index, layer)
      const count = parameters(spec.parameters[layer + 1])
      write(heads, [`layer ${layer}`, ...tallied(roles), count].join(" · "))
      const mean = written(meanSize(spec, index, layer + 1))
      write(size, `stream ${mean} · ${shapeOf(spec, spec.arrays.rows.shape[2])}`)
      const each = roles.map(({ head, role }) => `, head ${head}: ${role}`)
      label(heads, `layer ${layer}, ${count}${each.join("")}: open Attention`)
      label(
        size,
        `mean size of the residual stream after layer ${layer}, ${mean}: open Normalization`,
      )
    }
  }
}
