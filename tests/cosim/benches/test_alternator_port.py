"""A7 and A8 on the bench: CI runs the hardest pulses, `-m long` the whole list, cold and with shorter steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cosim.benches.alternator_port import (
    PortBench,
    PulseRun,
    cases,
    colder,
    conformance,
    energy_balance,
    fuse_melted,
    modes,
    run_pulse,
    table_text,
    tenth_heatsink_degC,
    with_shorter_steps,
)
from cosim.benches.limiter_bench import AVERAGED, BUCK, LINEAR
from cosim.benches.port_picture import draw_port
from cosim.benches.pulses import OPENINGS, PULSES, START_S, load_dump
from cosim.spice.session import SpiceSession
from models.fuse import load_fuse
from models.heat import load_box

BY_NAME = {pulse.name: pulse for pulse in (*PULSES, *OPENINGS)}
HARD = [
    ("A 101 V 4 ohm 400 ms", "off"), ("A 79 V 0.5 ohm 40 ms", "off"), ("A 79 V 0.5 ohm 400 ms", "on"),
    ("A 79 V 0.5 ohm 400 ms", "lift"), ("1 -150 V 10 ohm 2 ms", "on"), ("2a +112 V 2 ohm 50 us", "off"),
    ("3a -220 V 50 ohm 150 ns", "on"), ("3b +150 V 50 ohm 150 ns", "on"), ("opened at 225 A, 3 uH", "lift"),
    ("opened at 225 A, 5 uH", "lift"),
]


@pytest.mark.parametrize(("name", "mode"), HARD, ids=lambda text: text.replace(" ", "_"))
def test_a7_the_hardest_pulses_are_kept_off_the_battery(spice: SpiceSession, name: str, mode: str) -> None:
    run = run_pulse(spice, BY_NAME[name], mode)
    assert run.passed, run.failures
    assert run.battery_V < 13.6  # far below 18 V: 13.2 V at rest, 150 A through 1 mohm
    assert run.energy_J["pclamp"] < 0.01  # the path blocks; it does not clamp


def test_the_pulses_of_the_requirement_are_all_there() -> None:
    rated = [pulse.name for pulse in PULSES if pulse.rated]
    assert len(rated) == len(set(rated)) == 11
    dumps = ("A 101 V 4 ohm 40 ms", "A 101 V 4 ohm 400 ms", "A 79 V 0.5 ohm 40 ms", "A 79 V 0.5 ohm 400 ms", "B 35 V")
    for part in dumps:
        assert any(part in name for name in rated)
    assert {name.split()[0] for name in rated} == {"A", "B", "1", "2a", "2b", "3a", "3b"}
    assert [pulse.name for pulse in PULSES if not pulse.rated] == ["A 101 V 0.5 ohm 40 ms", "A 101 V 0.5 ohm 400 ms"]


def test_a_blocked_load_dump_stands_over_the_pass_devices(spice: SpiceSession) -> None:
    """By hand: 79 V; 330 uF of damper take 2.2 A behind 1.5 ohm while it rises, and nothing at the peak."""
    run = run_pulse(spice, BY_NAME["A 79 V 0.5 ohm 400 ms"], "off")
    assert run.input_V == pytest.approx(79.0, abs=1.0)
    drain = next(s for s in run.stresses if s.device == "q2a" and s.quantity == "drain voltage")
    assert drain.value == pytest.approx(run.input_V - 13.2 - 0.3, abs=0.3)  # body diode of Q1 at uA
    assert run.worst.margin == pytest.approx(1.0 - drain.value / 100.0)
    assert run.peak_A < 0.01


def test_a_lifted_limit_lets_the_battery_take_the_dump(spice: SpiceSession) -> None:
    """By hand, at the peak: (79 - 13.3) V / 0.5 ohm = 131 A from the pulse, less its droop into the load.

    The 14 V of supply keep feeding beside it; circuit_facts C: 173 A and 14.3 V at 101 V.
    """
    run = run_pulse(spice, BY_NAME["A 79 V 0.5 ohm 400 ms"], "lift")
    assert 110.0 < run.peak_A < 170.0
    assert run.input_V < 17.0
    assert 0.4 < run.lifted_s < 0.5
    assert run.fuse_melted < 0.2
    assert np.interp(START_S + 0.6, run.time_s, run.waves["i(vipin)"]) == pytest.approx(90.0, rel=5e-3)


def test_a_bench_that_breaks_a_rating_says_so(spice: SpiceSession) -> None:
    """Negative control: with its trip at 60 V the path rides the dump in linear mode, which no device endures."""
    run = run_pulse(spice, load_dump(79.0, 0.5, 0.4), "on", PortBench(parameters="vov=60"))
    assert not run.passed
    assert any("linear-mode power" in text for text in run.failures)
    assert "NO: " in table_text([run])


def test_another_battery_limit_is_noticed(spice: SpiceSession) -> None:
    run = run_pulse(spice, BY_NAME["3b +150 V 50 ohm 150 ns"], "on")
    assert run.failures == ()
    assert replace(run, battery_V=18.0).failures == ("battery 18.0 V",)
    assert replace(run, battery_V=float("nan")).failures == ("battery nan V",)
    assert replace(run, stud_V=25.0, over_s=201e-6).failures[0].startswith("stud 25.0 V, 201 us")
    assert replace(run, input_V=45.0, opening_s=201e-6).failures == ()  # a pulse holds it up
    opened = replace(run, pulse="opened at 90 A", input_V=25.0, opening_s=201e-6)
    assert opened.failures == ("input 25.0 V, 201 us above 18 V",)
    assert replace(opened, input_V=30.0, opening_s=0.0).failures == ("input 30.0 V, 0 us above 18 V",)


BUCK_HARD = [
    ("A 101 V 4 ohm 400 ms", "off"), ("A 79 V 0.5 ohm 400 ms", "on"), ("1 -150 V 10 ohm 2 ms", "on"),
    ("opened at 90 A, 5 uH", "on"),
]


@pytest.mark.parametrize(("name", "mode"), BUCK_HARD, ids=lambda text: text.replace(" ", "_"))
def test_a7_the_buck_blocks_as_well(spice: SpiceSession, name: str, mode: str) -> None:
    """By its averaged companion; the energy of the inductor is there when it opens (it was lost: 7.5 mJ, 0.9 %)."""
    run = run_pulse(spice, BY_NAME[name], mode, PortBench(AVERAGED))
    assert run.passed, run.failures
    assert run.battery_V < 13.6
    assert run.energy_J["pclamp"] < 0.01
    assert run.balance < 3e-3
    assert run.waves["v(mid)"].max() < 25.0  # the blocking switch keeps the dump off the 35 V bank


@pytest.mark.parametrize("bleeder_kohm", [60.7, 101.3, 130.8])
def test_a_dump_that_fades_through_the_trip_runs_with_any_bleeder(spice: SpiceSession, bleeder_kohm: float) -> None:
    """Half open for 0.5 ms without hysteresis, the averaged buck ended in 'timestep too small' at each of these."""
    pulse = BY_NAME["B 35 V 0.5 ohm 400 ms"]
    run = run_pulse(spice, pulse, "on", PortBench(AVERAGED, parameters=f"rbleed={1e3 * bleeder_kohm!r}"))
    assert run.passed, run.failures
    assert run.waves["v(ovp)"].max() > 0.9 and run.waves["v(ovp)"][-1] < 0.1
    released = run.waves["v(ovp)"][1:] < run.waves["v(ovp)"][:-1] - 1e-6
    assert run.waves["v(fb)"][1:][released].min() < 17.6


def test_without_its_blocking_switch_the_bank_of_the_buck_would_take_the_dump(spice: SpiceSession) -> None:
    """Negative control: a switch that opens a thousand times more slowly passes the dump on to the bank."""
    slow = PortBench(AVERAGED, parameters="goff=40m gtrip=0")
    dump = BY_NAME["A 79 V 0.5 ohm 40 ms"]._replace(source=load_dump(101.0, 0.5, 0.4).source)
    run = run_pulse(spice, dump, "on", slow)
    assert any(text.startswith("input bank: voltage") for text in run.failures)


@pytest.mark.long
@pytest.mark.parametrize(("name", "mode"), [("A 79 V 0.5 ohm 400 ms", "on"), ("opened at 90 A, 5 uH", "on")])
def test_the_switching_buck_does_what_its_companion_does(spice: SpiceSession, name: str, mode: str) -> None:
    real, mean = (run_pulse(spice, BY_NAME[name], mode, PortBench(c)) for c in (BUCK, AVERAGED))
    assert real.passed, real.failures
    assert real.waves["v(mid)"].max() == pytest.approx(mean.waves["v(mid)"].max(), abs=1.0)
    early = mean.time_s <= real.time_s[-1]
    assert real.input_V == pytest.approx(float(mean.waves["v(ab)"][early].max()), abs=1.0)


def test_a_circuit_is_only_asked_for_what_it_can_do() -> None:
    assert modes(LINEAR) == ("off", "on", "lift")
    assert modes(AVERAGED) == modes(BUCK) == ("off", "on")
    assert len(cases(LINEAR)) == 13 * 3 + 6
    assert len(cases(AVERAGED)) == 13 * 2 + 3
    assert not any("225 A" in pulse.name for pulse, _ in cases(BUCK))


def test_unknown_modes_are_refused(spice: SpiceSession) -> None:
    with pytest.raises(ValueError, match="allowed: off, on, lift"):
        run_pulse(spice, PULSES[0], "maybe")


def test_nine_pulses_warm_the_heatsink_by_hand() -> None:
    # 1500 J/K and 900 s: 15 J each, a minute apart: 0.01 K (e^-1/15 + ... + e^-9/15)
    box = load_box()
    expected_K = 0.01 * sum(np.exp(-k / 15.0) for k in range(1, 10))
    assert tenth_heatsink_degC(15.0, 60.0, box) - 60.0 == pytest.approx(expected_K)


def test_the_fuse_melts_at_its_integral() -> None:
    # 125 A fuse: 2.03e5 A2s; 1425 A for 0.1 s, short against the neck's 4 s, with a 1.2 % loss to the body
    time_s = np.linspace(0.0, 0.1, 201)
    melted = fuse_melted(time_s, np.full(201, 1425.0), 25.0, load_fuse(125.0))
    assert melted == pytest.approx(1425.0**2 * 0.1 / 2.03125e5, rel=0.02)


def test_missing_energy_shows_in_the_balance() -> None:
    time_s = np.array([0.0, 1.0])
    one = np.ones(2)
    waves = {"v(ab)": 10.0 * one, "i(vipin)": one, "v(lb)": 5.0 * one, "i(vipout)": one}
    waves["v(estored)"] = np.array([0.0, 1.0])
    assert energy_balance(time_s, waves, {"pq1": 4.0}) == pytest.approx(0.0)
    assert energy_balance(time_s, waves, {"pq1": 3.0}) == pytest.approx(1.0 / 3.0)


def test_the_picture_shows_every_mode_and_the_opening(spice: SpiceSession) -> None:
    pulse, opened = BY_NAME["2a +112 V 2 ohm 50 us"], OPENINGS[0]
    runs = [*(run_pulse(spice, pulse, mode) for mode in modes(LINEAR)), run_pulse(spice, opened, "on")]
    axes = draw_port(runs, pulse.name, opened.name).axes
    assert [len(axis.lines) for axis in axes] == [4, 3, 7, 4]
    assert np.max(np.asarray(axes[3].lines[0].get_ydata(), dtype=np.float64)) == pytest.approx(runs[3].input_V)


@pytest.mark.long
@pytest.mark.parametrize("degC", [-40.0, 85.0])
@pytest.mark.parametrize("fuse_A", [40.0, 100.0, 125.0])
def test_a7_every_pulse_in_every_mode(spice: SpiceSession, degC: float, fuse_A: float) -> None:
    bench = replace(colder(PortBench(), degC) if degC < 0.0 else PortBench(), fuse_A=fuse_A)
    runs: list[PulseRun] = [run_pulse(spice, pulse, mode, bench) for pulse, mode in cases(LINEAR)]
    print(table_text(runs))
    assert [run.failures for run in runs if run.rated and not run.passed] == []
    figures = conformance(runs)
    assert figures["runs"] == figures["runs_passed"] == 39.0
    assert figures["battery_peak_V"] < 18.0


@pytest.mark.long
@pytest.mark.parametrize(("name", "mode"), HARD[:6])
def test_shorter_steps_give_the_same(spice: SpiceSession, name: str, mode: str) -> None:
    coarse, fine = (run_pulse(spice, pulse, mode) for pulse in (BY_NAME[name], with_shorter_steps(BY_NAME[name], 4.0)))
    assert coarse.input_V == pytest.approx(fine.input_V, rel=2e-3)
    assert coarse.battery_V == pytest.approx(fine.battery_V, abs=0.02)
    assert coarse.worst.value == pytest.approx(fine.worst.value, rel=1e-2)
