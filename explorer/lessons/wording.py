"""Numbers in a lesson's text: "{loss(0):.2f}" becomes what the run says."""

import re
from collections.abc import Callable
from numbers import Integral, Real

Value = float | str
UNKNOWN = "…"  # stands for a number of a run that is still to be trained
_FORMAT = re.compile(r",?(?:\.\d{1,2})?[defg%]?")
# A name, its arguments, another run, a format; "\{" begins none.
_NUMBER = re.compile(r"(?<!\\)\{([a-z_]+)(?:\(([^(){}]*)\))?(?:@([\w.-]+))?(?::([^{}]*))?\}")


def names_in(text: str) -> list[str]:
    """The names of the numbers in a text, in its order."""
    return [name for name, *_ in _NUMBER.findall(text)]


def runs_in(text: str) -> list[str]:
    """The runs whose numbers a text has, in its order; "" is the slide's."""
    return [run for *_, run, _ in _NUMBER.findall(text)]


def filled(
    text: str,
    value: Callable[[str, tuple[str, ...], str], Value],
    quoted: Callable[[str], str] = str,
) -> str:
    """A text with its numbers: `value` of a name, its arguments and a run's name ("": the slide's).

    Each is `quoted` for where it stands. ValueError of one that cannot be had, naming it.
    """

    def put(found: re.Match[str]) -> str:
        name, inside, run, form = found.groups(default="")
        arguments = tuple(one.strip() for one in inside.split(",")) if inside else ()
        try:
            return quoted(written(value(name, arguments, run), form))
        except (ValueError, TypeError, LookupError, ArithmeticError, OSError) as error:
            raise ValueError(f"{found[0]} cannot be had: {error}") from None

    return _NUMBER.sub(put, text)


def without_numbers(text: str) -> str:
    """A text of which nothing is to be a number: `as_it_was` gives it back."""
    return text.replace("{", "\\{")


def as_it_was(text: str) -> str:
    """What `without_numbers` was given, or a filled text."""
    return text.replace("\\{", "{")


def written(value: Value, form: str = "") -> str:
    """A number as it stands in a text, with a true minus sign."""
    if isinstance(value, str):
        return value
    if not _FORMAT.fullmatch(form):  # a wide one would take all memory
        raise ValueError(f"{form[:40]!r} is no format of a number; some are .2f ,d .1%")
    if not form:
        form = ",d" if isinstance(value, Integral) else ",.2f" if isinstance(value, Real) else ""
    return format(value, form).replace("-", "−")


def number(text: str) -> float:
    """What `written` made this of; ValueError where that was no number."""
    try:
        return float(text.replace("−", "-").replace(",", ""))
    except ValueError:
        why = f"the answer {text[:40]!r} is no number; give answers to choose from"
        raise ValueError(why) from None
