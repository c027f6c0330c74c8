"""What the readings say, by hand: derived values, contradictions, currents against gates, remote terminals."""

import math
import pickle
from dataclasses import replace
from typing import Any

import pytest

import bms
from bms.channels import GUARD, OFF, ON, Gates, Readings, evaluate, missing_ports, read, remote_level, usable
from bms.plan import CHANNELS
from bms.predicates import LARGEST
from tests.bms.rig import NORMAL, low

F = bms.FirmwareParameters()
PLAN = bms.Settings().plan
OHM = 6.0e-4
NAN = math.nan
OPEN = Gates(True, True, True, False)


def seen(gates: Gates = OPEN, ohm: float | None = OHM, plan: Any = PLAN, **changes: Any) -> dict[str, Any]:
    """Values of all channels by name."""
    m = replace(NORMAL, **changes)
    values = evaluate(read(m, plan, missing_ports(m), ohm), gates, F)
    return dict(zip(CHANNELS, values, strict=True))


def readings(ohm: float | None = OHM, plan: Any = PLAN, **changes: Any) -> Readings:
    m = replace(NORMAL, **changes)
    return read(m, plan, missing_ports(m), ohm)


QUIET: dict[str, Any] = {
    "input_voltage_V": (12.7, 12.7), "cell_voltage_V": (3.32, 3.35), "cell_temperature_degC": (25.0, 25.0),
    "battery_voltage_V": (13.3, 13.3), "cell over load threshold": (3.32, 3.35),
    "cell over pre-alarm threshold": (3.32, 3.35), "missing port sensors": (0.0, 0.0),
    "missing cell sensors": (0.0, 0.0), "port sensors out of range": (0.0, 0.0),
    "cell sensors out of range": (0.0, 0.0), "unusable system current": (0.0, 0.0),
    "unusable auxiliary sensors": (0.0, 0.0),
    "battery voltage off its cells": (pytest.approx(-0.02), pytest.approx(-0.02)),
    "battery above input under current": (-LARGEST, -LARGEST),
    "path current while off": (0.0, 0.0), "drop over the open path": (pytest.approx(-0.6), pytest.approx(-0.6)),
    "system current in while off": (0.0, 0.0), "system current out while off": (0.0, 0.0),
    "drop over the closed system port": (0.0, 0.0), "system over battery voltage while locked": (-LARGEST, -LARGEST),
    "bank current": (-20.0, -20.0), "remote level": (ON, ON),
}
"""Of the rig's readings, everything on. Off its cells: 4 x 3.32 - 13.3 = -0.02 V is more than 13.3 - 4 x 3.35."""


def test_readings_of_the_rig() -> None:
    assert seen() == QUIET


def test_cells_that_know_their_extremes() -> None:
    """They are taken as told, and what is made from such readings is a plain tuple that does not know them."""
    volts, degC = bms.cells((3.3, 3.1, 3.4, 3.2), 3.1, 3.4), bms.cells((25.0, 24.0), 24.0, 25.0)
    r = readings(cell_voltage_V=volts, cell_temperature_degC=degC)
    assert (r.cell_V, r.cell_degC, r.missing_cell) == ((3.1, 3.4), (24.0, 25.0), ())
    assert volts == (3.3, 3.1, 3.4, 3.2) and repr(volts) == "(3.3, 3.1, 3.4, 3.2)"
    told = readings(cell_voltage_V=bms.cells((3.3,) * 4, 3.0, 3.5))
    assert told.cell_V == (3.0, 3.5)  # not looked for
    for made in (volts[1:], 2 * volts, volts + volts):
        assert not isinstance(made, bms.Cells)
    assert pickle.loads(pickle.dumps(volts)).extremes == (3.1, 3.4)


@pytest.mark.parametrize("missing", [(NAN, NAN), (3.1, NAN), (3.1, math.inf), (-math.inf, 3.4)])
def test_cells_that_tell_of_a_missing_one(missing: tuple[float, float]) -> None:
    r = readings(cell_voltage_V=bms.cells((3.1, NAN, 3.3, 3.4), *missing))
    assert r.cell_V is None and r.missing_cell == ("cell_voltage_V",)
    r = readings(cell_temperature_degC=bms.cells((25.0,), *missing))
    assert r.cell_degC is None and r.missing_cell == ("cell_temperature_degC",)
    too_few = readings(cell_voltage_V=bms.cells((3.1, 3.4), 3.1, 3.4))
    assert too_few.cell_V is None and too_few.missing_cell == ("cell_voltage_V",)


