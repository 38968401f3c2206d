"""The visitor's state is complete, wherever Streamlit ends a rerun to begin the next."""

from collections import UserDict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from explorer.visit import address, session
from explorer.visit.address import Chosen
from explorer.visit.published import publish
from explorer.visit.state import Visit

RUNS = ("first", "second")
ADDRESS = {"run": "second", "text": "a b", "tokens": "3.5", "step": "7", "attention.off": "1"}


class _Ended(Exception):
    """What Streamlit raises where a rerun ends early."""


class _State(UserDict[str, Any]):
    """A session state that ends the rerun at its n-th access."""

    left = -1  # accesses; below 0: no end

    def _access(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise _Ended

    def __getitem__(self, key: str) -> Any:
        self._access()
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._access()
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self._access()
        super().__delitem__(key)


def arrives() -> dict[str, Any]:
    return {}


def arrives_for_a_run_that_is_gone() -> dict[str, Any]:
    return {"visit": Visit(Chosen(step=7)), "run": "gone", "text": "a b", "tokens": [3]}


def goes_to_another_run() -> dict[str, Any]:
    pending = {"run": "second", "text": None}
    here = Visit(Chosen(step=7, head=(1, 1)), of_run={"tokens", "drift.channel"})
    here.pending = pending
    return {"visit": here, "run": "first", "text": "a b", "tokens": [3], "drift.channel": 2}


def begins() -> None:
    session.begin(RUNS, "Tables")


def arrives_and_draws_a_widget() -> None:
    session.begin(RUNS, "Tables")
    session.hold("attention.off", [0], address.ids, list, of_run=True, follow=True)


@pytest.mark.parametrize(
    ("before", "rerun"),
    [
        (arrives, begins),
        (arrives, arrives_and_draws_a_widget),
        (arrives_for_a_run_that_is_gone, begins),
        (goes_to_another_run, begins),
    ],
)
def test_a_rerun_that_ends_early_loses_nothing(
    before: Callable[[], dict[str, Any]],
    rerun: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session.st, "query_params", SimpleNamespace(to_dict=ADDRESS.copy))

    def state_after(end: int) -> tuple[dict[str, Any], bool]:
        """The state after a rerun that ends at this access and a whole one, and whether it did."""
        state = _State(before())
        monkeypatch.setattr(session.st, "session_state", state)
        state.left = end
        try:
            rerun()
        except _Ended:
            state.left = -1
            rerun()
            return state.data, True
        return state.data, False

    whole, _ = state_after(-1)
    assert whole["run"] in RUNS and not whole["visit"].pending
    ends = 0
    while True:
        state, ended = state_after(ends + 1)
        assert state == whole
        if not ended:
            break
        ends += 1
    assert ends > 3


def test_a_pair_is_kept_where_the_address_names_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = SimpleNamespace(to_dict={"pair": "5.3", "step": "7"}.copy)
    monkeypatch.setattr(session.st, "query_params", asked)
    monkeypatch.setattr(session.st, "session_state", {})
    session.begin(RUNS, "Attention")
    assert session.chosen() == Chosen(step=7, query=5, key=3)


def test_an_address_has_the_choices_of_its_own_page_only(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[dict[str, str]] = []
    query = SimpleNamespace(to_dict={"colour": "blue"}.copy, from_dict=written.append)
    monkeypatch.setattr(session.st, "query_params", query)
    monkeypatch.setattr(session.st, "session_state", {})
    for page, name in (("Drift", "drift.map"), ("Attention", "attention.view")):
        session.begin(RUNS, page)
        session.hold(name, "first", str, str, of_run=False)
        session.put(name, "second")
        publish()
    shared = {"run": RUNS[0], "head": "0.0"}
    assert written == [shared | {"drift.map": "second"}, shared | {"attention.view": "second"}]


def test_a_slide_opens_whatever_its_view_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may name the state itself."""
    here = Visit(page="Tables")
    state: dict[str, Any] = {"visit": here, "run": "first", "text": None, "tables.view": "Values"}
    here.defaults["tables.view"] = "Look up"
    monkeypatch.setattr(session.st, "session_state", state)
    session.tell("tables", {"run": "second", "visit": "1", "tables.view": "What if"})
    assert session.goal("lessons") == "tables" and session.visit() is here
    assert state == {"visit": here, "run": "second", "text": None, "tokens": []}
    session.begin(RUNS, "Tables")
    assert session.hold("tables.view", "Look up", str, str, of_run=False) == "What if"


def test_a_page_is_the_goal_until_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the page before asks for a rerun of its own page, just when it is left."""
    state: dict[str, Any] = {"visit": Visit(page="Tables"), "run": "first", "text": None}
    monkeypatch.setattr(session.st, "session_state", state)
    session.tell("drift", {"run": "second"})
    assert [session.goal("tables"), session.goal("tables")] == ["drift", "drift"]
    assert session.goal("drift") is None
    session.begin(RUNS, "Drift")
    assert session.goal("tables") is None and state["run"] == "second"
