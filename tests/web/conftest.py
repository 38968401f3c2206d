"""Says at the end of the tests when the types of the player's JavaScript were not checked."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("skipped", []):
        if "TYPES NOT CHECKED" in str(report.longrepr):
            terminalreporter.write_line(str(report.longrepr[-1]), red=True, bold=True)
