"""What a changed batch did to the sentence, in words."""

from collections.abc import Sequence

import numpy as np

from explorer.data.leak import Seen
from explorer.visit.moment import Moment
from model_core.normalization import CASES, EVALUATION, TRAINING, leak_sites
from model_core.norms import NORMS

TRIED: dict[str, str] = {
    TRAINING: "batch norm in training mode",
    EVALUATION: "batch norm in evaluation mode",
    **{kind: norm.title for kind, norm in NORMS.items() if not norm.over_batch},
}


def verdict(moment: Moment, seen: Seen) -> str:
    """By how much at the settled step, under each way to normalize."""
    largest, relative = seen.largest[moment.at], seen.relative[moment.at]
    sites = list(leak_sites(moment.run.model_config))
    cases: dict[str, list[str]] = {}
    for case, moved, share in zip(CASES, largest, relative, strict=True):
        cases.setdefault(_by(moved, share, sites), []).append(TRIED[case])
    parts = [f"{by} under {_under(names)}" for by, names in cases.items()]
    return "; ".join(parts)


def _under(cases: Sequence[str]) -> str:
    """Those cases; all but one are named by layer norm, which the page is about."""
    layer = NORMS["layer"].title
    if len(cases) == len(TRIED) - 1 and layer in cases:
        return f"{layer} and all others"
    return cases[0] if len(cases) == 1 else f"{', '.join(cases[:-1])} and {cases[-1]}"


def _by(moved: np.ndarray, relative: np.ndarray, sites: Sequence[str]) -> str:
    """By how much, where it is most in standard deviations at the site."""
    if not np.isfinite(moved).all():
        return "by NaN (what the model computes is NaN or infinite)"
    if not moved.any():
        return "by exactly **0**"
    compared = np.where(np.isfinite(relative), relative, 0)
    if not compared.any():
        at = int(moved.argmax())
        return f"by up to **{moved[at]:.4g}** at {sites[at]} (nothing varies there)"
    at = int(compared.argmax())
    size = f"{compared[at]:,.0f}" if compared[at] >= 9.5 else f"{compared[at]:.2g}"
    many = "" if size == "1" else "s"
    return f"by up to **{size} standard deviation{many}** at {sites[at]} ({moved[at]:.4g} there)"
