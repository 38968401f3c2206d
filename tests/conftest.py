"""Fixtures of all tests: small recorded runs, and an environment that touches nobody's runs."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings

from model_core.runs import Run

pytest.register_assert_rewrite("tests.support")  # before its import: helpers fail with values too
from tests.support.runs import recorded_run, trained_once  # noqa: E402

BROWSER = "tests/browser/"
# These share a server: the first that of the clock's demo, the second what is trained in the app.
# All others share one more, so that no process has browser tests left when the others are done.
SHARED = {
    "demo": ("arrival", "clock", "internals", "maps", "reconnect", "weights"),
    "trained": ("app", "drift", "frame"),
}
SERVER = {f"{BROWSER}test_{name}.py": server for server, names in SHARED.items() for name in names}
# How fast the machine is at the moment is not what these tests are about.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that all processes end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def order(item: pytest.Item) -> tuple[bool, bool]:
        return not item.nodeid.startswith(BROWSER), item.path not in slow

    items.sort(key=order)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How `pytest -n` shares the tests out: a file stays whole, and all that share a server."""
    from xdist.scheduler import LoadFileScheduling

    class OneServerAProcess(LoadFileScheduling):  # type: ignore[misc, unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            if not nodeid.startswith(BROWSER):
                return super()._split_scope(nodeid)
            return BROWSER + SERVER.get(nodeid.partition("::")[0], "app")

    return OneServerAProcess(config, log)


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
    return trained_once(tmp_path_factory, "induction", snapshots=20)
