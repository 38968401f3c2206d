// What is typed reaches the server as valid Unicode: half of a surrogate pair, as a broken paste
// holds, would end the connection at each message. It becomes U+FFFD, before Streamlit reads it.

const NEWLINE = "⏎"
const HALVES = /\p{Surrogate}/gu

/** @param {Event} event */
function repair({ target }) {
  const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement
  if (!isField) return
  const whole = target.value.replace(HALVES, "\uFFFD")
  if (whole === target.value) return
  // The prototype's own setter: React, which has one on the node, must see a change.
  const field = Object.getPrototypeOf(target)
  const set = Object.getOwnPropertyDescriptor(field, "value")?.set
  set?.call(target, whole)
}

// A field of one line has ⏎ for a new line: Shift+Enter, and those of what is pasted.
/** @param {Event} event @param {string} text */
function write(event, text) {
  event.preventDefault()
  event.stopImmediatePropagation()
  document.execCommand("insertText", false, text.replaceAll(/\r?\n/g, NEWLINE))
}

/** @param {EventTarget | null} target */
function takesLines(target) {
  return target instanceof HTMLInputElement && target.placeholder.includes(NEWLINE)
}

/** @param {KeyboardEvent} event */
function hearKey(event) {
  if (event.key === "Enter" && event.shiftKey && takesLines(event.target)) write(event, NEWLINE)
}

/** @param {ClipboardEvent} event */
function paste(event) {
  const text = event.clipboardData?.getData("text/plain") ?? ""
  if (takesLines(event.target) && text.includes("\n")) write(event, text)
}

document.addEventListener("keydown", hearKey, { capture: true })
document.addEventListener("paste", paste, { capture: true })
document.addEventListener("input", repair, { capture: true })
