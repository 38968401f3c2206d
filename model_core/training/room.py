"""How much memory and disk a training takes, estimated before it starts, and what would fit."""

import math
import shutil
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import torch

from model_core.anatomy import shapes_of
from model_core.config import ModelConfig, TrainingConfig
from model_core.corpora import VALIDATION_WINDOWS
from model_core.runs import Plan
from model_core.training.recording import line_bytes, most_snapshots, snapshot_bytes

FLOAT = 4  # bytes
# Bytes of a trainer that has not begun: Python, and torch as it was built.
PROCESS = (650 if torch.backends.cuda.is_built() else 300) * 2**20
ENCODING, ID = 40, 8  # bytes a character of the text while it is encoded, and from then on
STATES = {"sgd": 0, "adam": 2, "adamw": 2}  # numbers that an optimizer keeps beside each weight
STATE_ENTRY = 100  # bytes of a state's name, shape and checksum
RANDOM_STATES = 2 * 5056  # bytes: those of torch, and of the batches
CGROUPS = Path("/sys/fs/cgroup")
Needed = Callable[[Plan], int]


def memory_bytes(plan: Plan) -> int:
    """The most that its trainer holds at a time, about.

    Weights, gradients and optimizer state; at a recorded step a copy of them and, one after the
    other, the activations of a batch and a file in its making, twice.
    """
    snapshot, resume = snapshot_bytes(plan.model_config), _state_bytes(plan)
    kept = 2 * FLOAT * plan.model_config.weights + resume + snapshot + resume
    working = max(_activations(plan.model_config, plan.training_config), 2 * max(snapshot, resume))
    characters = len(plan.text)
    return PROCESS + max(ENCODING * characters, ID * characters + kept + working)


def disk_bytes(plan: Plan) -> int:
    """What its folder has at the end: snapshots, metrics, what resuming needs, the text."""
    size = snapshot_bytes(plan.model_config)
    steps = most_snapshots(plan.training_config, size)
    recorded = steps * (size + line_bytes(plan.model_config, plan.text))
    return recorded + _state_bytes(plan) + len(plan.text.encode())


def check_room(plan: Plan, folder: Path) -> None:
    """ValueError with what would fit where its memory, or its disk in `folder`, is not free."""
    while not folder.exists():
        folder = folder.parent
    disk = shutil.disk_usage(folder).free
    check_memory(plan)
    _check("disk", plan, lambda one: disk_bytes(one) + _state_bytes(one), disk)


def check_memory(plan: Plan) -> None:
    """The same of memory alone, for where a run exists already."""
    _check("memory", plan, memory_bytes, free_memory())


def spoken(size: float) -> str:
    """Bytes as they are spoken: "12 MB", "9.1 GB"."""
    if size < 1000 * 2**20:
        return f"{max(size / 2**20, 1):,.0f} MB"
    return f"{size / 2**30:,.1f} GB"


def free_memory() -> float:
    """Bytes that a new process can have on this machine, within this one's limits; or inf.

    It is inf where the system does not say. Files that it could forget at once count as free.
    """
    found = [math.inf, *_left_in_groups()]
    with suppress(OSError, ValueError, LookupError):
        found.append(_fields(Path("/proc/meminfo"))["MemAvailable:"] * 1024)
    return min(found)


def _check(of: str, plan: Plan, needed: Needed, free: float) -> None:
    if needed(plan) <= free:
        return
    way = _smaller(plan, needed, free)
    raise ValueError(
        f"the training needs {spoken(needed(plan))} of {of}, {spoken(free)} are free: "
        + (f"{way} would fit" if way else f"no smaller setting alone would fit; free some {of}")
    )


def _smaller(plan: Plan, needed: Needed, free: float) -> str:
    """The one setting that has to shrink least for the plan to fit, with its value; or ""."""
    model, training = plan.model_config, plan.training_config
    recorded = most_snapshots(training, snapshot_bytes(model))
    ways: dict[str, tuple[range, Callable[[int], Plan]]] = {
        "n_embd": (range(model.n_head, model.n_embd, model.n_head), _model(plan, "n_embd")),
        "n_layer": (range(model.n_layer), _model(plan, "n_layer")),
        "block_size": (range(1, model.block_size), _model(plan, "block_size")),
        "batch_size": (range(1, training.batch_size), _training(plan, "batch_size")),
        "snapshots": (range(2, recorded), _training(plan, "snapshots")),
    }
    found = []
    for name, (values, changed) in ways.items():
        count = _fitting(values, changed, needed, free)
        if count:
            found.append((values[count - 1] / values.stop, name, values[count - 1]))
    if not found:
        return ""
    _, name, value = max(found)
    return f"{name}={value}"


def _fitting(values: range, to: Callable[[int], Plan], needed: Needed, free: float) -> int:
    """How many of ascending values fit."""
    return bisect_right(values, free, key=lambda value: needed(to(value)))


def _model(plan: Plan, name: str) -> Callable[[int], Plan]:
    """The plan with another value of a setting of the model."""
    return lambda value: plan._replace(model_config=plan.model_config.replaced(**{name: value}))


def _training(plan: Plan, name: str) -> Callable[[int], Plan]:
    old = plan.training_config
    return lambda value: plan._replace(training_config=old.replaced(**{name: value}))


def _state_bytes(plan: Plan) -> int:
    """The size of what resuming needs, as of the optimizer's state in memory."""
    states = STATES[plan.training_config.optimizer]
    entries = (states + 1) * len(shapes_of(plan.model_config)) if states else 0  # and a count
    return RANDOM_STATES + states * FLOAT * plan.model_config.weights + entries * STATE_ENTRY


def _activations(config: ModelConfig, training: TrainingConfig) -> int:
    """Bytes kept of a batch for its gradients, and of the largest gradient on its way back.

    A block keeps what enters its norms and linear layers, queries, keys and values, and what its
    gradients need at a time; the fused attention no weights, the explicit one of dropout several.
    """
    T, C, V, H = config.block_size, config.n_embd, config.vocab_size, config.n_head
    block = 15 * C + (4 * H * T if config.dropout else 0)
    trained = training.batch_size * T * (config.n_layer * block + 10 * C + 3 * V)
    evaluated = VALIDATION_WINDOWS * T * (10 * C + 2 * V)
    return FLOAT * max(trained, evaluated)


def _left_in_groups() -> Iterator[float]:
    """Bytes left in each control group of this process that has a limit, version 1 or 2."""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if controllers in ("", "memory"):
                yield from _left(CGROUPS / controllers, group.strip("/"))


def _left(root: Path, group: str) -> Iterator[float]:
    """The same in one hierarchy: the group, and those it is in."""
    new = root == CGROUPS
    names = (
        ("memory.max", "memory.current")
        if new
        else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    )
    cache = "inactive_file" if new else "total_inactive_file"
    folder = root / group
    while folder.is_relative_to(root):
        with suppress(OSError, ValueError, LookupError):  # "max": no limit
            limit, used = (int((folder / name).read_text()) for name in names)
            yield limit - used + _fields(folder / "memory.stat")[cache]
        folder = folder.parent


def _fields(path: Path) -> dict[str, int]:
    """A file of lines of a name and a number."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {line[0]: int(line[1]) for line in lines}
