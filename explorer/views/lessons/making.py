"""Files of lessons: each made once for all visitors, one at a time, by a process of its own."""

import logging
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from threading import Lock, Thread

MOST = 20  # files that wait or are kept: some megabytes each


@dataclass(eq=False)
class LessonFile:
    """The file of the lesson `name`, `of` what, in whose making `run` was the chosen one.

    `at`: the slide that is drawn. When it `is_done` it has its `data`, or could not be made.
    """

    name: str
    of: tuple[object, ...]
    run: str
    at: int = 0
    data: bytes = b""
    is_done: bool = False


class Maker:
    """Makes one file at a time, since each takes the memory of a server; keeps those made last."""

    def __init__(self) -> None:
        self.files: list[LessonFile] = []  # in the order in which they were asked for
        self._lock = Lock()
        self._queue: Queue[LessonFile] = Queue()
        # A server that ends does not wait for this thread, and its files.
        Thread(target=self._work, daemon=True).start()

    def ask(self, asked: LessonFile) -> None:
        """Make this file, unless one of the same is there or waits, or too many wait."""
        with self._lock:
            same = [one for one in self.files if one.of == asked.of]
            if self.is_full or any(one.data or not one.is_done for one in same):
                return
            kept = [one for one in self.files if one not in same]
            while len(kept) >= MOST:
                kept.remove(next(one for one in kept if one.is_done))
            self.files = [*kept, asked]
            self._queue.put(asked)

    @property
    def is_full(self) -> bool:
        """Whether so many wait that none more is taken."""
        return sum(not one.is_done for one in self.files) >= MOST

    def before(self, file: LessonFile) -> int:
        """How many are made before this one."""
        files = self.files
        return sum(not one.is_done for one in files[: files.index(file)]) if file in files else 0

    def _work(self) -> None:
        while True:
            file = self._queue.get()
            try:
                _make(file)
            except (OSError, ValueError) as error:
                _log(file, error)
            finally:
                file.is_done = True


@cache
def maker() -> Maker:
    return Maker()


def _make(file: LessonFile) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lesson.html"
        module = "explorer.views.lessons.offline"
        command = [sys.executable, "-m", module, file.name, file.run, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                file.at = int(line)
        if process.returncode:
            _log(file, f"its process ended with {process.returncode}")
        else:
            file.data = path.read_bytes()


def _log(file: LessonFile, why: object) -> None:
    logging.getLogger("driftscope").error("file of lesson %s not made: %s", file.name, why)
