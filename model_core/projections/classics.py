"""Maps over time by other methods: AlignedUMAP and warm-started t-SNE."""

import warnings

import numpy as np

from model_core.projections.joint import Progress, check_known, check_rows
from model_core.projections.pca import pca_over_time


def aligned_umap_over_time(
    vectors: np.ndarray,
    *,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    dimensions: int = 2,
    seed: int = 0,
) -> np.ndarray:
    """umap-learn's AlignedUMAP of vectors (S, N, C), its defaults: points (S, N, dimensions).

    Its relations never link forward to the last step (`expand_relations` ends one too early), so
    the last step would jump away from the others: a copy of it is laid out after it and dropped.
    Run it in a process of its own, one at a time: numba aborts a process with two fits at once.
    ValueError as in `umap_over_time`, for rows that are not finite, and for too few of them.
    """
    check_rows(vectors, n_neighbors, dimensions)
    _check_finite(vectors, "AlignedUMAP")
    rows, least = (
        vectors.shape[1],
        dimensions + 2,
    )  # its start needs one eigenvector fewer than rows
    if rows < least:
        raise ValueError(
            f"AlignedUMAP in {dimensions}-D needs at least {least} rows, got {rows}; choose UMAP"
        )
    from umap import AlignedUMAP

    steps = [_scaled(step) for step in vectors]
    frames = [*steps, steps[-1]]
    same = {row: row for row in range(vectors.shape[1])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap-learn's own: threads, spectral initialization
        mapper = AlignedUMAP(
            # counts a row as its own first neighbour; warns when it equals the number of rows
            n_neighbors=min(n_neighbors, vectors.shape[1] - 1),
            min_dist=min_dist,
            n_components=dimensions,
            random_state=seed,
        ).fit(frames, relations=[same] * (len(frames) - 1))
    return np.stack(list(mapper.embeddings_))[:-1].astype(np.float32)


def tsne_over_time(
    vectors: np.ndarray,
    *,
    n_neighbors: int = 15,
    dimensions: int = 2,
    seed: int = 0,
    known: np.ndarray | None = None,
    progress: Progress = lambda share: None,
) -> np.ndarray:
    """scikit-learn's t-SNE of each step of vectors (S, N, C), initialized with the step before.

    Points (S, N, dimensions), float32; the first step is initialized with its PCA. The perplexity
    is a third of `n_neighbors`, because t-SNE by Barnes-Hut computes affinities to the
    3 · perplexity nearest rows (van der Maaten 2014). Early exaggeration is applied at the first
    step only: it would tear an existing map apart. `known` and `progress` as in `umap_over_time`;
    ValueError likewise, and for rows that are not finite.
    """
    check_rows(vectors, n_neighbors, dimensions)
    check_known(known, (*vectors.shape[:2], dimensions))
    _check_finite(vectors, "t-SNE")
    from sklearn.manifold import TSNE

    layout = np.full((*vectors.shape[:2], dimensions), np.nan, np.float32)
    if known is not None:
        layout[:] = known
    before = None
    for number, step in enumerate(map(_scaled, vectors.astype(np.float64))):
        if np.isnan(layout[number]).any():
            start = _start(step, dimensions) if before is None else before
            layout[number] = TSNE(
                n_components=dimensions,
                perplexity=max(1.0, n_neighbors / 3),
                early_exaggeration=12.0 if before is None else 1.0,
                init=start.astype(np.float32),
                max_iter=1000 if before is None else 250,
                random_state=seed,
            ).fit_transform(step)
        before = layout[number]
        progress((number + 1) / len(vectors))
    return layout


def _start(vectors: np.ndarray, dimensions: int) -> np.ndarray:
    """PCA of one step (N, C), scaled to a standard deviation of 1e-4 as scikit-learn does."""
    points = pca_over_time(vectors[None], dimensions).layout[0]
    return points * (1e-4 / max(float(points[:, 0].std()), 1e-30))


def _scaled(step: np.ndarray) -> np.ndarray:
    """One step (N, C) times a power of two, which is exact: the largest magnitude is in [0.5, 1).

    Neither map depends on the scale, but both libraries square distances in float32, where those of
    1e19 overflow.
    """
    return np.ldexp(step, -np.frexp(np.abs(step).max())[1])


def _check_finite(vectors: np.ndarray, method: str) -> None:
    if not np.isfinite(vectors).all():
        raise ValueError(f"{method} needs finite numbers at every step; UMAP leaves other rows out")
