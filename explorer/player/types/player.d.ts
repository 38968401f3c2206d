// What crosses the files of the step clock. Payload: explorer/player/encoding.py writes it.

type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>
/** One slice a recorded step, (S, ...); an array of one step holds at all of them. */
interface Stepped<Values extends Numbers = Numbers> {
  shape: number[]
  values: Values
  /** Ways (rows, S) that end at the step: a slice has the shape of all, NaN behind the step. */
  rows?: number
}
/** A recorded step of an array (S), (S, N) or (S, rows, columns). */
type Slice = number | Numbers | Numbers[]

interface Tick {
  step: number
  label: string
}

interface Timeline {
  steps: Float64Array
  epochs: Float64Array
  losses: Float64Array
  trust: Float64Array | undefined
  unit: string
  clock: string
  per: number
  ticks: Tick[]
}

interface Frame {
  key: string
  title: string
  alt: string
  span: number
  rows: number
  height: number
  notes: string[]
}
interface PlotSpec extends Frame {
  kind: "plot"
  figure: string
  moving: { path: string; array: Stepped }[]
  pickable: boolean
  lasso: boolean
  declutter: boolean
}
interface MosaicSpec extends Frame {
  kind: "mosaic"
  array: Stepped<Uint8Array<ArrayBuffer>>
  size: number
  selected: [number, number]
  roles: Stepped | undefined
  role_names: string[]
}
interface TextSpec extends Frame {
  kind: "text"
  /** undefined: no key is lit */
  array: Stepped<Float32Array<ArrayBuffer>> | undefined
  beneath: string[]
  labels: string[]
  says: string
  query: number
  written: number[]
  marked: Record<string, string>
  unread: Record<string, string>
}
interface MachineSpec extends Frame {
  kind: "machine"
  arrays: {
    rows: Stepped<Uint8Array<ArrayBuffer>>
    weights: Stepped<Uint8Array<ArrayBuffer>>
    sizes: Stepped<Float32Array<ArrayBuffer>>
    next: Stepped<Float32Array<ArrayBuffer>>
    chances: Stepped<Float32Array<ArrayBuffer>>
    true: Stepped<Float32Array<ArrayBuffer>>
  }
  labels: string[]
  names: string[]
  following: number[]
  unread: Record<string, string>
  bounds: [low: number, high: number]
  position: number
  vocabulary: number
  parameters: number[]
  roles: Stepped | undefined
  role_names: string[]
}
interface LettersSpec extends Frame {
  kind: "letters"
  array: Stepped<Float32Array<ArrayBuffer>>
  labels: string[]
  colours: string[]
  chosen: number | null
}
interface EventsSpec extends Frame {
  kind: "events"
}
interface WordsSpec extends Frame {
  kind: "words"
  texts: string[]
  faint: [start: number, end: number][][]
  beside: boolean
  /** characters of the name of a line and of each cell after it */
  table: [name: number, cell: number] | null
}
interface WritingsSpec extends Frame {
  kind: "writings"
  steps: number[]
  texts: string[]
}
interface ListingSpec extends Frame {
  kind: "listing"
  /** numbers (S, N, K) */
  array: Stepped<Float32Array<ArrayBuffer>>
  /** pictures by item */
  arrays: Record<string, Stepped<Uint8Array<ArrayBuffer>>>
  lines: ListingRow[]
  headings: string[]
  names: string[]
  says: string
  lead: number
  nothing: string
  bars: boolean
  pickable: boolean
}
interface ListingRow {
  text: string
  items: { name: string; words: string; number: number | null; lacks: number[]; leads: boolean }[]
  heading: boolean
  faint: boolean
}
type PanelSpec =
  | PlotSpec
  | MosaicSpec
  | TextSpec
  | MachineSpec
  | LettersSpec
  | EventsSpec
  | WordsSpec
  | WritingsSpec
  | ListingSpec

interface Payload {
  alone: boolean
  timeline: Timeline
  panels: PanelSpec[]
}

/** The payload's JSON: arrays are numbers of `arrays`. */
interface Header {
  alone: boolean
  arrays: { dtype: "float32" | "float64" | "uint8"; shape: number[]; offset: number }[]
  timeline: {
    steps: number
    epochs: number
    losses: number
    trust: number | null
    unit: string
    clock: string
    per: number
    ticks: Tick[]
  }
  panels: HeaderPanel[]
}
type HeaderPanel = Frame & {
  kind: PanelSpec["kind"]
  array?: number
  arrays?: Record<string, number>
  roles?: number | null
  moving?: { path: string; array: number; way: boolean }[]
}

interface Theme {
  dark: boolean
  text: string
  background: string
  surface: string
  border: string
  primary: string
  font: string
}

/** What a picture is handed besides its body. */
interface Hands {
  head: HTMLElement
  pick(index: number[]): void
  select(rows: number[]): void
  redraw(): void
  timeline(): Timeline
  theme(): Theme
  /** What pictures are of: the run, the page. */
  names(): string[]
  /** All steps have come: at first panels have the settled one alone. */
  isWhole(): boolean
  /** Draw the present step now, or another one in this panel alone. */
  catchUp(at?: number): void
  jump(index: number, since: number): void
}
/** `show` and `draw` return true when the picture now shows this step. */
interface Picture {
  keeps?(spec: PanelSpec, theme: Theme): boolean
  show(spec: PanelSpec, index: number, theme: Theme): boolean
  draw(index: number): boolean
  resize(): void
  close(): void
  /** Where it paints on a canvas. */
  context?: CanvasRenderingContext2D
  /** The SVG of nodes that only it can read. */
  stills?(): Promise<[Element, string][]>
  /** What its lengths and colours mean, for a caption. */
  scale?(): string[]
}

/** What Streamlit hands a component (version 2), as far as it is used. */
interface Component {
  parentElement: HTMLElement
  data: {
    payload: string
    step: number
    live: string
    heard: number
    plays: number
    names: string[]
  }
  setStateValue(name: "step", value: { step: number; move: number }): void
  setTriggerValue(name: "pick" | "selection" | "lost" | "rest", value: unknown): void
}
