"""The firmware knows its fuses from a table of its own; it must be the table of the fuses that are fitted."""

from __future__ import annotations

import pytest

import bms
from models import fuse


@pytest.mark.parametrize("rating_A", bms.RATINGS_A)
def test_firmware_and_plant_name_the_same_fuse(rating_A: int) -> None:
    fitted, believed = fuse.load_fuse(float(rating_A)), bms.nominal_fuse(rating_A)
    assert believed.resistance_25_ohm == pytest.approx(fitted.resistance_25_ohm, rel=1e-3)
    assert believed.thermal_resistance_K_W == pytest.approx(fitted.thermal_resistance_K_W, rel=0.02)
    tau_s = fitted.thermal_resistance_K_W * fitted.heat_capacity_J_K
    assert believed.time_constant_s == pytest.approx(tau_s, rel=0.02)
