"""The table of what "fast" means: each row's figure and what it must reach, both from this run."""

import os

from tests.benchmarks.attention import attention_times
from tests.benchmarks.drag import drag_frames
from tests.benchmarks.maps import map_rows
from tests.benchmarks.opening import opening_seconds
from tests.benchmarks.play import play_frames
from tests.benchmarks.rows import Row, at_least, at_most
from tests.benchmarks.speed import training_speeds


def training_rows(threads: int) -> list[Row]:
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


def browser_rows() -> list[Row]:
    drag, play, opening = drag_frames(), play_frames(), opening_seconds()
    typed = attention_times()
    frames = f"drag, 200 steps, 3 panels: {drag['frames']:.0f} frames, p50 {drag['p50_ms']:.1f} ms"
    played = f"play, map of 65: {play['frames']:.0f} frames, p50 {play['p50_ms']:.1f} ms"
    return [
        at_most(f"{frames}, p95", drag["p95_ms"], 34, "ms"),
        at_most("messages to the server during the drag", drag["messages"], 0, ""),
        at_most(f"{played}, p95", play["p95_ms"], 34, "ms"),
        at_most("Enter to 16 heads of 41 characters, p95", typed["shown_p95_ms"], 200, "ms"),
        at_most("Enter to 120 steps to scrub, p95", typed["complete_p95_ms"], 1000, "ms"),
        at_most("drag, 16 heads, 41 characters, p95", typed["drag_p95_ms"], 34, "ms"),
        beside_bare("start to first picture", opening["start"], opening["bare start"], 0.8),
        beside_bare("page load on a warm server", opening["load"], opening["bare load"], 0.65),
        at_most("Train pressed to first loss seen", opening["train"], 3, "s"),
    ]


def main() -> None:
    for row in [*browser_rows(), *training_rows(os.cpu_count() or 1), *map_rows()]:
        print(row)


if __name__ == "__main__":
    main()
