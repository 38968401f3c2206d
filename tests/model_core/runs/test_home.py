"""Where runs stand: a home folder is found, or its lack said."""

from pathlib import Path

import pytest

from model_core.runs.home import at_home
from tests.support.refusals import refusal


def test_a_tilde_is_a_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert at_home("~/x") == at_home(Path("~/x")) == tmp_path / "x"
    assert at_home("x/~/y") == Path("x/~/y")
    said = refusal(lambda: at_home("~nobody-of-this-name"))
    assert said.startswith("there is no home folder for '~nobody-of-this-name'")
