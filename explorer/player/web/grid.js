// The panels of a page: which are drawn, in which order, and when the new ones replace the old.

import { element } from "./dom.js"
import { Panel } from "./panel.js"
import { fetchSoon } from "./payload.js"

/** @import { Clock } from "./player.js" */

export class Grid {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock
    this.root = element("div", "driftscope-grid")
    /** @type {Map<string, Panel>} by kind and key */
    this.panels = new Map()
    /** @type {WeakMap<Element, Panel>} by the nodes that are observed */
    this.owners = new WeakMap()
    /** @type {Set<string>} what has happened since the payload came */
    this.marks = new Set()
    this.seen = new IntersectionObserver((entries) => this.see(entries), { rootMargin: "100px" })
    this.sized = new ResizeObserver((entries) => this.resize(entries))
  }

  // A new payload.
  adopt() {
    this.marks.clear()
    this.show()
  }

  // What is cheap is drawn at once. A figure that Plotly must lay out again is due: until its turn
  // the panel keeps the old one, at its old step.
  show() {
    const { payload, theme, root } = this.clock
    const old = this.panels
    this.panels = new Map()
    for (const spec of payload.panels) {
      const name = `${spec.kind}:${spec.key}`
      const panel = old.get(name) ?? this.open(spec)
      old.delete(name)
      this.panels.set(name, panel)
      // Moving a node that already stands there would throw away focus and scroll.
      const next = this.root.children[this.panels.size - 1]
      if (next !== panel.cell) this.root.insertBefore(panel.cell, next ?? null)
      panel.fit(spec)
      panel.due = spec
      if (panel.keeps(spec, theme)) this.present(panel, spec)
    }
    for (const panel of old.values()) this.remove(panel)
    if (!this.isReady()) root.dataset.ready = "false"
    this.clock.schedule()
  }

  /** @param {Panel} panel @param {PanelSpec} spec */
  present(panel, spec) {
    panel.present(spec, this.clock.index, this.clock.theme)
  }

  /** @param {PanelSpec} spec */
  open(spec) {
    const { reports } = this.clock
    /** @type {Panel} */
    const panel = new Panel(spec, {
      pick: (index) => reports.act("pick", { panel: spec.key, index }),
      select: (rows) => reports.act("selection", { panel: spec.key, rows }),
      redraw: () => this.clock.schedule(),
      timeline: () => this.clock.timeline,
      theme: () => this.clock.theme,
      names: () => this.clock.names,
      isWhole: () => !this.clock.payload.alone,
      catchUp: (at) => {
        if (!panel.cell.isConnected) return
        panel.visible = true // who saves it by the keyboard may not see it yet
        if (panel.due) this.present(panel, panel.due)
        if (at === undefined) this.draw()
        else panel.draw(at)
      },
      jump: (index, since) => this.clock.jump(index, since),
    })
    this.owners.set(panel.cell, panel).set(panel.body, panel)
    this.root.append(panel.cell)
    this.seen.observe(panel.cell)
    this.sized.observe(panel.body)
    return panel
  }

  /** @param {Panel} panel */
  remove(panel) {
    this.seen.unobserve(panel.cell)
    this.sized.unobserve(panel.body)
    panel.close()
  }

  draw() {
    // Alone, the panels have one step only, and all steps are on their way.
    const { index, payload } = this.clock
    for (const panel of this.panels.values()) panel.draw(payload.alone ? undefined : index)
  }

  // One figure a frame, those in view first; the frame before shows what was drawn at once.
  advance() {
    const due = [...this.panels.values()].filter((panel) => panel.due)
    const next = due.find((panel) => panel.visible) ?? due[0]
    const isShown = this.marks.has("shown")
    if (next?.due && isShown) this.present(next, next.due)
    const { payload, reports, digest } = this.clock
    if (payload.alone && !isShown) reports.trigger("rest", digest)
    this.mark("shown")
    if (this.isReady()) this.mark("complete")
    if (next) this.clock.schedule()
  }

  // Every panel in view shows its own figure.
  isReady() {
    return [...this.panels.values()].every((panel) => !panel.due || !panel.visible)
  }

  // Once a payload: in the frame after it was drawn. Only the latest marks are stored.
  /** @param {string} what */
  mark(what) {
    if (this.marks.has(what)) return
    this.marks.add(what)
    const { digest, payload } = this.clock
    const detail = { digest, alone: payload.alone }
    if (what === "complete" && !payload.alone) fetchSoon(this.clock.plotlyPath)
    requestAnimationFrame(() => {
      performance.clearMarks(`driftscope:${what}`)
      performance.mark(`driftscope:${what}`, { detail })
    })
  }

  /** @param {IntersectionObserverEntry[]} entries */
  see(entries) {
    for (const { target, isIntersecting } of entries) {
      const panel = this.owners.get(target)
      if (panel) panel.visible = isIntersecting
    }
    this.clock.schedule()
  }

  /** @param {ResizeObserverEntry[]} entries */
  resize(entries) {
    for (const { target } of entries) {
      const panel = this.owners.get(target)
      if (panel) panel.resized = true
    }
    this.clock.schedule()
  }

  close() {
    this.seen.disconnect()
    this.sized.disconnect()
    for (const panel of this.panels.values()) panel.close()
  }
}
