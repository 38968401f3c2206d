"""One HTML file of a page or a lesson: it holds all that its clocks need, each payload once."""

import gzip
import re
from base64 import b64decode

from explorer.player.assets import player_files, script
from explorer.player.clock import payload
from explorer.player.offline import OfflineSlide, offline_lesson, offline_page
from tests.support.pages import component_data, opened


def overview() -> bytes:
    """Of the Overview of the shipped run, with all steps."""
    app = opened()
    kept = payload(component_data(app.run())["payload"])
    assert kept is not None
    return kept


def part(html: str, name: str) -> bytes:
    return gzip.decompress(b64decode(part_text(html, name)))


def part_text(html: str, name: str) -> str:
    (found,) = re.findall(rf'<script id="{name}" type="text/plain">([^<]*)</script>', html)
    return str(found)


def test_the_file_holds_the_payload_and_the_player_and_asks_no_server() -> None:
    data = overview()
    html = offline_page(data, names=("A <run>", "more"), step=7).decode()
    assert part(html, "payload-0") == data and part(html, "plotly") == b""
    assert part(html, "style") == player_files()["player.css"]
    assert "<title>A &lt;run&gt; · more</title>" in html and 'data-step="7"' in html
    assert part(html, "script") == script("offline")
    assert len(html) <= 8e6 and "http:" not in html and "https:" not in html


def test_a_page_with_figures_brings_the_library_that_draws_them() -> None:
    app = opened("drift").run()
    kept = payload(component_data(app)["payload"])
    assert kept is not None
    html = offline_page(kept, names=("run", "drift"), step=0).decode()
    assert b"plotly.js v" in part(html, "plotly")[:200] and len(html) <= 8e6


def test_what_several_slides_of_a_lesson_show_is_in_its_file_once() -> None:
    data = overview()
    one = OfflineSlide("<h1>One</h1>", data, 3, ("a<b", "overview"), plays=True, style='[a="b"] {}')
    html = offline_lesson(
        "T & U", [one, OfflineSlide("Two"), one._replace(step=7)], note="N < M", style=".term {}"
    ).decode()
    assert html.count(part_text(html, "payload-0")) == 1 and "payload-1" not in html
    assert part(html, "payload-0") == data
    sections = re.findall(r"<article ([^>]*)>\n(.*)\n</article>", html)
    assert [words for _, words in sections] == ["<h1>One</h1>", "Two", "<h1>One</h1>"]
    assert [re.findall(r'data-(?:payload|step|plays)="([^"]*)"', said) for said, _ in sections] == [
        ["payload-0", "3", "1"], ["", "0", ""], ["payload-0", "7", "1"],
    ]  # fmt: skip
    styled = ['data-style="[a=&quot;b&quot;] {}"' in said for said, _ in sections]
    assert styled == [True, False, True]
    assert [said.endswith(" hidden") for said, _ in sections] == [False, True, True]
    assert "T &amp; U" in html and "N &lt; M" in html and "a&lt;b" in html
