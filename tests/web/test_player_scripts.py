"""The player's JavaScript without a browser: its pure parts, its types, and who knows Plotly."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from playwright._impl._driver import compute_driver_executable

from explorer.levels import levels
from explorer.panels import AnyPanel, Frame, Letters, Machine, Mosaic, Panel, Roles, Text, Words
from explorer.picks import Tokens
from explorer.player.encoding import encode
from explorer.recorded.recipes import RECIPES, RECORDED
from explorer.timeline import Tick, Timeline
from model_core.labels import token_label
from model_core.projections import pca_over_time
from model_core.runs import Run
from tests.support.moving import each_step

HERE = Path(__file__).parent
PLAYER = HERE.parents[1] / "explorer" / "player"
UNITS = sorted(path.name for path in HERE.glob("*.test.js"))
TYPESCRIPT = "typescript@7.0.2"
NOT_CHECKED = f"TYPES NOT CHECKED: npm cannot bring {TYPESCRIPT}"
PRIVATE = re.compile(
    r"_fullData|_fullLayout|_subplots|_scene|_dragging|calcdata|__data__"
    r"|\.(textpoint|js-line|heatmaplayer|hm|points?|trace)\b[^(]*[\"'`]"
)


def panels(rng: np.random.Generator) -> list[AnyPanel]:
    """One of each kind, over three steps, with numbers that a careless decoder would change."""
    x = rng.normal(size=(3, 5)).astype(np.float32)
    x[1, 2] = np.nan
    size = rng.integers(0, 256, 3).astype(np.uint8)
    table = rng.normal(size=(3, 2, 4)).astype(np.float32)
    figure = go.Figure([go.Scatter(x=x[0], y=x[0]), go.Heatmap(z=table[0])])
    moving: dict[str, np.ndarray] = {"0.x": x, "0.y": x, "0.marker.size": size, "1.z": table}
    weights = levels(np.tri(3) * np.ones((3, 1, 2, 3, 3)) / 3)
    roles = np.array([[[0, 255]], [[255, 1]], [[1, 0]]], np.uint8)
    attention = np.where(np.tri(3), 0.5, np.nan).astype(np.float32)[None]
    return [
        Panel(Frame("plot", "Ünïcode 🦊", 5, 360), figure, moving, {"0.text": x.T.copy()}),
        Text(Frame("text", "Text", 12, 128), ["a", "b", "c"], attention, "{weight}", query=1),
        Mosaic(Frame("heads", "Heads", 6, 480), weights, 3, "2 heads", (0, 1),
               Roles(roles, ("first", "second"))),
        Words(Frame("words", "Words", 12, 120), ["one", "zwei", "три"],
              faint=[[], [(1, 3)], [(0, 1), (2, 3)]], beside=True),
        Machine(Frame("machine", "Model", 12, 300), ["a", "b", "c"],
                rows=rng.integers(0, 256, (3, 3, 4)).astype(np.uint8), weights=weights,
                sizes=x[:, None, :3].repeat(2, 1), bounds=(0.5, 2), next=table[:, :1].repeat(3, 1)
                .clip(0, 0), chances=table[:, :1].repeat(3, 1), true=x[:, :3], names=["a"],
                following=[0, 0, -1], position=2, picks=Tokens((1, 2, 3)), vocabulary=9,
                parameters=[4, 2, 1]),
        Letters(Frame("map", "Letters", 6, 260), ["a", "b"], table[..., :2], ["#000000"] * 2,
                Tokens((1, 2)), 1),
    ]  # fmt: skip


def listed(array: np.ndarray) -> Any:
    """Nested lists with null for NaN, which JSON does not have."""
    return json.loads(json.dumps(array.tolist()).replace("NaN", "null"))


def maps() -> list[dict[str, Any]]:
    """The letters of every shipped run and their points at every recorded step."""
    found = []
    for name in (recipe.name for recipe in RECIPES):
        run = Run.open(RECORDED / name)
        points = pca_over_time(run.token_embeddings(), 2).layout
        labels = [token_label(token) for token in run.tokenizer.tokens]
        numbers = {"shape": points.shape, "values": listed(points.ravel())}
        found.append({"name": name, "labels": labels, **numbers})
    return found


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bytes that Python sends, what a browser must find in them, and maps."""
    plot, text, mosaic, words, machine, letters = shown = panels(np.random.default_rng(0))
    assert isinstance(plot, Panel) and isinstance(text, Text)
    assert isinstance(mosaic, Mosaic) and mosaic.roles is not None and isinstance(words, Words)
    assert isinstance(machine, Machine) and isinstance(letters, Letters)
    assert text.weights is not None
    times = {
        "steps": np.array([0, 1, 2**31 + 1]),
        "epochs": np.array([0, 1 / 3, np.nan]),
        "losses": np.array([4.1, np.nan, 1e-9]),
        "trust": np.array([np.nan, 0.1, 1]),
    }
    expected = {name: listed(values) for name, values in times.items()} | {
        "unit": "nats per token",
        "ticks": [{"step": 1, "label": "head formed"}],
        "moving": {path: listed(array) for path, array in plot.moving.items()}
        | {path: listed(each_step(array)) for path, array in plot.ways.items()},
        "text": listed(text.weights[0]),
        "mosaic": {
            "shape": list(mosaic.weights.shape),
            "weights": mosaic.weights.ravel().tolist(),
            "roles": mosaic.roles.numbers.ravel().tolist(),
            "role_names": list(mosaic.roles.names),
        },
        "texts": list(words.texts),
        "faint": [[list(part) for part in parts] for parts in words.faint],
        "machine": {
            name: listed(getattr(machine, name).ravel())
            for name in ("rows", "weights", "sizes", "next", "chances", "true")
        },
        "letters": listed(letters.points.ravel()),
        "panels": [
            [frame.key, frame.title, frame.span, frame.height]
            for frame in (panel.frame for panel in shown)
        ],
    }
    steps, epochs, losses, trust = times.values()
    ticks = [Tick(1, "head formed")]
    timeline = Timeline(steps, epochs, losses, ticks, trust, unit="nats per token")
    folder = tmp_path_factory.mktemp("payload")
    (folder / "payload.bin").write_bytes(encode(shown, timeline))
    (folder / "expected.json").write_text(json.dumps(expected))
    (folder / "maps.json").write_text(json.dumps(maps()))
    return folder


