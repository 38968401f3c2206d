"""Maps over time as other tools make them: AlignedUMAP and warm-started t-SNE."""

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
    """umap-learn's AlignedUMAP of vectors (S, N, C), its defaults: places (S, N, dimensions).

    Its relations never reach forward to the last step (`expand_relations` ends one too early), so
    that this jumps away from the others: a copy of it is laid out behind it and thrown away. To be
    run in a process of its own, one at a time: numba aborts a process with two fits at once.
    ValueError as in `umap_over_time`, and for rows that are not finite.
    """
    check_rows(vectors, n_neighbors, dimensions)
    _check_finite(vectors, "AlignedUMAP")
    from umap import AlignedUMAP

    frames = [*vectors, vectors[-1]]
    same = {row: row for row in range(vectors.shape[1])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own making: threads, spectral starts
        mapper = AlignedUMAP(
            # it counts a row as its own first neighbour and warns of as many as there are rows
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
    """scikit-learn's t-SNE of each step of vectors (S, N, C), begun where the last one ended.

    Places (S, N, dimensions), float32; the first step begins at its PCA. The perplexity is a third
    of `n_neighbors`, because t-SNE looks at three times as many rows as that (van der Maaten,
    Hinton 2008). Early exaggeration, which would tear the map apart, belongs to the first step
    alone. `known` and `progress` as in `umap_over_time`. ValueError likewise, and for rows that
    are not finite.
    """
    check_rows(vectors, n_neighbors, dimensions)
    check_known(known, (*vectors.shape[:2], dimensions))
    _check_finite(vectors, "t-SNE")
    from sklearn.manifold import TSNE

    layout = np.full((*vectors.shape[:2], dimensions), np.nan, np.float32)
    if known is not None:
        layout[:] = known
    before = None
    for number, step in enumerate(vectors.astype(np.float64)):
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
    """PCA of one step (N, C), as small as scikit-learn starts."""
    places = pca_over_time(vectors[None], dimensions).layout[0]
    return places * (1e-4 / max(float(places[:, 0].std()), 1e-30))


def _check_finite(vectors: np.ndarray, method: str) -> None:
    if not np.isfinite(vectors).all():
        raise ValueError(f"{method} needs finite numbers at every step; UMAP leaves others out")
