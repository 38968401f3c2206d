// Plotly as it is used. Its documented side is open to every file; the rest, `PlotlyInternals`,
// only to the files plotly_….js.

// biome-ignore lint/suspicious/noExplicitAny: Plotly's schema has thousands of attributes
type Attributes = Record<string, any>

interface PlotlyPoint {
  pointNumber: number | number[]
  pointIndex: number | number[]
  fullData: { hoverinfo: string }
}
interface PlotlyEvents {
  plotly_afterplot: undefined
  plotly_click: { points: PlotlyPoint[] }
  plotly_deselect: undefined
  plotly_relayout: Attributes
  plotly_selected: { points: PlotlyPoint[]; selections: unknown[] } | undefined
}
/** A figure's element; without `data` before its first drawing. */
interface PlotlyDiv extends HTMLDivElement {
  data?: Attributes[]
  layout: Attributes
  on<Name extends keyof PlotlyEvents>(name: Name, hear: (event: PlotlyEvents[Name]) => void): void
}

interface Window {
  Plotly: {
    react(div: PlotlyDiv, data: Attributes[], layout: Attributes, config: Attributes): void
    update(div: PlotlyDiv, data: Attributes, layout: Attributes, traces: number[]): void
    purge(div: PlotlyDiv): void
    toImage(
      div: PlotlyDiv,
      how: { format: "png"; width: number; height: number; scale: number },
    ): Promise<string>
    Fx: {
      /** A point by its number, or what is at numbers on both axes. */
      hover(
        div: PlotlyDiv,
        points: ({ curveNumber: number } & (
          | { pointNumber: number }
          | { xval: number; yval: number }
        ))[],
      ): void
      unhover(div: PlotlyDiv): void
    }
    Plots: { resize(div: PlotlyDiv): void }
  }
}

/** An axis; its units: c calculated numbers, d data as written, r ranges, p pixels. */
interface PlotlyAxis {
  type: string
  autorange?: boolean | string
  range: [number, number]
  rangebreaks?: unknown[]
  _length: number
  c2p(value: number): number
  r2d(value: number): number
  isPtWithinRange(entry: PlotlyEntry): boolean
}
/** What Plotly calculated of one point; of a heatmap's whole trace. */
interface PlotlyEntry {
  i: number
  x?: number
  y?: number
  z?: Numbers[]
  tx?: string
  mc?: number
  mcc?: string
  mrc?: number
  trace?: Attributes
}
interface PlotlyInternals extends PlotlyDiv {
  data: Attributes[]
  calcdata: PlotlyEntry[][]
  _fullData: Attributes[]
  _fullLayout: Attributes
  _dragging?: boolean
}
/** d3 keeps what a node shows on the node. */
interface PlotlyNode extends SVGElement {
  // biome-ignore lint/suspicious/noExplicitAny: an entry, a trace's entries, or d3's own
  __data__: any
}
