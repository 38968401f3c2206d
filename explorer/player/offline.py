"""One HTML file of a page's panels and clock: it plays and obeys keys without a server."""

import gzip
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from json import dumps, loads

from explorer.player.assets import player_files, plotly_gzip, script

# A page of the server gives the clock these by its theme; here the reader's own preference does.
_STYLE = """\
:root { color-scheme: light dark; --st-background-color: #FFFFFF; --st-text-color: #31333F;
  --st-primary-color: #0072B2; --st-secondary-background-color: #F0F2F6;
  --st-border-color: rgba(49, 51, 63, 0.2); --st-font: system-ui, sans-serif;
  --st-heading-font: system-ui, sans-serif; --st-code-font: ui-monospace, monospace; }
@media (prefers-color-scheme: dark) { :root { --st-background-color: #0E1117;
  --st-text-color: #FAFAFA; --st-primary-color: #56A8F0; --st-secondary-background-color: #262730;
  --st-border-color: rgba(250, 250, 250, 0.2); } }
body { margin: 0; padding: 0.5rem 1rem; background: var(--st-background-color);
  color: var(--st-text-color); font: 16px var(--st-font); }
h1 { margin: 0.25rem 0 0.5rem; font-size: 1.1rem; }
p { margin: -0.25rem 0 0.75rem; }"""
_START = """\
const unpacked = async (id, type) => {
  const packed = await fetch("data:;base64," + document.getElementById(id).textContent)
  const stream = packed.body.pipeThrough(new DecompressionStream("gzip"))
  return URL.createObjectURL(new Blob([await new Response(stream).arrayBuffer()], { type }))
}
const host = document.getElementById("clock")
const step = Number(host.dataset.step)
const [payload, plotly, style, script] = await Promise.all([unpacked("payload", ""),
  unpacked("plotly", "text/javascript"), unpacked("style", "text/css"),
  unpacked("script", "text/javascript")])
const { player } = await import(script)
const silent = () => {}
const names = JSON.parse(host.dataset.names)
player.clock({ parentElement: host, data: { payload, step, live: "", heard: 0, plays: 0, names },
  setStateValue: silent, setTriggerValue: silent }, plotly, style)
"""


def offline_page(payload: bytes, *, names: Sequence[str], step: int, question: str = "") -> bytes:
    """The HTML of a payload that holds all steps, standing at `step` at first.

    `names`: what it is of, such as run and page; pictures saved out of it say so, too. `question`:
    what the page asks, its heading.
    Where it has figures the page brings plotly.js, 1.9 MB.
    """
    title = escape(" · ".join(names))
    heading = f"<h1>{escape(question)}</h1>\n<p>{title}</p>" if question else f"<h1>{title}</h1>"
    length = int.from_bytes(payload[:4], "little")
    figures = any(panel["kind"] == "plot" for panel in loads(payload[4 : 4 + length])["panels"])
    parts = {
        "payload": gzip.compress(payload, mtime=0),
        "plotly": plotly_gzip() if figures else gzip.compress(b"", mtime=0),
        "style": gzip.compress(player_files()["player.css"], mtime=0),
        "script": gzip.compress(script("player"), mtime=0),
    }
    packed = "\n".join(
        f'<script id="{name}" type="text/plain">{b64encode(data).decode()}</script>'
        for name, data in parts.items()
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{_STYLE}</style>
{heading}
<main id="clock" data-step="{step}" data-names="{escape(dumps(list(names)))}"></main>
{packed}
<script type="module">{_START}</script>
</html>
""".encode()
