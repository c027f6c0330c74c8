"""The firmware knows its fuses from a table of its own; it must be the table of the fuses that are fitted."""

from __future__ import annotations

import re

import pytest

import bms
from cosim.paths import NETLISTS
from models import fuse


@pytest.mark.parametrize("rating_A", bms.RATINGS_A)
def test_firmware_and_plant_name_the_same_fuse(rating_A: int) -> None:
    fitted, believed = fuse.load_fuse(float(rating_A)), bms.nominal_fuse(rating_A)
    assert believed.resistance_25_ohm == pytest.approx(fitted.resistance_25_ohm, rel=1e-3)
    assert believed.thermal_resistance_K_W == pytest.approx(fitted.thermal_resistance_K_W, rel=0.02)
    tau_s = fitted.thermal_resistance_K_W * fitted.heat_capacity_J_K
    assert believed.time_constant_s == pytest.approx(tau_s, rel=0.02)
    assert believed.melting_i2t_A2s == fitted.melting_i2t_A2s
    assert believed.neck_time_constant_s == fitted.neck_tau_s


def test_the_firmware_reckons_with_the_lift_of_the_circuit() -> None:
    """klift, tlift and the way back of 5 ms stand in the netlist."""
    text, f = (NETLISTS / "alternator_path.cir").read_text(encoding="utf-8"), bms.FirmwareParameters()
    found = dict(re.findall(r"\b(klift|tlift)=([\d.]+)", text.split(".subckt", 1)[1]))
    assert float(found["klift"]) == f.lift_factor
    assert float(found["tlift"]) + 0.005 == pytest.approx(f.lift_ms * 1e-3)
