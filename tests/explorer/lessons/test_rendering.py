"""Markdown and formulas as HTML of their own: what Streamlit shows, and nothing that runs."""

from xml.etree import ElementTree

import pytest

from explorer.lessons.rendering import formula, html_of, line_of
from tests.support.course import COURSE

MATH = "{http://www.w3.org/1998/Math/MathML}"
FORMULAS = [slide.formula for one in COURSE.values() for slide in one.slides if slide.formula]


def shape(html: str) -> list[tuple[str, str]]:
    """The parts of HTML that is also XML, with their own texts."""
    nodes = ElementTree.fromstring(f"<div>{html}</div>").iter()
    return [(node.tag.removeprefix(MATH), (node.text or "").strip()) for node in nodes][1:]


def test_a_formula_is_drawn_by_its_parts_and_each_of_its_lines() -> None:
    parts = [one for one in shape(formula(r"\frac{1}{d} \\ \mu")) if one[1] or one[0] == "mfrac"]
    assert parts == [("mfrac", ""), ("mn", "1"), ("mi", "d"), ("mi", "μ")]
    assert formula(r"a \\ b").count("<math ") == 2
    assert formula(r"\begin{cases} a \\ b \end{cases}").count("<math ") == 1


@pytest.mark.parametrize("latex", FORMULAS)
def test_no_formula_of_the_course_is_left_as_it_is_written(latex: str) -> None:
    assert not [one for one in shape(formula(latex)) if one[0] == "code" or "\\" in one[1]]


UNFINISHED = ["text", "left", "big", "tag", "def", "style", "genfrac", "frac"]


@pytest.mark.parametrize(
    "latex", ["{", r"\left(", "x^", "{" * 600, *(rf"a + \{name}" for name in UNFINISHED)]
)
def test_what_is_no_formula_stays_as_it_is_written(latex: str) -> None:
    for html in (formula(latex), line_of(f"${latex}$")):
        assert shape(html) == [("code", latex)]


@pytest.mark.parametrize(
    "hostile",
    [r"\text{<script>x</script>}", r"\href{javascript:x}{y}", r'\color{red" onclick="x}{y}', "a<b"],
)
def test_a_formula_brings_no_element_and_no_attribute_that_runs(hostile: str) -> None:
    for html in (formula(hostile), html_of(f"${hostile}$"), line_of(f"${hostile}$")):
        nodes = [*ElementTree.fromstring(f"<div>{html}</div>").iter()][1:]
        assert {node.tag for node in nodes if not node.tag.startswith(MATH)} <= {"p"}
        assert not {name for node in nodes for name in node.attrib} & {"href", "onclick", "color"}


def test_markdown_is_read_as_streamlit_does_and_html_of_a_lesson_stays_text() -> None:
    assert line_of(r"**a** \*b\* `c` $d$ \$5\$").startswith(
        "<strong>a</strong> *b* <code>c</code> <math "
    )
    text = "<b>x</b> ![one](http://x.org/y.png) [two](javascript:x)"
    for html in (html_of(text), line_of(text)):
        assert "&lt;b&gt;x&lt;/b&gt;" in html and "<img" not in html and 'href="java' not in html


def test_words_are_explained_in_a_text_and_not_in_a_line() -> None:
    assert 'class="term-says"' in html_of("The loss.") and line_of("The loss.") == "The loss."
