"""The lesson that this visitor reads or writes."""

from explorer.visit.session import visit


def teach(name: str, slide: int) -> None:
    """Open a slide of a lesson in the next rerun, the first is 1."""
    visit().lesson, visit().fresh = (name, slide), True


def begin_lesson(title: str) -> None:
    """Write a lesson that has no slide yet, and no name before it has one."""
    visit().lesson, visit().writing, visit().goal = ("", 1), title, "overview"
    visit().drafts.pop("", None)
    visit().stories = False  # their cards would lie over it


def begin_slide(name: str, slide: int) -> None:
    """Write the slide with this number, there or new, and leave the view as it is."""
    visit().lesson = (name, slide)


def write_lesson(title: str | None) -> None:
    """Write on the lesson that is on, under this title, from the next rerun on; None: no more."""
    visit().writing = title


def end_lesson() -> None:
    visit().lesson = visit().writing = None


def predict(answer: str | None) -> None:
    """Keep what the reader says to the question of the present slide; None forgets it."""
    if (on := visit().lesson) is None:
        return
    if answer is None:
        visit().predicted.pop(on, None)
    else:
        visit().predicted[on] = answer
