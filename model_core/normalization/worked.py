"""Every step of a normalization, for a few numbers: x (N, F) has N samples of F features."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Kind = Literal["min-max", "standardization", "batch", "layer", "rms"]
SCALINGS = ("min-max", "standardization")  # of inputs: nothing in them is learned
LARGEST = 1e100  # squares of larger numbers would soon leave float64
MOMENTUM = 0.1  # torch's: the share of the newest batch in a running average


@dataclass(frozen=True)
class Running:
    """What batch norm uses in evaluation mode: averages over earlier batches, (F,) each."""

    mean: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class Worked:
    """`steps` from "x" to "result", in order, float64.

    What belongs to every number is (N, F), a statistic of a feature over its samples (1, F), one of
    a sample over its features (N, 1): they broadcast. `centre` and `divisor` name the two
    statistics with which normalized = (x - centre) / divisor; the centre of "rms" is None.
    `running` says that they are averages over earlier batches, not of x.
    """

    kind: Kind
    steps: Mapping[str, np.ndarray]
    centre: str | None
    divisor: str
    running: bool = False

    @property
    def result(self) -> np.ndarray:
        return self.steps["result"]

    @property
    def over_samples(self) -> bool:
        """Whether a statistic is of one feature over all samples; else of one sample."""
        return self.kind not in ("layer", "rms")


def worked(
    kind: Kind,
    x: np.ndarray,
    *,
    gamma: np.ndarray | None = None,
    beta: np.ndarray | None = None,
    eps: float = 1e-5,
    running: Running | None = None,
) -> Worked:
    """The steps of one kind for x (N, F).

    "min-max" and "standardization" know no gamma, beta and eps. What does not vary at all they
    divide by 1 instead of by 0, as scikit-learn does. "batch" (Ioffe and Szegedy 2015), "layer" (Ba
    et al. 2016) and "rms" (Zhang and Sennrich 2019, no beta) multiply by gamma (F,) and add beta
    (F,): ones and zeros where None. Variances of x have divisor N or F: they are biased. "batch" is
    in training mode without `running`, else in evaluation mode. Where eps = 0 lets 0 / 0 happen the
    result is no number. Raises ValueError for what cannot be normalized.
    """
    x = check_numbers(x)
    if kind in SCALINGS:
        if gamma is not None or beta is not None or running is not None:
            raise ValueError(f"{kind} has no gamma, beta and running averages; leave them out")
        return _min_max(x) if kind == "min-max" else _standardized(x)
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, got {kind!r}")
    _check_norm(kind, x, beta, eps, running)
    with np.errstate(divide="ignore", invalid="ignore"):  # only where eps is 0
        steps, centre, divisor = _rms(x, eps) if kind == "rms" else _norm(kind, x, eps, running)
        result = _learned("gamma", gamma, x, 1.0) * steps["normalized"]
        if kind != "rms":
            result = result + _learned("beta", beta, x, 0.0)
    return Worked(kind, steps | {"result": result}, centre, divisor, running is not None)


def running_after(x: np.ndarray, passes: int) -> Running:
    """Batch norm's running averages after it read x (N, F) `passes` times in training mode.

    They start at mean 0 and variance 1; each pass keeps 0.9 of them. torch averages the *unbiased*
    variance, divisor N - 1, though it normalizes with the biased one.
    """
    x = check_numbers(x)
    _check_more_than_one(x)
    kept = (1 - MOMENTUM) ** passes
    return Running((1 - kept) * x.mean(0), kept + (1 - kept) * x.var(0, ddof=1))


def undo(done: Worked, sample: int = 0) -> tuple[np.ndarray, np.ndarray | None]:
    """gamma (F,) and beta (F,) that make the result x again: what was divided by and subtracted.

    Under "batch" that holds for all samples. Under "layer" and "rms" the statistics belong to a
    sample, gamma and beta to a feature: those of `sample` give back it alone, and whichever samples
    share its statistics. beta is None for "rms". Raises ValueError where nothing is learned.
    """
    if done.kind in SCALINGS:
        raise ValueError(
            f"{done.kind} has no gamma and beta to undo it; choose batch, layer or rms"
        )
    places = (0 if done.over_samples else sample, slice(None))
    gamma, beta = (
        None if name is None else np.broadcast_to(done.steps[name][places], done.result.shape[1:])
        for name in (done.divisor, done.centre)
    )
    assert gamma is not None
    return gamma, beta


def is_constant(x: np.ndarray, axis: int) -> np.ndarray:
    """Where x (N, F) does not vary along the axis: its variance is 0 or made of rounding alone.

    By scikit-learn's rule, after Chan, Golub and LeVeque 1983: (F,) for axis 0, (N,) for axis 1.
    """
    mean, variance, numbers = x.mean(axis), x.var(axis), x.shape[axis]
    rounding = np.finfo(np.float64).eps
    return variance <= numbers * rounding * variance + (numbers * mean * rounding) ** 2


def check_numbers(x: np.ndarray) -> np.ndarray:
    """x (N, F) as float64; ValueError unless there is a number and all are finite, none huge."""
    x = np.asarray(x, np.float64)
    if x.ndim != 2 or x.size == 0:
        raise ValueError(f"x must be (samples, features) with one of each at least, got {x.shape}")
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


def _norm(
    kind: Kind, x: np.ndarray, eps: float, running: Running | None
) -> tuple[dict[str, np.ndarray], str, str]:
    """Batch and layer norm up to `normalized`."""
    axis = 0 if kind == "batch" else 1
    mean, variance = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    if running is not None:
        mean, variance = running.mean[None], running.variance[None]
    steps = {"x": x, "mean": mean, "centred": x - mean, "variance": variance}
    steps["deviation"] = np.sqrt(variance + eps)
    steps["normalized"] = steps["centred"] / steps["deviation"]
    return steps, "mean", "deviation"


def _rms(x: np.ndarray, eps: float) -> tuple[dict[str, np.ndarray], None, str]:
    square = np.square(x).mean(1, keepdims=True)
    root = np.sqrt(square + eps)
    return {"x": x, "mean square": square, "root": root, "normalized": x / root}, None, "root"


def _learned(name: str, given: np.ndarray | None, x: np.ndarray, start: float) -> np.ndarray:
    """gamma or beta (F,): as given, or as every training starts."""
    features = x.shape[1]
    values = np.full(features, start) if given is None else np.asarray(given, np.float64)
    if values.shape != (features,):
        raise ValueError(f"{name} must be of {features} features like x, got {values.shape}")
    if not (np.abs(values) <= LARGEST).all():
        feature = int(np.flatnonzero(~(np.abs(values) <= LARGEST))[0])
        raise ValueError(
            f"{name} of feature {feature} must be a number within ±{LARGEST:g}, got "
            f"{values[feature]:g}; type one there"
        )
    return values


def _check_norm(
    kind: Kind, x: np.ndarray, beta: np.ndarray | None, eps: float, running: Running | None
) -> None:
    if not 0 <= eps <= 1:
        raise ValueError(f"eps must be in [0, 1], got {eps:g}")
    if kind == "rms" and beta is not None:
        raise ValueError("RMS norm subtracts no mean and adds no beta; leave beta out")
    if kind != "batch" and running is not None:
        raise ValueError(f"only batch norm has running averages, not {kind}; leave them out")
    if kind == "batch" and running is None:
        _check_more_than_one(x)


def _check_more_than_one(x: np.ndarray) -> None:
    if len(x) == 1:
        raise ValueError(
            "batch norm in training mode needs 2 samples at least, got 1, whose variance is 0 "
            "everywhere; add a sample, or use evaluation mode"
        )
