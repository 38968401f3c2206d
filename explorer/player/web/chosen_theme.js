// The theme that a person chose, on every page. Streamlit stores it under the path at which it was
// opened, so that another page, opened anew, would be in the system's theme again.

const OURS = "driftscope.theme"
const THEIRS = `stActiveTheme-${globalThis.location?.pathname}-v2` // of Streamlit 1.67

// Copies an entry as it is, or removes the copy of one that is not there. Where the storage is full,
// the theme is that of this page alone.
/** @param {Storage} storage @param {string} from @param {string} to */
function copy(storage, from, to) {
  const value = storage.getItem(from)
  try {
    if (value === null) storage.removeItem(to)
    else storage.setItem(to, value)
  } catch {}
}

// A browser that blocks cookies throws where it is asked for its storage.
function storage() {
  try {
    return window.localStorage
  } catch {
    return undefined
  }
}

// What Streamlit has stored of the theme of this page: its name, in quotes.
export function chosenTheme() {
  return storage()?.getItem(THEIRS) ?? ""
}

const store = typeof window === "undefined" ? undefined : storage()
if (store) {
  copy(store, OURS, THEIRS)
  let known = store.getItem(THEIRS)
  document.addEventListener("visibilitychange", () => {
    const now = store.getItem(THEIRS)
    if (now !== known) copy(store, THEIRS, OURS) // chosen in this tab, not in another
    known = now
  })
}
