// What is typed reaches the server as valid Unicode: half of a surrogate pair, as a broken paste
// holds, would end the connection at each message. It becomes U+FFFD, before Streamlit reads it.

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

document.addEventListener("input", repair, { capture: true })
