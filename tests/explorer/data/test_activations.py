"""Every number the Attention page shows, computed a second time with nothing but matrices."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.charts.attention.heads import head_panel, mosaic
from explorer.charts.attention.stages import stage_panels
from explorer.charts.parts.squares import Labels, masked
from explorer.data import heads, losses, predictions
from explorer.panels import AnyPanel, Frame
from explorer.player.encoding import encode
from explorer.visit.moment import Moment, fewer, moment_of
from explorer.visit.sentence import sentence as sentence_of
from model_core.attention.roles import head_scores
from model_core.runs import Run
from model_core.training.loop import train
from model_core.training.presets import create_from_preset
from model_core.training.turns import only_trainer
from tests.support.pages import SHIPPED, visitor

ODD = "aaaa 11\n<b>&lt;</b>\té e\u0301 👍🏽 %{x} $x$ the the"


@dataclass
class Plain:
    """One text read by one model in float64, by the formulas alone."""

    queries: list[Tensor]  # a layer each, (H, T, D)
    keys: list[Tensor]
    weights: list[Tensor]  # (H, T, T)
    added: list[Tensor]  # (H, T, C): W_O^h v
    stream: list[Tensor]  # (T, C), before the first block and behind each
    logits: list[Tensor]  # (T, V) at each depth


def plain(run: Run, step: int, ids: tuple[int, ...]) -> Plain:
    """Pre-norm layer normalization, as the presets have it."""
    w = {name: value.double() for name, value in run.model_at(step).state_dict().items()}
    config = run.model_config
    T, C, H = len(ids), config.n_embd, config.n_head
    D = C // H

    def norm(x: Tensor, name: str) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        spread = centred.square().mean(-1, keepdim=True) + 1e-5
        return centred / spread.sqrt() * w[f"{name}.weight"] + w[f"{name}.bias"]

    found = Plain([], [], [], [], [], [])
    x = w["token_embedding_table.weight"][list(ids)] + w["position_embedding_table.weight"][:T]
    allowed = torch.ones(T, T).tril().bool()
    for layer in range(config.n_layer + 1):
        found.stream.append(x)
        found.logits.append(norm(x, "ln_f") @ w["lm_head.weight"].T)
        if layer == config.n_layer:
            return found
        at = f"blocks.{layer}"
        parts = (norm(x, f"{at}.ln1") @ w[f"{at}.sa.qkv.weight"].T).split(C, dim=-1)
        q, k, v = ([part[:, h * D : (h + 1) * D] for h in range(H)] for part in parts)
        output = w[f"{at}.sa.proj.weight"]
        out = torch.zeros(T, C, dtype=torch.float64)
        weights, added = [], []
        for h in range(H):
            scores = q[h] @ k[h].T / math.sqrt(D)
            share = scores.exp() * allowed
            weights.append(share / share.sum(-1, keepdim=True))
            added.append(v[h] @ output[:, h * D : (h + 1) * D].T)
            out += weights[h] @ added[h]
        found.queries.append(torch.stack(q))
        found.keys.append(torch.stack(k))
        found.weights.append(torch.stack(weights))
        found.added.append(torch.stack(added))
        x = x + out
        inner = F.relu(norm(x, f"{at}.ln2") @ w[f"{at}.ffwd.expand.weight"].T)
        x = x + inner @ w[f"{at}.ffwd.proj.weight"].T
    raise AssertionError("the loop returns behind the last layer")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the shape of python-docs whose vocabulary has what breaks other tools."""
    path = tmp_path_factory.mktemp("odd") / "odd"
    changes = {"steps": 60, "snapshots": 6, "threads": 1}
    create_from_preset(path, "python-docs", changes, own_text=(ODD + " ") * 12)
    with only_trainer(path):
        train(path)
    return Run.open(path)


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return visitor(monkeypatch)


TEXTS = {"fox": "aaaa the  lazy dog.", "odd": ODD[:32]}


@pytest.fixture(params=TEXTS)
def seen(request: pytest.FixtureRequest, odd: Run) -> tuple[Moment, tuple[int, ...]]:
    run = {"fox": SHIPPED, "odd": odd}[request.param]
    ids = tuple(run.tokenizer.encode(TEXTS[request.param]))
    assert len(set(ids)) < len(ids), "some token is repeated"
    return moment_of(run), ids


def close(seen: np.ndarray, expected: Any) -> None:
    """To 1e-6, and numbers above 1 to one part in a million: float32 tells no more digits."""
    np.testing.assert_allclose(seen, np.asarray(expected), rtol=1e-6, atol=1e-6)


def three(moment: Moment) -> tuple[int, int, int]:
    return 0, len(moment.steps) // 2, len(moment.steps) - 1