BARE = dict.fromkeys(bms.OPTIONAL_SENSORS)
NOT_FITTED: dict[str, None] = dict.fromkeys(CHANNELS[CHANNELS.index("system current in while off"):])
MISSING_VOLTS = {"cell_voltage_V": None, "cell over load threshold": None, "cell over pre-alarm threshold": None,
                 "battery voltage off its cells": None, "missing cell sensors": (1.0, 1.0)}
NO_PATH = {"battery above input under current": None, "path current while off": None, "drop over the open path": None}
CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (BARE, NOT_FITTED),
    ({"heatsink_degC": NAN}, {"missing port sensors": (1.0, 1.0)} | NO_PATH),
    ({"input_voltage_V": math.inf}, {"missing port sensors": (1.0, 1.0), "input_voltage_V": None} | NO_PATH),
    ({"fuse_sense_V": NAN}, {"missing port sensors": (1.0, 1.0)} | NO_PATH),
    ({"battery_voltage_V": NAN}, {
        "missing port sensors": (1.0, 1.0), "battery_voltage_V": None, "battery voltage off its cells": None,
        "drop over the closed system port": None, "system over battery voltage while locked": None} | NO_PATH),
    # A missing reading hides none that is out of range.
    ({"terminal_degC": NAN, "heatsink_degC": 181.0}, {
        "missing port sensors": (1.0, 1.0), "port sensors out of range": (1.0, 1.0)} | NO_PATH),
    ({"cell_voltage_V": low(NAN)}, MISSING_VOLTS), ({"cell_voltage_V": ()}, MISSING_VOLTS),
    ({"cell_voltage_V": (3.3,) * 3}, MISSING_VOLTS), ({"cell_voltage_V": (3.3,) * 8}, MISSING_VOLTS),
    ({"cell_temperature_degC": ()}, {"cell_temperature_degC": None, "missing cell sensors": (1.0, 1.0)}),
    ({"cell_temperature_degC": (25.0, NAN)}, {"cell_temperature_degC": None, "missing cell sensors": (1.0, 1.0)}),
    ({"cell_temperature_degC": (4.0, 51.0)}, {"cell_temperature_degC": (4.0, 51.0)}),
    ({"fuse_sense_V": 0.0031}, {"battery above input under current": (pytest.approx(0.6), pytest.approx(0.6)),
                                "drop over the open path": (0.0, 0.0)}),
    ({"fuse_sense_V": 0.00299}, {"drop over the open path": (0.0, 0.0)}),  # below 5 A
    ({"fuse_sense_V": 0.0012}, {"drop over the open path": (0.0, 0.0)}),  # 2 A: not less
    ({"battery_voltage_V": 13.5, "input_voltage_V": 14.0}, {
        "input_voltage_V": (14.0, 14.0), "battery_voltage_V": (13.5, 13.5),
        "battery voltage off its cells": (pytest.approx(0.1), pytest.approx(0.1)),
        "drop over the open path": (0.5, 0.5), "drop over the closed system port": (
            pytest.approx(0.2), pytest.approx(0.2))}),
    ({"battery_voltage_V": 13.0}, {
        "battery_voltage_V": (13.0, 13.0), "battery voltage off its cells": (pytest.approx(0.28),) * 2,
        "drop over the open path": (pytest.approx(-0.3),) * 2,
        "drop over the closed system port": (pytest.approx(-0.3),) * 2}),
    ({"system_current_A": NAN}, {"unusable system current": (1.0, 1.0), "system current in while off": None,
                                 "system current out while off": None}),
    ({"system_current_A": -950.1}, {"unusable system current": (1.0, 1.0), "system current in while off": None,
                                    "system current out while off": None}),
    ({"system_voltage_V": 60.0}, {"unusable auxiliary sensors": (1.0, 1.0), "drop over the closed system port": None,
                                  "system over battery voltage while locked": None}),
    # Without a bank sensor the sum of both ports counts.
    ({"battery_current_A": NAN}, {"unusable auxiliary sensors": (1.0, 1.0)}),
    ({"battery_current_A": 2e5, "fuse_sense_V": 0.03}, {
        "unusable auxiliary sensors": (1.0, 1.0), "bank current": (pytest.approx(30.0),) * 2,
        "battery above input under current": (pytest.approx(0.6),) * 2, "drop over the open path": (0.0, 0.0)}),
    ({"battery_current_A": None, "system_current_A": None}, {
        "bank current": None, "system current in while off": None, "system current out while off": None}),
    ({"remote_L_V": None, "remote_H_V": None}, {"remote level": None}),
    ({"remote_L_V": None}, {"remote level": (OFF, OFF)}),
    ({"remote_L_V": None, "remote_H_V": 13.0}, {"remote level": (ON, ON)}),
    ({"remote_H_V": None, "remote_L_V": 6.0}, {"remote level": (GUARD, GUARD)}),
]


