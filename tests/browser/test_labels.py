"""Labels of hostile tokens beside an axis: drawn letter by letter as they are."""

from pathlib import Path

import numpy as np
from playwright.sync_api import Browser

from explorer.charts.embeddings.tables import table_panel
from explorer.charts.parts.labels import isolated, shortened
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame
from explorer.player.encoding import encode
from explorer.player.offline import offline_page
from explorer.timeline import Timeline
from model_core.labels import token_label
from tests.support.browser.driver import ClockDriver

# fmt: off
TOKENS = [
    "<b>", "</b>", "<b>x</b>", "<br>", "a<br>b", "<i", "$x$", "$", "&amp;", "&lt;", "&", "&#36;",
    "%{text}", "%{x}", "\\", "\\n", "'", '"', "`", "a  b", "  ", " a", "a ", "\u200b", "a\u200bb",
    "\u202eabc", "<sub>2</sub>", "<a href='x'>y</a>", "<span style='color:red'>z</span>",
    "x\u0301", "\ufeff", "{}", "^2", "_", "~", "\t", "\n", "0", "1", "1e5", "nan", "true",
    "\u00a0", "\u2028", "\x00", "\x7f", "שלום", "مُحَمَّد",
]  # fmt: on
TICKS = "() => [...document.querySelectorAll('.ytick text')].map((tick) => tick.textContent)"


def test_every_tick_says_its_token(chromium: Browser, tmp_path: Path) -> None:
    labels = [isolated(token_label(token)) for token in TOKENS]
    values = np.zeros((1, len(labels), 2), np.float32)
    panel = table_panel(values, Rows(labels, "token", chosen=2), Frame("tokens", "", height=1500))
    line = Timeline(np.zeros(1, int), np.zeros(1), np.ones(1), ())
    path = tmp_path / "labels.html"
    path.write_bytes(offline_page(encode([panel], line), names=("labels",), step=0))
    page = chromium.new_page(viewport={"width": 900, "height": 1600})
    try:
        page.goto(path.as_uri())
        ClockDriver(page).wait_ready()
        assert page.evaluate(TICKS) == [shortened(label) for label in labels]
    finally:
        page.close()
