"""Who may import whom: the arrows between the folders, read from the imports themselves."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("explorer", "model_core")
FILES = sorted(path.relative_to(ROOT) for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
TESTS = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))
MODULES = {
    path: ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    for path in [*FILES, *TESTS]
}
DRAWING = ("streamlit", "plotly")
FACES = {  # folders whose file hands names on
    "model_core.attention", "model_core.normalization", "model_core.projections", "model_core.runs",
}  # fmt: skip
PLAIN = ("explorer.panels", "explorer.picks", "explorer.timeline", "explorer.levels")  # data
LEAVES = {  # what these parts may import of the explorer, beside themselves
    **dict.fromkeys(PLAIN, ()),
    "explorer.panels": ("explorer.picks",),
    "explorer.charts": PLAIN,
    "explorer.player": PLAIN,
}


def imports(source: str, module: str = "", *, package: bool = False) -> set[str]:
    """Every module that source text imports anywhere, functions and TYPE_CHECKING included.

    `from a import b` counts as a.b, because b may be a module; relative imports are resolved.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = node.level - package
            above = module.split(".")[: -up or None] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def imports_of(path: Path) -> set[str]:
    return imports(
        (ROOT / path).read_text(encoding="utf-8"),
        MODULES[path],
        package=path.name == "__init__.py",
    )


def within(name: str, *parts: str) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def part_of(name: str) -> str:
    """The file or folder directly under the package: explorer.charts.theme is explorer.charts."""
    return ".".join(name.split(".")[:2])


def files_of(*parts: str) -> list[Path]:
    return [path for path in MODULES if within(MODULES[path], *parts)]


def files_beside(folder: str, *parts: str) -> list[Path]:
    """All files of a folder but those of some of its parts."""
    return [path for path in files_of(folder) if not within(MODULES[path], *parts)]


PAGES = ("explorer.views", "explorer.dashboard", "explorer.app")
FOLDERS = [path for path in FILES if path.name == "__init__.py" and MODULES[path] not in FACES]


def test_the_reader_of_imports_sees_every_kind() -> None:
    source = (
        "import a.b as c\nfrom d import e\ndef f():\n    from ..g import h\n    from . import i\n"
    )
    assert imports(source, "p.q.r") == {"a.b", "d.e", "p.g.h", "p.q.i"}
    assert imports("from .x import y", "p.q", package=True) == {"p.q.x.y"}


def test_there_is_something_to_read() -> None:
    assert {"model_core.model", "explorer.panels"} <= set(MODULES.values())


@pytest.mark.parametrize("path", files_of("model_core"), ids=str)
def test_the_model_knows_nothing_of_the_explorer_and_of_drawing(path: Path) -> None:
    assert not [name for name in imports_of(path) if within(name, "explorer", *DRAWING)]


@pytest.mark.parametrize("path", files_of("explorer.charts"), ids=str)
def test_charts_know_no_streamlit_and_no_torch(path: Path) -> None:
    assert not [name for name in imports_of(path) if within(name, "streamlit", "torch")]


@pytest.mark.parametrize("path", files_of(*PLAIN), ids=str)
def test_panels_are_plain_data(path: Path) -> None:
    used = {name.partition(".")[0] for name in imports_of(path)}
    assert used <= {"collections", "dataclasses", "numpy", "plotly", "typing", "explorer"}


@pytest.mark.parametrize("path", files_of(*LEAVES), ids=str)
def test_leaves_of_the_explorer_lean_on_no_other_part(path: Path) -> None:
    part = part_of(MODULES[path])
    ours = {name for name in imports_of(path) if within(name, "explorer")}
    assert not {name for name in ours if not within(name, part, *LEAVES[part])}


@pytest.mark.parametrize("path", files_beside("explorer", *PAGES), ids=str)
def test_nothing_leans_on_a_page_but_the_dashboard(path: Path) -> None:
    assert not {name for name in imports_of(path) if within(name, *PAGES)}


@pytest.mark.parametrize("folder", ["explorer", "model_core"])
def test_no_two_parts_lean_on_each_other(folder: str) -> None:
    arrows: dict[str, set[str]] = {}
    for path in files_of(folder):
        part = part_of(MODULES[path])
        others = {part_of(name) for name in imports_of(path) if within(name, folder)}
        arrows.setdefault(part, set()).update(others - {part})
    TopologicalSorter(arrows).prepare()  # CycleError names the circle


@pytest.mark.parametrize("path", files_of("explorer.views"), ids=str)
def test_no_page_imports_another_page(path: Path) -> None:
    """Lessons need no run; pages show them, and lessons import no page."""
    page = ".".join(MODULES[path].split(".")[:3])
    own = (page, "explorer.views.lessons")
    views = {name for name in imports_of(path) if within(name, "explorer.views")}
    assert not {name for name in views if not within(name, *own)}


@pytest.mark.parametrize("path", FOLDERS, ids=str)
def test_the_files_of_folders_hold_no_code(path: Path) -> None:
    """`__init__.py` is a docstring, and the names a folder offers to others."""
    statements = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    assert all(isinstance(one, ast.Expr) for one in statements)


@pytest.mark.parametrize("face", sorted(FACES - {"model_core.runs"}))
def test_a_face_hands_names_on_and_does_nothing_else(face: str) -> None:
    """But that of runs, which imports when it is asked."""
    statements = ast.parse((ROOT / face.replace(".", "/") / "__init__.py").read_text("utf-8")).body
    docstring, *imported, names = statements
    assert isinstance(docstring, ast.Expr) and isinstance(names, ast.Assign)
    assert ast.unparse(names.targets[0]) == "__all__"
    assert all(isinstance(one, ast.ImportFrom) for one in imported)


