"""One HTML file of a page: it holds all that its clock needs, and the same payload."""

import gzip
import re
from base64 import b64decode

from explorer import player
from explorer.player import offline_page
from explorer.player.assets import player_files, script
from tests.support.pages import component_data, opened


def payload() -> bytes:
    """Of the Overview of the shipped run, with all steps."""
    app = opened()
    kept = player.payload(component_data(app.run())["payload"])
    assert kept is not None
    return kept


def part(html: str, name: str) -> bytes:
    (found,) = re.findall(rf'<script id="{name}" type="text/plain">([^<]*)</script>', html)
    return gzip.decompress(b64decode(found))


def test_the_file_holds_the_payload_and_the_player_and_asks_no_server() -> None:
    data = payload()
    html = offline_page(data, names=("A <run>", "more"), step=7).decode()
    assert part(html, "payload") == data and part(html, "plotly") == b""
    assert part(html, "style") == player_files()["player.css"]
    assert "<title>A &lt;run&gt; · more</title>" in html and 'data-step="7"' in html
    assert part(html, "script") == script("player")
    assert len(html) <= 8e6 and "http:" not in html and "https:" not in html


def test_a_page_with_figures_brings_the_library_that_draws_them() -> None:
    app = opened("drift").run()
    kept = player.payload(component_data(app)["payload"])
    assert kept is not None
    html = offline_page(kept, names=("run", "drift"), step=0).decode()
    assert b"plotly.js v" in part(html, "plotly")[:200] and len(html) <= 8e6
