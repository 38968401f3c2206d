"""Drift: where tokens and positions are, and how far training moved them."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer import cache
from explorer.charts.drift import drift_panel, map_panel
from explorer.look import Look, Sentence
from explorer.page import clock, csv_button, how_computed, question, quoted
from model_core.embeddings import drift
from model_core.projections import PCA


def draw(look: Look, sentence: Sentence) -> None:
    question("Which tokens does training bring together, and which way did they take?")
    tokens, positions = cache.token_map(look), cache.position_map(look)
    distances = drift(cache.token_embeddings(look))
    rows = [str(row) for row in range(positions.layout.shape[1])]
    panels = [
        map_panel(
            tokens.layout,
            look.labels,
            key="map",
            title="Token map",
            axis_titles=_axes(tokens),
            chosen=look.token,
            span=8,
            height=560,
        ),
        map_panel(
            positions.layout,
            rows,
            key="position-map",
            title="Position map",
            row_title="position",
            axis_titles=_axes(positions),
            span=4,
            height=560,
        ),
        drift_panel(
            distances,
            look.steps,
            look.labels,
            key="drift",
            title="How far each token has moved",
            chosen=look.token,
        ),
    ]
    look = clock(look, panels)
    st.caption(
        f"Maps: principal components of all {len(look.steps)} steps together, so a token that "
        f"stands still on the map stood still in these directions. The two axes show "
        f"{tokens.explained.sum():.0%} of the variance of the token table and "
        f"{positions.explained.sum():.0%} of the position table; the rest is not in the picture. "
        "Distances in the lower chart are exact, in all channels."
    )
    _numbers(look, distances, tokens)
    how_computed(
        r"y_{s,i} = W\,(x_{s,i} - \bar x), \qquad d_{s,i} = \lVert x_{s,i} - x_{0,i} \rVert_2",
        "W holds the two directions along which the rows of all steps together vary most "
        "(principal component analysis, Pearson 1901). d is the Euclidean distance of a row from "
        "where it was at the first recorded step.",
        "projections.pca_over_time, embeddings.drift",
    )


def _axes(pca: PCA) -> tuple[str, str]:
    first, second = (
        f"component {i + 1} ({share:.0%} of variance)" for i, share in enumerate(pca.explained)
    )
    return first, second


def _numbers(look: Look, distances: np.ndarray, pca: PCA) -> None:
    table = pd.DataFrame(
        {
            "token": list(look.labels),
            "moved": distances[look.at],
            "component 1": pca.layout[look.at, :, 0],
            "component 2": pca.layout[look.at, :, 1],
        }
    )
    st.markdown(f"**Farthest from their start at step {look.step:,}**")
    st.dataframe(table.sort_values("moved", ascending=False), height=260)
    csv_button(
        "Map as CSV",
        f"{look.run.name}-map-step-{look.step}",
        lambda: table.assign(token=[quoted(token) for token in look.tokens]),
    )
