"""A vocabulary of 50,257 on Tables: how soon it opens, what memory it takes, how it drags."""

import json
import re
import tempfile
import time
from itertools import islice, product
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
from playwright.sync_api import Page, sync_playwright
from tokenizers import pre_tokenizers

from model_core.config import ModelConfig, TrainingConfig
from model_core.corpora import built_in_text
from model_core.runs import Plan, create_run
from model_core.tokenizers import tokenizer_from_json
from model_core.training.loop import train
from model_core.training.turns import only_trainer
from tests.benchmarks.drag import FRAMES, MOVES, WATCH_FRAMES
from tests.support.browser.app import APP
from tests.support.browser.driver import ClockDriver, Watch, launch, open_page, running

TOKENS, CHANNELS, SNAPSHOTS = 50_257, 64, 12
VIEWS = ("Look up", "Values")


def table_times() -> dict[str, float]:
    """Of each view: "<view> opens", seconds on a warm server that has not seen the run, and
    "<view> drag", p95 in ms over all steps. "grown": MB that the server has more then, at its peak.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        _record(Path(folder) / "runs" / "wide")
        with running(APP, Path(folder)) as server:
            browser, watch = launch(playwright.chromium), Watch()
            url = f"{server.url}/tables"
            page = open_page(browser, url, watch=watch, size=(1440, 900), dark=False)
            ClockDriver(page).wait_ready()
            process = _process(url)
            (process / "clear_refs").write_text("5")  # the peak begins anew
            before = _memory(process, "VmRSS")
            found: dict[str, float] = {}
            for view in VIEWS:
                began = time.perf_counter()
                page.goto(f"{url}?{urlencode({'run': 'wide', 'tables.view': view})}")
                ClockDriver(page).wait_ready()
                found[f"{view} opens"] = time.perf_counter() - began
                found[f"{view} drag"] = float(np.percentile(_drag(page), 95))
            found["grown"] = _memory(process, "VmHWM") - before
            browser.close()
    if watch.unexpected():
        raise RuntimeError(f"the page complained: {watch.unexpected()[0]}")
    return found


def _record(path: Path) -> None:
    """A run of 256 bytes and as many pairs of them as make TOKENS, trained for a few steps."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [list(pair) for pair in islice(product(alphabet, repeat=2), TOKENS - len(alphabet))]
    tokenizer = tokenizer_from_json({"kind": "bpe", "merges": merges})
    model = ModelConfig(vocab_size=TOKENS, block_size=32, n_embd=CHANNELS, n_head=4, n_layer=1)
    training = TrainingConfig(
        steps=SNAPSHOTS - 1, snapshots=SNAPSHOTS, snapshot_budget=2**30, batch_size=4
    )
    text = built_in_text("python-docs-short")
    create_run(path, Plan("python-docs-short", text, tokenizer, model, training))
    with only_trainer(path):
        train(path)


def _drag(page: Page) -> list[float]:
    """Durations in ms of the frames of one drag to and fro, a step a move as in `drag_frames`."""
    clock, last = ClockDriver(page), SNAPSHOTS - 1
    clock.drag(0, 1, last)  # the first drag also compiles the drawing code
    page.evaluate(WATCH_FRAMES)
    clock.press(0)
    for n in range(1, MOVES + 1):
        clock.move(1 - abs(n / last % 2 - 1))
    page.mouse.up()
    page.wait_for_function(f"() => {FRAMES}.length > 0")
    return page.evaluate(FRAMES)


def _process(url: str) -> Path:
    """The folder in /proc of the server at this address."""
    port = f"--server.port={urlsplit(url).port}\0"
    found = (path for path in Path("/proc").glob("[0-9]*/cmdline") if port in path.read_text())
    return next(found).parent


def _memory(process: Path, name: str) -> float:
    """MB of a line of /proc/<pid>/status."""
    (kilobytes,) = re.findall(rf"{name}:\s+(\d+) kB", (process / "status").read_text())
    return int(kilobytes) / 1024


if __name__ == "__main__":
    print(json.dumps(table_times(), indent=2))