@pytest.mark.parametrize("name", UNITS)
def test_the_pure_parts(name: str, payload: Path) -> None:
    node, _ = compute_driver_executable()  # the one that Playwright ships: none need be installed
    found = subprocess.run(
        [node, "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--test", HERE / name],
        env=os.environ | {"PAYLOAD": str(payload)}, capture_output=True, text=True,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout
    assert re.search(r"^. pass [1-9]", found.stdout, re.MULTILINE), found.stdout


def tsc(*arguments: str) -> subprocess.CompletedProcess[str]:
    """TypeScript's compiler, which npm stores after its first use."""
    npm = ["npm", "exec", "--yes", "--prefer-offline", f"--package={TYPESCRIPT}"]
    patience = [] if os.environ.get("CI") else ["--fetch-retries=0"]
    return subprocess.run(
        [*npm, *patience, "--", "tsc", *arguments],
        cwd=PLAYER, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture(scope="module")
def typescript() -> None:
    """Skips where there is no npm, or no network at its first use; in CI both are failures."""
    if shutil.which("npm") is None or tsc("--version").returncode:
        if os.environ.get("CI"):
            pytest.fail(NOT_CHECKED)
        pytest.skip(NOT_CHECKED)


@pytest.mark.usefixtures("typescript")
def test_the_types_fit() -> None:
    found = tsc("--project", ".")
    assert found.returncode == 0, found.stdout


@pytest.mark.usefixtures("typescript")
def test_a_wrong_type_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.js"
    wrong.write_text(
        '/** @type {PlotlyDiv} */ (document.body)._fullLayout; export const a = "a" * 2'
    )
    types = [str(path) for path in sorted((PLAYER / "types").glob("*.d.ts"))]
    found = tsc("--strict", "--checkJs", "--noEmit", "--ignoreConfig", *types, str(wrong))
    assert "TS2339" in found.stdout and "TS2362" in found.stdout


@pytest.mark.parametrize("path", sorted((PLAYER / "web").glob("*.js")), ids=lambda p: p.name)
def test_only_their_own_files_know_what_plotly_does_not_document(path: Path) -> None:
    assert bool(PRIVATE.search(path.read_text())) == path.name.startswith("plotly_")


def test_every_switch_of_views_is_a_step_of_the_history() -> None:
    views = PLAYER.parent / "views"
    named = {
        name
        for file in views.rglob("*.py")
        for name in re.findall(r'choose_(?:view|question)\("([\w.]+)"', file.read_text())
    }
    script = (PLAYER / "web" / "history.js").read_text()
    listed = re.search(r"const VIEWS = (\[[^]]*\])", script)
    assert listed and named == set(re.findall(r'"([^"]+)"', listed[1])) != set()
