"""LFP cell at run time: tables, curves, pairs, and what a parameter file may hold."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from models import cell, parameter_file
from models.parameter_file import ParameterError

CELL = cell.load_cell()


def test_ocv_rises_everywhere_and_steeply_at_both_ends() -> None:
    soc = np.linspace(-0.1, 1.1, 1201)
    ocv = np.array([cell.open_circuit_voltage_V(x, 25.0, CELL) for x in soc])
    assert np.all(np.diff(ocv) > 0.0)
    assert 3.29 < cell.open_circuit_voltage_V(0.5, 25.0, CELL) < 3.32
    assert cell.ocv_slope_V(0.5, 25.0, CELL) < 0.2
    assert cell.ocv_slope_V(0.0, 25.0, CELL) > 20.0
    assert cell.ocv_slope_V(1.0, 25.0, CELL) > 5.0


def test_a_loaded_cell_is_ones_own() -> None:
    """Its tables are remembered by the file's content: who writes into them writes into nobody else's."""
    first = cell.load_cell()
    first.table[:], first.soc[:] = np.nan, 0.0
    again = cell.load_cell()
    assert np.array_equal(again.table, CELL.table) and np.array_equal(again.soc, CELL.soc)


def test_published_charge_left_at_2V8() -> None:
    # Requirement B6: about 3 % left at 2.8 V and 1 % at 2.6 V under load; the rest curve must lie near it.
    assert cell.open_circuit_voltage_V(0.03, 25.0, CELL) > 2.8 > cell.open_circuit_voltage_V(0.01, 25.0, CELL)
    assert cell.open_circuit_voltage_V(0.01, 25.0, CELL) > 2.6 > cell.open_circuit_voltage_V(0.0, 25.0, CELL)


@pytest.mark.parametrize("degC", [-20.0, 25.0, 50.0])
@pytest.mark.parametrize("soc", [-0.02, 0.003, 0.21, 0.77, 0.999, 1.05])
def test_ocv_slope_is_the_derivative(soc: float, degC: float) -> None:
    h = 1e-6
    above, below = (cell.open_circuit_voltage_V(soc + x, degC, CELL) for x in (h, -h))
    assert cell.ocv_slope_V(soc, degC, CELL) == pytest.approx((above - below) / (2.0 * h), rel=1e-4)


def test_the_entropic_coefficient_moves_the_voltage() -> None:
    # 1.69216e-4 V/K at soc 0.5 in the file: 30 K warmer, 5.1 mV higher.
    rise_V = cell.open_circuit_voltage_V(0.5, 55.0, CELL) - cell.open_circuit_voltage_V(0.5, 25.0, CELL)
    assert rise_V == pytest.approx(30.0 * 1.69216e-4, rel=1e-9)


def test_the_tables_are_the_files_at_its_nodes_and_linear_between() -> None:
    entries = parameter_file.load("cell_lfp_200Ah", "cell", cell.UNITS).entries
    soc, degC = np.asarray(entries["grid_soc"].value), np.asarray(entries["grid_degC"].value)
    r0, pairs = np.asarray(entries["r0_ohm"].value), np.asarray(entries["pair_ohm"].value)
    for j, i in ((0, 0), (3, 2), (len(degC) - 1, len(soc) - 1)):
        assert cell.resistance_ohm(soc[i], degC[j], CELL) == pytest.approx(r0[j, i], rel=1e-12)
        assert cell.coefficient(cell.PAIRS + 1, soc[i], degC[j], CELL) == pytest.approx(pairs[1, j, i], rel=1e-12)
    middle = cell.resistance_ohm(0.5 * (soc[1] + soc[2]), 0.5 * (degC[4] + degC[5]), CELL)
    assert middle == pytest.approx(r0[4:6, 1:3].mean(), rel=1e-12)
    assert cell.resistance_ohm(-0.5, -300.0, CELL) == r0[0, 0]  # held outside
    assert cell.resistance_ohm(1.5, 300.0, CELL) == r0[-1, -1]


def test_resistance_against_temperature() -> None:
    # Measured ratios of the test cell (1 s resistance, 9.66 mohm at 25 degC): 12.24 at 15, 7.56 at 45 (118 at -25).
    warm = cell.resistance_ohm(0.5, 25.0, CELL)
    assert cell.resistance_ohm(0.5, 15.0, CELL) / warm == pytest.approx(12.24 / 9.66, rel=0.02)
    assert cell.resistance_ohm(0.5, 45.0, CELL) / warm == pytest.approx(7.56 / 9.66, rel=0.02)
    # At -25 degC the 1 s resistance falls with the current (charge transfer); the joint fit gives R0 139 mohm for small
    # ones, and its error there is a figure of `validate cell`.
    assert cell.resistance_ohm(0.5, -25.0, CELL) / warm == pytest.approx(139.3 / 9.712, rel=1e-3)


def test_a_charge_transfer_pair_is_linear_for_small_and_logarithmic_for_large_currents() -> None:
    pair = CELL._replace(pair_scale_A=np.full_like(CELL.pair_scale_A, 10.0))
    ohm = cell.coefficient(cell.PAIRS, 0.5, 25.0, CELL)
    small, large = (cell.pair_target_V(0, 0.5, 25.0, current, 1.0, 1.0, pair) for current in (-0.01, 400.0))
    assert small == pytest.approx(-0.01 * ohm, rel=1e-6)
    assert large == pytest.approx(10.0 * ohm * math.log(80.0), rel=1e-4)  # asinh(x) near log(2 x)
    # Half the capacity at twice the resistance: half the current, the same voltage.
    aged = cell.pair_target_V(0, 0.5, 25.0, 200.0, 2.0, 0.5, pair)
    assert aged == pytest.approx(large, rel=1e-12)


@settings(deadline=None)
@given(x=st.floats(-2.0, 2.0), guess=st.integers(-5, 200))
def test_a_guess_changes_no_place(x: float, guess: int) -> None:
    assert cell.locate(x, CELL.soc, guess) == cell.locate(x, CELL.soc, 0)
    assert 0 <= cell.locate(x, CELL.soc, guess) <= CELL.soc.size - 2


def changed(tmp_path: Path, **values: Any) -> Path:
    path = tmp_path / "cell.yaml"
    content = yaml.safe_load((parameter_file.SHIPPED / "cell_lfp_200Ah.yaml").read_text(encoding="utf-8"))
    for name, value in values.items():
        content["parameters"][name]["value"] = value
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_a_table_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, r0_ohm=[[1.0e-4, 1.0e-4]])
    with pytest.raises(ParameterError, match=r"r0_ohm: 1 x 2 numbers; allowed: 21 x 20"):
        cell.load_cell(path)


def test_a_pair_that_is_linear_at_some_temperatures_only_is_refused(tmp_path: Path) -> None:
    scale = np.zeros((3, CELL.degC.size))
    scale[1, :3] = 5.0
    with pytest.raises(ParameterError, match="pair_scale_A: allowed: each pair either 0"):
        cell.load_cell(changed(tmp_path, pair_scale_A=scale.tolist()))


def test_pairs_of_another_number_load(tmp_path: Path) -> None:
    n_degC, n_soc = CELL.degC.size, 20
    path = changed(
        tmp_path, pair_ohm=np.full((4, n_degC, n_soc), 1.0e-4).tolist(), pair_tau_s=np.full((4, n_degC), 5.0).tolist(),
        pair_scale_A=np.zeros((4, n_degC)).tolist(),
    )
    assert cell.load_cell(path).table.shape == (n_degC, CELL.soc.size, 6)
