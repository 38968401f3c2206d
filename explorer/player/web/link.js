// The address of the present view, to copy or to scan: as the visitor's own browser has it.

import { element, label } from "./dom.js"

/** @type {WeakSet<HTMLElement>} */
const shown = new WeakSet()

// Streamlit calls this when the component appears and at later reruns.
/** @param {{ parentElement: HTMLElement }} component */
export function link({ parentElement }) {
  if (shown.has(parentElement)) return
  const sheet = element("div", "driftscope-link")
  const button = element("button", "driftscope-link-button")
  const root = element("div", "")
  sheet.popover = "auto"
  button.type = "button"
  button.popoverTargetElement = sheet
  button.textContent = "Link"
  label(button, "Link to this view")
  sheet.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") fill(sheet)
    else sheet.replaceChildren()
  })
  root.append(button, sheet)
  parentElement.append(root)
  shown.add(parentElement)
}

/** @param {HTMLElement} sheet */
function fill(sheet) {
  const address = location.href
  const field = element("input", "")
  field.readOnly = true
  field.value = address
  field.setAttribute("aria-label", "Address of this view")
  const said = element("p", "")
  said.setAttribute("role", "status")
  const copy = element("button", "")
  copy.type = "button"
  copy.textContent = "Copy link"
  copy.onclick = async () => {
    said.textContent = (await copied(field)) ? "Copied." : "Copy it from the field."
  }
  const code = new Image()
  code.alt = "QR code of this address"
  code.onerror = () => {
    code.remove()
    said.textContent = "This address is too long for a QR code."
  }
  code.src = new URL(`clock/link.svg?address=${encodeURIComponent(address)}`, document.baseURI).href
  sheet.replaceChildren(field, copy, said, code)
  field.select()
}

// Without a certificate a browser has no clipboard to offer: there the old way.
/** @param {HTMLInputElement} field */
async function copied(field) {
  field.select()
  try {
    await navigator.clipboard.writeText(field.value)
    return true
  } catch {
    return document.execCommand("copy")
  }
}
