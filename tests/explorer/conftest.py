"""Streamlit's own test harness, without what it does anew for every test."""

from collections.abc import Iterator
from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner


@pytest.fixture(scope="session", autouse=True)
def _components_of_installed_packages_are_looked_for_once() -> Iterator[None]:
    """Every AppTest looks through all of them: half the time that it takes to open a page."""
    with pytest.MonkeyPatch.context() as patch:
        scan = manifest_scanner.scan_component_manifests
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(scan))
        yield
