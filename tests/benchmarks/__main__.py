"""The table of what "fast" means: each row's figure, what it must reach, both from this run."""

import os
from dataclasses import dataclass

from tests.benchmarks.drag import drag_frames
from tests.benchmarks.opening import opening_seconds
from tests.benchmarks.play import play_frames
from tests.benchmarks.speed import training_speeds


@dataclass(frozen=True)
class Row:
    work: str
    figure: str
    wanted: str
    reached: bool


def training_rows(threads: int) -> list[Row]:
    speeds = training_speeds(threads)
    with_recording, bare = speeds["recorded"], speeds["bare"]
    told = ", ".join(f"{name} {speed / 1000:.1f}" for name, speed in speeds.items())
    on = f"training on {threads} threads ({told} ktok/s)"
    rows = [_ratio(f"{on} / lecture", with_recording / speeds["lecture"], 2.0)]
    if "nanoGPT" in speeds:
        rows.append(_ratio(f"{on} / nanoGPT", with_recording / speeds["nanoGPT"], 1.15))
    share = 1 - with_recording / bare
    rows.append(Row("recording 120 of 5,000 steps", f"{share:.1%}", "≤ 5 %", share <= 0.05))
    return rows


def browser_rows() -> list[Row]:
    drag, play, opening = drag_frames(), play_frames(), opening_seconds()
    frames = f"drag, 200 steps, 3 panels: {drag['frames']:.0f} frames, p50 {drag['p50_ms']:.1f} ms"
    played = f"play, map of 65: {play['frames']:.0f} frames, p50 {play['p50_ms']:.1f} ms"
    return [
        _below(f"{frames}, p95", drag["p95_ms"], 34, "ms"),
        _below("messages to the server during the drag", drag["messages"], 0, ""),
        _below(f"{played}, p95", play["p95_ms"], 34, "ms"),
        _below("start to first picture", opening["start"], 5, "s"),
        _below("page load on a warm server", opening["load"], 2.5, "s"),
        _below("Train pressed to first loss seen", opening["train"], 3, "s"),
    ]


def _ratio(work: str, ratio: float, least: float) -> Row:
    return Row(work, f"{ratio:.2f} ×", f"≥ {least} ×", ratio >= least)


def _below(work: str, value: float, most: float, unit: str) -> Row:
    return Row(work, f"{value:.2f} {unit}".strip(), f"≤ {most} {unit}".strip(), value <= most)


def main() -> None:
    rows = [*browser_rows(), *training_rows(os.cpu_count() or 1)]
    for row in rows:
        print(f"{'ok  ' if row.reached else 'MISS'}  {row.figure:>10}  {row.wanted:>9}  {row.work}")


if __name__ == "__main__":
    main()
