"""AlignedUMAP and t-SNE over time, and what UMAP over time is measured against: umap-learn."""

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from sklearn.datasets import load_digits

from model_core.projections import (
    aligned_umap_over_time,
    neighbours_kept,
    tsne_over_time,
    umap_over_time,
)
from model_core.projections.trust import trustworthiness
from model_core.runs import Run
from model_core.training.loop import train
from model_core.training.presets import create_from_preset
from model_core.training.turns import only_trainer
from tests.support.refusals import refusal
from tests.support.tables import clustered, jump, still, walk

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("umap_learn")]  # numba compiles


@pytest.fixture(autouse=True)
def _umap_learn_warns_of_threads_and_of_what_is_not_installed() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def jumps(layout: np.ndarray) -> np.ndarray:
    """How far rows come on average into each step but the first: (S - 1,)."""
    return np.linalg.norm(np.diff(layout, axis=0), axis=-1).mean(1)


def last_to_largest_other(layout: np.ndarray) -> float:
    return float(jumps(layout)[-1] / jumps(layout)[:-1].max())


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The token table of a model in its first 300 steps on real text: about (8, 103, 64).

    Its rows start at N(0, 1) and move little; `umap_over_time` is as smooth as is right for those.
    """
    path = tmp_path_factory.mktemp("runs") / "docs"
    create_from_preset(
        path, "python-docs", {"steps": 300, "snapshots": 8, "threads": 1, "embedding_init_std": 1.0}
    )
    with only_trainer(path):
        train(path)
    return Run.open(path).token_embeddings()


def test_umap_over_time_is_truer_and_steadier_than_aligned_umap(learned: np.ndarray) -> None:
    ours, theirs = umap_over_time(learned), aligned_umap_over_time(learned)
    trusted = [trustworthiness(learned, layout).mean() for layout in (ours, theirs)]
    assert trusted[0] >= trusted[1] + 0.03
    assert jump(ours) <= 0.2 * jump(theirs)


def test_one_frame_is_as_true_as_umap_learns() -> None:
    from umap import UMAP

    digits = load_digits().data.astype(np.float32)
    ours = umap_over_time(digits[None])
    theirs = UMAP(random_state=0).fit_transform(digits)[None]
    seen, expected = (neighbours_kept(digits[None], layout)[0] for layout in (ours, theirs))
    assert seen[0] > expected[0] - 0.02


def test_aligned_umap_does_not_jump_into_its_last_step_as_it_does_without_the_copy() -> None:
    from umap import AlignedUMAP

    vectors = clustered(6, 40)
    same = {row: row for row in range(40)}
    plain = AlignedUMAP(random_state=0).fit([*vectors], relations=[same] * 5)
    ours, theirs = aligned_umap_over_time(vectors), np.stack([*plain.embeddings_])
    assert ours.shape == theirs.shape == (6, 40, 2)
    assert last_to_largest_other(ours) < 1.3
    assert last_to_largest_other(theirs) > last_to_largest_other(ours)


def test_aligned_umap_lays_out_as_few_rows_as_there_are_neighbours() -> None:
    layout = aligned_umap_over_time(clustered(3, 12), n_neighbors=12, dimensions=3)
    assert layout.shape == (3, 12, 3) and np.isfinite(layout).all()
    assert layout.dtype == np.float32


@pytest.mark.parametrize("dimensions, rows", [(2, 3), (3, 4)])
def test_aligned_umap_refuses_rows_too_few_for_its_start(dimensions: int, rows: int) -> None:
    words = refusal(aligned_umap_over_time, walk(2, rows), n_neighbors=3, dimensions=dimensions)
    assert words == (
        f"AlignedUMAP in {dimensions}-D needs at least {rows + 1} rows, got {rows}; choose UMAP"
    )
    fewest = aligned_umap_over_time(walk(2, rows + 1), n_neighbors=3, dimensions=dimensions)
    assert fewest.shape == (2, rows + 1, dimensions) and np.isfinite(fewest).all()


@pytest.mark.parametrize("method", [tsne_over_time, aligned_umap_over_time])
def test_a_map_of_huge_or_tiny_rows_is_that_of_the_same_rows_at_another_scale(
    method: Callable[..., np.ndarray],
) -> None:
    vectors = clustered(2, 15)
    expected = method(vectors, n_neighbors=6)
    for power in (66, -100):  # a power of two is exact; squares leave float32 from 2**64 on
        layout = method(vectors * np.float32(2.0**power), n_neighbors=6)
        np.testing.assert_array_equal(layout, expected)


def test_tsne_keeps_what_is_known_and_lays_out_the_rest_as_if_all_were_new() -> None:
    vectors = walk(5, 40)
    whole = tsne_over_time(vectors)
    known = whole.copy()
    known[3:] = np.nan
    np.testing.assert_array_equal(tsne_over_time(vectors, known=known), whole)
    other = known + 1
    np.testing.assert_array_equal(tsne_over_time(vectors, known=other)[:3], other[:3])


def test_tsne_refuses_known_places_of_another_shape() -> None:
    words = refusal(tsne_over_time, walk(), known=np.zeros((4, 30, 3)))
    assert words == "known points must have shape (4, 30, 2), NaN where new, got (4, 30, 3)"


def test_tsne_begins_each_step_where_the_last_one_ended() -> None:
    layout = tsne_over_time(still(3, 40))
    wide = np.linalg.norm(layout[0] - layout[0].mean(0), axis=1).mean()
    assert jumps(layout).max() < 0.1 * wide
    vectors = clustered(3, 40)
    alone = np.concatenate([tsne_over_time(step[None]) for step in vectors])
    assert jumps(tsne_over_time(vectors)).mean() < 0.5 * jumps(alone).mean()


def test_tsne_tells_its_progress_step_by_step() -> None:
    shares: list[float] = []
    layout = tsne_over_time(walk(4, 20), dimensions=3, progress=shares.append)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert layout.shape == (4, 20, 3) and layout.dtype == np.float32


@pytest.mark.parametrize(
    "method, name", [(aligned_umap_over_time, "AlignedUMAP"), (tsne_over_time, "t-SNE")]
)
def test_what_cannot_be_laid_out_is_refused(method: type, name: str) -> None:
    vectors = walk()
    vectors[2, 3, 1] = np.inf
    words = refusal(method, vectors)
    assert words == f"{name} needs finite numbers at every step; UMAP leaves other rows out"
    words = refusal(method, walk(), n_neighbors=31)
    assert words == "n_neighbors must be in [2, 30] for 30 rows, got 31"
    words = refusal(method, walk(3, 2))
    assert words == "a map of neighbours needs at least 3 rows, got 2; PCA shows them"
