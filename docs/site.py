"""The documentation as web pages: `python -m docs.site FOLDER`; needs the extra `docs`.

The written pages as they are; the course with the numbers of the shipped runs; the reference out of
the docstrings of model_core. A link that leads nowhere ends it with an error.
"""

import ast
import html
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from explorer.data.facts.by_name import Fact, fact
from explorer.lessons.files import SHIPPED, names_of, read_lesson
from explorer.lessons.lesson import Lesson
from explorer.lessons.rendering import formula
from explorer.lessons.wording import UNKNOWN
from explorer.recorded.recipes import RECORDED
from explorer.views.lessons.telling import with_numbers
from explorer.views.lessons.trained import Untrained
from model_core.runs import Run

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{one.name}" for one in ROOT.glob("docs/*.md")),
]
_MARKUP = re.compile(r"[\\`*_\[\]]")
CONFIG = {
    "site_name": "Driftscope",
    "site_url": "",
    "use_directory_urls": False,  # the pages open from a disk too
    "theme": {"name": "material", "font": False},  # no font from the network
    "markdown_extensions": ["tables", "fenced_code", "toc"],
    "validation": {"links": {"anchors": "warn", "unrecognized_links": "warn"}},
}


def main(out: Path) -> None:
    logging.getLogger("streamlit").setLevel(logging.ERROR)  # no server is missed here
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        write_pages(source)
        build(source, out)


def build(source: Path, out: Path) -> None:
    """The pages as HTML; CalledProcessError where a link leads nowhere."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mkdocs.yml"
        pages = {"docs_dir": str(source), "nav": _contents(source)}
        config.write_text(yaml.safe_dump(CONFIG | pages), "utf-8")
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
        command += ["-f", str(config), "-d", str(out.resolve())]
        quiet = {"NO_MKDOCS_2_WARNING": "1"}
        subprocess.run(command, env=os.environ | quiet, check=True)


def write_pages(source: Path) -> None:
    """All pages as Markdown, at the places that they have in the repository."""
    shutil.copytree(ROOT / "docs" / "pictures", source / "docs" / "pictures")
    pages = {name: (ROOT / name).read_text("utf-8") for name in WRITTEN}
    pages |= {
        f"course/{name}.md": _lesson(read_lesson(SHIPPED / f"{name}.yaml"))
        for name in names_of(SHIPPED)
    }
    pages |= {f"reference/{part}.md": text for part, text in _reference()}
    for name, text in pages.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, "utf-8")


def _contents(source: Path) -> list[Any]:
    """The table of contents: a part for each folder."""
    parts = {part: sorted(source.glob(f"{part}/*.md")) for part in ("docs", "course", "reference")}
    inside = [
        {part.title(): [str(page.relative_to(source)) for page in pages]}
        for part, pages in parts.items()
        if pages
    ]
    return [{"Driftscope": "README.md"}, *inside, {"Contributing": "CONTRIBUTING.md"}]


def _lesson(lesson: Lesson) -> str:
    slides = "\n\n".join(_slide(lesson, at) for at in range(len(lesson.slides)))
    return f"# {lesson.title}\n\n{lesson.says}\n\n{slides}\n"


def _slide(lesson: Lesson, at: int) -> str:
    slide = with_numbers(lesson.slides[at], partial(_number, lesson, at), _plain)
    parts = [f"## {slide.title}", slide.text]
    if slide.formula:
        parts.append(f"<div>{formula(slide.formula)}</div>")
    if slide.train:
        parts.append(f"*In the app a button here trains a run; {UNKNOWN} stands for its numbers.*")
    if asked := slide.predict:
        options = "".join(f"\n- {_plain(option)}" for option in asked.options)
        parts += [f"**{asked.ask}**\n{options}", asked.reveal]
    return "\n\n".join(parts)


def _number(lesson: Lesson, at: int, name: str, arguments: tuple[str, ...], other: str) -> Fact:
    """A number of the run that a slide is about, or that it names, if no reader trains that."""

    def named(other: str) -> Run:
        run = other or str(lesson.slides[at].run)
        if trains := lesson.training(at, run):
            raise Untrained(trains[0], None)
        return Run.open(RECORDED / run)

    try:
        return fact(named, name, arguments, other)
    except Untrained:
        return UNKNOWN


def _reference() -> Iterator[tuple[str, str]]:
    """A page for each folder of model_core, and one for the files beside them."""
    core = ROOT / "model_core"
    folders = sorted(path.parent for path in core.glob("*/__init__.py"))
    for folder in (core, *folders):
        name = ".".join(folder.relative_to(ROOT).parts)
        modules = "\n\n".join(_module(path) for path in sorted(folder.glob("[a-z]*.py")))
        about = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
        yield name, f"# {name}\n\n{about}\n\n{modules}\n"


def _module(path: Path) -> str:
    tree = ast.parse(path.read_text("utf-8"))
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return f"## {name}\n\n{_words(tree)}\n\n" + "\n\n".join(_public(tree.body))


def _public(body: list[ast.stmt]) -> Iterator[str]:
    """Functions and classes without an underscore, their heads as code, with their docstrings."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield f"```python\n{_head(node)}\n```\n\n{_words(node)}"
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body)


def _head(node: ast.ClassDef | ast.FunctionDef) -> str:
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}({', '.join(map(ast.unparse, node.bases))})".replace("()", "")
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}"


def _words(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> str:
    """A docstring as it is: what looks like markup in it is none."""
    parts = re.split(r"(`[^`]*`)", ast.get_docstring(node) or "")
    return "".join(one if one.startswith("`") else _plain(one) for one in parts)


def _plain(text: str) -> str:
    """Text that Markdown shows unchanged."""
    return _MARKUP.sub(r"\\\g<0>", html.escape(text, quote=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
