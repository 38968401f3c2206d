"""Lessons as YAML files: read, written and named."""

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from explorer.lessons.lesson import Lesson
from model_core.runs.files import read_file

SHIPPED = Path(__file__).parent
LARGEST = 2**18  # bytes of a file; YAML of that size is read in some seconds
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def read_lesson(path: Path) -> Lesson:
    """ValueError naming the line and the rule that it breaks; OSError where there is no file."""
    return parse(read_file(path))


def parse(data: bytes) -> Lesson:
    """The lesson that a file of these bytes holds; errors as `read_lesson`."""
    if len(data) > LARGEST:
        raise ValueError(f"a lesson has at most {LARGEST:,} bytes, this file {len(data):,}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line}: this is no text in UTF-8") from None
    tree, values = _tree(text)
    try:
        return Lesson.model_validate(values)
    except ValidationError as error:
        line = _line(tree, error.errors()[0]["loc"])
        raise ValueError(f"line {line}, {broken_rule(error)}") from None


def _tree(text: str) -> tuple[yaml.Node | None, Any]:
    """What a YAML text says, as nodes with their lines and as values."""
    try:
        loader = _Loader(text)
        tree = loader.get_single_node()
        return tree, None if tree is None else loader.construct_document(tree)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "this is no YAML"
        raise ValueError(f"{where}{problem[:120]}") from None
    except (ValueError, RecursionError):  # a date that there is not, brackets without end
        raise ValueError("this is no YAML that can be read") from None


class _Loader(yaml.SafeLoader):
    """Plain values only: of what an anchor names, a few lines could make gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if event.anchor is not None:
            raise yaml.MarkedYAMLError(
                problem="a lesson has no anchors, put in quotes what begins with & or *",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)


def _line(node: Any, keys: Sequence[Any]) -> int:
    """The line, from 1, of the deepest part on the way along these keys that is in the file."""
    line = node.start_mark.line if node else 0
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = [(one, value) for one, value in node.value if one.value == str(key)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            found = [(one, one) for one in node.value[key : key + 1]]
        else:
            break
        if not found:
            break
        line, node = found[0][0].start_mark.line, found[0][1]
    return line + 1


def broken_rule(error: ValidationError) -> str:
    """The first rule that is broken, and by what."""
    first = error.errors()[0]
    name = ".".join(repr(str(part))[1:-1] for part in first["loc"])[:60]
    return f"{name}: {first['msg'].removeprefix('Value error, ')[:120]}"


def with_slides(lesson: Lesson | None, title: str, slides: Sequence[Mapping[str, Any]]) -> Lesson:
    """A lesson of these slides, otherwise as it was; ValueError names the rule they break."""
    said = {"says": lesson.says if lesson else "A lesson of your own."}
    try:
        return Lesson.model_validate({"title": title} | said | {"slides": slides})
    except ValidationError as error:
        raise ValueError(broken_rule(error)) from None


def as_text(lesson: Lesson) -> str:
    """What a file of this lesson holds; ValueError where it would not be read again."""
    values = lesson.model_dump(mode="json", exclude_defaults=True)
    text: str = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=100)
    if (size := len(text.encode())) > LARGEST:
        raise ValueError(f"the lesson would have {size:,} bytes, more than {LARGEST:,}; cut it")
    return text


def name_for(title: str, taken: Collection[str]) -> str:
    """A name for the file of a new lesson, none of those taken."""
    stem = re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")[:50] or "lesson"
    names = (stem if n == 1 else f"{stem}-{n}" for n in itertools.count(1))
    return next(name for name in names if name not in taken)


def is_name(name: str) -> bool:
    """Whether a lesson's file may be called that, without its ending."""
    return bool(_NAME.fullmatch(name))


def names_of(folder: Path) -> list[str]:
    """The lessons in a folder, by name."""
    return sorted(path.stem for path in folder.glob("*.yaml") if is_name(path.stem))
