// The theme that a person chose, on every page. Streamlit stores it under the path at which it was
// opened, so that another page, opened anew, would be in the system's theme again.

const OURS = "driftscope.theme"
export const THEIRS = `stActiveTheme-${globalThis.location?.pathname}-v2` // of Streamlit 1.67

// Copies an entry as it is, or removes the copy of one that is not there.
/** @param {Storage} storage @param {string} from @param {string} to */
function copy(storage, from, to) {
  const value = storage.getItem(from)
  if (value === null) storage.removeItem(to)
  else storage.setItem(to, value)
}

if (typeof window !== "undefined") {
  copy(localStorage, OURS, THEIRS)
  let known = localStorage.getItem(THEIRS)
  document.addEventListener("visibilitychange", () => {
    const now = localStorage.getItem(THEIRS)
    if (now !== known) copy(localStorage, THEIRS, OURS) // chosen in this tab, not in another
    known = now
  })
}