@pytest.mark.parametrize("path", files_beside("explorer", "explorer.data"), ids=str)
def test_only_data_says_cache(path: Path) -> None:
    assert "st.cache" not in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", files_of("explorer.data"), ids=str)
def test_data_knows_no_charts(path: Path) -> None:
    drawing = ("plotly", "explorer.charts", "explorer.player", "explorer.views")
    assert not {name for name in imports_of(path) if within(name, *drawing)}


@pytest.mark.parametrize("path", files_beside("explorer", "explorer.visit.session"), ids=str)
def test_only_the_session_says_session_state(path: Path) -> None:
    assert "session_state" not in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=str)
def test_nothing_that_runs_imports_a_test(path: Path) -> None:
    assert not [name for name in imports_of(path) if within(name, "tests", "pytest", "hypothesis")]


@pytest.mark.parametrize("path", TESTS, ids=str)
def test_a_test_imports_helpers_and_no_other_test(path: Path) -> None:
    """What several tests use lives in tests/support, or is a fixture in a conftest.py."""
    helpers = ["tests.support"]
    if within(MODULES[path], "tests.benchmarks"):
        helpers += ["tests.benchmarks"]
    ours = {name for name in imports_of(path) if within(name, "tests")}
    assert not {name for name in ours if not within(name, *helpers)}


def test_importing_the_model_draws_no_random_number_and_loads_no_map() -> None:
    """Nothing at import: no seeding, no drawing library, no UMAP with its compiler."""
    names = [MODULES[p] for p in files_of("model_core") if p.name != "__main__.py"]
    code = (
        "import importlib, random, sys, torch\n"
        "before = random.getstate(), torch.get_rng_state(), torch.get_num_threads()\n"
        f"for name in {names}: importlib.import_module(name)\n"
        "assert before[0] == random.getstate() and torch.equal(before[1], torch.get_rng_state())\n"
        "assert before[2] == torch.get_num_threads()\n"
        "print(*[m for m in ('umap', 'numba', 'streamlit', 'plotly') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


SPELLED = re.compile(r"\bblocks\.|\bln_f\b|\blm_head\b|\.sa\b|_embedding_table\b")
MODULE_NAMES = {"sa", "ffwd", "ln1", "ln2", "ln_f", "lm_head", "resid_pre", "resid_mid"}
MODULE_NAMES |= {"resid_post", "token_embedding_table", "position_embedding_table"}


def spelled(source: str) -> list[str]:
    """Names of the model's modules in attributes and strings; docstrings may explain them."""
    tree = ast.parse(source)
    docs = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in MODULE_NAMES:
            found.append(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [node.value] if id(node) not in docs and SPELLED.search(node.value) else []
    return found


def test_the_reader_of_modules_sees_attributes_and_strings() -> None:
    source = '"""Of ln_f."""\nmodel.ln_f\nf(f"blocks.{i}.sa", "lm_head:in", anatomy.blocks)\n'
    assert sorted(spelled(source)) == [".sa", "blocks.", "lm_head:in", "ln_f"]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_only_the_model_and_its_anatomy_spell_modules(path: Path) -> None:
    """Readers ask `model_core.anatomy`. A formula on screen has the model's own words."""
    words = {"explorer.views.attention.next_token": [r"(\mathrm{ln_f}(x_{\mathrm{depth}}))"]}
    names = spelled((ROOT / path).read_text(encoding="utf-8"))
    formulas = words.get(MODULES[path], [])
    names = [name for name in names if not any(formula in name for formula in formulas)]
    assert not names or MODULES[path] in ("model_core.model", "model_core.anatomy")


OPENERS = {"open", "read_bytes", "write_text", "write_bytes"}
OPENERS |= {"safe_open", "load_file", "save_file", "fromfile", "memmap", "mmap"}
# What these files open is no file of a run, or their own temporary one.
OWN = {
    "explorer.player.assets": {"read_bytes"},  # of the package
    "explorer.server.first": {"read_bytes"},  # of the package
    "explorer.server.security": {"read_bytes"},  # of Streamlit's package
    "explorer.views.lessons.making": {"read_bytes"},  # a temporary one of its own process
    "model_core.corpora": {"open", "read_bytes"},  # a text to train on, that of Python's help
    "model_core.runs.archive": {"open"},  # a part of a zip in memory
    "model_core.training.room": {"read_text"},  # the system's own figures
    "model_core.runs.storage": {"open"},  # a new file beside the one it replaces, a folder
}


def openings(source: str) -> set[str]:
    """Calls that open a file, but those of `model_core.runs.files` and `Run.open`."""
    tree, found = ast.parse(source), set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        if name in OPENERS and called != "Run.open" or called.endswith(".read_text"):
            found.add(name)  # read_text alone is a function of ours
    return found


def test_the_reader_of_openings_sees_every_kind() -> None:
    source = "Run.open(p)\nopen(p)\n(p / 'a').read_text()\nst.safe_open(p)\nread(p)"
    assert openings(source) == {"open", "read_text", "safe_open"}
    assert openings("os.open(p, 0)") == openings("p.open()") == {"open"}
    assert openings("Run.open(p)\nread_text(p)\nread(p)") == set()


@pytest.mark.parametrize("path", FILES, ids=str)
def test_files_of_a_run_are_opened_in_one_place(path: Path) -> None:
    found = openings((ROOT / path).read_text(encoding="utf-8"))
    theirs = OWN.get(MODULES[path], set())
    assert found <= theirs or MODULES[path] == "model_core.runs.files"
