"""The button that shows the address of the present view, as the visitor's browser has it."""

import streamlit as st

from explorer.player.assets import player_version

_LOADER = """\
export default async function ({ parentElement }) {
  const { link } = await import(new URL("assets/%s/player.js", document.baseURI).href)
  link.link({ parentElement })
}
"""


def link() -> None:
    """A button; what it opens has the address to copy, and its QR code."""
    component = st.components.v2.component(
        "driftscope_link", js=_LOADER % player_version(), isolate_styles=False
    )
    component(key="link", width="content")
