"""Pytest plugin of smart-bms-cosim: the fixture `waveform_regression`, for this and for other repositories.

It stands outside the packages, and loads them only in a test that uses the fixture: every pytest of an environment with
smart-bms-cosim loads its plugins, also where it has nothing to do. See docs/regression.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cosim.studies.regression.check import WaveformRegression

WRITTEN = pytest.StashKey[list[Path]]()
FAILURES = "results/waveform_regression"
"""Where overlays go, below pytest's root folder."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the fixture."""
    group = parser.getgroup("waveform regression")
    group.addoption("--regenerate-golden", action="store_true", default=False,
                    help="write the golden waveforms of the tests that run, instead of comparing with them")
    group.addoption("--waveform-failures", metavar="DIR", default=FAILURES,
                    help=f"folder for overlays of waveforms that differ (default {FAILURES})")


@pytest.fixture
def waveform_regression(request: pytest.FixtureRequest) -> WaveformRegression:
    """Compare waveforms with golden ones in `golden/` beside the test; see `WaveformRegression.__call__`."""
    from cosim.studies.regression.check import WaveformRegression

    config, module = request.config, request.path
    written = config.stash.setdefault(WRITTEN, [])
    failures = config.rootpath / config.getoption("--waveform-failures") / module.stem
    return WaveformRegression(
        golden=module.parent / "golden" / module.stem, test=request.node.name, failures=failures,
        regenerate=bool(config.getoption("--regenerate-golden")), written=written,
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which golden files were written: a run that writes has compared nothing."""
    written = config.stash.get(WRITTEN, [])
    if written:
        terminalreporter.section("golden waveforms written, nothing compared")
        for path in written:
            terminalreporter.line(str(path))
