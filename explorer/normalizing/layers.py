"""How large activations are before and after each norm, layer by layer."""

import pandas as pd
import streamlit as st
import torch

from explorer import readings
from explorer.charts.normalization import depth_panel, token_depth_panel
from explorer.look import Look, Sentence
from explorer.page import clock, csv_button, how_computed
from model_core.normalization import norm_names, norm_statistics

OVER = {
    "layer": "each token's channels, so no token feels another",
    "rms": "each token's channels (only their size; the mean stays)",
    "batch": "all tokens of the batch, channel by channel; here with the running averages",
    "none": "nothing: this model has no normalization, what goes in comes out",
}


def draw(look: Look, sentence: Sentence) -> None:
    config = look.run.model_config
    st.caption(
        f"This model: **{config.norm}** norm, **{config.norm_position}** position. It normalizes "
        f"over {OVER[config.norm]}. Shown for every token of your sentence: mean and standard "
        "deviation over its channels; 'after' is read behind gain and shift."
    )
    seen, names = readings.norms(look, sentence.ids), norm_names(config.n_layer)
    panels = [
        depth_panel(
            {"before": seen["std_in"].mean(2), "after": seen["std_out"].mean(2)},
            names,
            key="std",
            title="Standard deviation, mean over the tokens",
            unit="standard deviation",
            log=True,
        ),
        depth_panel(
            {"before": seen["mean_in"].mean(2), "after": seen["mean_out"].mean(2)},
            names,
            key="mean",
            title="Mean, averaged over the tokens",
            unit="mean",
        ),
        token_depth_panel(
            seen["std_in"],
            names,
            sentence.labels,
            key="tokens-before",
            title="Standard deviation of each token before the norm",
            unit="standard deviation",
            log=True,
        ),
        token_depth_panel(
            seen["std_out"],
            names,
            sentence.labels,
            key="tokens-after",
            title="Standard deviation of each token after the norm",
            unit="standard deviation",
            log=True,
        ),
    ]
    look = clock(look, panels)
    _numbers(look, sentence)
    how_computed(
        r"\mu = \frac1C\sum_c x_c, \quad \sigma^2 = \frac1C\sum_c (x_c-\mu)^2, \quad"
        r" y_c = \gamma_c\,\frac{x_c-\mu}{\sqrt{\sigma^2+\varepsilon}} + \beta_c",
        "Layer normalization (Ba, Kiros and Hinton 2016) as an example: μ and σ of one token's C "
        "channels. Batch normalization takes them over all tokens of a batch for each channel, RMS "
        "normalization divides by the root mean square alone.",
        "normalization.statistics.read_norms, norm_statistics",
    )


def _numbers(look: Look, sentence: Sentence) -> None:
    model = look.run.model_at(look.step)
    table: pd.DataFrame = norm_statistics(model, torch.tensor([sentence.ids]))
    st.markdown(f"**Values at step {look.step:,}**, averaged over the tokens of the sentence")
    st.dataframe(table, hide_index=True)
    csv_button("Statistics as CSV", f"{look.run.name}-norms-step-{look.step}", lambda: table)
