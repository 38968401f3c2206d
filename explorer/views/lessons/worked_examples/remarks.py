"""What is special about the numbers at hand, one sentence each, computed from them."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from explorer.views.lessons.norms import NORM_WORDS
from explorer.views.lessons.worked_examples.formulas import as_text
from model_core.normalization import REFERENCES, Worked, apart, undo
from model_core.normalization.worked import SCALINGS, is_constant
from model_core.norms import NormKind

VISIBLE = 0.01  # epsilon's share of variance + epsilon from which a remark is made
OUTWEIGHS = 1e4  # how much larger than all others a number must be for a remark
LOST = 1e-3  # how far off float32 must be for a remark
FLOAT32 = np.finfo(np.float32)


def single(done: Worked) -> str:
    """What is special about one sample alone."""
    samples, features = done.result.shape
    if samples > 1 or done.kind in SCALINGS:
        return ""
    return NORM_WORDS[cast(NormKind, done.kind)].single.format(features=features)


def constant(done: Worked, names: Sequence[str], eps: float) -> str:
    """Which features, or samples where the kind goes along them, do not vary, and what they become.

    Those that `rounded` covers are left out.
    """
    groups = np.flatnonzero(_still(done) & ~_off_by_rounding(done)).tolist()
    if not groups:
        return ""
    who = f"{_listed([names[group] for group in groups])} constant"
    if done.kind in SCALINGS:
        return f"{who}{_divided_by_one(done, groups)}"
    above, _, fraction = _fraction(done, groups[0], eps)
    if above and done.centre is None:
        return f"{who}, but no mean is subtracted: {fraction}, where layer norm gives 0."
    if eps == 0:
        return f"{who}: {fraction}. Any ε above 0 makes it 0."
    return f"{who}: {fraction}, whatever γ is. Without ε it would be 0 / 0, NaN."


def rounded(done: Worked, names: Sequence[str], eps: float) -> str:
    """Which features, or samples, of batch or layer norm vary by rounding errors only."""
    groups = np.flatnonzero(_still(done) & _off_by_rounding(done)).tolist()
    if not groups:
        return ""
    first, axis = groups[0], 0 if done.over_samples else 1
    nearly = "nearly " if np.ptp(done.steps["x"], axis)[groups].any() else ""
    above, below, fraction = _fraction(done, first, eps)
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = as_text(float(np.divide(above, np.sqrt(below))))
    without = (
        f"Without ε it would be {alone}."
        if eps
        else f"An ε far above {as_text(below)} brings it near 0."
    )
    return (
        f"{_listed([names[group] for group in groups])} {nearly}constant. Rounding is all that is "
        f"left: {names[first]} begins with {fraction}. {without}"
    )


def _still(done: Worked) -> np.ndarray:
    """Which features (F,), or samples (N,), do not vary; none under running averages."""
    x, axis = done.steps["x"], 0 if done.over_samples else 1
    if done.running:
        return np.zeros(x.shape[1 - axis], bool)
    if done.kind == "min-max":
        return (done.steps["divisor"] != done.steps["span"])[0]
    if done.divisor is None:
        return np.zeros(x.shape[1 - axis], bool)
    if done.centre is None:  # no mean is subtracted, which could be rounded
        return (x == x[:, :1]).all(axis)
    return is_constant(x, axis)


def _off_by_rounding(done: Worked) -> np.ndarray:
    """Which features (F,), or samples (N,), of batch and layer norm are not all at their mean."""
    if done.kind in SCALINGS or done.centre is None:
        return np.zeros_like(_still(done))
    return (done.steps["centred"] != 0).any(0 if done.over_samples else 1)


def _divided_by_one(done: Worked, groups: list[int]) -> str:
    """What a scaling does where it would divide by 0, or by rounding."""
    spread = done.steps["span" if done.kind == "min-max" else "std"][0, groups].max()
    most = np.abs(done.result[:, groups]).max()
    instead = "Divided by 1 instead, as scikit-learn does, every number becomes 0"
    if not spread:
        return f": the spread is 0, and 0 / 0 is NaN. {instead}."
    return f" but for rounding: the spread is {as_text(spread)}. {instead} within {as_text(most)}."


def _fraction(done: Worked, group: int, eps: float) -> tuple[float, float, str]:
    """What is divided, what stands under the root beside epsilon, and both with what comes out.

    Of the first number of a feature, or of a sample where the kind goes along them.
    """
    names = ("x", "mean square") if done.centre is None else ("centred", "variance")
    above, below, becomes = (
        float(done.steps[name][(0, group) if done.over_samples else (group, 0)])
        for name in (*names, "normalized")
    )
    return (above, below, f"{as_text(above)} / √({as_text(below)} + {eps:g}) = {as_text(becomes)}")


def outweighed(done: Worked, names: Sequence[str]) -> str:
    """Where one number of a sample is so large that the others come out nearly alike."""
    if done.over_samples or done.divisor is None or done.result.shape[1] < 3:
        return ""
    sizes = np.sort(np.abs(done.steps["x"]), 1)
    sample = int(sizes[:, -1].argmax())
    if sizes[sample, -1] < OUTWEIGHS * max(sizes[sample, -2], 1):
        return ""
    largest = int(np.abs(done.steps["x"][sample]).argmax())
    others = np.ptp(np.delete(done.steps["normalized"][sample], largest))
    return (
        f"In {names[sample]}, {as_text(done.steps['x'][sample, largest])} outweighs the rest: "
        f"normalized, the other features are {as_text(others)} apart at most."
    )


def epsilon(done: Worked, names: Sequence[str], eps: float) -> str:
    """Where epsilon is not small compared with a variance that is not 0."""
    if done.divisor is None:
        return ""
    spread = done.steps["mean square" if done.centre is None else "variance"].ravel()
    if done.centre is not None:
        spread = np.where(_still(done), 0, spread)
    share = np.where(spread > 0, eps / np.maximum(spread + eps, FLOAT32.tiny), 0)
    most = int(share.argmax())
    if share[most] < VISIBLE:
        return ""
    return (
        f"ε = {eps:g} is {share[most]:.0%} of what stands under the root of {names[most]}: the "
        f"normalized numbers come out {np.sqrt(1 - share[most]):.3g} times as large as without it."
    )


def float32(done: Worked, coarse: np.ndarray) -> str:
    """What is lost where a model computes in float32: `coarse` (N, F) is its result there."""
    off = apart(done.result, coarse)
    if off < LOST:
        return ""
    largest = np.abs(done.steps["x"]).max()
    if largest > FLOAT32.max:
        why = f"{as_text(largest)} is beyond its largest number, {FLOAT32.max:.2g}"
    elif largest**2 > FLOAT32.max and done.kind not in SCALINGS and done.divisor is not None:
        why = f"squares of {as_text(largest)} are beyond its largest number, {FLOAT32.max:.2g}"
    else:
        gap = np.spacing(np.float32(largest))
        why = f"near {as_text(largest)} its numbers are {gap:g} apart"
    wrong = "gives NaN or infinity" if np.isinf(off) else f"is up to {as_text(off)} off"
    return f"In float32, as models compute, {REFERENCES[done.kind]} {wrong}: {why}."


def undone(done: Worked, learned: Mapping[str, np.ndarray]) -> str:
    """Whether gamma and beta are those that undo the norm, and of which samples."""
    if done.divisor is None:
        return ""
    gamma, beta = undo(done)
    if not np.allclose(learned["gamma"], gamma, rtol=1e-6):
        return ""
    if beta is not None and not np.allclose(learned["beta"], beta, rtol=1e-6, atol=1e-12):
        return ""
    off = np.abs(done.result - done.steps["x"]).max(1)
    back = off <= 1e-9 * np.maximum(np.abs(done.steps["x"]).max(1), 1)
    set_to = f"γ = {done.divisor}" + ("" if done.centre is None else f" and β = {done.centre}")
    if back.all():
        return f"{set_to} undo the norm: the result is x again, {off.max():.1g} off at most."
    return (
        f"{set_to} of sample 0 give back sample 0. γ and β belong to a feature, these statistics "
        f"to a sample: {_listed([f'sample {at}' for at in np.flatnonzero(~back)]).lower()} up to "
        f"{as_text(off.max())} off."
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0].capitalize()} is"
    return f"{', '.join(names[:-1])} and {names[-1]} are".capitalize()