@pytest.mark.parametrize(("given", "differs"), CASES, ids=[str(k) for k in range(len(CASES))])
def test_what_readings_say(given: dict[str, Any], differs: dict[str, Any]) -> None:
    assert seen(**given) == QUIET | differs


@pytest.mark.parametrize(
    ("gates", "given", "differs"),
    [
        (Gates(), {"fuse_sense_V": -0.006}, {
            "path current while off": (10.0, 10.0), "drop over the open path": (0.0, 0.0),
            "system current in while off": (-20.0, -20.0), "system current out while off": (20.0, 20.0)}),
        (Gates(charging=True, charge_gate=True), {}, {"system current out while off": (20.0, 20.0)}),
        (Gates(charging=True, discharge_gate=True), {}, {"system current in while off": (-20.0, -20.0)}),
        (Gates(True, True, False, True), {"system_voltage_V": 12.5}, {
            "system current out while off": (20.0, 20.0),
            "system over battery voltage while locked": (pytest.approx(-0.8),) * 2}),
    ],
)
def test_what_readings_say_depends_on_the_gates(gates: Gates, given: dict[str, Any], differs: dict[str, Any]) -> None:
    expected = {name: QUIET[name] for name in CHANNELS[13:20]} | differs
    found = seen(gates, **given)
    assert {name: pytest.approx(found[name]) for name in expected} == expected


def test_before_the_first_estimate_the_path_says_nothing() -> None:
    assert seen(ohm=None) == QUIET | NO_PATH
    assert readings(ohm=None).path_A is None and readings(ohm=None, battery_current_A=None).into_bank_A is None
    assert readings(fuse_sense_V=0.03).path_A == pytest.approx(50.0)
    assert readings(fuse_sense_V=0.03, battery_current_A=None).into_bank_A == pytest.approx(30.0)
    assert readings(fuse_sense_V=0.03, battery_current_A=None, system_current_A=None).into_bank_A is None
    assert readings(fuse_sense_V=0.03).into_bank_A == -20.0


@pytest.mark.parametrize(
    ("name", "low_end", "high_end"),
    [("input_voltage_V", -5.0, 59.5), ("fuse_sense_V", -0.045, 0.245), ("battery_voltage_V", 0.5, 20.0),
     ("heatsink_degC", -50.0, 180.0), ("terminal_degC", -50.0, 180.0), ("cell_voltage_V", 0.5, 4.8),
     ("cell_temperature_degC", -50.0, 110.0)],
)
def test_ends_of_the_sensors(name: str, low_end: float, high_end: float) -> None:
    cells = name.startswith("cell")
    channel = "cell sensors out of range" if cells else "port sensors out of range"
    for value, outside in (
        (low_end, False), (high_end, False), (math.nextafter(low_end, -99), True),
        (math.nextafter(high_end, 199), True),
    ):
        given: dict[str, Any] = {name: (value, *getattr(NORMAL, name)[1:]) if cells else value}
        assert seen(**given)[channel] == ((1.0, 1.0) if outside else (0.0, 0.0)), value
        assert seen(**given)["cell sensors out of range" if not cells else "port sensors out of range"] == (0.0, 0.0)


