"""The code beside its numbers: against plain torch, and the block that is followed."""

import inspect

import numpy as np
import torch

from model_core.runs import Run
from tests.support.pages import SHIPPED, drawn, opened, panels, succeeded

VIEW = {"overview.view": "Line by line"}


def numbers(run: Run, text: str, step: int, **query: str) -> dict[str, np.ndarray]:
    """Mean and std by what is named, the last of a name, at one of the steps."""
    app = opened(run=run.name, text=text, step=str(step), **VIEW, **query)
    header, arrays = drawn(succeeded(app.run()))  # the first rerun draws one step
    (panel,) = header["panels"]
    found = arrays[panel["array"]][run.steps.tolist().index(step)]
    return dict(zip(panel["names"], found, strict=True))


def test_numbers_are_those_of_the_model_itself_at_every_step() -> None:
    ids = torch.tensor([SHIPPED.tokenizer.encode("the fox")])
    for step in (0, 1000):
        model = SHIPPED.model_at(step).double()
        start = model.embed(ids)
        logits = model(ids)[0]
        second = model.blocks[1](model.blocks[0](start))
        for layer, end in ((0, model.blocks[0](start)), (1, second)):
            found = numbers(SHIPPED, "the fox", step, **{"overview.layer": str(layer)})
            for name, value in (
                ("logits in BigramLanguageModel.forward", logits),
                ("return in BigramLanguageModel.embed", start),
                ("return in Block.forward", end),
            ):
                exact = value.detach().numpy()
                np.testing.assert_allclose(found[name], [exact.mean(), exact.std()], rtol=1e-5)


def test_the_numbers_of_the_step_are_in_the_drawer() -> None:
    ids = torch.tensor([SHIPPED.tokenizer.encode("the fox")])
    for step in (0, 1000):
        app = opened(text="the fox", step=str(step), **VIEW)
        model = SHIPPED.model_at(step).double()
        logits = model(ids)[0].detach().numpy()
        for _ in range(2):  # the first rerun draws one step, the second all
            table = app.dataframe[0].value
            (row,) = table[(table["name"] == "logits") & (table["module"] == "")].to_dict("records")
            assert row["function"] == "BigramLanguageModel.forward"
            assert row["line"].startswith("logits = ") and row["shape"] == "1 × 7 × 27"
            np.testing.assert_allclose(
                [row["mean"], row["std"]], [logits.mean(), logits.std()], rtol=1e-5
            )
            ends = table[(table["name"] == "return") & (table["module"] == "ln_f")]
            whole = inspect.getsource(torch.nn.LayerNorm.forward).partition("return")
            assert "".join(ends["line"].item().split()) == "".join("".join(whole[1:]).split())
            succeeded(app.run())
        assert "Lines as CSV" in [one.proto.label for one in app.get("download_button")]


def test_the_rows_are_the_source_with_the_shapes_of_this_sentence() -> None:
    (panel,) = panels(opened(text="the fox", **VIEW)).values()
    texts = [row["text"] for row in panel["lines"]]
    model = SHIPPED.model_at(0)
    for function in (type(model).forward, type(model).embed, type(model.blocks[0]).forward):
        lines = [line[4:] for line in inspect.getsource(function).splitlines()]
        lines = [line for line in lines if line.strip()]
        first = texts.index(lines[0])
        assert texts[first : first + len(lines)] == lines
    (scores,) = [row for row in panel["lines"] if row["text"].strip().startswith("scores = ")]
    assert [item["words"] for item in scores["items"]] == ["1 × 1 × 7 × 7"]
    skipped = [row["text"] for row in panel["lines"] if row["faint"]]
    assert any("scaled_dot_product_attention" in text for text in skipped)


def test_another_block_is_followed_and_the_first_again() -> None:
    app = opened(text="the fox", **VIEW)
    for layer in (1, 0):
        app.segmented_control(key="overview.layer").set_value(layer).run()
        (panel,) = panels(succeeded(app)).values()
        headings = [row["text"] for row in panel["lines"] if row["heading"]]
        assert f"blocks.{layer} · Block.forward" in headings
        assert f"blocks.{1 - layer} · Block.forward" not in headings


def test_a_mask_is_never_the_widest_so_that_no_number_is_left_is_said() -> None:
    app = opened(run="exploding", **VIEW)
    header, arrays = drawn(succeeded(app.run()))  # the first rerun draws one step
    (panel,) = header["panels"]
    spread = arrays[panel["array"]][-1, :, 1]
    items = [item for row in panel["lines"] for item in row["items"] if item["number"] is not None]
    masks = [item for item in items if not item["leads"]]
    assert [item["name"] for item in masks] == ["future"]
    (finite,) = np.flatnonzero(np.isfinite(spread))  # it alone is a number still
    assert finite == masks[0]["number"]
    assert panel["nothing"] == "no std is finite"
    assert panel["alt"].endswith("At the last step no std is finite.")
