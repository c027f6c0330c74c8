"""The cell's tables come from the data that the parameter file names."""

import math
import os
from pathlib import Path

import numpy as np
import pytest

from models import cell, identify_cell, parameter_file

DATA = Path(os.environ.get("SMART_BMS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "a123_26650"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the measured cell data is not in this checkout")
CELL = cell.load_cell()
# Capacity of the test cell over 200 Ah, times the factor in the parameter file's description.
SCALE = identify_cell.TEST_CELL_AH / 200.0 * 2.2


def test_ocv_table_is_the_mean_of_charge_and_discharge() -> None:
    entries = parameter_file.load("cell_lfp_200Ah", "cell", cell.UNITS).entries
    measured = identify_cell.mean_ocv_V(DATA, 25, np.asarray(entries["ocv_soc"].value))
    assert measured == pytest.approx(np.asarray(entries["ocv_V"].value), abs=1e-4)


def test_smooth_table_follows_the_data_between_its_points() -> None:
    soc = np.linspace(0.02, 0.98, 193)
    measured = identify_cell.mean_ocv_V(DATA, 25, soc)
    table = np.array([cell.open_circuit_voltage_V(x, 25.0, CELL) for x in soc])
    assert np.abs(table - measured).max() < 4e-3


def test_resistance_and_temperature_factor() -> None:
    temperatures = np.array([-5.0, 5.0, 15.0, 35.0, 45.0])
    ohm = np.array(
        [identify_cell.resistance_ohm(*identify_cell.dynamic(DATA, int(t)), 0.15, 0.9) for t in temperatures]
    )
    model = np.array([cell.resistance_ohm(0.5, t, CELL) for t in temperatures])
    assert model / SCALE == pytest.approx(ohm, rel=0.03)


def test_resistance_at_a_temperature_that_was_not_used() -> None:
    cold_ohm = identify_cell.resistance_ohm(*identify_cell.dynamic(DATA, -25), 0.0, 1.0, least_A=1.0)
    assert cell.resistance_ohm(0.5, -25.0, CELL) / SCALE == pytest.approx(cold_ohm, rel=0.1)


def test_voltage_of_a_driving_profile() -> None:
    # 15 degC was used for the fit, so this checks the whole chain (scaling, step, sign), not the physics.
    current_A, voltage_V, soc = identify_cell.dynamic(DATA, 15)
    v_V = [0.0, 0.0]
    errors_V = []
    for amps, volts, charge in zip(current_A, voltage_V, soc, strict=True):
        for k in range(2):
            target_V = cell.pair_target_V(k, charge, 15.0, amps, 1.0 / SCALE, 1.0, CELL)
            tau_s = cell.at_temperature(CELL.pair_tau_s, k, 15.0, CELL)
            v_V[k] = target_V + (v_V[k] - target_V) * math.exp(-1.0 / tau_s)
        ohmic_V = amps * cell.resistance_ohm(charge, 15.0, CELL) / SCALE
        if 0.1 < charge < 0.9:
            errors_V.append(cell.open_circuit_voltage_V(charge, 15.0, CELL) + sum(v_V) + ohmic_V - volts)
    # The missing hysteresis is up to 20 mV.
    assert np.std(errors_V) < 0.015
    assert abs(np.mean(errors_V)) < 0.025
