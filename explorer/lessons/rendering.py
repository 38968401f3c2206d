"""A lesson's Markdown and formulas as HTML, for pages that another program shows."""

import re
from collections.abc import Sequence
from functools import cache
from html import escape, unescape
from xml.etree import ElementTree

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from explorer.lessons.glossary import explained

_LINES = re.compile(r"\\\\(?![^{}]*\})")  # where a formula has another line
_DOLLARS = re.compile(r"\$\$?([^$]+)\$\$?")
# How MathML is to look; any other attribute of a formula could lead elsewhere, or run.
_LOOKS = {
    "display", "stretchy", "fence", "form", "accent", "mathvariant", "displaystyle", "scriptlevel",
    "width", "columnalign", "linethickness", "minsize", "maxsize", "xmlns",
}  # fmt: skip


def html_of(markdown: str) -> str:
    """Paragraphs, each word of the glossary explained where it first stands."""
    html: str = _markdown(explains=True).render(explained(markdown))
    return html


def line_of(markdown: str) -> str:
    """A title or an answer, in one line."""
    html: str = _markdown(explains=False).renderInline(markdown)
    return html


def formula(latex: str) -> str:
    """A formula on lines of its own, as MathML; as it is written where it is none."""
    lines = [latex] if r"\begin" in latex else _LINES.split(latex)
    return "\n".join(_mathml(line, "block") for line in lines if line.strip())


def _mathml(latex: str, display: str) -> str:
    from latex2mathml import exceptions
    from latex2mathml.converter import convert_to_element

    theirs = [one for one in vars(exceptions).values() if type(one) is type]
    broken: tuple[type[Exception], ...] = (
        LookupError,
        ValueError,
        RuntimeError,
        StopIteration,
        *theirs,
    )
    try:
        root = convert_to_element(latex, display=display)
    except broken:
        return f"<code>{escape(latex)}</code>"
    for node in root.iter():
        node.text = node.text and unescape(node.text)
        for name in set(node.attrib) - _LOOKS:
            del node.attrib[name]
    return ElementTree.tostring(root, encoding="unicode")


@cache
def _markdown(*, explains: bool) -> MarkdownIt:
    """What reads Markdown as Streamlit does; no picture, which would come from elsewhere.

    HTML passes only where all that a lesson has of it is escaped, see `explained`.
    """
    reader = MarkdownIt("commonmark", {"html": explains}).enable(["table", "strikethrough"])
    reader.disable("image")
    reader.inline.ruler.before("escape", "formula", _formula_inside)
    reader.add_render_rule("formula", _drawn)
    return reader


def _formula_inside(state: StateInline, silent: bool) -> bool:
    """A rule of the reader: what stands between dollars is a formula."""
    found = _DOLLARS.match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        state.push("formula", "", 0).content = found[1]
    state.pos = found.end()
    return True


def _drawn(
    reader: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    return _mathml(unescape(tokens[at].content), "inline")
