"""A cell that is known is found again from tests simulated with it."""

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from models import parameter_file
from models.cell import UNITS
from models.identify import __main__ as command
from models.identify import basis, kernels, parameter_text, quality, records, tables
from models.identify.fit import Settings, identify
from models.identify.made import campaign, made
from models.identify.records import Record
from models.identify.tables import Tables

Array = NDArray[np.float64]

QUICK = Settings(every=5, every_slow=4, tau_s=(20.0, 400.0), tau_1000K=(1.0, 0.5), rounds=(5, 4))
TRUE_AH, SLOW_AH = 2.02, 2.06


def true_cell() -> Tables:
    """A made-up cell with two pairs, inside what the fit can express."""
    grid, degC = basis.GRID_SOC, tables.GRID_DEGC
    warm = np.array([basis.arrhenius(t, 4000.0) for t in degC])
    ends = 1.0 + 0.5 * (2.0 * grid - 1.0) ** 2
    s = basis.OCV_SOC
    return Tables(
        capacity_Ah=TRUE_AH, hysteresis_rate=20.0, ocv_soc=s,
        ocv_V=3.25 + 0.08 * s - 0.5 * np.exp(-s / 0.04) + 0.15 * np.exp((s - 1.0) / 0.02),
        entropic_soc=basis.ENTROPIC_SOC, entropic_V_K=2.0e-4 * (basis.ENTROPIC_SOC - 0.4),
        grid_soc=grid, grid_degC=degC,
        r0_ohm=(0.006 + 0.004 * warm)[:, None] * ends, hysteresis_V=np.full((degC.size, grid.size), 0.015),
        pair_ohm=np.stack([0.008 * warm[:, None] * ends, 0.02 * warm[:, None] * ends]),
        pair_tau_s=np.stack([12.0 * np.array([basis.arrhenius(t, 1000.0) for t in degC]), np.full(degC.size, 300.0)]),
        pair_scale_A=np.stack([5.0 / warm, np.zeros(degC.size)]),
    )


@pytest.fixture(scope="module")
def known() -> tuple[Tables, list[Record], Tables]:
    cell = true_cell()
    tests = campaign((-10.0, 10.0, 25.0, 40.0), cell, SLOW_AH)
    return cell, tests, tables.sample(identify(tests, QUICK))


def test_known_capacity_is_found(known: tuple[Tables, list[Record], Tables]) -> None:
    assert known[2].capacity_Ah == pytest.approx(TRUE_AH, rel=5e-3)


def test_known_functions_are_found(known: tuple[Tables, list[Record], Tables]) -> None:
    cell, _, found = known
    middle = slice(4, 13)  # charge 0.12..0.8
    for degC in (-10.0, 25.0, 40.0):
        for name, tolerance in (("r0_ohm", 0.05), ("hysteresis_V", 0.35)):
            expected = tables.at_temperature(getattr(cell, name), degC, cell)[middle]
            assert tables.at_temperature(getattr(found, name), degC, found)[middle] == pytest.approx(
                expected, rel=tolerance), (name, degC)
        total = tables.at_temperature(cell.pair_ohm.sum(axis=0), degC, cell)[middle]
        assert tables.at_temperature(found.pair_ohm.sum(axis=0), degC, found)[middle] == pytest.approx(total, rel=0.1)
    inside = (cell.ocv_soc > 0.05) & (cell.ocv_soc < 0.95)
    assert found.ocv_V[inside] == pytest.approx(cell.ocv_V[inside], abs=3e-3)
    assert found.pair_tau_s[0, 13] == pytest.approx(12.0, rel=0.2), "at 25 degC"


def test_found_cell_predicts_a_temperature_it_never_saw(known: tuple[Tables, list[Record], Tables]) -> None:
    cell, _, found = known
    for degC in (0.0, 32.0):
        unseen = campaign((degC,), cell, SLOW_AH)[0]
        assert quality.error(unseen, found).rms_V < 2.5e-3


def test_compiled_voltage_equals_plain_loop_and_hand_calculation() -> None:
    one = np.ones(400)
    arguments = (3.3 * one, 2.0 * one, 2.0 * one, one, 0.01 * one, np.array([0.02 * one, 0.03 * one]),
                 np.array([5.0, 50.0]), np.array([0.0, 1.0]))
    fast = kernels.voltage(*arguments)
    assert fast == pytest.approx(kernels.voltage.py_func(*arguments), abs=1e-14)  # type: ignore[attr-defined]
    # Settled: 3.3 + 2 (0.01 + 0.02) + 0.03 asinh(2).
    assert fast[-1] == pytest.approx(3.36 + 0.03 * math.asinh(2.0), abs=2e-5)
    # After the first second: 1 - exp(-1/tau) of each pair.
    first = 3.32 + 0.04 * (1.0 - math.exp(-0.2)) + 0.03 * math.asinh(2.0) * (1.0 - math.exp(-0.02))
    assert fast[0] == pytest.approx(first, abs=1e-12)


