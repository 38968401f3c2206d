"""Addresses name what was chosen; those of before still do."""

import pytest

from explorer.visit import address
from explorer.visit.address import OLD, Chosen
from model_core.projections.maps import MapFile
from tests.support.pages import SHIPPED, opened


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


def test_a_view_that_is_gone_brings_the_place_where_it_stands_now() -> None:
    assert address.renamed({"lab": "The leak"}) == {"normalization.lab": "Why not batch norm"}
    part = {"normalization.part": "Two norms"}
    assert address.renamed(part) == part | {"normalization.lab": "For engineers"}
    present = part | {"normalization.lab": "Background"}
    assert address.renamed(present) == present


def test_present_names_name_their_page_once_each() -> None:
    assert len(set(OLD.values())) == len(OLD)
    assert not OLD.keys() & set(OLD.values())


@pytest.mark.parametrize("old", sorted(OLD.keys() - {"part"}))  # which brings its view as well
def test_an_old_name_brings_what_the_present_one_brings(old: str) -> None:
    assert address.renamed({old: "7"}) == address.renamed({OLD[old]: "7"}) == {OLD[old]: "7"}


ROLES = {"measured": "your sentence", "off": "1", "instead": "its mean output"}
WRITING = {"written": "2", "temperature": "0.5", "top_k": "3", "seed of writing": "3"}
LINEAR = {
    "map": "PCA", "axes": "3-D", "colour": "a channel", "channel": "3", "trails": "none",
    "arrows": "the optimizer's step", "basis": "this step", "which": "rarest",
}  # fmt: skip
LAID_OUT = {"neighbours-tokens": "7", "apart": "0.2", "smooth": "5.0", "seed": "4"}
POSITIONS = {"table": "positions", "map": "t-SNE", "neighbours-positions": "7"}
ENDS = {"map": "Axis between two sets", "axis-from": "1.2", "axis-to": "5.6"}
NORMS = {"part": "Two norms", "scales": "True", "one norm": "ln_f", "another norm": "blocks.0.ln1"}
POOLED = {
    "lab": "Over which numbers", "pooled like": "batch", "what enters": "ln_f",
    "cell sentence": "1", "cell position": "4", "cell channel": "4",
}  # fmt: skip
OWN = {"lab": "Side by side", "lengths": "True", "variants This run's settings": "1"}
COMPARED = {
    name: {"lab": "Side by side", "compare": name, f"variants {name}": "4"}
    for name in ("deep", "small-batch", "large-batch")
}
LEAK = {
    "lab": "The leak", "leak": "A future token", "sentences": "4", "leak norm": "ln_f",
    "leak token": "3", "leak becomes": "2",
}  # fmt: skip
SHIFT = {
    "lab": "Covariate shift", "shift layer": "0", "shift since": "the step before",
    "shift channels": "one", "shift channel": "2",
}  # fmt: skip
WORKED = {
    "lab": "Worked examples", "worked": "batch", "worked-epsilon": "1e-02",
    "worked-mode": "evaluation", "worked-passes": "3", "worked-sample": "sample 1",
    "worked-feature": "feature 2", "worked-x": "1,2,3,4;5,6,7,8", "worked-gamma": "1,2,1,1",
    "worked-beta": "0,0,3,0",
}  # fmt: skip
INPUTS = {"lab": "Worked examples", "worked-inputs": "18,20000;19,32000"}
SCALED = {
    "lab": "Scaling inputs", "descent": "5", "descent rate": "the same share for each",
    "descent share": "0.25", "tuition unit": "100", "descent axes": "stretched to fit",
}  # fmt: skip
LAB = "normalization.lab"
NOW = {  # where a view of Normalization stands, as an address names it: but for what comes first
    "Layer by layer": {LAB: "For engineers"},
    "Over which numbers": {},
    "Side by side": {LAB: "Without it"},
    "The leak": {LAB: "Why not batch norm"},
    "Worked examples": {"normalization.numbers": "your own"},
    "Scaling inputs": {LAB: "Background"},
    "Covariate shift": {LAB: "Background", "normalization.background": "Covariate shift"},
}
BOOKMARKS = [
    ("attention", {"view": "Roles"} | ROLES),
    ("attention", {"view": "Next token"} | WRITING),
    ("attention", {"view": "Two sentences", "second": "the dog"}),
    *(("drift", asked) for asked in (LINEAR, LAID_OUT, POSITIONS, ENDS)),
    *(("normalization", asked) for asked in (NORMS, POOLED, OWN, *COMPARED.values())),
    *(("normalization", asked) for asked in (LEAK, SHIFT, WORKED, INPUTS, SCALED)),
]


@pytest.mark.parametrize(("page", "asked"), BOOKMARKS)
def test_a_page_takes_old_names_and_publishes_the_present_ones(
    monkeypatch: pytest.MonkeyPatch, page: str, asked: dict[str, str]
) -> None:
    monkeypatch.setattr(MapFile, "ask", lambda file: None)  # no map is laid out for this
    app = opened(page, run=SHIPPED.name, text="the fox", head="0.0", **asked)
    present = {OLD[name]: value for name, value in asked.items() if name != "lab"}
    present |= NOW.get(asked.get("lab", "Layer by layer" if "part" in asked else ""), {})
    assert app.query_params == {"run": SHIPPED.name, "text": "the fox", "head": "0.0"} | present


def test_every_old_name_is_among_these_bookmarks() -> None:
    """But for the name of another run, of which there may be none."""
    assert {name for _, asked in BOOKMARKS for name in asked} == OLD.keys() - {"shift beside"}
