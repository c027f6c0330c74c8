"""Fuse estimate and derating, against an independent fuse and box integrated in small steps."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

import bms
from bms import thermal

NORMAL = bms.Measurements(14.2, 0.0, 13.3, 25.0, 25.0, (3.3,) * 4, (25.0,) * 4)


@dataclass
class RealFuse:
    """Fuse as it is: C dT/dt = I^2 R - (T - T_terminal) / Rth, explicit steps of 50 ms."""

    r25_ohm: float = 0.60e-3
    rth_K_W: float = 10.5
    c_J_K: float = 4.0
    t_degC: float = 25.0

    def resistance(self) -> float:
        return self.r25_ohm * (1.0 + 0.0039 * (self.t_degC - 25.0))

    def warm(self, current_A: float, terminal_degC: float, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            heat_W = current_A**2 * self.resistance() - (self.t_degC - terminal_degC) / self.rth_K_W
            self.t_degC += 0.05 * heat_W / self.c_J_K


def limited_currents(
    ambient_degC: float, fuse: RealFuse, minutes: float, fixed_reference_V: float | None = None,
    rating_A: int = 100,
) -> list[float]:
    """Current behind an ideal limiter from a cold start; the terminal warms by 20 K within minutes."""
    config = bms.Settings(fuse_rating_A=rating_A)
    fuse.t_degC = ambient_degC
    state, commands, currents = bms.State(), bms.Commands(), []
    for tick in range(round(minutes * 600)):
        terminal_degC = ambient_degC + (20.0 * (1.0 - math.exp(-tick / 6000.0)) if tick > 5 else 0.0)
        reference_V = commands.sense_reference_V if fixed_reference_V is None else fixed_reference_V
        current_A = reference_V / fuse.resistance() if commands.alternator_enable else 0.0
        readings = replace(
            NORMAL, fuse_sense_V=round(current_A * fuse.resistance() / 2e-5) * 2e-5,
            terminal_degC=round(terminal_degC * 4) / 4, heatsink_degC=round(terminal_degC * 4) / 4,
        )
        state, commands, _, _ = bms.step(state, readings, config, 0.1 if tick else 0.0)
        fuse.warm(current_A, terminal_degC, 0.1)
        if current_A:
            currents.append(current_A)
    return currents


@pytest.mark.parametrize("ambient_degC", [-40.0, 25.0, 60.0])
def test_a3_a5_current_within_3_percent_from_a_cold_start_on(ambient_degC: float) -> None:
    currents = limited_currents(ambient_degC, RealFuse(), 30.0)
    assert min(currents) > 0.97 * 90.0 and max(currents) < 1.03 * 90.0
    assert currents[-1] == pytest.approx(90.0, rel=0.01)


@pytest.mark.parametrize("c_J_K", [3.2, 4.8])
def test_a_fuse_that_is_20_percent_faster_or_slower_stays_within_3_percent(c_J_K: float) -> None:
    currents = limited_currents(25.0, RealFuse(c_J_K=c_J_K), 3.0)
    assert min(currents) > 0.97 * 90.0 and max(currents) < 1.03 * 90.0


def test_every_fuse_rating_is_corrected() -> None:
    for rating_A, limit_A in ((40, 36.0), (60, 54.0), (80, 72.0), (125, 100.0)):
        scale = 100.0 / rating_A
        fuse = RealFuse(0.6e-3 * scale, 10.5 * scale, 4.0 / scale)
        currents = limited_currents(25.0, fuse, 2.0, rating_A=rating_A)
        assert max(abs(current / limit_A - 1.0) for current in currents) < 0.03


def test_without_correction_it_would_be_far_off() -> None:
    """circuit_facts: a fixed 67.5 mV gives 112 A cold and 90 A hot; 106 A at -40 degC, 81 A at 60 degC."""
    # 67.5 mV over 0.60 mohm is 112.5 A.
    assert limited_currents(25.0, RealFuse(), 0.02, 0.0675)[0] == pytest.approx(112.5, rel=1e-3)
    for ambient_degC, current_A in ((-40.0, 106.0), (60.0, 81.0)):
        fuse = RealFuse(t_degC=ambient_degC)
        for _ in range(3000):
            fuse.warm(0.0675 / fuse.resistance(), ambient_degC, 0.1)
        assert 0.0675 / fuse.resistance() == pytest.approx(current_A, rel=0.05)
        assert abs(0.0675 / fuse.resistance() / 90.0 - 1.0) > 0.08


@pytest.mark.parametrize(
    ("fuse", "low_A", "high_A"),
    [
        # 10 % more resistance gives 81.8 A, and a little more because the fuse stays cooler than estimated.
        (RealFuse(r25_ohm=0.66e-3), 81.8, 84.0),
        (RealFuse(r25_ohm=0.54e-3), 97.0, 100.0),
        (RealFuse(rth_K_W=12.6), 85.0, 89.5),
        (RealFuse(rth_K_W=8.4), 90.5, 95.0),
    ],
)
def test_a3_spread_of_real_fuses(fuse: RealFuse, low_A: float, high_A: float) -> None:
    assert low_A < limited_currents(25.0, fuse, 5.0)[-1] < high_A


def test_estimate_follows_a_restart_with_a_warm_fuse() -> None:
    """After a stop the estimate cools with the fuse: restart is as exact as a cold start."""
    config, fuse, state, commands = bms.Settings(), RealFuse(), bms.State(), bms.Commands()
    worst = 0.0
    for tick in range(2400):
        source_V = 11.0 if 1200 <= tick < 1230 else 14.2
        current_A = commands.sense_reference_V / fuse.resistance() if commands.alternator_enable else 0.0
        readings = replace(NORMAL, input_voltage_V=source_V, fuse_sense_V=current_A * fuse.resistance())
        state, commands, _, _ = bms.step(state, readings, config, 0.1 if tick else 0.0)
        fuse.warm(current_A, 25.0, 0.1)
        if current_A:
            worst = max(worst, abs(current_A / 90.0 - 1.0))
        assert state.fuse_estimate_degC == pytest.approx(fuse.t_degC, abs=6.0)
    assert worst < 0.03


def settled(readings: bms.Measurements, seconds: int = 60, rating_A: int = 100) -> bms.Commands:
    config, state, commands = bms.Settings(fuse_rating_A=rating_A), bms.State(), bms.Commands()
    for second in range(seconds):
        # No current while the port is off: that would be a path that is stuck on.
        shown = readings if commands.alternator_enable else replace(readings, fuse_sense_V=0.0)
        state, commands, _, _ = bms.step(state, shown, config, 1.0 if second else 0.0)
    return commands


@pytest.mark.parametrize(
    ("heatsink_degC", "limit_A"),
    # 90 A x (100 - T) / 15 K, on the 0.5 A grid, rounded down.
    [(25.0, 90.0), (85.0, 90.0), (85.25, 88.5), (92.5, 45.0), (94.0, 36.0), (98.0, 12.0)],
)
def test_a9_limit_falls_with_the_heatsink(heatsink_degC: float, limit_A: float) -> None:
    commands = settled(replace(NORMAL, heatsink_degC=heatsink_degC, battery_voltage_V=14.1))
    assert commands.current_limit_A == limit_A
    assert commands.alternator_enable
    assert commands.leds.over_temperature == (limit_A < 90.0)


@pytest.mark.parametrize(
    ("heatsink_degC", "drop_V", "limit_A"),
    # (150 - T) / (0.25 K/W x drop)
    [(80.0, 4.0, 70.0), (60.0, 5.0, 72.0), (85.0, 8.0, 32.5), (25.0, 1.0, 90.0)],
)
def test_a9_limit_falls_with_the_junction(heatsink_degC: float, drop_V: float, limit_A: float) -> None:
    # 5 mV on the fuse: little current, so the estimated junction does not trip before.
    hot = replace(
        NORMAL, heatsink_degC=heatsink_degC, input_voltage_V=13.2 + drop_V + 0.005, battery_voltage_V=13.2,
        fuse_sense_V=0.005,
    )
    assert settled(hot).current_limit_A == limit_A


def test_a9_junction_trips_one_sample_after_the_set_point_came_down() -> None:
    # The limiter is stuck: the current does not follow.
    # 0.054 V / 0.6 mohm = 90 A; 90 A x 6 V x 0.25 K/W = 135 K above 40 degC is 175 degC.
    config = bms.Settings()
    hot = replace(
        NORMAL, heatsink_degC=40.0, input_voltage_V=18.0, battery_voltage_V=11.946, fuse_sense_V=0.054
    )
    state, commands = bms.State(), bms.Commands()
    events = []
    for second in range(4):
        shown = hot if commands.alternator_enable else replace(hot, fuse_sense_V=0.0)
        state, commands, new, _ = bms.step(state, shown, config, 1.0 if second else 0.0)
        events += [(second, e.cause) for e in new if e.name is bms.EventName.FAULT_RAISED]
    assert events == [(3, bms.Fault.OVER_TEMPERATURE)]
    assert not commands.alternator_enable
    assert commands.leds.over_temperature


def test_a9_a_large_drop_derates_and_does_not_cycle() -> None:
    # As above, but the current obeys: (150 - 40) K / (0.25 K/W x 6 V) = 73.3 A, and the port stays on.
    state, commands = bms.State(), bms.Commands()
    for second in range(60):
        current_A = commands.current_limit_A if commands.alternator_enable else 0.0
        readings = replace(
            NORMAL, heatsink_degC=40.0, input_voltage_V=18.0, battery_voltage_V=12.0 - current_A * 0.6e-3,
            fuse_sense_V=current_A * 0.6e-3,
        )
        state, commands, new, _ = bms.step(state, readings, bms.Settings(), 1.0 if second else 0.0)
        assert not [e for e in new if e.name is bms.EventName.FAULT_RAISED]
    assert commands.alternator_enable
    assert commands.current_limit_A == pytest.approx(73.0, abs=1.0)


def test_a9_below_the_minimum_it_goes_off_and_returns_with_hysteresis() -> None:
    config, state = bms.Settings(), bms.State()
    on = []
    for second in range(240):
        # 98.5 degC allow 9 A (off), 96 degC 24 A (not yet back), 94 degC 36 A (back).
        heatsink_degC = 98.5 if 30 <= second < 90 else 96.0 if 90 <= second < 150 else 94.0
        readings = replace(NORMAL, heatsink_degC=heatsink_degC)
        state, commands, _, _ = bms.step(state, readings, config, 1.0 if second else 0.0)
        on.append(commands.alternator_enable)
    assert on.index(True) == 1
    assert not any(on[30:150])
    assert all(on[150:])


def test_a9_derating_is_monotone() -> None:
    for battery_V in (14.0, 11.0, 8.0):
        boxes = [
            replace(NORMAL, heatsink_degC=60.0 + 0.5 * k, battery_voltage_V=battery_V) for k in range(80)
        ]
        limits = [settled(box, 30).current_limit_A for box in boxes]
        assert all(later <= earlier for earlier, later in pairwise(limits))
        assert limits[0] > limits[-1] == 10.0


@pytest.mark.parametrize("ambient_degC", [25.0, 60.0])
def test_a9_a_hot_box_settles_without_chatter(ambient_degC: float) -> None:
    """Linear limiter in a box of 0.6 K/W and 1.5 kJ/K; less current leaves more drop (20 mohm around it)."""
    config, state, commands = bms.Settings(), bms.State(), bms.Commands()
    box_degC, limits = ambient_degC, []
    for tick in range(36_000):
        current_A = commands.current_limit_A if commands.alternator_enable else 0.0
        drop_V = 2.8 - 0.02 * current_A
        readings = replace(
            NORMAL, input_voltage_V=13.2 + drop_V, battery_voltage_V=13.2,
            fuse_sense_V=current_A / 90.0 * 0.0675, heatsink_degC=round(box_degC * 4) / 4,
            terminal_degC=round(box_degC * 2) / 4 + 12.5,
        )
        if tick % 10 == 0:
            state, commands, _, _ = bms.step(state, readings, config, 1.0 if tick else 0.0)
            limits.append(commands.current_limit_A)
        box_degC += 0.1 * (current_A * drop_V - (box_degC - ambient_degC) / 0.6) / 1500.0
    changes = [k for k in range(1, len(limits)) if limits[k] != limits[k - 1]]
    assert all(b - a >= 10 for a, b in pairwise(changes))
    last_half_hour = limits[1800:]
    assert max(last_half_hour) - min(last_half_hour) <= 2.0
    assert box_degC < 100.0
    assert commands.alternator_enable and commands.leds.over_temperature == (limits[-1] < 90.0)
    # The box settles where its loss is what it can shed: P = (T - ambient) / 0.6 K/W.
    loss_W = limits[-1] * (2.8 - 0.02 * limits[-1])
    assert loss_W == pytest.approx((box_degC - ambient_degC) / 0.6, rel=0.03)


@pytest.mark.parametrize("charging", [False, True])
@pytest.mark.parametrize(
    ("sense_V", "terminal_degC", "heatsink_degC"),
    [(0.0, 25.0, 25.0), (0.03, 25.0, 25.0), (0.0543, 25.0, 60.0), (0.0675, 60.0, 90.0), (0.0675, -40.0, 40.0),
     (0.12, 60.0, 97.0), (0.24, 150.0, 110.0), (-0.01, 90.0, 25.0)],
)
def test_five_minutes_at_once_are_three_hundred_samples(
    sense_V: float, terminal_degC: float, heatsink_degC: float, charging: bool
) -> None:
    """Heating and cooling, derated, shut down, beyond the resistance law: the same bits however time is divided."""
    config = bms.Settings()
    f, rating = config.firmware, config.plan.rating
    first = bms.step(bms.State(), replace(NORMAL, terminal_degC=25.0), config, 0.0).state.thermal
    assert first is not None
    m = replace(NORMAL, fuse_sense_V=sense_V, terminal_degC=terminal_degC, heatsink_degC=heatsink_degC)
    each = once = thermal.advance(first, m, 1_000, charging, rating, f)
    for now_ms in range(2_000, 300_001, 1_000):
        end_degC = each.sample.terminal_degC + 10.5 * each.sample.fuse_sense_V**2 / each.reference_ohm
        step_degC = end_degC + (each.fuse_degC - end_degC) * math.exp(-1.0 / 42.0)
        each = thermal.advance(each, m, now_ms, charging, rating, f)
        assert each.fuse_degC == pytest.approx(step_degC, abs=1e-9)  # no jump where the reference is renewed
    assert thermal.advance(once, m, 300_000, charging, rating, f) == each
    # And nothing but the estimate changes before the instant at which the look-ahead says that something may.
    until_ms = thermal.quiet_until_ms(once, 300_000, charging, rating, f)
    before = thermal.advance(once, m, until_ms - 1_000, charging, rating, f)
    assert before[2:] == once[2:] or until_ms == once.next_ms
    if until_ms < 300_000:
        assert thermal.advance(once, m, until_ms, charging, rating, f)[2:] != once[2:]


def each_and_at_once(state: thermal.Thermal, m: bms.Measurements, seconds: int) -> thermal.Thermal:
    """State after so many seconds, which is the same sample by sample and at once."""
    config = bms.Settings()
    f, rating, start_ms = config.firmware, config.plan.rating, state.next_ms
    each = once = thermal.advance(state, m, start_ms, True, rating, f)
    for now_ms in range(start_ms, start_ms + 1_000 * seconds + 1, 1_000):
        each = thermal.advance(each, m, now_ms, True, rating, f)
    assert thermal.advance(once, m, start_ms + 1_000 * seconds, True, rating, f) == each
    return each


def test_a_fuse_that_cools_renews_its_reference_and_a_limit_rises_by_steps_also_at_once() -> None:
    config = bms.Settings()
    state = thermal.begin(NORMAL, 0, config.plan.rating, config.firmware)
    warm = each_and_at_once(state, replace(NORMAL, fuse_sense_V=0.06), 200)
    # 0.06^2 / R(T) x 10.5 K/W above 25 degC: 77 degC, where R is 0.72 mohm; 200 s are 4.8 time constants.
    assert warm.fuse_degC > 70.0 and warm.reference_ohm > 6.9e-4
    cold = each_and_at_once(warm, NORMAL, 300)
    assert cold.reference_ohm == pytest.approx(6.0e-4, rel=0.003) and cold.fuse_degC < 26.0
    # 8 V over the path: (150 - 60) / (0.25 x 8) = 45 A; at 5 V 72 A are possible, 1 A each 10 s.
    hot = replace(NORMAL, heatsink_degC=60.0, battery_voltage_V=12.0, input_voltage_V=20.0)
    derated = each_and_at_once(cold, hot, 60)
    assert derated.limit_A == 45.0
    assert each_and_at_once(derated, replace(hot, input_voltage_V=17.0), 100).limit_A in (55.0, 56.0)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_only_a_reading_that_left_its_dead_band_is_taken_over(sign: float) -> None:
    config = bms.Settings()
    f, rating = config.firmware, config.plan.rating
    bands = {"fuse_sense_V": 3.0e-4, "terminal_degC": 0.25, "heatsink_degC": 0.25, "input_voltage_V": 0.05,
             "battery_voltage_V": 0.05}
    state = thermal.begin(NORMAL, 0, rating, f)
    for left, wide in bands.items():
        changes = {name: getattr(NORMAL, name) + 0.9 * sign * band for name, band in bands.items()}
        changes[left] = getattr(NORMAL, left) + 1.1 * sign * wide
        after = thermal.advance(state, replace(NORMAL, **changes), 1_000, True, rating, f)
        assert after.sample == state.sample._replace(**{left: changes[left]})
        changes[left] = math.nan
        after = thermal.advance(state, replace(NORMAL, **changes), 1_000, True, rating, f)
        assert after.sample == state.sample
    # The voltages say nothing while the port is off.
    moved = replace(NORMAL, input_voltage_V=9.0, battery_voltage_V=12.0, heatsink_degC=26.0)
    after = thermal.advance(state, moved, 1_000, False, rating, f)
    assert after.sample == state.sample._replace(heatsink_degC=26.0)


def test_a_sense_that_is_missing_does_not_keep_the_fuse_hot() -> None:
    """Found by a campaign: the sensor came back after four minutes, and 79.8 A flowed where 72 A were allowed."""
    config = bms.Settings()
    f, rating = config.firmware, config.plan.rating
    state = thermal.begin(NORMAL, 0, rating, f)
    for second in range(1, 301):
        state = thermal.advance(state, replace(NORMAL, fuse_sense_V=0.06), 1_000 * second, True, rating, f)
    assert state.fuse_degC > 70.0
    for second in range(301, 601):  # the fault has switched the port off
        state = thermal.advance(state, replace(NORMAL, fuse_sense_V=math.nan), 1_000 * second, False, rating, f)
    assert state.fuse_degC == pytest.approx(25.0, abs=0.5)


def test_a_look_that_finds_nothing_does_not_end_a_hold() -> None:
    """The set-point may move again 10 s after it last did; at rest it does not want to, and the hold goes on."""
    plan, f = bms.Settings().plan, bms.FirmwareParameters()
    state = bms.State()
    for tick in range(5):
        state = bms.step(state, NORMAL, bms.Settings(), 1.0 if tick else 0.0).state
    assert state.thermal is not None and state.thermal.next_ms == 5_000
    moved = state.thermal._replace(limit_changed_ms=3_000, charging=False)
    assert thermal._next_look_ms(moved, 65_000, False, plan.rating, f) == 13_000
    assert thermal.quiet_until_ms(moved, 65_000, False, plan.rating, f) == 65_000
