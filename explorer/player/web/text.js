// The sentence itself: each key is highlighted by how much the chosen query reads of it, or without
// weights has a number beneath it.

import { clamp, element, hiddenTip, hide, isolated, scaleOf, write } from "./dom.js"
import { legend } from "./legend.js"
import { colors, paint, struck, token, withBreak } from "./text_tokens.js"
import { mostRead, saying } from "./text_words.js"
import { themed } from "./theme.js"

/** @import { Look, Token } from "./text_tokens.js" */

const READ = 3 // keys that a screen reader reads out
const EDGE = 2 // pixels left free around a token that was scrolled to
const BELOW = 6 // pixels between a token and its tip

export class Text {
  // Set by `show`, which comes first.
  /** @type {TextSpec} */
  spec
  query = 0
  index = 0
  look = ""
  /** @type {Token[]} */
  tokens = []
  /** @type {Look[]} of a key, by its weight in hundredths */
  colors = []
  /** @type {Float32Array | undefined} weights of the query; undefined for labels not drawn yet */
  row
  /** @type {Token | undefined} the query's, as it is framed */
  framed
  tipped = -1 // the key that the tip describes; -1 is none
  /** @type {number | undefined} where the keyboard stands; undefined when it is elsewhere */
  pointer

  /** @param {HTMLElement} body @param {Hands} hands */
  constructor(body, { head, pick }) {
    this.body = body
    this.pick = pick
    this.flow = element("div", "driftscope-flow")
    this.flow.tabIndex = 0
    this.flow.dataset.keys = "" // the clock leaves this element's keys alone
    this.flow.setAttribute("role", "button")
    this.tip = hiddenTip()
    body.append(this.flow, this.tip)
    this.verdict = element("span", "driftscope-verdict")
    this.legend = legend()
    head.append(this.verdict, this.legend)
    this.listen()
  }

  listen() {
    /** @param {Event} event */
    const under = ({ target }) => {
      return this.tokens.findIndex(({ node }) => target instanceof Node && node.contains(target))
    }
    this.flow.onpointermove = (event) => this.describe(under(event))
    this.flow.onpointerleave = () => this.describe(this.pointer ?? -1)
    this.flow.onclick = (event) => this.choose(under(event))
    this.flow.onfocus = () => {
      if (this.flow.matches(":focus-visible")) this.point(this.query)
    }
    this.flow.onblur = () => this.point(undefined)
    this.flow.onkeydown = (event) => this.key(event)
    this.flow.onscroll = () => this.describe(this.tipped)
  }

  /** @param {TextSpec} spec @param {number} index @param {Theme} theme */
  show(spec, index, theme) {
    if (spec !== this.spec) this.adopt(spec)
    this.colors = colors(theme)
    this.tokens.forEach((one, position) => {
      one.level = -1
      one.node.style.setProperty("--mark", themed(spec.marked[position] ?? "transparent", theme))
    })
    return this.draw(index)
  }

  /** @param {TextSpec} spec */
  adopt(spec) {
    this.spec = spec
    this.query = spec.query
    hide(this.legend, !spec.array)
    const look = JSON.stringify([spec.labels, spec.written, spec.unread, spec.beneath])
    if (look === this.look) return
    this.look = look
    this.row = undefined // it belongs to the old labels
    this.point(undefined)
    this.tipped = -1
    this.tokens = spec.labels.map((label, i) => {
      return token(label, spec.written.includes(i), spec.beneath[i])
    })
    this.flow.replaceChildren(
      ...this.tokens.flatMap((one, position) => [
        ...struck(spec.unread[position]),
        ...withBreak(one),
      ]),
      ...struck(spec.unread[this.tokens.length]),
    )
  }

  /** @param {number} index */
  draw(index) {
    this.index = index
    this.row = this.rowAt(index)
    if (this.spec.array) {
      for (const [key, one] of this.tokens.entries()) paint(one, this.row[key], this.colors)
    }
    this.frame()
    this.describe(this.tipped)
    this.tell(this.verdict, this.most()[0])
    return true
  }

