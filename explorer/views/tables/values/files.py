"""Both tables at the settled step as files: CSV, NPZ, and what the TensorBoard projector reads."""

from io import BytesIO

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.parts.labels import bare
from explorer.data.measures import measured, table_at
from explorer.views.tables.values.numbers import whole
from explorer.views.tables.values.which import Which
from explorer.visit.export import csv_button, download, file_of
from explorer.visit.moment import Moment


def draw(moment: Moment, which: Which) -> None:
    """What is shown as CSV; the tables themselves as NPZ, and that of tokens as a pair of TSV."""
    files = {name: file_of(moment, name) for name in ("tokens", "positions", "tables")}
    with st.container(horizontal=True):
        csv_button("Tokens", files["tokens"], lambda: whole(moment, which, "tokens").reset_index())
        csv_button(
            "Positions", files["positions"], lambda: whole(moment, which, "positions").reset_index()
        )
        npz = files["tables"].ending("npz")
        download("Both as NPZ", npz, "application/zip", lambda: as_npz(moment))
        vectors, metadata = (file_of(moment, f"tokens-{kind}") for kind in ("vectors", "metadata"))
        tsv = "text/tab-separated-values"
        download("vectors.tsv", vectors.ending("tsv"), tsv, lambda: as_vectors(moment))
        download("metadata.tsv", metadata.ending("tsv"), tsv, lambda: as_metadata(moment))
    st.caption(
        "The TensorBoard projector (projector.tensorflow.org) loads the two TSV files together."
    )


def as_npz(moment: Moment) -> bytes:
    """token_embeddings (V, C), position_embeddings (T, C), tokens (V,), step: no pickle inside.

    NumPy drops NULs at the end of a text: `token_lengths` (V,) say how many characters there are.
    """
    packed, tokens = BytesIO(), moment.run.tokenizer.tokens
    np.savez_compressed(
        packed,
        token_embeddings=table_at(moment, "tokens", moment.step),
        position_embeddings=table_at(moment, "positions", moment.step),
        tokens=np.array(tokens),
        token_lengths=np.array([len(token) for token in tokens]),
        step=np.array(moment.step),
    )
    return packed.getvalue()


def as_vectors(moment: Moment) -> bytes:
    """A line a token, its numbers between tabs; nine digits give back the same float32."""
    table = pd.DataFrame(table_at(moment, "tokens", moment.step))
    return table.to_csv(sep="\t", header=False, index=False, float_format="%.9g").encode()


def as_metadata(moment: Moment) -> bytes:
    """A line a token after one of names; labels have glyphs for what is invisible, so no tabs."""
    found = measured(moment, "tokens").rename_axis("id").reset_index()
    columns = ["token", *(str(name) for name in found if name != "token")]
    lines = ["\t".join(columns)]
    lines += ["\t".join(map(str, row)) for row in found[columns].itertuples(index=False)]
    return bare("\n".join([*lines, ""])).encode()
