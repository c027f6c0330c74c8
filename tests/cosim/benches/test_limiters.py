"""Linear against buck: equilibrium by hand, the table's order, and files that are whole."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bms.firmware_parameters import FirmwareParameters
from cosim.benches import limiters
from cosim.benches.limiters import Row, settled
from cosim.circuit.characteristic import CONVERTER, Characteristic, limiter_start
from models.fuse import load_fuse
from models.heat import load_box

LINEAR = limiter_start()._replace(knee_A=0.1)
BUCK = LINEAR._replace(
    kind=CONVERTER, switch_S=0.026, switch_1=0.0264, switch_ohm=2.5e-3, bridge_share=0.6, share_a=0.7, share_b=0.3,
    share_c=0.0, share_d=0.0, pass_ohm=0.85e-3,
)


def at(limiter: str, c: Characteristic, ambient_degC: float) -> Row:
    return settled(limiter, c, ambient_degC, 13.0, load_box(), load_fuse(100.0), FirmwareParameters())


def test_linear_at_0_degC_by_hand() -> None:
    """90 A x 1.2 V = 108 W. Fuse 6 W into the stud; heatsink 0.6 K/W beside stud and cable, 6.5 K/W."""
    row = at("linear", LINEAR, 0.0)
    assert not row.derated
    assert row.input_A == pytest.approx(90.0, rel=0.005)
    assert row.loss_W == pytest.approx(1.2 * row.input_A, rel=1e-3)
    box_W = row.loss_W - row.fuse_W
    share = 4.0 / (4.0 + 2.5)  # of the fuse's heat that goes to a cold heatsink; most of the rest to the air
    ohm = 1.0 / (1.0 / 0.6 + 1.0 / 6.5)
    assert row.heatsink_degC == pytest.approx(ohm * (box_W + share * row.fuse_W), rel=0.02)


def test_linear_at_60_degC_derates_as_the_firmware_says() -> None:
    """On the slope from 90 A at 85 degC to 0 A at 100 degC, at most a step and the hysteresis below it."""
    row = at("linear", LINEAR, 60.0)
    assert row.derated
    slope_A = 90.0 * (100.0 - row.heatsink_degC) / 15.0
    assert slope_A - 3.5 < row.limit_A <= slope_A + 1.5  # 0.25 K of the sensor's dead band are 1.5 A
    assert 35.0 < row.loss_W < 68.0  # circuit_facts A


def test_buck_holds_90_A_at_60_degC() -> None:
    row = at("buck", BUCK, 60.0)
    assert not row.derated
    assert row.input_A == pytest.approx(90.0, rel=0.005)
    assert row.output_A == pytest.approx((limiters.INPUT_V * row.input_A - row.loss_W) / 13.0, rel=1e-3)
    assert row.loss_W < 30.0
    assert row.heatsink_degC < 85.0
    assert row.efficiency == pytest.approx(1.0 - row.loss_W / (limiters.INPUT_V * row.input_A), rel=1e-3)


def test_files_and_table(tmp_path: Path) -> None:
    row = Row("linear", 60.0, 13.0, 49.0, 49.1, 49.1, 108.0, 58.9, 1.9, 0.92, 92.0, 103.0, 95.0, True)
    rows = [row, replace(row, limiter="buck", input_A=89.8, loss_W=25.2, derated=False, ripple_in_A=0.14,
                         ripple_out_A=0.4)]
    limiters.write(rows, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["limiters.csv", "limiters.json", "limiters.png"]
    content = json.loads((tmp_path / "limiters.json").read_text())
    assert [one["ripple_in_A"] for one in content] == [None, 0.14]
    with (tmp_path / "limiters.csv").open(newline="") as file:
        assert [float(one["loss_W"]) for one in csv.DictReader(file)] == [58.9, 25.2]
    lines = limiters.table(rows).splitlines()
    assert len(lines) == 3
    assert lines[1].endswith("derated")
    assert "0.40 A" in lines[2]