def test_queries_keys_weights_and_lengths_follow_the_formulas(
    seen: tuple[Moment, tuple[int, ...]],
) -> None:
    moment, ids = seen
    config = moment.run.model_config
    for at in three(moment):
        expected = plain(moment.run, int(moment.steps[at]), ids)
        for layer, number in np.ndindex(config.n_layer, config.n_head):
            head = heads.head(moment, ids, (layer, number))
            queries, keys = expected.queries[layer][number], expected.keys[layer][number]
            close(head.queries[at], queries)
            close(head.keys[at], keys)
            scores = queries @ keys.T / math.sqrt(queries.shape[-1])
            close(head.scores[at], scores)
            weights = np.where(np.tri(len(ids)), expected.weights[layer][number], np.nan)
            close(head.weights[at], weights)
            lengths = expected.added[layer][number].norm(dim=-1)
            close(head.value_norms[at], lengths)


def test_the_mosaic_has_the_weights_of_all_heads_to_half_a_level(
    seen: tuple[Moment, tuple[int, ...]],
) -> None:
    moment, ids = seen
    levels = heads.levels(moment, ids)
    lower = np.tril_indices(len(ids))
    for at in three(moment):
        weights = torch.stack(plain(moment.run, int(moment.steps[at]), ids).weights).numpy()
        np.testing.assert_allclose(
            levels[at] / 254, weights[:, :, *lower], rtol=0, atol=0.5 / 254 + 1e-6
        )


def test_what_the_lens_reads_at_each_depth(seen: tuple[Moment, tuple[int, ...]]) -> None:
    moment, ids = seen
    position = len(ids) // 2
    lens = predictions.lens(moment, ids, position)
    for at in three(moment):
        given = torch.stack(plain(moment.run, int(moment.steps[at]), ids).logits).softmax(-1)
        close(lens["next"][at], given[:, position])
        for place, following in enumerate(ids[1:]):
            close(lens["true"][at][:, place], given[:, place, following])
        assert np.isnan(lens["true"][at][:, -1]).all()


def test_scores_on_a_sentence_are_those_of_its_weights(
    seen: tuple[Moment, tuple[int, ...]],
) -> None:
    moment, ids = seen
    scores = heads.scores_on(moment, ids)
    for at in three(moment):
        weights = torch.stack(plain(moment.run, int(moment.steps[at]), ids).weights).numpy()
        close(scores[at], head_scores(weights, ids))


def test_what_a_head_costs_is_the_loss_without_its_columns(odd: Run) -> None:
    moment = moment_of(odd)
    loss, costs = losses.head_costs(moment, "zero")
    model = odd.model_at(moment.step)
    idx, targets = odd.validation_windows()
    with torch.inference_mode():
        assert loss == pytest.approx(model(idx, targets)[1].item(), abs=1e-6)
        model.get_parameter("blocks.2.sa.proj.weight")[:, 16:32] = 0
        without = model(idx, targets)[1].item()
        logits = model(torch.tensor([[1, 2, 3]]))[0][0, 1]
    assert costs[2, 1] == pytest.approx(without - loss, abs=1e-6)
    alone = losses.without(moment, (1, 2, 3), 1, ((2, 1),), "zero")
    assert alone.loss == pytest.approx(without, abs=1e-6)
    close(alone.probabilities, logits.softmax(-1))


@pytest.mark.parametrize("label", ["x", "a long label"])
def test_a_long_sentence_is_shown_at_fewer_steps_within_60_mb(label: str) -> None:
    """At first one step is sent, then all that are shown."""
    moment, labels = moment_of(SHIPPED), [label] * 400
    assert fewer(moment, 41) is moment
    few = fewer(moment, 400)
    assert few.steps[0] == moment.steps[0] and few.steps[-1] == moment.steps[-1]
    assert few.step in few.steps and few.timeline.steps.tolist() == few.steps.tolist()
    assert few.metrics.index.tolist() == few.steps.tolist()
    sent = [page_bytes(few, labels, count) for count in (1, len(few.steps))]
    assert 30e6 < sum(sent) <= 60e6


def page_bytes(moment: Moment, labels: list[str], steps: int) -> int:
    """What the page of all heads sends for that many steps."""
    square = masked(np.zeros((steps, len(labels), len(labels)), np.float32))
    levels = np.zeros((steps, 2, 1, len(labels) * (len(labels) + 1) // 2), np.uint8)
    panels: list[AnyPanel] = [
        mosaic(levels, len(labels), Frame("heads", "")),
        head_panel(square, Labels(labels), Frame("head", "")),
        *stage_panels(square, square, 5, Labels(labels, 3, 2)),
    ]
    return len(encode(panels, moment.timeline, alone=steps == 1))


@pytest.mark.parametrize(("start", "shown"), [(0, 0), (7, 7), (900, 24)])
def test_a_window_of_a_long_sentence_is_a_block_of_it(start: int, shown: int) -> None:
    text = "the lazy dog " * 5
    window = sentence_of(SHIPPED, text, start)
    assert (window.start, window.count, window.typed) == (shown, 65, ())
    assert window.ids == tuple(SHIPPED.tokenizer.encode(text)[shown : shown + 41])
