"""The one ngspice of the test process."""

from __future__ import annotations

import pytest

from cosim.spice.session import SpiceSession


@pytest.fixture(scope="session")
def spice() -> SpiceSession:
    return SpiceSession.open()
