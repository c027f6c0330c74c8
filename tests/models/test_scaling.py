"""Scaled batteries: laws of scaling, the cold term, heat by hand, the shipped files, the fit."""

from pathlib import Path

import numpy as np
import pytest

from models import bank, cell, parameter_file, scaling, scaling_fit
from models.identify import tables
from models.scaling import Cold, Type

MEASURED = tables.load(scaling.MEASURED)
KINDS = pytest.mark.parametrize("kind", scaling.TYPES, ids=lambda kind: kind.name)


def test_a_cell_of_the_measured_size_is_the_measured_cell() -> None:
    same = scaling.scaled_cell(MEASURED, MEASURED.capacity_Ah, 1.0, Cold(-100.0, -100.0))
    for row, own in zip(MEASURED.r0_ohm, same.r0_ohm, strict=True):
        assert np.interp(same.grid_soc, MEASURED.grid_soc, row) == pytest.approx(own, rel=1e-12)
    assert np.interp(MEASURED.grid_soc, same.grid_soc, same.pair_ohm[1, 3]) == pytest.approx(MEASURED.pair_ohm[1, 3])
    assert same.pair_scale_A == pytest.approx(MEASURED.pair_scale_A)


def test_resistance_falls_and_scale_rises_with_the_charge() -> None:
    small, large = (scaling.scaled_cell(MEASURED, Ah, 3.0) for Ah in (50.0, 200.0))
    assert small.r0_ohm == pytest.approx(4.0 * large.r0_ohm, rel=1e-12)
    assert small.pair_ohm == pytest.approx(4.0 * large.pair_ohm, rel=1e-12)
    assert large.pair_scale_A == pytest.approx(4.0 * small.pair_scale_A)
    # 9.71176 mohm at 25 degC and half charge, three times, 1.99447 of 200 Ah.
    middle = int(np.searchsorted(large.grid_soc, 0.5 - 1e-9))
    assert large.r0_ohm[13, middle] == pytest.approx(9.71176e-3 * 3.0 * 1.99447 / 200.0, rel=1e-5)
    for name in ("ocv_V", "entropic_V_K", "pair_tau_s", "hysteresis_rate"):
        assert np.array_equal(getattr(large, name), getattr(MEASURED, name))


def test_cold_term_by_hand() -> None:
    # 0.4 V at 0.2 C of 100 Ah is 20 mohm at its place; one width above it a third (1/e); nothing from 25 degC on.
    soc, degC = np.array([0.1, 0.2, 0.28]), np.array([-20.0, 0.0, 20.0, 25.0, 40.0])
    ohm = scaling.cold_ohm(100.0, soc, degC, Cold(0.2, 0.2))
    assert ohm[1] == pytest.approx([0.02 * np.exp(1.25), 0.02, 0.02 / np.exp(1.0)])
    assert ohm[0] == pytest.approx(ohm[1])
    assert ohm[2] == pytest.approx(0.2 * ohm[1])  # 5 K of 25
    assert not ohm[3:].any()
    # The place climbs linearly with cold: 0.2 at 0 and 0.3 at -20 degC is 0.4 at -40.
    far = scaling.cold_ohm(100.0, np.array([0.4]), np.array([-40.0]), Cold(0.2, 0.3))
    assert far[0, 0] == pytest.approx(0.02)


def test_heat_by_hand() -> None:
    # A litre cube of 4 kg: 0.88 kg a cell; five faces of 1 dm2 at 4.5 W/(m2 K) are 4.44 K/W, 17.8 a cell;
    # 0.0075 m2 of face behind 0.015 K m2/W are 2 K/W.
    heat = scaling.heat_of(Type(20.0, 40.0, 4.0, (0.1, 0.1, 0.1)))
    assert heat.capacity_J_K == pytest.approx(880.0)
    assert heat.to_ambient_K_W == pytest.approx(4.0 / (4.5 * 0.05))
    assert heat.to_next_K_W == pytest.approx(2.0)


@KINDS
def test_shipped_files_are_what_the_tool_writes(kind: Type) -> None:
    written = scaling.texts(MEASURED)
    for name in (f"cell_lfp_{kind.name}.yaml", f"battery_lfp_12V8_{kind.name}.yaml"):
        assert (parameter_file.SHIPPED / name).read_text(encoding="utf-8") == written[name], "python -m models.scaling"


@KINDS
def test_a_battery_brings_its_own_cell(kind: Type) -> None:
    p = bank.load_battery(f"battery_lfp_12V8_{kind.name}")
    assert p.capacity_Ah == p.cell.capacity_Ah == kind.capacity_Ah
    assert p.terminal_resistance_ohm * kind.most_A == pytest.approx(0.16)


def test_a_battery_without_its_cell_is_refused(tmp_path: Path) -> None:
    text = (parameter_file.SHIPPED / "battery_lfp_12V8_50Ah.yaml").read_text(encoding="utf-8")
    path = tmp_path / "battery.yaml"
    path.write_text(text.replace("cell: cell_lfp_50Ah\n", ""), encoding="utf-8")
    with pytest.raises(parameter_file.ParameterError, match=r"battery\.yaml: missing cell; allowed: the name"):
        bank.load_battery(path)
    assert bank.load_battery(path, "cell_lfp_100Ah").capacity_Ah == 100.0


def test_cold_never_gives_more_charge() -> None:
    p = scaling_fit.chamber(bank.load_battery("battery_lfp_12V8_100Ah"))
    given = [scaling_fit.capacity_Ah(p, degC, 0.2, 20.0) for degC in (-30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 40.0)]
    assert np.all(np.diff(given) > 0.0)
    assert scaling_fit.capacity_Ah(p, 0.0, 0.5, 20.0) < given[3]


def test_tool_refuses_a_missing_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scaling.main(["-o", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.endswith("nowhere: --output: no such folder; allowed: an existing folder\n")


def test_tool_writes_files_that_load(tmp_path: Path) -> None:
    assert scaling.main(["-o", str(tmp_path)]) == 0
    assert len(list(tmp_path.iterdir())) == 12
    assert cell.load_cell(tmp_path / "cell_lfp_330Ah.yaml").capacity_Ah == 330.0


@pytest.mark.long
def test_the_places_of_the_cold_term_are_those_of_the_fit() -> None:
    assert scaling_fit.fit_cold(MEASURED) == pytest.approx(scaling.COLD, abs=1e-3)