  // What the query reads; nothing without weights.
  /** @param {number} index */
  rowAt(index) {
    const { array } = this.spec
    if (!array) return new Float32Array()
    const time = this.tokens.length
    const from = ((array.shape[0] === 1 ? 0 : index) * time + this.query) * time
    return array.values.subarray(from, from + time)
  }

  frame() {
    if (this.framed === this.tokens[this.query]) return
    this.framed?.node.classList.remove("driftscope-query")
    this.framed = this.tokens[this.query]
    this.framed.node.classList.add("driftscope-query")
    this.reveal(this.framed.node)
  }

  // Scrolls within the text, never the page.
  /** @param {HTMLElement} node */
  reveal(node) {
    const [box, own] = [node, this.flow].map((one) => one.getBoundingClientRect())
    const [above, below] = [own.top + EDGE - box.top, box.bottom + EDGE - own.bottom]
    const scale = scaleOf(this.flow)
    if (above > 0) this.flow.scrollTop -= above / scale
    else if (below > 0) this.flow.scrollTop += below / scale
  }

  // In the tip, what the chosen query reads of this key; and all for a screen reader.
  /** @param {number} key */
  describe(key) {
    this.tipped = key
    this.sayAloud()
    const isShown = Boolean(this.tokens[key])
    hide(this.tip, !isShown)
    if (!isShown) return
    this.tell(this.tip, key)
    this.place(this.tokens[key].node)
  }

  // The sentence about this key; its parts stay where only their words are others.
  /** @param {HTMLElement} node @param {number} key */
  tell(node, key) {
    const words = this.words(key)
    const isSame = words.every(([, isLabel], n) => {
      return isLabel === node.childNodes[n] instanceof HTMLElement
    })
    if (isSame && node.childNodes.length === words.length) {
      for (const [n, [text]] of words.entries()) write(node.childNodes[n], text)
    } else {
      node.replaceChildren(...words.map(([text, isLabel]) => (isLabel ? isolated(text) : text)))
    }
  }

  /** @param {HTMLElement} node */
  place(node) {
    const [box, own] = [node, this.body].map((one) => one.getBoundingClientRect())
    const scale = scaleOf(this.body)
    const left = ((box.left + box.right) / 2 - own.left) / scale - this.tip.offsetWidth / 2
    const room = this.body.clientWidth - this.tip.offsetWidth
    this.tip.style.left = `${Math.max(Math.min(left, room), 0)}px`
    this.tip.style.top = `${(box.bottom - own.top) / scale + BELOW}px`
  }

  /** @param {number} key */
  words(key) {
    return saying(this.spec, { row: this.row, query: this.query, key })
  }

  // The key pointed at, or those that are read most.
  sayAloud() {
    const keys = this.tokens[this.tipped] ? [this.tipped] : this.most()
    const sentences = keys.map((key) => {
      return this.words(key)
        .map(([text]) => text)
        .join("")
    })
    const picks = this.spec.array ? "makes a token the query" : "chooses a token"
    const words = `${sentences.join("; ")}. Arrow keys move, Enter ${picks}.`
    this.flow.setAttribute("aria-label", words)
  }

  most() {
    const most = mostRead(this.row ?? new Float32Array(), READ)
    return most.length ? most : [this.query]
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const last = this.tokens.length - 1
    const at = this.pointer ?? this.query
    /** @type {Record<string, number>} */
    const goals = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }
    if (event.key === "Enter" || event.key === " ") this.choose(at)
    else if (event.key in goals) this.point(clamp(goals[event.key], 0, last))
    else return
    event.preventDefault()
  }

  /** @param {number | undefined} at */
  point(at) {
    if (this.pointer !== undefined)
      this.tokens[this.pointer]?.node.classList.remove("driftscope-pointed")
    this.pointer = at
    if (at !== undefined) {
      this.tokens[at].node.classList.add("driftscope-pointed")
      this.reveal(this.tokens[at].node)
    }
    if (this.row) this.describe(at ?? -1)
  }

  /** @param {number} position */
  choose(position) {
    if (position < 0) return
    this.query = position
    this.draw(this.index)
    this.pick([position])
  }

  resize() {
    this.describe(this.tipped)
  }

  scale() {
    return this.spec.array ? ["colour: a weight from 0 to 1, by its square root"] : []
  }

  close() {}
}
