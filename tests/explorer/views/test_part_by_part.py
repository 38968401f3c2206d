"""The parts of the model on the page: sizes of gradients, shapes, parameters, and their pages."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.support.clicks import clicks
from tests.support.pages import SHIPPED, drawn, opened, succeeded

VIEW = {"overview.view": "Part by part", "text": "the fox"}


def test_gradients_are_those_of_the_sentence_at_the_step() -> None:
    ids = torch.tensor(SHIPPED.tokenizer.encode("the fox"))
    app = opened(**VIEW)
    header, arrays = drawn(succeeded(app.run()))
    (panel,) = header["panels"]
    for step in (0, 1000):
        model = SHIPPED.model_at(step).double()
        F.cross_entropy(model(ids[None])[0][0, :-1], ids[1:]).backward()
        numbers = arrays[panel["array"]][SHIPPED.steps.tolist().index(step)]
        for name, module in (
            ("block 0's attention", model.blocks[0].get_submodule("sa")),
            ("block 1's MLP", model.blocks[1].get_submodule("ffwd")),
            ("the output layer", model.lm_head),
        ):
            grads = [one.grad for one in module.parameters()]
            flat = np.concatenate([one.numpy().ravel() for one in grads if one is not None])
            found = numbers[panel["names"].index(name), 1]
            np.testing.assert_allclose(found, np.sqrt(np.square(flat).mean()), rtol=1e-4)
    rows = {row["text"]: row["items"][0] for row in panel["lines"]}
    assert (rows["The output layer"]["name"], rows["Embedding"]["name"]) == ("7 × 27", "7 × 5")
    mlp = SHIPPED.model_at(0).blocks[1].get_submodule("ffwd")
    count = sum(one.numel() for one in mlp.parameters())
    assert rows["Block 1's MLP"]["words"] == f"{count} parameters"
    assert {text for text, item in rows.items() if item["lacks"]} == {
        f"Block {block}'s stream after {part}"
        for block in (0, 1)
        for part in ("attention", "its MLP")
    }
    assert "largest at" in panel["alt"]


def test_the_numbers_of_the_step_are_in_the_drawer() -> None:
    ids = torch.tensor(SHIPPED.tokenizer.encode("the fox"))
    for step in (0, 1000):
        app = opened(**VIEW, step=str(step))
        for _ in range(2):  # the first rerun draws one step, the second all
            table = app.dataframe[0].value.set_index("part")
            model = SHIPPED.model_at(step).double()
            F.cross_entropy(model(ids[None])[0][0, :-1], ids[1:]).backward()
            grads = [one.grad for one in model.blocks[1].get_submodule("ffwd").parameters()]
            flat = torch.cat([one.flatten() for one in grads if one is not None])
            size = flat.square().mean().sqrt().item()
            assert table["at weights"]["block 1's MLP"] == pytest.approx(size, rel=1e-4)
            assert table["puts out"]["the output layer"] == "7 × 27"
            assert table["parameters"]["block 1's MLP"] == len(flat)
            succeeded(app.run())
        assert "Gradients as CSV" in [one.proto.label for one in app.get("download_button")]


@pytest.mark.parametrize(
    ("name", "page", "view"),
    [
        ("embedding", "tables", None),
        ("block 1's attention", "attention", ("attention.view", "All heads")),
        ("block 0's MLP", "normalization", ("normalization.lab", "For engineers")),
        ("the output layer", "attention", ("attention.view", "Next token")),
    ],
)
def test_a_row_opens_the_page_of_its_part(
    monkeypatch: pytest.MonkeyPatch, name: str, page: str, view: tuple[str, str] | None
) -> None:
    app, click = opened(**VIEW), clicks(monkeypatch)
    (panel,) = drawn(app)[0]["panels"]
    click(app, "parts", [panel["names"].index(name)])
    assert app.session_state["visit"].page == page.title()
    if view:
        assert app.segmented_control(key=view[0]).value == view[1]


def test_one_token_has_no_gradient_and_says_why() -> None:
    app = opened(**VIEW | {"text": "f"})
    header, arrays = drawn(succeeded(app.run()))
    assert np.isnan(arrays[header["panels"][0]["array"]][..., 1]).all()
    assert "no next token" in " ".join(one.value for one in app.caption)


def test_words_say_where_no_number_is_left() -> None:
    app = opened(run="exploding", **{"overview.view": "Part by part"})
    (panel,) = drawn(succeeded(app.run()))[0]["panels"]  # the first rerun draws one step
    assert panel["alt"].endswith("At the last step no gradient is finite.")
