// The sentence itself: what the chosen query reads lights up behind its keys.

import { legend } from "./legend.js"

const NEWLINE = "⏎"
const LABELS = ["{query}", "{key}"] // the places of labels in a sentence
const TOLD = 3 // keys that a screen reader hears of
const EDGE = 2 // pixels kept free around a token that was scrolled to
const BELOW = 6 // pixels between a token and its tip
// A key's look by its weight in hundredths, so that only what is seen to change is written.
const COLORS = Array.from({ length: 101 }, (_, n) => {
  return n ? `color-mix(in srgb, var(--lit) ${n}%, transparent)` : ""
})
const NUMBERS = COLORS.map((_, n) => (n === 100 ? "1" : n ? `.${String(n).padStart(2, "0")}` : ""))

export class Text {
  constructor(body, { head, pick }) {
    this.body = body
    this.pick = pick
    this.flow = document.createElement("div")
    this.flow.className = "driftscope-flow"
    this.flow.tabIndex = 0
    this.flow.dataset.keys = "" // the clock leaves this element's keys alone
    this.flow.setAttribute("role", "button")
    this.tip = document.createElement("div")
    this.tip.className = "driftscope-tip"
    this.tip.hidden = true
    body.append(this.flow, this.tip)
    head.append(legend("transparent, var(--lit)", ["plain", "full"]))
    this.listen()
  }

  listen() {
    const under = ({ target }) => this.tokens.findIndex(({ node }) => node.contains(target))
    this.flow.onpointermove = (event) => this.tell(under(event))
    this.flow.onpointerleave = () => this.tell(this.pointer ?? -1)
    this.flow.onclick = (event) => this.choose(under(event))
    this.flow.onfocus = () => this.flow.matches(":focus-visible") && this.point(this.query)
    this.flow.onblur = () => this.point(undefined)
    this.flow.onkeydown = (event) => this.key(event)
    this.flow.onscroll = () => this.tell(this.told)
  }

  show(spec, index) {
    if (spec !== this.spec) this.adopt(spec)
    return this.draw(index)
  }

  adopt(spec) {
    this.spec = spec
    this.query = spec.query
    const look = JSON.stringify([spec.labels, spec.written])
    if (look === this.look) return
    this.look = look
    this.row = undefined // nothing is told of other labels
    this.point(undefined)
    this.told = -1
    this.tokens = spec.labels.map((label, i) => token(label, spec.written.includes(i)))
    this.flow.replaceChildren(...this.tokens.flatMap(withBreak))
  }

  draw(index) {
    this.index = index
    const { shape, values } = this.spec.array
    const time = this.tokens.length
    const from = ((shape[0] === 1 ? 0 : index) * time + this.query) * time
    this.row = values.subarray(from, from + time)
    this.tokens.forEach((one, key) => paint(one, this.row[key]))
    this.frame()
    this.tell(this.told)
    return true
  }

  frame() {
    if (this.framed === this.tokens[this.query]) return
    this.framed?.node.classList.remove("driftscope-query")
    this.framed = this.tokens[this.query]
    this.framed.node.classList.add("driftscope-query")
    this.reveal(this.framed.node)
  }

  // Scrolls within the text, never the page.
  reveal(node) {
    const [box, own] = [node, this.flow].map((element) => element.getBoundingClientRect())
    const [above, below] = [own.top + EDGE - box.top, box.bottom + EDGE - own.bottom]
    if (above > 0) this.flow.scrollTop -= above
    else if (below > 0) this.flow.scrollTop += below
  }

  // The tip tells what the chosen query reads of this key; -1 is none.
  tell(key) {
    this.told = key
    this.say()
    this.tip.hidden = !this.tokens[key]
    if (this.tip.hidden) return
    const parts = this.words(key).map(([text, isLabel]) => (isLabel ? isolated(text) : text))
    this.tip.replaceChildren(...parts)
    this.place(this.tokens[key].node)
  }

  place(node) {
    const [box, own] = [node, this.body].map((element) => element.getBoundingClientRect())
    const left = box.left - own.left + (box.width - this.tip.offsetWidth) / 2
    const room = this.body.clientWidth - this.tip.offsetWidth
    this.tip.style.left = `${Math.max(Math.min(left, room), 0)}px`
    this.tip.style.top = `${box.bottom - own.top + BELOW}px`
  }

  // What `says` says of this key, in parts: [text, whether it is a token's label].
  words(key) {
    const { labels, says } = this.spec
    const values = {
      "{query}": labels[this.query],
      "{query_at}": String(this.query),
      "{weight}": this.weight(key),
      "{key}": labels[key],
      "{key_at}": String(key),
    }
    return says.split(/(\{\w+\})/).map((part) => [values[part] ?? part, LABELS.includes(part)])
  }

  weight(key) {
    const weight = this.row[key]
    if (weight === weight) return String(Number(weight.toPrecision(3)))
    return key > this.query ? "nothing (masked)" : "no number"
  }

  // For a screen reader: the key pointed at, or those that are read most.
  say() {
    const told = this.tokens[this.told] ? [this.told] : this.most()
    const sentences = told.map((key) =>
      this.words(key)
        .map(([text]) => text)
        .join(""),
    )
    const words = `${sentences.join("; ")}. Arrow keys move, Enter makes a token the query.`
    this.flow.setAttribute("aria-label", words)
  }

  most() {
    const keys = [...this.row.keys()].filter((key) => this.row[key] === this.row[key])
    const most = keys.sort((a, b) => this.row[b] - this.row[a]).slice(0, TOLD)
    return most.length ? most : [this.query]
  }

  key(event) {
    const last = this.tokens.length - 1
    const at = this.pointer ?? this.query
    const goals = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }
    if (event.key === "Enter" || event.key === " ") this.choose(at)
    else if (event.key in goals) this.point(Math.min(Math.max(goals[event.key], 0), last))
    else return
    event.preventDefault()
  }

  // Where the keyboard stands; undefined when it is elsewhere.
  point(at) {
    this.tokens?.[this.pointer]?.node.classList.remove("driftscope-pointed")
    this.pointer = at
    if (at !== undefined) {
      this.tokens[at].node.classList.add("driftscope-pointed")
      this.reveal(this.tokens[at].node)
    }
    if (this.row) this.tell(at ?? -1)
  }

  choose(position) {
    if (position < 0) return
    this.query = position
    this.draw(this.index)
    this.pick([position])
  }

  resize() {
    this.tell(this.told)
  }

  close() {}
}

function token(label, written) {
  const node = document.createElement("span")
  node.className = "driftscope-token"
  node.classList.toggle("driftscope-written", written)
  const number = document.createElement("small")
  node.append(isolated(label), number)
  return { node, label, number, level: 0 }
}

// A label as it is: never markup, and its direction of writing ends with it.
function isolated(label) {
  return Object.assign(document.createElement("bdi"), { textContent: label })
}

function withBreak({ node, label }) {
  if (label !== NEWLINE) return [node]
  return [node, Object.assign(document.createElement("i"), { className: "driftscope-break" })]
}

function paint(one, weight) {
  const level = Math.round(100 * Math.min(Math.max(weight, 0), 1)) || 0 // not a number: none
  if (level === one.level) return
  one.level = level
  one.node.style.backgroundColor = COLORS[level]
  one.number.textContent = NUMBERS[level]
}
