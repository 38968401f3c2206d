"""One HTML file of panels and clock, a page's or a lesson's: it plays without a server."""

import gzip
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from json import dumps, loads
from typing import NamedTuple

from explorer.player.assets import offline_style, player_files, plotly_gzip, script

_START = """\
const unpacked = async (id, type) => {
  const packed = await fetch("data:;base64," + document.getElementById(id).textContent)
  const stream = packed.body.pipeThrough(new DecompressionStream("gzip"))
  return URL.createObjectURL(new Blob([await new Response(stream).arrayBuffer()], { type }))
}
const { offline } = await import(await unpacked("script", "text/javascript"))
offline.start(unpacked)
"""
_WAYS = """\
<nav>
<button type="button" aria-label="The slide before" title="The slide before (Page Up)">←</button>
<span role="status"></span>
<button type="button" title="The next slide (Page Down)">Next →</button>
</nav>
"""


class OfflineSlide(NamedTuple):
    """A part of a file: its words as HTML, and the payload of its clock with all steps (b"": none).

    The clock stands at `step` first, and `plays` from there. `names`: what it is of, such as run
    and page; pictures saved out of it say so, too. `style`: of its panels, as CSS.
    """

    words: str
    payload: bytes = b""
    step: int = 0
    names: Sequence[str] = ()
    plays: bool = False
    style: str = ""


def offline_page(payload: bytes, *, names: Sequence[str], step: int, question: str = "") -> bytes:
    """The HTML of one payload, see OfflineSlide; `question`: what the page asks, its heading."""
    title = escape(" · ".join(names))
    heading = f"<h1>{escape(question)}</h1>\n<p>{title}</p>" if question else f"<h1>{title}</h1>"
    slide = OfflineSlide(heading, payload, step, names)
    return _file(title, [slide], _sections([slide]))


def offline_lesson(title: str, slides: Sequence[OfflineSlide], *, note: str, style: str) -> bytes:
    """The HTML of slides, shown one at a time. `note` stands below them; `style`: of their words.

    A payload that several slides show is in the file once.
    """
    head = f'<style>{style}</style>\n<style id="own"></style>\n<p class="note">{escape(title)}</p>'
    below = f'{_WAYS}<p class="note">{escape(note)}</p>'
    body = f"<aside>\n{head}\n{_sections(slides)}\n{below}\n</aside>"
    return _file(escape(title), slides, body)


def _file(title: str, slides: Sequence[OfflineSlide], body: str) -> bytes:
    """Where there are figures it brings plotly.js, 1.9 MB."""
    figures = any(map(_has_figures, _payloads(slides)))
    parts = {
        "plotly": plotly_gzip() if figures else gzip.compress(b"", mtime=0),
        "style": gzip.compress(player_files()["player.css"], mtime=0),
        "script": gzip.compress(script("offline"), mtime=0),
    }
    parts |= {name: gzip.compress(data, mtime=0) for data, name in _payloads(slides).items()}
    packed = "\n".join(
        f'<script id="{name}" type="text/plain">{b64encode(data).decode()}</script>'
        for name, data in parts.items()
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{offline_style()}</style>
{body}
<main></main>
{packed}
<script type="module">{_START}</script>
</html>
""".encode()


def _payloads(slides: Sequence[OfflineSlide]) -> dict[bytes, str]:
    """What the parts that hold them are called."""
    different = dict.fromkeys(slide.payload for slide in slides if slide.payload)
    return {payload: f"payload-{number}" for number, payload in enumerate(different)}


def _sections(slides: Sequence[OfflineSlide]) -> str:
    names = _payloads(slides)
    return "\n".join(_section(slide, names, at) for at, slide in enumerate(slides))


def _section(slide: OfflineSlide, names: dict[bytes, str], at: int) -> str:
    data = {
        "payload": names.get(slide.payload, ""),
        "step": slide.step,
        "names": dumps(list(slide.names)),
        "plays": "1" if slide.plays else "",
        "style": slide.style,
    }
    written = " ".join(f'data-{name}="{escape(str(value))}"' for name, value in data.items())
    return f"<article {written}{' hidden' if at else ''}>\n{slide.words}\n</article>"


def _has_figures(payload: bytes) -> bool:
    length = int.from_bytes(payload[:4], "little")
    return any(panel["kind"] == "plot" for panel in loads(payload[4 : 4 + length])["panels"])
