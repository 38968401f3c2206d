"""The colours of the charts: readable on both pages, and the same in Python and in the browser."""

import json
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable

from explorer.charts.parts import theme

SCRIPT = Path(__file__).parents[2] / "explorer" / "player" / "web" / "theme.js"
DUMP = f"""
import {{ PALETTE, magnitude, themed }} from {json.dumps(SCRIPT.as_uri())}
const shades = [false, true].map((dark) => magnitude({{ dark }}))
const given = process.env.FIGURE
console.log(JSON.stringify({{ PALETTE, shades, dark: themed(given, {{ dark: true }}),
  light: themed(given, {{ dark: false }}) }}))
"""
OF_LETTERS = (
    "blue", "vermilion", "green", "purple", "indigo", "ochre", "grey", "chosen", "cursor", "deep",
    "first", "second", "third", "fourth", "fifth", "coldest", "warmest",
)  # fmt: skip
FIGURE = json.dumps([theme.CHOSEN, theme.with_opacity(theme.CATEGORIES[1], 0.5), "#12345", "x"])


@pytest.fixture(scope="module")
def web() -> dict[str, Any]:
    """What theme.js holds, and what it makes of FIGURE."""
    node, _ = compute_driver_executable()
    command = [node, "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--input-type=module"]
    found = subprocess.run(
        [*command, "-e", DUMP], env={"FIGURE": FIGURE}, capture_output=True, text=True, check=True
    )
    read: dict[str, Any] = json.loads(found.stdout)
    return read


def luminance(colour: str) -> float:
    """Relative luminance of "#RRGGBB" (WCAG 2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", OF_LETTERS)
def test_letters_and_lines_are_readable_on_the_page(
    web: dict[str, Any], name: str, dark: int
) -> None:
    assert contrast(web["PALETTE"][name][dark], web["PALETTE"]["paper"][dark]) >= 4.5


@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
def test_no_two_categories_look_alike(web: dict[str, Any], dark: int) -> None:
    colours = [web["PALETTE"][name][dark] for name in OF_LETTERS[:7]]
    assert len(set(colours)) == len(colours)
    assert tuple(colours) == (theme.DARK if dark else theme.CATEGORIES)


def test_the_charts_are_drawn_in_the_light_palette(web: dict[str, Any]) -> None:
    light = {colours[0] for colours in web["PALETTE"].values()}
    scales = (theme.DIVERGING, theme.PALE, theme.ORDERED, theme.SEQUENTIAL[:: theme.SHADES])
    ends = chain(*scales)
    used = {*theme.CATEGORIES, theme.CHOSEN, theme.CURSOR, *(colour for _, colour in ends)}
    assert used == light
    assert [tuple(stop) for stop in web["shades"][0]] == list(theme.SEQUENTIAL)


@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
def test_zero_is_the_page_and_the_largest_stands_out_most(web: dict[str, Any], dark: int) -> None:
    colours = {name: pair[dark] for name, pair in web["PALETTE"].items()}
    paper = colours["paper"]
    shades = web["shades"][dark]
    assert shades[0][1] == paper and shades[-1][1] == colours["deep"]
    away = [contrast(colour, paper) for _, colour in shades]
    assert away == sorted(away)
    for near, far in (("cold", "coldest"), ("warm", "warmest")):
        assert 1.5 < contrast(colours[near], paper) < contrast(colours[far], paper)
    assert dict(theme.DIVERGING)[0.5] == theme.PAPER


@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["palecold", "palewarm"])
def test_numbers_are_readable_in_the_palest_and_the_fullest_cell(
    web: dict[str, Any], name: str, dark: int
) -> None:
    ink = "#FFFFFF" if dark else "#444444"  # Plotly's own, by its contrast with the cell
    cell = web["PALETTE"][name][dark]
    assert contrast(ink, cell) >= 4.5 and contrast(ink, web["PALETTE"]["paper"][dark]) >= 4.5
    assert (contrast("#FFFFFF", cell) > contrast("#444444", cell)) == bool(dark)


def test_a_share_is_coloured_by_its_root() -> None:
    places = [place**0.5 for place, _ in theme.SEQUENTIAL]
    assert places == pytest.approx([n / theme.SHADES for n in range(theme.SHADES + 1)])


def test_a_dark_page_changes_colours_and_nothing_else(web: dict[str, Any]) -> None:
    assert web["light"] == FIGURE
    chosen, second, *others = json.loads(web["dark"])
    assert chosen == web["PALETTE"]["chosen"][1]
    assert second == theme.with_opacity(web["PALETTE"]["vermilion"][1], 0.5)
    assert others == ["#12345", "x"]


def test_the_page_has_the_background_of_the_palette(web: dict[str, Any]) -> None:
    written = (SCRIPT.parents[3] / ".streamlit" / "config.toml").read_text()
    light, dark = web["PALETTE"]["paper"]
    assert f'[theme.light]\nbackgroundColor = "{light}"' in written
    assert f'[theme.dark]\nbackgroundColor = "{dark}"' in written
