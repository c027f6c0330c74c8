"""What the supervisor is handed: the measurement vector as readings, with what it would look for among many cells."""

import math

import numpy as np
import pytest

import bms
from cosim.slow.sensors import FEW_CELLS, N_PORT, N_SCALARS, NOT_FITTED, as_measurements


def vector(volts: list[float], degC: list[float]) -> np.ndarray:
    scalars = np.full(N_SCALARS, NOT_FITTED)
    scalars[:N_PORT] = 14.2, 0.05, 13.4, 30.0, 31.0
    return np.concatenate([scalars, volts, degC])


@pytest.mark.parametrize("n_cells", [4, FEW_CELLS, FEW_CELLS + 4, 200])
def test_extremes_of_many_cells_are_those_of_the_readings(n_cells: int) -> None:
    rng = np.random.default_rng(7)
    volts, degC = rng.permutation(n_cells) * 1e-3 + 3.0, rng.permutation(n_cells) * 0.25 - 12.0
    m = as_measurements(vector(list(volts), list(degC)), n_cells)
    assert m.cell_voltage_V == tuple(volts) and m.cell_temperature_degC == tuple(degC)
    for readings in (m.cell_voltage_V, m.cell_temperature_degC):
        assert isinstance(readings, bms.Cells) is (n_cells > FEW_CELLS)
        if isinstance(readings, bms.Cells):
            assert readings.extremes == (min(readings), max(readings))
            assert all(type(value) is float for value in (*readings, *readings.extremes))


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 17, 39])
def test_a_missing_reading_leaves_no_extremes(broken: float, place: int) -> None:
    volts, degC = [3.3] * 40, [25.0] * 40
    volts[place] = broken
    m = as_measurements(vector(volts, degC), 40)
    assert isinstance(m.cell_voltage_V, bms.Cells) and all(map(math.isnan, m.cell_voltage_V.extremes))
    assert isinstance(m.cell_temperature_degC, bms.Cells) and m.cell_temperature_degC.extremes == (25.0, 25.0)
    step = bms.step(bms.State(), m, bms.Settings(battery_count=10), 0.0)
    assert bms.Fault.CELL_SENSOR_MISSING in step.state.faults
