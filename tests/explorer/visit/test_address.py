"""Addresses name what was chosen; those of before still do."""

import pytest

from explorer.visit import address
from explorer.visit.address import OLD, Chosen


@pytest.mark.parametrize(
    ("chosen", "parameters"),
    [
        (Chosen(), {"head": "0.0"}),
        (Chosen(step=0, token=0), {"step": "0", "token": "0", "head": "0.0"}),
        (Chosen(head=(2, 1), query=5), {"head": "2.1", "pair": "5"}),
        (Chosen(query=5, key=0), {"head": "0.0", "pair": "5.0"}),
    ],
)
def test_what_was_chosen_is_written_and_read_back(
    chosen: Chosen, parameters: dict[str, str]
) -> None:
    assert address.write(chosen) == parameters
    assert address.read(parameters) == chosen


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"step": "1e9", "token": "-3", "head": "x", "pair": ""},
        {"step": "1234567890", "token": " 3", "head": ".", "pair": "."},
        {"step": "", "token": "٣x", "head": "-1.-1", "pair": "x.y"},
    ],
)
def test_malformed_parameters_choose_nothing(parameters: dict[str, str]) -> None:
    assert address.read(parameters) == Chosen()


def test_ids_ascend_and_what_is_none_is_left_out() -> None:
    assert address.ids("8.3.x.5.3.-1.") == [3, 5, 8]
    assert address.encoded([3, 5, 8]) == "3.5.8"
    assert address.encoded([]) == "" and address.ids("") == []
    assert len(address.ids(address.encoded(list(range(1000))))) == address.MAX_IDS


def test_an_old_name_gives_way_to_the_present_one() -> None:
    assert address.renamed({"view": "Roles"}) == {"attention.view": "Roles"}
    both = {"attention.view": "All heads", "view": "Roles"}
    assert address.renamed(both) == address.renamed(dict(reversed(both.items())))
    assert address.renamed(both) == {"attention.view": "All heads"}
    assert address.renamed({"text": "view", "foreign": "1"}) == {"text": "view", "foreign": "1"}


def test_present_names_name_their_page_once_each() -> None:
    assert len(set(OLD.values())) == len(OLD)
    assert not OLD.keys() & set(OLD.values())
