"""The written pages: every file and folder that they name is there."""

import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from docs import site
from explorer.lessons.wording import names_in

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)")
PATH = re.compile(r"[\w./-]*(?:/|\.(?:py|js|css|md|toml))")
ARTICLE = re.compile(r"<article.*?</article>", re.DOTALL)
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


@pytest.fixture
def builder() -> None:
    """What turns pages into a site; in CI its absence is a failure."""
    if find_spec("material") is None:
        assert not os.environ.get("CI"), "the extra `docs` is not installed"
        pytest.skip("the extra `docs` is not installed")


def test_the_site_has_every_page_and_the_numbers_of_the_runs(tmp_path: Path, builder: None) -> None:
    site.main(tmp_path)
    made = {str(page.relative_to(tmp_path)) for page in tmp_path.rglob("*.html")}
    written = {"index.html", *(page.replace(".md", ".html") for page in site.WRITTEN[1:])}
    course = {f"course/{page.stem}.html" for page in ROOT.glob("explorer/lessons/*.yaml")}
    parts = [page.parent.name for page in ROOT.glob("model_core/*/__init__.py")]
    reference = {f"reference/model_core{part}.html" for part in ("", *(f".{one}" for one in parts))}
    assert written | course | reference | {"404.html"} == made
    lesson = (tmp_path / "course/01-token-table.html").read_text("utf-8")
    letters = len(set("Quick brown fox jumped over the lazy dog."))
    assert f"The sentence has {letters} different characters" in lesson
    by_hand = (tmp_path / "course/15-layer-norm-by-hand.html").read_text("utf-8")
    assert by_hand.count("<math ") == 2 and r"\frac" not in by_hand
    texts = (ARTICLE.findall((tmp_path / page).read_text("utf-8"))[0] for page in course)
    assert not [names for text in texts if (names := names_in(text))]
    loading = re.compile(r'(?:src|href)="https?:[^"]*\.(?:js|css|woff2?)|@import url\(.?http')
    assert not [page for page in made if loading.search((tmp_path / page).read_text("utf-8"))]


@pytest.mark.parametrize("link", ["docs/gone.md", "#gone"])
def test_a_link_that_leads_nowhere_ends_the_building(
    tmp_path: Path, builder: None, link: str
) -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        (tmp_path / name).write_text(f"# Title\n\n[gone]({link})\n", "utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        site.build(tmp_path, tmp_path / "out")