def test_pair_columns_add_up_to_the_pair() -> None:
    rng = np.random.default_rng(3)
    soc, current_A = np.linspace(0.9, 0.1, 500), rng.normal(0.0, 2.0, 500)
    nodes, dt_s = basis.GRID_SOC, np.where(np.arange(500) % 3 == 0, 2.0, 1.0)
    left, share = basis.place(soc, nodes)
    ohm = 0.01 + 0.02 * nodes**2
    keep = np.arange(0, 500, 7)
    columns = kernels.pair_columns(left, share, current_A, dt_s, 20.0, nodes.size, keep)
    zero = np.zeros(500)
    whole = kernels.voltage(zero, zero, current_A, dt_s, zero, np.interp(soc, nodes, ohm)[None], np.array([20.0]),
                            np.array([0.0]))
    assert columns @ ohm == pytest.approx(whole[keep], abs=1e-15)


def test_hysteresis_state_by_hand() -> None:
    # Discharge of Q/gamma from +1: h = -1 + 2/e.
    h = kernels.hysteresis(np.full(100, -2.0), np.full(100, 9.0), 4.0, 2.0, 1.0)
    assert h[-1] == pytest.approx(-1.0 + 2.0 * math.exp(-1.0), abs=1e-12)
    assert kernels.hysteresis(np.zeros(5), np.ones(5), 4.0, 2.0, 0.3) == pytest.approx(0.3)


def test_parameter_file_reads_back(tmp_path: Path) -> None:
    cell = true_cell()
    fitted = [quality.Error("dynamic_+25C.csv.gz", 25.0, 2.0e-3, -1.0e-4, 1.0e-2)]
    path = tmp_path / "cell_made.yaml"
    path.write_text(parameter_text.write("cell_made", cell, 2.06, fitted, [], {"dynamic_+25C.csv.gz": "00"}))
    back = tables.load(path)
    for name, value in cell._asdict().items():
        assert getattr(back, name) == pytest.approx(value, rel=1e-5, abs=1e-12), name
    told = parameter_file.load(path, "cell", UNITS).provenance
    assert told["fitted"][0]["rms_mV"] == 2.0 and told["left_out"] == [] and told["slow_capacity_Ah"] == 2.06
    assert set(yaml.safe_load(path.read_text())["parameters"]) == set(UNITS)


@pytest.mark.parametrize(("value", "text"), [(2.0, "2.0"), (1.0e-5, "1.0e-5"), (2.5e9, "2.5e+9"), (0.0, "0.0"),
                                             (123456.0, "123456.0"), (-0.00012345, "-0.00012345")])
def test_numbers_that_yaml_takes_for_numbers(value: float, text: str) -> None:
    assert parameter_text.number(value) == text
    assert isinstance(yaml.safe_load(text), float)


def test_window_that_a_test_never_enters() -> None:
    short = made("dynamic", 25.0, np.full(100, -0.1), 1.0, TRUE_AH, true_cell())
    with pytest.raises(records.DataError, match=r"charge 1\.00 to 1\.00"):
        quality.error(short, true_cell())


@pytest.mark.parametrize(("arguments", "told"), [
    (["missing", "-o", "x.yaml"], "no such folder"),
    (["DATA", "-o", "x.txt"], "ends in .yaml"),
    (["DATA", "-o", "missing/x.yaml"], "existing folder"),
    (["DATA", "-o", "x.yaml"], "no ocv_"),
    (["DATA", "-o", "x.yaml", "--leave-out", "3"], "--leave-out: 3; allowed: 25"),
])
def test_bad_command_line(arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                          capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "DATA"
    data.mkdir()
    rows = "".join(f"{i},1,1.0,3.3,0,{i / 3600:.6f}\n" for i in range(100))
    (data / "dynamic_+25C.csv").write_text(",".join(records.COLUMNS) + "\n" + rows)
    more = [] if "--leave-out" in arguments else ["--leave-out"]
    assert command.main([*arguments, *more]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
    assert not list(tmp_path.glob("*.yaml*"))
