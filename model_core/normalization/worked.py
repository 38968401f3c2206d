"""Every step of a normalization, for a few numbers: x (N, F) has N samples of F features."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast, get_args

import numpy as np

from model_core.norm_modules import normalize, statistics
from model_core.norms import EPS, LEARNED, NORMS, Norm, NormKind
from model_core.norms import KINDS as NORM_KINDS

Scaling = Literal["min-max", "standardization"]
Kind: TypeAlias = Scaling | NormKind
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)  # of inputs: without learned parameters
# Norms over samples first, like the scalings; "none" has no steps.
LEARNING = sorted(
    (kind for kind in NORM_KINDS if NORMS[kind].learns), key=lambda kind: not NORMS[kind].over_batch
)
KINDS: tuple[Kind, ...] = (*SCALINGS, *LEARNING)
LARGEST = 1e100  # squares of much larger numbers overflow float64
MOMENTUM = 0.1  # torch's: the share of the newest batch in a running average


@dataclass(frozen=True)
class Running:
    """What batch norm uses in evaluation mode: averages over earlier batches, (F,) each."""

    mean: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class Worked:
    """`steps` from "x" to "result", in order, float64.

    Values of each number are (N, F), statistics of a feature over the samples (1, F), those of a
    sample over its features (N, 1): they broadcast. `centre` and `divisor` name the two statistics
    in normalized = (x - centre) / divisor; None where nothing is subtracted, or no statistic
    divides. `running`: they are averages over earlier batches, not statistics of x.
    """

    kind: Kind
    steps: Mapping[str, np.ndarray]
    centre: str | None
    divisor: str | None
    running: bool = False

    @property
    def result(self) -> np.ndarray:
        return self.steps["result"]

    @property
    def over_samples(self) -> bool:
        """Whether the statistics are of a feature over all samples; otherwise of a sample."""
        return self.kind in SCALINGS or norm_of(self.kind).over_batch


def norm_of(kind: Kind) -> Norm:
    """The norm of a kind that is not a scaling."""
    return NORMS[cast(NormKind, kind)]


def worked(
    kind: Kind,
    x: np.ndarray,
    *,
    eps: float = EPS,
    running: Running | None = None,
    **learned: np.ndarray | None,
) -> Worked:
    """The steps of one kind for x (N, F).

    "min-max" and "standardization" have no parameters and no eps; they divide constant features by
    1 instead of 0, as scikit-learn does. Norms take the parameters that they learn: (F,) where
    there is one per feature, else (1,); the initial value if None. Variances of x are biased, with
    divisor N or F. "batch" is in training mode without `running`, else in evaluation mode. The
    result is NaN where eps = 0 leads to 0 / 0. ValueError for input that cannot be normalized.
    """
    x = check_numbers(x)
    given = {name: values for name, values in learned.items() if values is not None}
    if kind in SCALINGS:
        if given or running is not None:
            raise ValueError(f"{kind} has no gamma, beta and running averages; leave them out")
        return _min_max(x) if kind == "min-max" else _standardized(x)
    if kind not in LEARNING:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    norm = cast(NormKind, kind)
    _check_norm(norm, x, given, eps, running)
    if running is None:
        taken = statistics(norm, x, 0 if NORMS[norm].over_batch else 1)
    else:
        taken = {"mean": running.mean[None], "variance": running.variance[None]}
    with np.errstate(divide="ignore", invalid="ignore"):  # only where eps is 0
        steps = normalize(norm, x, taken, given, eps)
    centre = "mean" if "mean" in steps else None
    divisor = next((name for name in ("deviation", "root") if name in steps), None)
    return Worked(kind, {"x": x, **steps}, centre, divisor, running is not None)


def running_after(x: np.ndarray, passes: int) -> Running:
    """Batch norm's running averages after `passes` passes over x (N, F) in training mode.

    They start at mean 0 and variance 1; each pass gives the batch a weight of MOMENTUM. torch
    averages the *unbiased* variance, divisor N - 1, though it normalizes with the biased one.
    """
    x = check_numbers(x)
    _check_more_than_one(x)
    remaining = (1 - MOMENTUM) ** passes
    return Running((1 - remaining) * x.mean(0), remaining + (1 - remaining) * x.var(0, ddof=1))


def undo(done: Worked, sample: int = 0) -> tuple[np.ndarray, np.ndarray | None]:
    """gamma (F,) and beta (F,) with which the result is x: the divisor and the centre.

    For "batch" this holds for all samples. Where each sample has its own statistics, gamma and beta
    still have one value per feature: those of `sample` restore that sample, and others only if they
    share its statistics. beta is None where no mean is subtracted. ValueError where nothing is
    learned, or no statistic divides.
    """
    if done.kind in SCALINGS or done.divisor is None:
        *some, last = (kind for kind in LEARNING if NORMS[kind].pools)
        raise ValueError(
            f"{done.kind} has no gamma and beta to undo it; choose {', '.join(some)} or {last}"
        )
    at = (0 if done.over_samples else sample, slice(None))
    features = done.result.shape[1:]
    gamma = np.broadcast_to(done.steps[done.divisor][at], features)
    if done.centre is None:
        return gamma, None
    return gamma, np.broadcast_to(done.steps[done.centre][at], features)


def is_constant(x: np.ndarray, axis: int) -> np.ndarray:
    """Where x (N, F) does not vary along the axis: its variance is 0 up to rounding.

    By scikit-learn's rule, after Chan, Golub and LeVeque 1983: (F,) for axis 0, (N,) for axis 1.
    """
    mean, variance, numbers = x.mean(axis), x.var(axis), x.shape[axis]
    rounding = np.finfo(np.float64).eps
    return variance <= numbers * rounding * variance + (numbers * mean * rounding) ** 2


def check_numbers(x: np.ndarray) -> np.ndarray:
    """x (N, F) as float64; ValueError when it is empty, or not all numbers are within ±LARGEST."""
    x = np.asarray(x, np.float64)
    if x.ndim != 2 or x.size == 0:
        raise ValueError(f"x must be (samples, features) with at least one of each, got {x.shape}")
    if np.isnan(x).any():
        sample, feature = np.argwhere(np.isnan(x))[0]
        raise ValueError(f"sample {sample}, feature {feature} is not a number; type one there")
    if np.abs(x).max() > LARGEST:
        raise ValueError(f"numbers must be within ±{LARGEST:g}, got {x.flat[np.abs(x).argmax()]:g}")
    return x


def _min_max(x: np.ndarray) -> Worked:
    low, high = x.min(0, keepdims=True), x.max(0, keepdims=True)
    span = high - low
    constant = span < 10 * np.finfo(np.float64).eps  # scikit-learn's rule
    divisor = np.where(constant, 1.0, span)
    steps = {"x": x, "low": low, "high": high, "span": span, "divisor": divisor}
    result = (x - low) / divisor
    return Worked("min-max", steps | {"centred": x - low, "result": result}, "low", "divisor")


def _standardized(x: np.ndarray) -> Worked:
    mean, variance = x.mean(0, keepdims=True), x.var(0, keepdims=True)
    std = np.sqrt(variance)
    divisor = np.where(is_constant(x, 0)[None], 1.0, std)
    centred = x - mean
    steps = {"x": x, "mean": mean, "centred": centred, "variance": variance, "std": std}
    steps |= {"divisor": divisor, "result": centred / divisor}
    return Worked("standardization", steps, "mean", "divisor")


def _check_norm(
    kind: NormKind,
    x: np.ndarray,
    learned: Mapping[str, np.ndarray],
    eps: float,
    running: Running | None,
) -> None:
    norm = NORMS[kind]
    if not 0 <= eps <= 1:
        raise ValueError(f"eps must be in [0, 1], got {eps:g}")
    for name, values in learned.items():
        if name not in norm.learns:
            raise ValueError(f"{norm.title} learns no {name}; leave {name} out")
        _check_learned(name, np.asarray(values, np.float64), x.shape[1])
    if not norm.over_batch and running is not None:
        raise ValueError(f"only batch norm has running averages, not {kind}; leave them out")
    if norm.over_batch and running is None:
        _check_more_than_one(x)


def _check_learned(name: str, values: np.ndarray, features: int) -> None:
    count = features if LEARNED[name].per_channel else 1
    if values.shape != (count,):
        wanted = f"of {count} features like x" if LEARNED[name].per_channel else "one number"
        raise ValueError(f"{name} must be {wanted}, got {values.shape}")
    wrong = ~(np.abs(values) <= LARGEST)
    if wrong.any():
        feature = int(wrong.argmax())
        raise ValueError(
            f"{name} of feature {feature} must be a number within ±{LARGEST:g}, got "
            f"{values[feature]:g}; type one there"
        )


def _check_more_than_one(x: np.ndarray) -> None:
    if len(x) == 1:
        raise ValueError(
            "batch norm in training mode needs at least 2 samples, got 1, whose variance is 0 "
            "everywhere; add a sample, or use evaluation mode"
        )
