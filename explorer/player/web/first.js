// The first picture: what the Overview opens with, stored beside the run that comes with the app, and
// drawn while Streamlit's page and its server still start. The page's own clock, at the same place,
// takes over. It obeys nobody: whatever is pressed meanwhile goes to the page beneath.

import { chosenTheme } from "./chosen_theme.js"
import { element } from "./dom.js"
import { decode } from "./payload.js"
import { Clock } from "./player.js"
import { PALETTE } from "./theme.js"

const NARROW = 960 // pixels: below, the lines above it wrap, and its place is not known
const TOP = "105px" // below the pages and the question
const PLACE = { position: "fixed", inset: "0", padding: `${TOP} 32px 0`, zIndex: "900" }
const ASKED = ".st-key-asked"
const ENDS = "#root .driftscope-clock[data-ready=true], [data-testid=stAlert]"
// As on Streamlit's page.
const STYLE =
  "* { box-sizing: border-box } p { position: fixed; top: 57px; margin: 0; opacity: 0.8 }"
const TEXT = ["#2F2D2B", "#EDEBE8"]
const MOST = 20_000 // ms

// The server writes the picture and its style into its page where it has one for that.
export function showFirst() {
  /** @type {HTMLTemplateElement | null} */
  const found = document.querySelector("#driftscope-first")
  if (!found || innerWidth < NARROW) return
  const host = element("div", "driftscope-first")
  host.inert = true
  Object.assign(host.style, PLACE)
  for (const [name, value] of Object.entries(look())) host.style.setProperty(name, value)
  document.body.append(host)
  const clock = clockIn(host, found)
  const { pathname } = location
  const leave = () => {
    host.remove()
    clearTimeout(late)
    ends.disconnect()
    clock.close()
  }
  const ends = new MutationObserver(() => {
    if (document.querySelector(ASKED)) host.style.clipPath = `inset(${TOP} 0 0)`
    if (document.querySelector(ENDS) || location.pathname !== pathname) leave()
  })
  ends.observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-ready"] })
  const late = setTimeout(leave, MOST)
  try {
    draw(clock, found)
  } catch (error) {
    leave()
    reportError(error) // thrown on, it would end the whole script, and the page has need of it
  }
}

// In a closed shadow, so that nothing on the page finds it and takes it for the page's own clock.
/** @param {HTMLElement} host @param {HTMLTemplateElement} found */
function clockIn(host, { content }) {
  const [rules, words, parentElement] = [element("style", ""), element("p", ""), element("div", "")]
  rules.textContent = STYLE
  words.textContent = "Opening…"
  host.attachShadow({ mode: "closed" }).append(content, rules, words, parentElement)
  const silent = () => {}
  const step = Number.MAX_SAFE_INTEGER // the last one
  const data = { payload: "", step, live: "", heard: 0, plays: 0, names: [] }
  const component = { parentElement, data, setStateValue: silent, setTriggerValue: silent }
  const clock = new Clock(component, "", "")
  clock.stopListening()
  return clock
}

/** @param {Clock} clock @param {HTMLTemplateElement} found */
function draw(clock, { dataset }) {
  const bytes = Uint8Array.from(atob(dataset.payload ?? ""), (one) => one.charCodeAt(0))
  clock.adopt(decode(bytes.buffer))
  clock.draw()
}

// What Streamlit's page gives the clock, here by the theme that it will have.
function look() {
  const at = Number(isDark())
  return {
    "color-scheme": ["light", "dark"][at],
    background: PALETTE.paper[at],
    color: TEXT[at],
    font: '16px/1.6 "Source Sans", sans-serif',
    "--st-background-color": PALETTE.paper[at],
    "--st-primary-color": PALETTE.blue[at],
    "--st-text-color": TEXT[at],
    "--st-secondary-background-color": ["#F8F8F7", "#2D2B27"][at],
    "--st-border-color": ["rgba(47, 45, 43, 0.2)", "rgba(237, 235, 232, 0.2)"][at],
    "--st-font": '"Source Sans", sans-serif',
    "--st-code-font": '"Source Code Pro", monospace',
  }
}

function isDark() {
  const chosen = chosenTheme()
  if (/dark/i.test(chosen)) return true
  return !/light/i.test(chosen) && matchMedia("(prefers-color-scheme: dark)").matches
}

if (typeof window !== "undefined") showFirst()
