"""Fixtures of all tests: small recorded runs, and an environment that touches nobody's runs."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings

from model_core.runs import Run
from model_core.training.loop import train
from model_core.training.presets import create_from_preset
from model_core.training.turns import only_trainer

pytest.register_assert_rewrite("tests.support")  # before its import: helpers fail with values too
from tests.support.runs import recorded_run  # noqa: E402

BROWSER = "tests/browser/"
# Nothing of these is timed: they run last, in the process that is free first.
UNTIMED = (f"{BROWSER}test_internals.py", f"{BROWSER}test_normalization.py")
# How fast the machine is at the moment is not what these tests are about.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that two processes end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def order(item: pytest.Item) -> tuple[bool, bool, bool]:
        name = item.nodeid
        return name.startswith(UNTIMED), not name.startswith(BROWSER), item.path not in slow

    items.sort(key=order)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How `pytest -n 2` shares the tests out: a file stays whole, and so do most browser tests.

    What a file's tests share is built once then; two servers and two Chromiums beside each other
    would falsify what is timed.
    """
    from xdist.scheduler import LoadFileScheduling

    class BrowserInOneProcess(LoadFileScheduling):  # type: ignore[misc, unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            together = nodeid.startswith(BROWSER) and not nodeid.startswith(UNTIMED)
            return BROWSER if together else super()._split_scope(nodeid)

    return BrowserInOneProcess(config, log)


@pytest.fixture(scope="session", autouse=True)
def _no_run_of_a_person_is_touched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRIFTSCOPE_RUNS", str(tmp_path_factory.mktemp("runs")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_what_tests_start() -> None:
    """A shell that starts pytest in the background lets it, and all it starts, ignore Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _one_thread_is_enough_for_tiny_models() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small finished run, for reading only."""
    return recorded_run(tmp_path_factory.mktemp("recorded") / "fox")


@pytest.fixture(scope="session")
def induction(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The preset that grows induction heads, trained to its end; for reading only. Seconds."""
    path = tmp_path_factory.mktemp("induction") / "run"
    create_from_preset(path, "induction", {"snapshots": 20})
    with only_trainer(path):
        train(path)
    return Run.open(path)