def test_usable() -> None:
    assert usable(None, "system_current_A") is None and usable(NAN, "system_current_A") is None
    assert usable(-950.0, "system_current_A") == -950.0 and usable(950.0, "system_current_A") == 950.0
    assert usable(950.1, "system_current_A") is None and usable(-950.1, "system_current_A") is None


def test_readings_tell_what_is_fitted_and_what_is_lost() -> None:
    fitted = readings()
    assert (fitted.system_A, fitted.system_V, fitted.bank_A, fitted.optional) == (-20.0, 13.3, -20.0, True)
    assert not fitted.system_lost and not fitted.auxiliary_lost and fitted.m.hardware_latch is False
    bare = readings(**BARE)
    assert (bare.system_A, bare.system_V, bare.bank_A) == (None, None, None)
    assert not bare.optional and not bare.system_lost and not bare.auxiliary_lost
    for name in bms.OPTIONAL_SENSORS:
        only: dict[str, Any] = BARE | {name: getattr(NORMAL, name)}
        assert readings(**only).optional, name
    assert readings(system_current_A=NAN).system_lost and not readings(system_current_A=NAN).auxiliary_lost
    assert readings(system_voltage_V=NAN).auxiliary_lost and not readings(system_voltage_V=NAN).system_lost
    assert readings(battery_current_A=NAN).auxiliary_lost
    partly = readings(system_current_A=None, system_voltage_V=None, battery_current_A=None)
    assert partly.optional and not partly.system_lost and not partly.auxiliary_lost


def test_names_of_what_is_missing() -> None:
    assert missing_ports(NORMAL) == ()
    assert missing_ports(replace(NORMAL, terminal_degC=NAN, fuse_sense_V=math.inf)) == ("fuse_sense_V", "terminal_degC")
    assert readings(cell_voltage_V=(3.3,) * 5, cell_temperature_degC=()).missing_cell == (
        "cell_voltage_V", "cell_temperature_degC"
    )
    assert readings(cell_voltage_V=(3.3, 3.3, NAN)).missing_cell == ("cell_voltage_V",)  # once


def test_distances_over_each_batterys_own_thresholds() -> None:
    own = (bms.BatteryThresholds(2.6, 2.9), bms.BatteryThresholds(2.8, 3.1))
    plan = bms.Settings(battery_count=2, battery_thresholds=own).plan
    found = seen(plan=plan, cell_voltage_V=(3.0, 3.01, 3.02, 3.03, 3.3, 3.25, 3.31, 3.32))
    assert found["cell over load threshold"] == (pytest.approx(0.4), pytest.approx(0.52))
    assert found["cell over pre-alarm threshold"] == (pytest.approx(0.1), pytest.approx(0.22))
    assert found["cell_voltage_V"] == (3.0, 3.32)
    assert seen(plan=plan, cell_voltage_V=(3.0,) * 7 + (NAN,))["cell over load threshold"] is None


@pytest.mark.parametrize(
    ("low_V", "high_V", "level"),
    [(4.99, 0.0, ON), (5.0, 0.0, GUARD), (6.5, 0.0, GUARD), (6.51, 0.0, OFF), (13.0, 1.99, OFF), (13.0, 2.0, GUARD),
     (13.0, 3.0, GUARD), (13.0, 3.01, ON), (NAN, NAN, OFF), (NAN, 3.01, ON), (None, None, OFF), (4.0, None, ON),
     (None, 3.0, GUARD), (5.5, 2.5, GUARD)],
)
def test_remote_terminals(low_V: float | None, high_V: float | None, level: float) -> None:
    assert remote_level(replace(NORMAL, remote_L_V=low_V, remote_H_V=high_V), F) == level


def test_a_current_just_at_its_limit_and_a_sense_that_is_missing() -> None:
    # 1 ohm, so that the figures are exact: 5 A are not above 5 A, and contradict nothing.
    assert seen(ohm=1.0, fuse_sense_V=5.0)["battery above input under current"] == (-LARGEST, -LARGEST)
    assert readings(fuse_sense_V=NAN).path_A is None
    bare: dict[str, Any] = BARE | {"cell_voltage_V": ()}
    found = readings(**bare)
    assert found.missing_cell == ("cell_voltage_V",)
    assert (found.system_lost, found.auxiliary_lost, found.optional) == (False, False, False)
