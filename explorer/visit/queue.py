"""When a training has its turn, in words."""

from model_core.runs import Run, runs_folder
from model_core.runs.status import ACTIVE, State, Status
from model_core.training import jobs


def waits(run: Run) -> str:
    """What a queued run waits for."""
    line = jobs.line(run.path.parent, run.status.queued_at)
    return "its process starts" if line.is_free else _behind(line)


def would_wait() -> str:
    """When a training that is asked for now would start."""
    line = jobs.line(runs_folder())
    return "starts at once" if line.is_free else f"would be {_behind(line)}"


def state_beside(run: Run) -> State:
    """How a run stands; when it does not train, as any that does."""
    own = run.status.state
    if own in ACTIVE:
        return own
    return next((one.state for one in jobs.active(runs_folder()).values()), own)


def about(seconds: float) -> str:
    """A duration as it is spoken: "about 8 s", "about 3 min"."""
    if seconds < 10:
        return f"about {max(seconds, 1):.0f} s"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} s"
    minutes = seconds / 60
    return f"about {minutes:.0f} min" if minutes < 90 else f"about {minutes / 60:.1f} h"


def _behind(line: jobs.Line) -> str:
    """The place in the queue, and who is before it: at least one trains or waits."""
    place = len(line.waiting) + 1
    now = [_trains(name, status) for name, status in line.training.items()]
    before = now or [f"{line.waiting[0]} starts"]
    return f"{_ordinal(place)} in the queue; {', '.join(before)}"


def _trains(name: str, status: Status) -> str:
    left = "" if status.seconds_left is None else f", {about(status.seconds_left)} left"
    return f"{name} trains now{left}"


def _ordinal(number: int) -> str:
    """ "1st", "2nd", "3rd", "4th", "11th", "21st"."""
    teen = number % 100 in (11, 12, 13)
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
