// A file that needs no server: unpacks what it holds, and shows its slides one at a time.

import { clamp } from "./dom.js"
import { clock } from "./player.js"

const TURNS = { PageUp: -1, PageDown: 1 }

// `unpacked` gives the address of a part of the file. A page is one slide, without ways to others.
/** @param {(id: string, type: string) => Promise<string>} unpacked */
export async function start(unpacked) {
  const slides = [...document.querySelectorAll("article")]
  const names = [...new Set(slides.map(({ dataset }) => dataset.payload ?? ""))].filter(Boolean)
  const [plotly, style, ...found] = await Promise.all([
    unpacked("plotly", "text/javascript"),
    unpacked("style", "text/css"),
    ...names.map((name) => unpacked(name, "")),
  ])
  const payloads = new Map(names.map((name, n) => [name, found[n]]))
  let [turns, close] = [0, () => {}]
  const show = () => {
    const { dataset } = slides[present(slides.length)]
    const payload = payloads.get(dataset.payload ?? "")
    close = payload ? clock(component(payload, dataset, turns), plotly, style) : () => {}
  }
  const turn = () => {
    const at = present(slides.length)
    slides.forEach((slide, n) => {
      slide.hidden = n !== at
    })
    mark(at, slides[at], slides.length)
    turns++
    close()
    show()
    scrollTo(0, 0)
  }
  listen(slides.length)
  addEventListener("hashchange", turn)
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show) // it reads the theme
  turn()
}

// The slide that the address names, from 0.
/** @param {number} count */
function present(count) {
  const number = Math.floor(Number(location.hash.slice(1)))
  return clamp(number || 1, 1, count) - 1
}

/** @param {string} payload @param {DOMStringMap} dataset @param {number} turns @returns {Component} */
function component(payload, { step, names, plays }, turns) {
  return {
    parentElement: /** @type {HTMLElement} */ (document.querySelector("main")),
    data: {
      payload,
      step: Number(step),
      live: "",
      heard: 0,
      plays: plays ? turns : 0,
      names: JSON.parse(names ?? "[]"),
    },
    setStateValue() {},
    setTriggerValue() {},
  }
}

/** @param {number} at @param {HTMLElement} slide @param {number} count */
function mark(at, slide, count) {
  const [back, next] = document.querySelectorAll("nav button")
  back?.toggleAttribute("disabled", at === 0)
  next?.toggleAttribute("disabled", at === count - 1)
  const standing = document.querySelector("nav span")
  if (standing) standing.textContent = `${at + 1} of ${count}`
  const style = document.querySelector("#own")
  if (style) style.textContent = slide.dataset.style ?? ""
}

/** @param {number} count */
function listen(count) {
  /** @param {number} by */
  const go = (by) => {
    const at = clamp(present(count) + by, 0, count - 1)
    if (at !== present(count)) location.hash = String(at + 1)
  }
  const [back, next] = document.querySelectorAll("nav button")
  // A press with the pointer leaves the keys to the clock.
  document.addEventListener("mousedown", (event) => {
    const { target } = event
    if (target instanceof Element && target.closest("summary, nav button")) event.preventDefault()
  })
  back?.addEventListener("click", () => go(-1))
  next?.addEventListener("click", () => go(1))
  document.addEventListener("keydown", (event) => {
    const { key, ctrlKey, metaKey, altKey } = event
    if (count < 2 || ctrlKey || metaKey || altKey || !(key in TURNS)) return
    event.preventDefault() // the page would scroll
    go(TURNS[/** @type {keyof typeof TURNS} */ (key)])
  })
}
