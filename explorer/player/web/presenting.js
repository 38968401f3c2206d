// A presentation: large letters, nothing to operate, a dot where the pointer is; slides of a lesson.

const [PRESENTED, BLACK] = ["driftscope-presented", "driftscope-black"]

/** @type {HTMLElement | undefined} the dot that follows the pointer */
let dot

export function present() {
  const isOn = document.documentElement.classList.toggle(PRESENTED)
  document.documentElement.classList.remove(BLACK)
  if (isOn) {
    dot = document.createElement("div")
    dot.className = "driftscope-dot"
    document.body.append(dot)
    document.addEventListener("pointermove", follow)
  } else {
    dot?.remove()
    document.removeEventListener("pointermove", follow)
  }
}

/** @param {PointerEvent} event */
function follow({ clientX, clientY }) {
  if (dot) dot.style.translate = `${clientX}px ${clientY}px`
}

// A black screen and back; only in a presentation, where a hand may not be near the mouse.
export function darken() {
  const root = document.documentElement
  if (root.classList.contains(PRESENTED)) root.classList.toggle(BLACK)
}

// Whether a slide of a lesson is beside the page.
export function isTaught() {
  return document.querySelector(".st-key-lesson-ways") !== null
}

/** @param {EventTarget | null} pressed */
export function isTurning(pressed) {
  return pressed instanceof Element && pressed.closest(".st-key-lesson-ways button") !== null
}

// Streamlit names a widget's element by its key.
/** @param {"next" | "back"} way */
export function turn(way) {
  /** @type {HTMLButtonElement | null} */
  const button = document.querySelector(`.st-key-lesson-${way} button`)
  button?.click()
}
