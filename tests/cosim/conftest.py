"""The one ngspice of the test process, and a cache folder of its own."""

from __future__ import annotations

import pytest

from cosim.spice.session import SpiceSession


@pytest.fixture(scope="session")
def spice() -> SpiceSession:
    """Return the real libngspice, opened once."""
    return SpiceSession.open()
