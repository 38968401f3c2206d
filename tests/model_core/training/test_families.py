"""In which settings two runs differ."""

from typing import Any

import pytest

from model_core.runs import Plan
from model_core.training.families import differences, family_of
from model_core.training.presets import plan
from tests.support.runs import TINY

LONG = "Quick brown fox jumped over the lazy dog. " * 3


def made(text: str | None = None, **changes: Any) -> Plan:
    return plan("quick-brown-fox", TINY | changes, text)


@pytest.mark.parametrize(
    ("other", "names"),
    [
        (made(), []),
        (made(snapshots=TINY["snapshots"] + 1, threads=2), []),
        (made(norm="batch"), ["norm"]),
        (made(n_layer=TINY["n_layer"] + 1, seed=5), ["n_layer", "seed"]),
        (made(LONG + "1"), ["text"]),
        (made(tokenizer="word"), ["tokenizer"]),
        (made(LONG, tokenizer="word"), ["text", "tokenizer"]),
    ],
    ids=lambda one: str(one) if isinstance(one, list) else "",
)
def test_runs_differ_in_settings_that_change_what_is_learned(other: Plan, names: list[str]) -> None:
    first = family_of(made(), ())
    assert differences(first, family_of(other, ())) == names
    assert differences(family_of(other, ()), first) == names
