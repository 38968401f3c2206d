"""The lessons that there are: those that come with the app, and the teacher's own."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from explorer.lessons.files import (
    SHIPPED,
    as_text,
    is_name,
    name_for,
    names_of,
    read_lesson,
    with_slides,
)
from explorer.lessons.lesson import Lesson
from explorer.visit import session
from model_core.runs import runs_folder
from model_core.runs.storage import write_whole

MOST = 200  # lessons of one's own: each is read to draw the shelf


def own_folder() -> Path:
    return runs_folder() / ".lessons"


def lesson_names() -> list[str]:
    """Those that come with the app in the order of the course, then the teacher's own."""
    shipped = names_of(SHIPPED)
    return shipped + [name for name in names_of(own_folder()) if name not in shipped]


def following(name: str) -> str | None:
    """The lesson of the course after this one, if there is one."""
    return dict(pairwise(names_of(SHIPPED))).get(name)


def is_own(name: str) -> bool:
    """Whether it is the teacher's own and may be changed."""
    return is_name(name) and (own_folder() / f"{name}.yaml").is_file()


def save(name: str, text: str) -> None:
    """Keep the text of an own lesson; OSError with the words to show where it cannot be."""
    own_folder().mkdir(parents=True, exist_ok=True)
    write_whole(own_folder() / f"{name}.yaml", text.encode())


def keep_new(title: str, text: str) -> str:
    """Keep the text of a new lesson; its name, which no other has, not even one of this moment.

    ValueError where there are MOST; OSError as `save`.
    """
    own_folder().mkdir(parents=True, exist_ok=True)
    if len(names_of(own_folder())) >= MOST:
        raise ValueError(f"this server has {MOST} lessons of its own, and takes no more")
    while True:
        name = name_for(title, lesson_names())
        path = own_folder() / f"{name}.yaml"
        try:
            path.touch(exist_ok=False)
        except FileExistsError:  # another teacher's, since the names were read
            continue
        try:
            save(name, text)
        except OSError:
            path.unlink()
            raise
        return name


def keep_slides(name: str, title: str, lesson: Lesson | None, slides: Sequence[Any]) -> str:
    """Keep the lesson with these slides; its name, which a new one has from now on."""
    text = as_text(with_slides(lesson, title, slides))
    if lesson is None:
        name = keep_new(title, text)
    else:
        save(name, text)
    session.visit().predicted.clear()  # a question may stand on another slide now
    return name


def lesson_of(name: str) -> Lesson:
    """The teacher's own before one that comes with the app; else ValueError with the words."""
    for folder in (own_folder(), SHIPPED):
        path = folder / f"{name}.yaml"
        if is_name(name) and path.is_file():
            try:
                stat = path.stat()
                return _read(path, (stat.st_mtime_ns, stat.st_size))
            except (ValueError, OSError) as error:
                raise ValueError(f"The lesson {name} cannot be read: {error}") from None
    raise ValueError(f"There is no lesson named {name[:60]!r}; choose one on the Lessons page.")


@lru_cache(MOST + 100)  # the course's, too
def _read(path: Path, _of: tuple[int, int]) -> Lesson:
    """A file of one time and size is read once: every rerun asks for the lesson that is on."""
    return read_lesson(path)
