// Fetches what the clock needs: the payload with its typed arrays, plotly.js, the style sheet.

const TYPES = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array }
const RETRIES = 6
/** @type {Map<string, Promise<unknown>>} */
const loaded = new Map()

// The server forgets old payloads: then Python is asked once to store it again, and we wait. A page
// without a server has the address of its payload instead of a digest.
/** @param {string} digest @param {() => void} lost @param {AbortSignal} signal */
export async function fetchPayload(digest, lost, signal) {
  const url = digest.includes(":") ? digest : new URL(`clock/${digest}`, document.baseURI).href
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(url, { signal })
    if (answer.ok) return decode(await answer.arrayBuffer())
    if (answer.status !== 404 || attempt === RETRIES) throw new Error(`status ${answer.status}`)
    if (attempt === 0) lost()
    await new Promise((resolve) => setTimeout(resolve, 150 * 2 ** attempt))
  }
}

// uint32 header length, JSON header, then arrays at multiples of eight bytes: views, no copies.
/** @param {ArrayBuffer} buffer @returns {Payload} */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true)
  /** @type {Header} */
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)))
  const arrays = header.arrays.map(({ dtype, shape, offset }) => {
    const size = shape.reduce((product, n) => product * n, 1)
    return { shape, values: new TYPES[dtype](buffer, 4 + length + offset, size) }
  })
  /** @param {number | null | undefined} number */
  const array = (number) => (typeof number === "number" ? arrays[number] : undefined)
  /** @param {Record<string, number>} numbers */
  const named = (numbers) => {
    return Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, arrays[n]]))
  }
  /** @param {number} number */
  const numbers = (number) => /** @type {Float64Array} */ (arrays[number].values)
  const { steps, epochs, losses, trust, ...words } = header.timeline
  const timeline = {
    steps: numbers(steps),
    epochs: numbers(epochs),
    losses: numbers(losses),
    trust: trust === null ? undefined : numbers(trust),
    ...words,
  }
  const panels = header.panels.map((panel) => ({
    ...panel,
    array: array(panel.array),
    arrays: panel.arrays && named(panel.arrays),
    roles: array(panel.roles),
    moving: panel.moving?.map(({ path, array, way }) => {
      return { path, array: way ? growing(arrays[array]) : arrays[array] }
    }),
  }))
  return { alone: header.alone, timeline, panels: /** @type {any[]} */ (panels) }
}

// Ways (rows, S) as an array with a slice a step: each row up to the step, a gap between two.
/** @param {Stepped} array @returns {Stepped} */
function growing({ shape: [rows, steps], values }) {
  return { shape: [steps, rows * (steps + 1) - 1], values, rows }
}

/** @param {Stepped} array @param {number} step */
function grown({ shape: [steps, size], values }, step) {
  const found = new Float32Array(size).fill(Number.NaN)
  for (let first = 0, to = 0; first < values.length; first += steps, to += steps + 1) {
    found.set(values.subarray(first, first + step + 1), to)
  }
  return found
}

// One recorded step of an array: a number, a row of numbers, or rows of numbers (views again).
// An array of one step holds at all of them.
/** @param {Stepped} array @param {number} step @returns {Slice} */
export function slice(array, step) {
  if (array.rows) return grown(array, step)
  const { shape, values } = array
  const index = shape[0] === 1 ? 0 : step
  if (shape.length === 1) return values[index]
  const size = values.length / shape[0]
  const flat = values.subarray(index * size, (index + 1) * size)
  if (shape.length === 2) return flat
  const [, rows, columns] = shape
  return Array.from({ length: rows }, (_, r) => flat.subarray(r * columns, (r + 1) * columns))
}

/** @param {string} path */
export function loadScript(path) {
  if (window.Plotly) return Promise.resolve()
  return once(new URL(path, document.baseURI).href, (src) => {
    return Object.assign(document.createElement("script"), { src, async: true })
  })
}

// Downloaded while nothing else is, for the pages that need it.
/** @param {string} path */
export function fetchSoon(path) {
  const href = new URL(path, document.baseURI).href
  if (window.Plotly || document.head.querySelector(`link[href="${href}"]`)) return
  const link = Object.assign(document.createElement("link"), {
    href,
    rel: "prefetch",
    as: "script",
  })
  document.head.append(link)
}

/** @param {string} url */
export function loadStyle(url) {
  return once(url, (href) => {
    return Object.assign(document.createElement("link"), { href, rel: "stylesheet" })
  })
}

/** @param {string} url @param {(url: string) => HTMLElement} create */
function once(url, create) {
  if (!loaded.has(url)) {
    const wait = new Promise((resolve, reject) => {
      const element = create(url)
      element.onload = resolve
      element.onerror = () => {
        element.remove()
        loaded.delete(url) // so that "Try again" does
        reject(new Error("no connection"))
      }
      document.head.append(element)
    })
    loaded.set(url, wait)
  }
  return loaded.get(url)
}
