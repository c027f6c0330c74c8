"""A converter in the alternator path (buck): what it gives out is not what its fuse carries (A3, A11)."""

from dataclasses import replace

import pytest

import bms
from bms import EventName, bank, thermal
from bms.channels import is_quiet, read
from tests.bms.rig import NORMAL, Rig

BUCK = bms.FirmwareParameters(converter_efficiency=0.98)
BARE = replace(NORMAL, **dict.fromkeys(bms.OPTIONAL_SENSORS))  # type: ignore[arg-type]


@pytest.mark.parametrize(("input_V", "sense_V", "battery_V", "ratio"), [
    (14.4, 0.0675, 12.8, 0.98 * 14.3325 / 12.8),  # 1.097: 90 A in, 98.8 A out
    (14.4, 0.0675, 14.2, 1.0),  # passes through: no converter raises a voltage
    (13.8, 0.0, 13.3, 0.98 * 13.8 / 13.3),
])
def test_the_ratio_is_that_of_the_powers(input_V: float, sense_V: float, battery_V: float, ratio: float) -> None:
    sample = thermal.Sample(sense_V, 25.0, 25.0, input_V, battery_V)
    assert thermal.output_ratio(sample, BUCK) == pytest.approx(ratio, rel=1e-12)


def test_current_into_the_bank_by_what_is_fitted() -> None:
    """60 A in the fuse (36 mV over 0.6 mohm), 66 A out; what the bank's own sensor says is better than any estimate."""
    plan = bms.Settings(firmware=BUCK).plan
    m = replace(NORMAL, fuse_sense_V=0.036)

    def into(m: bms.Measurements, ratio: float | None) -> float | None:
        return read(m, plan, (), 6e-4, ratio).into_bank_A

    assert into(m, 1.1) == -20.0
    assert into(replace(m, battery_current_A=None), 1.1) == pytest.approx(46.0)
    assert into(replace(m, battery_current_A=float("nan")), 1.1) == pytest.approx(46.0)
    assert into(replace(m, battery_current_A=None), None) == pytest.approx(40.0)
    bare = replace(BARE, fuse_sense_V=0.036)
    assert into(bare, 1.1) == pytest.approx(66.0)
    assert into(bare, None) is None  # a series limiter gives no bank too much
    assert into(replace(bare, system_current_A=float("nan")), 1.1) is None  # fitted, but lost: not known


def charging(rig: Rig, ticks: int, amps: float) -> None:
    rig.run(ticks, input_voltage_V=14.5, fuse_sense_V=amps * 4.8e-4)


def test_a_small_bank_behind_a_buck_is_protected_without_any_current_sensor() -> None:
    """50 Ah, 100 A allowed, fuse of 125 A: 100 A at its limit are 114 A into 12.4 V. The excess counts at the fuse.

    Cells of 3.1 V; 0.98 (14.5 - 0.048) / 12.4 = 1.142; 14.2 A / 1.142 = 12.4 A: the limit goes to 87.5 A.
    """
    rig = Rig(battery_capacity_Ah=50, fuse_rating_A=125, firmware=BUCK)
    rig.m = replace(BARE, battery_voltage_V=12.4, cell_voltage_V=(3.12,) * 4)
    rig.leaky = True
    charging(rig, 8, 0.0)
    assert rig.commands.alternator_enable and rig.commands.current_limit_A == 100.0
    charging(rig, 42, 100.0)
    assert rig.when(EventName.BANK_LIMITED) == [pytest.approx(20, abs=10)]
    assert rig.commands.current_limit_A == 87.5
    charging(rig, 250, 87.0)  # 99.4 A: nothing more happens, and room for 5 A more is not there
    assert rig.commands.current_limit_A == 87.5 and not rig.when(EventName.BANK_RELEASED)


def test_a_series_limiter_is_left_alone() -> None:
    rig = Rig(battery_capacity_Ah=50, fuse_rating_A=125)
    rig.m = replace(BARE, battery_voltage_V=12.4, cell_voltage_V=(3.12,) * 4)
    rig.leaky = True
    charging(rig, 8, 0.0)
    charging(rig, 100, 101.0)
    assert rig.commands.current_limit_A == 100.0 and not rig.when(EventName.BANK_LIMITED)


def test_the_hold_of_a_bank_behind_a_buck_ends_before_its_limit() -> None:
    """80 A in, 91.4 A out: 8.6 A are left, 7.5 A of fuse current, 3.6 mV."""
    rig = Rig(battery_capacity_Ah=50, fuse_rating_A=125, firmware=BUCK)
    rig.m = replace(BARE, battery_voltage_V=12.4, cell_voltage_V=(3.12,) * 4)
    rig.leaky = True
    charging(rig, 8, 0.0)
    charging(rig, 32, 80.0)
    state = rig.state
    assert state.thermal is not None
    ratio = thermal.output_ratio(state.thermal.sample, BUCK)
    most_V = 100.0 / ratio * state.thermal.reference_ohm
    assert dict(rig.hold.between)["fuse_sense_V"][1] == pytest.approx(most_V, rel=1e-6)


def test_a_call_with_too_much_for_the_bank_is_not_a_quiet_one() -> None:
    """100 A in are 114 A out of a bank's 100 A, though no sensor but the fuse's tells it."""
    settings = bms.Settings(battery_capacity_Ah=50, fuse_rating_A=125, firmware=BUCK)
    m = replace(BARE, input_voltage_V=14.5, battery_voltage_V=12.4, cell_voltage_V=(3.12,) * 4)
    for amps, quiet in ((80.0, True), (100.0, False)):
        r = read(replace(m, fuse_sense_V=amps * 4.8e-4), settings.plan, (), 4.8e-4, 1.14)
        assert is_quiet(r, True, settings.plan, BUCK) == quiet


def test_a_fuse_in_front_of_a_buck_is_not_taken_for_a_wrong_one() -> None:
    """60 A in the fuse, 68.5 A more into the bank: 14 % beyond what a series limiter's check allows (11.8 %)."""
    for firmware, wrong in ((BUCK, False), (bms.FirmwareParameters(), True)):
        rig = Rig(firmware=firmware)
        rig.leaky = True
        low = {"battery_voltage_V": 12.4, "cell_voltage_V": (3.12,) * 4, "system_voltage_V": 12.4}
        rig.run(8, input_voltage_V=14.5, **low)
        rig.run(250, fuse_sense_V=60.0 * 6e-4, battery_current_A=48.5)
        assert rig.state.fuse.wrong == wrong


def test_the_excess_counts_at_the_fuse() -> None:
    f = bms.FirmwareParameters()
    for ratio, left_A in ((None, 80.0), (1.0, 80.0), (1.25, 84.0)):
        assert bank.capped(bank.Cap(), 100.0, 100.0, 120.0, True, 100.0, 0, f, ratio).cap_A == left_A
