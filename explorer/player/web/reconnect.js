// A page whose session the server no longer has, as after a restart of the server: Streamlit
// connects it again, asks for no rerun, and takes the next click or typed sentence for a new
// visitor's first rerun: what was chosen is lost. A page loaded anew takes its state from the
// address.

/** @param {string} session */
async function reloadIfLost(session) {
  const answer = await fetch(new URL(`clock/session/${session}`, document.baseURI))
  if (answer.status === 410) location.reload()
}

// Streamlit's socket names its session when it connects again: ["streamlit", token, session].
class Socket extends WebSocket {
  /** @param {string | URL} url @param {string | string[]} [protocols] */
  constructor(url, protocols) {
    super(url, protocols)
    const session = Array.isArray(protocols) ? protocols[2] : undefined
    if (session) this.addEventListener("open", () => reloadIfLost(session))
  }
}

window.WebSocket = Socket
