"""The written pages: every file and folder that they name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)")
PATH = re.compile(r"[\w./-]*(?:/|\.(?:py|js|css|md|toml))")
FOLDERS = ("", "model_core", "explorer", "explorer/player", "tests")  # where tables begin


def named(text: str) -> set[str]:
    """The paths in a page: linked, or written as code. `<view>.py` stands for a file to come."""
    words = re.split(r"[\s,;:]+", " ".join(CODE.findall(text)))
    links = {link for link in LINK.findall(text) if ":" not in link}
    return links | {word for word in words if PATH.fullmatch(word)}


def test_paths_are_found_in_code_and_links_only() -> None:
    text = "`explorer/app.py x/` or `views/<page>/page.py`, a.py, [y](docs/y.md#z), [z](a://b)"
    assert named(text) == {"explorer/app.py", "x/", "docs/y.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    starts = [page.parent, *(ROOT / folder for folder in FOLDERS)]
    paths = named(page.read_text(encoding="utf-8"))
    assert paths
    assert not [path for path in paths if not any((start / path).exists() for start in starts)]


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/pictures/*")), ids=lambda path: path.name)
def test_a_picture_is_small_and_shown(path: Path) -> None:
    """`python -m docs.pictures` makes them."""
    assert path.stat().st_size <= {".png": 250_000, ".webp": 1_500_000}[path.suffix]
    assert f"docs/pictures/{path.name}" in (ROOT / "README.md").read_text(encoding="utf-8")
