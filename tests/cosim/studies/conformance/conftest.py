"""What tests of planted defects share."""

from __future__ import annotations

import pytest

from cosim.spice.session import SpiceSession
from cosim.studies.conformance.entry import Entry
from cosim.studies.conformance.lab import Lab


@pytest.fixture(scope="module")
def lab(spice: SpiceSession) -> Lab:
    """One lab for all: shipped designs are run once."""
    del spice
    return Lab()


@pytest.fixture(scope="module")
def shipped() -> dict[str, list[Entry]]:
    """What benches give without a change, by their names."""
    return {}
