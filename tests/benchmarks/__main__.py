"""The table of what "fast" means: each row's figure and what it must reach, both from this run."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated

import typer

from model_core.__main__ import on_any_terminal
from tests.benchmarks.attention import attention_times
from tests.benchmarks.drag import drag_frames
from tests.benchmarks.maps import map_rows
from tests.benchmarks.offline import PAGES, offline_frames
from tests.benchmarks.opening import opening_seconds
from tests.benchmarks.play import play_frames
from tests.benchmarks.rows import Row, at_least, at_most
from tests.benchmarks.speed import training_speeds
from tests.benchmarks.sweep import sweep_seconds
from tests.benchmarks.tables import VIEWS, table_times


def training_rows() -> list[Row]:
    threads = os.cpu_count() or 1
    speeds = training_speeds(threads)
    with_recording, bare = speeds["recorded"], speeds["bare"]
    told = ", ".join(f"{name} {speed / 1000:.1f}" for name, speed in speeds.items())
    on = f"training on {threads} threads ({told} ktok/s)"
    rows = [at_least(f"{on} / lecture", with_recording / speeds["lecture"], 2.0, "×")]
    if "nanoGPT" in speeds:
        rows.append(at_least(f"{on} / nanoGPT", with_recording / speeds["nanoGPT"], 1.15, "×"))
    share = 1 - with_recording / bare
    rows.append(Row("recording 120 of 5,000 steps", f"{share:.1%}", "≤ 5 %", share <= 0.05))
    return rows


def beside_bare(work: str, seconds: float, bare: float, most: float) -> Row:
    told = f"{work} ({seconds:.2f} s; a bare page with one figure {bare:.2f} s)"
    return at_most(told, seconds / bare, most, "×")


def drag_rows() -> Iterator[Row]:
    drag = drag_frames()
    frames = f"drag, 200 steps, 3 panels: {drag['frames']:.0f} frames, p50 {drag['p50_ms']:.1f} ms"
    yield at_most(f"{frames}, p95", drag["p95_ms"], 34, "ms")
    yield at_most("messages to the server during the drag", drag["messages"], 0, "")


def play_rows() -> Iterator[Row]:
    play = play_frames()
    played = f"play, map of 65: {play['frames']:.0f} frames, p50 {play['p50_ms']:.1f} ms"
    yield at_most(f"{played}, p95", play["p95_ms"], 34, "ms")


def offline_rows() -> Iterator[Row]:
    found = offline_frames()
    for page in PAGES:
        yield at_most(f"saved file of {page}, all steps, p95", found[page], 34, "ms")


def typing_rows() -> Iterator[Row]:
    typed = attention_times()
    yield at_most("Enter to 16 heads of 41 characters, p95", typed["shown_p95_ms"], 200, "ms")
    yield at_most("Enter to 120 steps to scrub, p95", typed["complete_p95_ms"], 1000, "ms")
    yield at_most("drag, 16 heads, 41 characters, p95", typed["drag_p95_ms"], 34, "ms")


def table_rows() -> Iterator[Row]:
    found = table_times()
    wide = "50,257 tokens × 64 × 12 steps"
    for view in VIEWS:
        yield at_most(f"{wide}: {view} opens", found[f"{view} opens"], 3, "s")
        yield at_most(f"{wide}: drag in {view}, p95", found[f"{view} drag"], 34, "ms")
    yield at_most(f"{wide}: the server grows", found["grown"], 500, "MB")


def opening_rows() -> Iterator[Row]:
    opening = opening_seconds()
    yield beside_bare("start to first picture", opening["start"], opening["bare start"], 0.8)
    yield beside_bare("page load on a warm server", opening["load"], opening["bare load"], 0.65)
    for name in ("start", "load"):
        figure = f"{opening[f'obeyed {name}']:.2f} s"
        yield Row(f"{name} until the page's own clock obeys", figure, "", reached=True)
    yield at_most("Train pressed to first loss seen", opening["train"], 3, "s")


def sweep_rows() -> Iterator[Row]:
    seconds, cores = sweep_seconds(), os.cpu_count() or 1
    alone, together = seconds["one after the other"], seconds["all cores"]
    told = f"sweep, 5 sizes × 3 seeds ({together:.0f} s on {cores} cores, {alone:.0f} s on one)"
    yield at_most(f"{told} / a share of them on each core", cores * together / alone, 1.1, "×")


PARTS: dict[str, Callable[[], Iterable[Row]]] = {
    "drag": drag_rows,
    "play": play_rows,
    "offline": offline_rows,
    "typing": typing_rows,
    "opening": opening_rows,
    "training": training_rows,
    "maps": map_rows,
    "sweep": sweep_rows,
    "tables": table_rows,
}


def load() -> str:
    """What else the machine does, which every figure below it depends on."""
    cores = os.cpu_count() or 1
    if not hasattr(os, "getloadavg"):
        return f"{cores} cores; this system does not tell its load"
    busy = os.getloadavg()[0]
    quiet = "quiet" if busy < 0.25 * cores else "NOT QUIET: figures are worse than they could be"
    return f"{cores} cores, {busy:.1f} processes at work in the last minute: {quiet}"


def main(
    only: Annotated[
        str, typer.Option(help=f"Parts of it, separated by commas: {', '.join(PARTS)}.")
    ] = ",".join(PARTS),
) -> None:
    """Print each row as soon as it is measured."""
    parts = only.split(",")
    for part in parts:
        if part not in PARTS:
            raise typer.BadParameter(f"{part!r} is none of {', '.join(PARTS)}")
    print(load(), flush=True)
    for part in parts:
        for row in PARTS[part]():
            print(row, flush=True)


if __name__ == "__main__":
    on_any_terminal()
    typer.run(main)
