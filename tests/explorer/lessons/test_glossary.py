"""Words of the field in a slide's text: explained once each, and nothing else becomes HTML."""

import re
from html import unescape

from explorer.lessons.glossary import explained, glossary
from tests.support.course import COURSE


def terms(text: str) -> list[str]:
    return re.findall(r'<span class="term" tabindex="0">([^<]*)<', explained(text))


def test_a_word_is_explained_where_it_first_stands_and_a_longer_one_first() -> None:
    text = "The Loss of tokens; a loss, a token, a batch norm, its norm, headlines."
    assert terms(text) == ["Loss", "tokens", "batch norm", "norm"]
    bare = re.sub(r'<span class="term-says".*?</span>|<span.*?>|</span>', "", explained(text))
    assert bare == text
    assert glossary()["batch norm"] in unescape(explained(text))


def test_code_formulas_and_links_are_left_alone() -> None:
    text = "`loss` ``a ` loss`` $loss$ [loss](https://x.org/loss) https://x.org/loss :key/loss:"
    assert explained(text) == text


def test_what_looks_like_html_in_code_and_formulas_is_shown_as_it_is() -> None:
    """Without an entity: Markdown would show it as it is written, and a formula cannot read it."""
    assert explained("`<s>` $a<b$") == "`<\u2060s>` $a< b$"
    assert explained(r"begins with \<b") == "begins with &lt;b"  # as a run's own text is escaped


def test_html_of_a_lesson_stays_text() -> None:
    assert explained("a < b <img src=x onerror=y> </b> <!-- -->") == (
        "a < b &lt;img src=x onerror=y> &lt;/b> &lt;!-- -->"
    )


def test_no_number_is_typed_and_every_word_is_used_in_a_lesson() -> None:
    texts = [slide.text for lesson in COURSE.values() for slide in lesson.slides]
    used = {word.lower().removesuffix("s") for text in texts for word in terms(text)}
    for word, says in glossary().items():
        assert says.endswith(".") and not re.search(r"\d", says) and len(says) < 130
        assert word.removesuffix("s") in used, word
