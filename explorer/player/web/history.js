// Back and Forward: an entry for what a person would call a step, and the page as it was there.

// Names in the address: each change of one is a step on its page; so are another page or run.
const VIEWS = [
  "overview.view",
  "train.view",
  "tables.view",
  "attention.view",
  "normalization.lab",
  "normalization.part",
]

// Whether these two addresses are two steps. One without choices is a page that just opens.
/** @param {URL} before @param {URL} after */
export function isStep(before, after) {
  if (before.pathname !== after.pathname) return true
  if (!before.search) return false
  const [from, to] = [before, after].map(({ searchParams }) => searchParams)
  const page = after.pathname.split("/").at(-1) || "overview"
  const names = VIEWS.filter((name) => name.split(".")[0] === page)
  return ["run", "lesson", ...names].some((name) => from.get(name) !== to.get(name))
}

// Streamlit makes an entry of every change of the address, and after Back writes the present state
// over the one that was asked for. A page loaded anew takes its state from the address. What changes
// before a person has touched the page is no step, or Back could not leave it.
function keepSteps() {
  const [push, replace] = [history.pushState, history.replaceState].map((one) => one.bind(history))
  let here = location.href
  /** @type {typeof history.pushState} */
  const pushStep = (state, unused, url = location.href) => {
    const isTouched = navigator.userActivation.hasBeenActive
    if (isTouched && isStep(new URL(here), new URL(url ?? "", here))) push(state, unused, url)
    else replace(state, unused, url)
    here = location.href
  }
  history.pushState = pushStep
  history.replaceState = (state, unused, url) => {
    replace(state, unused, url)
    here = location.href
  }
  const back = (/** @type {PopStateEvent} */ event) => {
    if (here.split("#")[0] === location.href.split("#")[0]) return
    event.stopImmediatePropagation()
    location.reload()
  }
  window.addEventListener("popstate", back, { capture: true })
}

if (typeof window !== "undefined") keepSteps()
