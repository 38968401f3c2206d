"""A row of the table: a figure, and what it must reach."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    work: str
    figure: str
    wanted: str
    reached: bool

    def __str__(self) -> str:
        reached = "ok  " if self.reached else "MISS"
        return f"{reached}  {self.figure:>10}  {self.wanted:>9}  {self.work}"


def at_least(work: str, value: float, least: float, unit: str) -> Row:
    return Row(work, f"{value:.2f} {unit}".strip(), f"≥ {least} {unit}".strip(), value >= least)


def at_most(work: str, value: float, most: float, unit: str) -> Row:
    return Row(work, f"{value:.2f} {unit}".strip(), f"≤ {most} {unit}".strip(), value <= most)
