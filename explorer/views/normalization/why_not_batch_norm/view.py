"""Why not batch norm: does another sentence, or the future, change what is made of yours?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.normalization.depth import Sites, token_depth_panel
from explorer.charts.normalization.leak import (
    Distances,
    distances_panel,
    means_panel,
    movement_panel,
)
from explorer.charts.normalization.strips import strips_panel
from explorer.charts.parts.labels import counted
from explorer.charts.parts.scales import Scale
from explorer.data import leak as movement
from explorer.data.leak import SIZES, Seen
from explorer.panels import AnyPanel, Frame
from explorer.views.normalization.why_not_batch_norm.changes import (
    Batch,
    first_other,
    put_beside,
    replace_sentence,
    replace_token,
)
from explorer.views.normalization.why_not_batch_norm.verdict import TRIED, verdict
from explorer.visit.clock import clock
from explorer.visit.export import csv_button, drawer, file_of, numbers
from explorer.visit.moment import Moment, thinned
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import one_of, text
from model_core.normalization import CASES, TRAINING, expected_distances, leak_sites
from model_core.norms import NORMS

BESIDE, ANOTHER, FUTURE = "Beside another", "Another sentence", "A future token"
UNIT = "standard deviations at the site"
OFF = "running standard deviations of the channel"


def draw(moment: Moment, sentence: Sentence) -> None:
    try:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            batch, words, norm = _choose(moment, sentence)
    except ValueError as error:
        st.info(plain(f"The leak cannot be shown: {error}."))
        clock(moment, [])
        return
    moment = movement.bounded(moment, batch)
    seen = movement.seen(moment, batch)
    st.markdown(f"##### {words} moved {verdict(moment, seen)}.")
    size = len(batch.idx)
    strips = _strips(moment, sentence, batch, seen)
    movement_of = _movement(moment, sentence, batch, seen)
    panels = [strips, *movement_of, *_running(moment, size, norm, seen)]
    moment = clock(moment, panels, of_step=True)
    _caption(moment, batch)
    with drawer():
        _tables(moment, seen)
    _explained()


def _choose(moment: Moment, sentence: Sentence) -> tuple[Batch, str, int]:
    """The batch and what is changed in it, the beginning of the result, and the norm looked at."""
    what = one_of(
        st.segmented_control,
        "normalization.leak.change",
        "What is changed",
        (BESIDE, ANOTHER, FUTURE),
    )
    names = moment.run.anatomy.norms
    if what == BESIDE:
        first = first_other(moment, sentence)
        other = text(
            st.text_input, "normalization.leak.other", "The other sentence: type one", first
        )
        batch, words = put_beside(moment, sentence, other)
    else:
        least = 2 if what == ANOTHER else 1
        size = one_of(
            st.select_slider,
            "normalization.leak.sentences",
            "Sentences in the batch, yours among them",
            [str(size) for size in SIZES if size >= least],
            width=300,
        )
        change = replace_sentence if what == ANOTHER else replace_token
        batch, words = change(moment, sentence, int(size))
    norm = one_of(
        st.selectbox, "normalization.leak.norm", "Norm with statistics below", names, width=200
    )
    return batch, words, names.index(norm)


def _strips(moment: Moment, sentence: Sentence, batch: Batch, seen: Seen) -> AnyPanel:
    """The sentence before the change, and after it under batch norm and under layer norm."""
    most = np.full((len(moment.steps), len(CASES), len(sentence.ids)), np.nan, np.float32)
    most[:, :, : batch.upto] = seen.tokens.max(2)
    alone = len(batch.idx) == 2 and bool((batch.idx[0] == batch.idx[1]).all())
    before, after = ("alone", "beside the other") if alone else ("before", "after")
    return strips_panel(
        {
            before: np.zeros_like(most[:, 0]),
            f"{after}, batch norm": most[:, CASES.index(TRAINING)],
            f"{after}, layer norm": most[:, CASES.index("layer")],
        },
        sentence.labels,
        Frame("strips", "How far each token moved, at the site where it moved most", span=12),
        unit=UNIT,
    )


def _caption(moment: Moment, batch: Batch) -> None:
    """At which weights, over which numbers, and what was left out."""
    norm = moment.run.model_config.norm
    own = (
        "its running averages are the run's own"
        if NORMS[norm].over_batch
        else f"its running averages are those of {len(batch.held_back)} held-back windows"
    )
    st.caption(
        f"At step {moment.step:,}, trained with **{NORMS[norm].title}**; the others are tried at "
        "the same weights, with gain and shift where both kinds have them. Batch norm normalizes "
        f"each channel over batch and time, here {batch.idx.numel():,} numbers, in training mode; "
        f"in evaluation mode {own}. All other norms compute each token by itself. Dropout is off. "
        + thinned(moment, "reading batches takes long")
    )


def _movement(moment: Moment, sentence: Sentence, batch: Batch, seen: Seen) -> Sequence[AnyPanel]:
    names, count = list(leak_sites(moment.run.model_config)), len(sentence.ids)
    tokens = np.full((len(moment.steps), len(names), count), np.nan, np.float32)
    tokens[:, :, : batch.upto] = seen.tokens[:, CASES.index(TRAINING)]
    blank = f"; blank from the changed one at {batch.upto} on" if batch.upto < count else ""
    return [
        movement_panel(
            {case: seen.relative[:, at] for at, case in enumerate(CASES)},
            names,
            Frame("movement", "Largest movement over channels and tokens, at each depth"),
            unit=UNIT,
        ),
        replace(
            token_depth_panel(
                tokens,
                Sites(names, "site"),
                sentence.labels,
                Frame(
                    "moved-tokens",
                    f"Each token under {TRIED[TRAINING]}, largest over its channels{blank}",
                    height=400,
                ),
                Scale(UNIT),
            ),
            picks=None,
        ),
    ]


def _running(moment: Moment, size: int, norm: int, seen: Seen) -> Sequence[AnyPanel]:
    config = moment.run.model_config
    name, (compared, repeats) = moment.run.anatomy.norms[norm], movement.drawn(config)
    larger = "" if compared[-1] == SIZES[-1] else "; larger batches take too long"
    return [
        distances_panel(
            Distances(
                compared,
                movement.distances_at(moment)[:, norm],
                expected_distances(compared, config.block_size),
                repeats,
            ),
            Frame(
                "distances",
                f"How far a batch's means are from the running ones: before {name}, "
                f"step {moment.step:,}{larger}",
            ),
            size=size,
            unit=OFF,
        ),
        means_panel(
            seen.statistics.running_mean[:, norm],
            seen.statistics.mean[:, norm],
            Frame(
                "means",
                f"Each channel before {name}: mean over batch and time of "
                f"{counted(size, 'window')}, and running",
            ),
            unit="mean",
        ),
    ]


def _tables(moment: Moment, seen: Seen) -> None:
    """The settled step in numbers: what moved, and the statistics of every norm and channel."""
    at, config = moment.at, moment.run.model_config
    moved = pd.DataFrame({"site": list(leak_sites(config))})
    for case, largest, spread in zip(CASES, seen.largest[at], seen.spread[at], strict=True):
        norm = case.removesuffix(" mode")
        moved[f"{norm}: moved"], moved[f"{norm}: std"] = largest, spread
    st.markdown(
        f"**Largest movement at step {moment.step:,}**, in the activations' own units, beside "
        "`std`, the standard deviation over channels and tokens of what stood there before"
    )
    numbers(moved, "Movement", file_of(moment, "leak"))
    file = file_of(moment, "batch-statistics")
    csv_button("Batch and running statistics", file, lambda: _statistics(moment, seen))


def _statistics(moment: Moment, seen: Seen) -> pd.DataFrame:
    """One row per norm and channel, before the norm."""
    names = moment.run.anatomy.norms
    channels = moment.run.model_config.n_embd
    rows = {"norm": np.repeat(names, channels), "channel": np.tile(range(channels), len(names))}
    parts = seen.statistics._asdict().items()
    return pd.DataFrame(rows | {name: values[moment.at].ravel() for name, values in parts})


def _explained() -> None:
    how_computed(
        r"m_{k,t} = \max_c \big|x_{k,t,c} - x'_{k,t,c}\big|, \qquad"
        r" \mu_c = \frac1{BT}\sum_{b,t} x_{b,t,c}, \qquad"
        r" \mathrm{E}\,\frac{|\mu_c - \bar\mu_c|}{\sigma_c} \approx \sqrt{\frac{2}{\pi B T}}",
        "x and x' are the activations at site k for token t of your sentence, before and after the "
        "change; these tokens were not touched. 0.ln1 is the first norm of block 0; norms "
        "are read after gain and shift, resid_mid and resid_post in the residual stream, 'ln1:in' "
        "is what enters the norm. "
        "**Batch norm in training mode** takes μ and the variance (divisor B·T) over all "
        "sentences and times of the batch (Ioffe and Szegedy 2015), so each of them is felt by "
        "every other; **in evaluation mode** it uses running averages (variance with divisor "
        "B·T − 1) and feels nobody. **Batch against running**: of what enters the norm, over batch "
        "and time, in windows as long as the model reads; the line is the mean of batches drawn "
        "from the validation windows, over the channels. Were all B·T tokens independent it would "
        "follow the dashed one; tokens of a window are not: neighbours are alike, and every "
        "window has each position once. Running averages of a run trained with batch norm follow "
        "its last training batches, so even a large batch of other text stays apart from them.",
        "normalization.leak.leak, normalization.exchange.exchanged, "
        "normalization.batches.batch_statistics, normalization.batches.distances",
    )
