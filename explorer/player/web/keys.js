// The keyboard of a video player, anywhere on the page except where keys already mean something.

/** @import { Clock } from "./player.js" */

import { darken, isTaught, isTurning, present, turn } from "./presenting.js"

// Where every key has a meaning, and where all have one but Page Up and Page Down.
const TAKEN = [
  "input, textarea, select, iframe, [contenteditable]:not([contenteditable=false])",
  "[role=slider], [role=combobox], [role=listbox], [role=option], [role=spinbutton]",
  "[role=menu], [role=menuitem], [role=grid], [role=dialog]",
  "[data-testid=stDataFrame], [data-testid=stDataFrameResizable]",
].join(", ")
const PRESSED = "button, summary, [role=radio], [role=tab], [data-keys]"

/** @type {Record<string, (clock: Clock, event: KeyboardEvent) => void>} */
const ACTIONS = {
  " ": (clock) => clock.playback.toggle(),
  ArrowLeft: (clock, event) => clock.stepBy(event.shiftKey ? -10 : -1, event.timeStamp),
  ArrowRight: (clock, event) => clock.stepBy(event.shiftKey ? 10 : 1, event.timeStamp),
  Home: (clock, event) => clock.jump(0, event.timeStamp),
  End: (clock, event) => clock.jump(clock.last, event.timeStamp),
  p: present,
  b: darken,
  PageDown: () => turn("next"),
  PageUp: () => turn("back"),
}

/** @param {Clock} clock */
export function listen(clock) {
  /** @param {KeyboardEvent} event */
  const hear = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const action = ACTIONS[event.key]
    if (!action || isTaken(event)) return
    // A lesson goes on while its pictures are still to come; without one the page scrolls.
    if (event.key.startsWith("Page") ? !isTaught() : clock.last < 0) return
    event.preventDefault() // neither scroll nor press
    if (event.key === " " && event.repeat) return
    action(clock, event)
  }
  // A slide may be turned at the end of its page, by a pointer or a key.
  /** @param {MouseEvent} event */
  const rise = ({ target }) => {
    if (isTurning(target)) clock.bar.main.scrollTo(0, 0)
  }
  document.addEventListener("keydown", hear)
  document.addEventListener("click", rise)
  return () => {
    document.removeEventListener("keydown", hear)
    document.removeEventListener("click", rise)
  }
}

// In our own bar the arrows always step; a focused button there still takes the space bar.
/** @param {KeyboardEvent} event */
function isTaken(event) {
  const target = event.composedPath()[0]
  if (!(target instanceof Element)) return false
  const widget = target.closest(event.key.startsWith("Page") ? TAKEN : `${TAKEN}, ${PRESSED}`)
  if (!widget) return false
  if (!widget.closest(".driftscope-bar")) return true
  return event.key === " " && widget.tagName === "BUTTON"
}
