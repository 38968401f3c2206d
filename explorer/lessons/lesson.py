"""A lesson: slides, each a view of the app and what is said of it."""

from difflib import get_close_matches
from typing import Literal

from pydantic import Field, model_validator

from explorer.data.facts.by_name import FACTS
from explorer.lessons.part import Line, Part, Prose
from explorer.lessons.training import Training
from explorer.lessons.wording import filled, names_in, number, runs_in
from model_core.runs.storage import check_name

Page = Literal["overview", "train", "tables", "drift", "attention", "normalization", "compare"]


class Prediction(Part):
    """What a reader says before the answer is shown; the run gives the `answer`.

    With `options` one of them is right; a `click` chooses something in a picture, or a step on the
    clock; else it is a number. Numbers and steps are right `within` that share of the answer.
    """

    ask: Line
    options: tuple[Line, ...] = Field((), max_length=6)
    click: Literal["token", "position", "head", "step"] | None = None
    answer: Line
    within: float = Field(0.1, ge=0, le=1)
    reveal: Prose

    @model_validator(mode="after")
    def _is_asked_in_one_way(self) -> "Prediction":
        if self.options and self.click:
            raise ValueError("a question has options or a click, not both")
        if self.is_number:
            number(filled(self.answer, lambda *_: 1))
        return self

    @property
    def is_number(self) -> bool:
        """Whether it is answered by a number, which may be a step."""
        return not self.options and self.click in (None, "step")


class Slide(Part):
    """A view of the app and what is said of it; texts may have numbers of its `run`, "{loss(0)}".

    With `train` a button makes that run, unless there is one of the same preset and settings. The
    slides after it have it by its name here, whatever it is called on the shelf.

    "\\{" begins no number. `show` are parameters of the view's address, `step` is a recorded step,
    None the last. From it the clock `play`s. The panel with the key `highlight` is outlined.
    `notes` are the speaker's.
    """

    title: Line
    text: Prose
    formula: str = Field("", max_length=600)
    page: Page = "overview"
    run: Line | None = None
    train: Training | None = None
    show: dict[str, str] = Field(default_factory=dict, max_length=20)
    step: int | None = Field(None, ge=0)
    play: bool = False
    highlight: str = Field("", pattern=r"^[\w .-]*$")
    predict: Prediction | None = None
    notes: str = Field("", max_length=2000)

    @property
    def texts(self) -> list[str]:
        """All that may have numbers of a run."""
        texts = [self.title, self.text, *self.show.values()]
        if self.predict:
            texts += [self.predict.ask, *self.predict.options, self.predict.reveal]
            texts.append(self.predict.answer)
        return texts

    @model_validator(mode="after")
    def _says_what_is_known(self) -> "Slide":
        if self.train:
            self._names_what_it_trains(self.predict.options if self.predict else ())
        for name in (name for text in self.texts for name in names_in(text) if name not in FACTS):
            close = get_close_matches(name, FACTS, n=1)
            hint = f"did you mean {close[0]}?" if close else "some are loss, n_embd, moved"
            raise ValueError(f"{{{name[:40]}}} is no number of a run; {hint}")
        return self

    def _names_what_it_trains(self, options: tuple[str, ...]) -> None:
        if self.run is None:
            raise ValueError("a slide with train has run, the name that the trained run gets")
        check_name(self.run)
        if {"", self.run} & {run for text in options for run in runs_in(text)}:
            raise ValueError("options are read before the run is trained: no number is of it")

    @property
    def address(self) -> dict[str, str]:
        """The parameters of the view's address."""
        step = {} if self.step is None else {"step": str(self.step)}
        run = {} if self.run is None else {"run": self.run}
        return run | step | self.show


class Lesson(Part):
    """Slides in order."""

    title: Line
    says: Line
    slides: tuple[Slide, ...] = Field(min_length=1, max_length=40)

    def training(self, at: int, run: str | None) -> tuple[int, Training] | None:
        """Which slide, from 0, trains the run that slide `at` calls so, and how; None: no slide."""
        earlier = enumerate(self.slides[: at + 1])
        trained = [(n, one.train) for n, one in earlier if one.train and one.run == run]
        return trained[-1] if trained else None
