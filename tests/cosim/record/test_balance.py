"""Balance of a window: what goes in at each terminal counts, the return too where its lead is open."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.circuit.deck import DEVICES
from cosim.record.balance import window_balance

TIME_S = np.linspace(0.0, 1.0, 11)


def waves(**changes: float) -> dict[str, np.ndarray]:
    """Constant waves of a port at rest between 12 V and 12 V, but for what changes."""
    names = (
        "port_current_A", "output_current_A", "battery_current_A", "starter_battery_current_A", "alternator_current_A",
        "power_fuse_W", "power_other_W", "power_clamp_W", "stored_J", "sense_mV", "enable",
        *(f"power_{d}_W" for d in DEVICES),
    )
    values = {**dict.fromkeys(names, 0.0), "input_voltage_V": 12.0, "battery_voltage_V": 12.0,
              "starter_voltage_V": 12.0, "reference_mV": 50.0}
    return {name: np.full(TIME_S.size, value) for name, value in {**values, **changes}.items()}


@pytest.mark.parametrize(("ground_V", "burnt_W"), [(0.0, 12.0), (2.0, 10.0), (-3.0, 15.0)])
def test_return_of_the_port_takes_its_share(ground_V: float, burnt_W: float) -> None:
    """1 A from the input stud to a return that stands at some volts: the port burns what is between the two."""
    found, _ = window_balance(
        TIME_S, waves(port_current_A=1.0, power_other_W=burnt_W, ground_V=ground_V), 0.0, 0.0, 0.0
    )
    assert found.energy_error_J == pytest.approx(0.0, abs=1e-12)
    assert found.energy_in_J == pytest.approx(burnt_W)


def test_return_of_system_plus_takes_its_share() -> None:
    """2 A from the battery stud through the circuit of System+ to a return at 5 V burn 2 x 7 W in it."""
    names = ("power_discharge_bank_W", "power_charge_bank_W", "power_port_clamp_W", "port_stored_J", "system_current_A")
    port = dict.fromkeys(names, 0.0)
    found, _ = window_balance(
        TIME_S, waves(battery_current_A=-2.0, power_port_W=14.0, system_voltage_V=5.0, ground_V=5.0, **port),
        -2.0, 0.0, 0.0,
    )
    assert found.energy_error_J == pytest.approx(0.0, abs=1e-12)
    assert found.charge_error_C == pytest.approx(0.0, abs=1e-12)
