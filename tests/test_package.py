"""The package: what it depends on, what its wheel holds, and that the wheel runs by itself."""

import ast
import http.client
import os
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from explorer.player.assets import player_files
from tests.support.browser.driver import ROOT, Server, free_port, wait_for_health

PACKAGES = ("explorer", "model_core")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SOURCE = (*PACKAGES, "tests", ".streamlit", "pyproject.toml", "README.md", "LICENSE")
IMPORTED_AS = {
    "scikit-learn": "sklearn", "umap-learn": "umap", "pyyaml": "yaml",
    "markdown-it-py": "markdown_it",
}  # fmt: skip
LISTENING = "0A"  # in the fourth column of /proc/net/tcp


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that nothing left from an earlier build gets into it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    run(["cp", "-R", "-P", *(ROOT / name for name in SOURCE), source], folder)
    pip("wheel", "--no-deps", "--no-build-isolation", "-w", folder, source)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment's `bin` that has the wheel, and what it depends on from this environment.

    A folder named in a .pth file is read without the .pth files in it: an editable install of the
    project in this environment is not seen there.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip("--python", python, "install", "--no-deps", wheel)
    (site,) = folder.glob("lib/python*/site-packages")
    folders = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (site / "dependencies.pth").write_text("\n".join(folders))
    return folder / "bin"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is also the home, and no path to the source."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.delenv("DRIFTSCOPE_RUNS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*command, *map(str, arguments)], check=True)


def run(command: list[object], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)


# --- dependencies --------------------------------------------------------------------------------


def test_every_dependency_is_pinned_within_its_range_and_nothing_else_is() -> None:
    ranges = {r.name: r.specifier for r in map(Requirement, PROJECT["dependencies"])}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "-e ."
    pins = dict(line.split("==") for line in lines[:-1])
    assert set(pins) == set(ranges)
    assert not [f"{name}=={pin}" for name, pin in pins.items() if pin not in ranges[name]]


def test_every_imported_library_is_a_dependency() -> None:
    sources = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]
    names = {name for path in sources for name in imported(path)}
    libraries = names - set(sys.stdlib_module_names) - set(PACKAGES)
    declared = {Requirement(text).name for text in PROJECT["dependencies"]}
    assert libraries <= {IMPORTED_AS.get(name, name) for name in declared}


def imported(path: Path) -> set[str]:
    """The top-level names that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


# --- the wheel -----------------------------------------------------------------------------------


def test_the_wheel_holds_every_module_and_all_that_the_app_reads(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    folders = ("explorer/styles", "explorer/player/web", "explorer/recorded", "explorer/.streamlit")
    patterns = [f"{package}/**/*.py" for package in PACKAGES] + [f"{f}/**/*" for f in folders]
    patterns += [f"explorer/lessons/*.{kind}" for kind in ("yaml", "csv", "css")]
    files = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    assert held == {str(path.relative_to(ROOT)) for path in files} | {
        "explorer/icon.svg", "explorer/py.typed", "model_core/py.typed",
        "model_core/python_docs.txt.xz",
    }  # fmt: skip
    assert wheel.name.startswith("driftscope_lm-")


def test_the_command_has_all_commands_and_keeps_exit_statuses(
    installed: Path, elsewhere: Path
) -> None:
    where = "import explorer, model_core; print(explorer.__file__, model_core.__file__)"
    paths = run([installed / "python", "-c", where], elsewhere).stdout.split()
    assert [Path(path).is_relative_to(installed.parent) for path in paths] == [True, True]

    shown = run([installed / "driftscope", "--help"], elsewhere)
    assert shown.returncode == 0
    for command in ("app", "train", "resume", "sweep", "map", "list", "presets"):
        assert f" {command} " in shown.stdout
    assert run([installed / "driftscope", "presets"], elsewhere).stdout.count("\n") == 5
    refused = run([installed / "driftscope", "dance"], elsewhere)
    assert (refused.returncode, refused.stderr) == (1, "No such command 'dance'.\n")


def test_the_app_starts_in_any_folder_for_this_machine_only(
    installed: Path, elsewhere: Path
) -> None:
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}", elsewhere)
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [installed / "driftscope"], cwd=elsewhere, stdout=log, stderr=log,
            env=os.environ | {"STREAMLIT_SERVER_PORT": str(port)},
        )  # fmt: skip
    try:
        wait_for_health(server, process)
        with urllib.request.urlopen(server.url) as page:
            script = page.headers["Link"].split("<")[1].partition(">")[0]
            assert b"<title>" in page.read()
        with urllib.request.urlopen(f"{server.url}/{script}") as answer:
            assert answer.read() == player_files()["player.js"]
        assert listening(port) in ({"0100007F"}, set())  # no /proc: not on Linux
        assert handshake(port, "localhost") == 101
        assert handshake(port, "elsewhere.example") == 403
    finally:
        process.terminate()
        process.wait(20)
    assert "usage statistics" not in server.log.read_text()
    assert server.faults() == []
    assert [path.name for path in elsewhere.iterdir()] == ["server.log"]


def listening(port: int) -> set[str]:
    """The addresses, in hexadecimal, on which somebody of this machine listens at this port."""
    tables = [path for path in map(Path, ("/proc/net/tcp", "/proc/net/tcp6")) if path.exists()]
    rows = [line.split() for table in tables for line in table.read_text().splitlines()[1:]]
    local = [row[1].split(":") for row in rows if row[3] == LISTENING]
    return {address for address, number in local if int(number, 16) == port}


def handshake(port: int, host: str) -> int:
    """The status with which a page's WebSocket is answered when it names this host."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "MDEyMzQ1Njc4OTAxMjM0NQ=="}
    connection.request("GET", "/_stcore/stream", headers={"Host": host} | upgrade | key)
    status = connection.getresponse().status
    connection.close()
    return status
