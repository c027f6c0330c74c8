from __future__ import annotations

import math
import signal
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.spice.session import SourceTable, SpiceOptions, SpiceSession

Array = NDArray[np.float64]

RC = """* rc
vin a 0 external
r1 a b 1k
c1 b 0 1u
"""
# A tenth of the session's default relative tolerance: these tests compare numerics with formulas.
FINE = SpiceOptions(reltol=1e-5, abstol=1e-9, vntol=1e-7, cshunt=0.0)


@pytest.fixture(scope="module")
def session() -> SpiceSession:
    return SpiceSession.open()


def table(**values: float) -> SourceTable:
    sources = SourceTable()
    for name, value in values.items():
        sources.hold(name, 0.0, value)
    return sources


def test_rc_step_follows_the_exponential(session: SpiceSession) -> None:
    sources = table(vin=0.0)
    corners = sources.ramp("vin", 1e-3, 5.0, 1e-6)
    waves = session.transient(
        RC,
        tstop_s=5e-3,
        tmax_s=2e-6,
        signals=["v(b)", "i(vin)"],
        sources=sources,
        breakpoints=corners,
        options=FINE,
    )
    tau_s = 1e-3
    after = waves.time_s >= corners[1]
    t = waves.time_s[after] - corners[1]
    start = 5.0 * (1.0 - tau_s / 1e-6 * (1.0 - math.exp(-1e-6 / tau_s)))  # end of the ramp, exactly
    expected = 5.0 + (start - 5.0) * np.exp(-t / tau_s)
    # 1e-5 of the step: the run's relative tolerance; the formula of Gear's method alone gives 2e-6 V.
    assert np.abs(waves["v(b)"][after] - expected).max() < 5e-5
    assert waves["i(vin)"][-1] == pytest.approx(-(5.0 - waves["v(b)"][-1]) / 1e3, rel=1e-6)
    assert waves.time_s[-1] == 5e-3
    assert not waves.stopped
    assert waves.retries == ()


def test_first_order_hold_equals_a_native_pwl_source(session: SpiceSession) -> None:
    points = [(0.0, 1.0), (1e-4, 1.0), (3e-4, 4.0), (6e-4, -2.0), (1e-3, 0.5)]
    pwl = " ".join(f"{t} {v}" for t, v in points)
    native = session.transient(
        RC.replace("external", f"pwl({pwl})"), tstop_s=1e-3, tmax_s=1e-6, signals=["v(b)"]
    )
    sources = SourceTable()
    for (t0, v0), (t1, v1) in pairwise(points):
        sources.hold("vin", t0, v0, (v1 - v0) / (t1 - t0))
    held = session.transient(
        RC,
        tstop_s=1e-3,
        tmax_s=1e-6,
        signals=["v(b)"],
        sources=sources,
        breakpoints=[t for t, _ in points[1:-1]],
    )
    grid = np.linspace(0.0, 1e-3, 1001)
    difference = np.interp(grid, native.time_s, native["v(b)"]) - np.interp(grid, held.time_s, held["v(b)"])
    assert np.abs(difference).max() < 1e-6
    assert np.ptp(held["v(b)"]) > 0.5


def test_battery_ode_in_the_hook_equals_native_elements(session: SpiceSession) -> None:
    """E(t) = 13 V - Q/C, integrated from the measured current, and one RC pair; natively two capacitors.

    The step is short, because both waveforms are interpolated to one grid (error h^2 / 8 times the
    curvature).
    """
    load = "vi bt m 0\nr0 be bt 10m\nl1 m n 1u\nrl n 0 1\nb1 n 0 i='5*(1+tanh((time-2m)/50u))'\n"
    capacity_F, r1_ohm, c1_F = 2.0, 5e-3, 1.0
    native = session.transient(
        f"* native\nc0 bx 0 {capacity_F}\nr1 bx be {r1_ohm}\nc1 bx be {c1_F}\n.ic v(bx)=13 v(be)=13\n" + load,
        tstop_s=10e-3,
        tmax_s=2e-6,
        signals=["v(bt)", "i(vi)"],
        use_initial_conditions=True,
        options=FINE,
    )
    sources = table(vemf=13.0)
    state = {"t": 0.0, "i": 0.0, "q": 0.0, "v1": 0.0}

    def on_accept(time_s: float, values: Array) -> None:
        dt_s, current_A = time_s - state["t"], float(values[1])
        if time_s > 0.0:
            mean_A = 0.5 * (current_A + state["i"])
            state["q"] += mean_A * dt_s
            decay = math.exp(-dt_s / (r1_ohm * c1_F))
            state["v1"] = decay * state["v1"] + (1.0 - decay) * r1_ohm * mean_A
        state["t"], state["i"] = time_s, current_A
        slope = -current_A / capacity_F - (current_A - state["v1"] / r1_ohm) / c1_F
        sources.hold("vemf", time_s, 13.0 - state["q"] / capacity_F - state["v1"], slope)

    coupled = session.transient(
        "* coupled\nvemf be 0 external\n" + load,
        tstop_s=10e-3,
        tmax_s=2e-6,
        signals=["v(bt)", "i(vi)"],
        sources=sources,
        on_accept=on_accept,
        use_initial_conditions=True,
        options=FINE,
    )
    grid = np.linspace(1e-3, 10e-3, 901)
    for name in ("v(bt)", "i(vi)"):
        a, b = (np.interp(grid, w.time_s, w[name]) for w in (native, coupled))
        assert np.abs(a - b).max() < 1e-4 * np.abs(a).max()
    assert state["v1"] > 0.05


def test_breakpoints_land_exactly(session: SpiceSession) -> None:
    ticks = [k * 1e-4 for k in range(1, 10)]
    extra = [1.0 / 3.0 * 1e-3, 1.0 / 3.0 * 1e-3 + 1e-9]
    seen: list[float] = []

    def on_accept(time_s: float, values: Array) -> Sequence[float] | None:
        seen.append(time_s)
        return extra if time_s == ticks[0] else None

    waves = session.transient(
        RC,
        tstop_s=1e-3,
        tmax_s=1e-3,
        signals=["v(b)"],
        sources=table(vin=1.0),
        breakpoints=ticks,
        on_accept=on_accept,
    )
    assert set(ticks) <= set(waves.time_s.tolist())
    assert set(extra) <= set(waves.time_s.tolist())
    assert seen == waves.time_s.tolist()
    assert seen[0] == 0.0
    assert np.all(np.diff(waves.time_s) > 0.0)


def test_ramp_started_in_a_hook_is_resolved(session: SpiceSession) -> None:
    """The charge through a capacitor is C times the voltage change only if the ramp's corners are hit."""
    sources = table(vin=0.0)

    def on_accept(time_s: float, values: Array) -> Sequence[float] | None:
        return sources.ramp("vin", time_s, 10.0, 2e-6)[1:] if time_s == 5e-4 else None

    waves = session.transient(
        RC,
        tstop_s=1e-3,
        tmax_s=1e-4,
        signals=["v(a)"],
        sources=sources,
        breakpoints=[5e-4],
        on_accept=on_accept,
    )
    v, t = waves["v(a)"], waves.time_s
    assert v[t == 5e-4] == 0.0
    assert v[t == 5e-4 + 2e-6] == pytest.approx(10.0, abs=1e-9)
    inside = (t > 5e-4) & (t < 5e-4 + 2e-6)
    assert inside.sum() >= 2
    assert np.allclose(v[inside], (t[inside] - 5e-4) * 5e6, atol=1e-6)


def test_early_stop_is_clean(session: SpiceSession) -> None:
    before = session.transient(RC, tstop_s=1e-3, tmax_s=1e-5, signals=["v(b)"], sources=table(vin=3.0))

    def on_accept(time_s: float, values: Array) -> None:
        if time_s >= 4e-4:
            session.request_stop()

    stopped = session.transient(
        RC,
        tstop_s=1e-3,
        tmax_s=1e-5,
        signals=["v(b)"],
        sources=table(vin=3.0),
        breakpoints=[4e-4],
        on_accept=on_accept,
    )
    assert stopped.stopped
    assert stopped.time_s[-1] == 4e-4
    after = session.transient(RC, tstop_s=1e-3, tmax_s=1e-5, signals=["v(b)"], sources=table(vin=3.0))
    assert np.array_equal(before.time_s, after.time_s)
    assert np.array_equal(before["v(b)"], after["v(b)"])
    assert not after.stopped


def test_two_runs_are_bit_identical(session: SpiceSession) -> None:
    def run() -> tuple[bytes, bytes]:
        sources = table(vin=1.0)

        def on_accept(time_s: float, values: Array) -> Sequence[float]:
            sources.hold("vin", time_s, 1.0 + 0.1 * math.sin(1e4 * time_s), 1e3 * math.cos(1e4 * time_s))
            return ((math.floor(time_s / 1e-4) + 1) * 1e-4,)

        waves = session.transient(
            RC + "d1 b 0 dd\n.model dd d\n",
            tstop_s=1e-3,
            tmax_s=2e-5,
            signals=["v(b)"],
            sources=sources,
            on_accept=on_accept,
        )
        return waves.time_s.tobytes(), waves["v(b)"].tobytes()

    first = run()
    session.operating_point("v1 a 0 1\nr1 a 0 1\n")
    assert run() == first


def test_signals_of_every_kind(session: SpiceSession) -> None:
    deck = "v1 in 0 2\nrfuse in x 1\nl1 x y 1u\nx1 y 0 s\n.subckt s p n\nr1 p q 1\nvs q n 0\n.ends\n"
    names = ["v(in)", "V(x1.q)", "i(v1)", "i(l1)", "i(v.x1.vs)", "@rfuse[p]"]
    waves = session.transient(deck, tstop_s=1e-4, tmax_s=1e-5, signals=names)
    assert [float(waves[n][-1]) for n in names] == pytest.approx(
        [2.0, 0.0, -1.0, 1.0, 1.0, 1.0], rel=1e-5, abs=1e-9
    )
    with pytest.raises(KeyError, match="was not recorded"):
        waves["v(nothing)"]


def test_sources_inside_subcircuits_and_current_sources(session: SpiceSession) -> None:
    sources = SourceTable(["i1", "v.x1.vs"])
    sources.hold("i1", 0.0, 2.0)
    sources.hold("v.x1.vs", 0.0, 3.0)
    deck = "i1 0 a external\nr1 a b 1\nx1 b s\n.subckt s p\nvs p 0 external\n.ends\n"
    waves = session.transient(deck, tstop_s=1e-4, tmax_s=1e-5, signals=["v(a)"], sources=sources)
    assert waves["v(a)"][-1] == pytest.approx(5.0, rel=1e-6)


def test_operating_point_sweep_and_ac_against_hand_values(session: SpiceSession) -> None:
    divider = "v1 a 0 dc 6 ac 1\nr1 a b 1k\nr2 b 0 2k\nc1 b 0 1u\n"
    found = session.operating_point(divider, signals=["@r1[p]"])
    assert found["v(b)"] == pytest.approx(4.0, rel=1e-9)
    assert found["i(v1)"] == pytest.approx(-2e-3, rel=1e-6)
    assert found["@r1[p]"] == pytest.approx(4e-3, rel=1e-6)
    swept, waves = session.dc_sweep(divider, ["v(b)"], source="v1", start=-3.0, stop=3.0, step=0.1)
    assert swept.size == 61
    assert np.allclose(waves["v(b)"], swept * 2.0 / 3.0, rtol=1e-6, atol=1e-9)
    frequency_Hz, response = session.ac(divider, ["v(b)"], points_per_decade=5, start_Hz=1.0, stop_Hz=1e5)
    expected = (2.0 / 3.0) / (1.0 + 2j * np.pi * frequency_Hz * 1e-6 * 2e3 / 3.0)
    assert np.allclose(response["v(b)"], expected, rtol=1e-4)  # cshunt is 1e-5 of the capacitor


def test_operating_point_reads_external_sources(session: SpiceSession) -> None:
    assert session.operating_point(RC, sources=table(vin=2.5))["v(b)"] == pytest.approx(2.5)


def test_thermal_device_temperature_comes_from_an_external_source(session: SpiceSession) -> None:
    """Cross-check with the self-test's hand law at a temperature that it does not use."""
    from cosim.spice.selftest import hand_resistance_ohm, reference_deck

    deck = reference_deck().replace("vt0 tj0 0 -67.0", "vt0 tj0 0 external")
    assert "external" in deck
    found = session.operating_point(deck, sources=table(vt0=100.0 - 27.0))
    assert found["v(d0)"] == pytest.approx(hand_resistance_ohm(100.0), rel=5e-4)


def test_progress_rises_to_the_end(session: SpiceSession) -> None:
    seen: list[float] = []
    session.transient(
        RC, tstop_s=1e-3, tmax_s=1e-6, signals=["v(b)"], sources=table(vin=1.0), progress=seen.append
    )
    assert len(seen) >= 3
    assert seen == sorted(seen)
    assert 0.0 <= seen[0] <= seen[-1] <= 1.0


def test_no_growth_over_300_windows(session: SpiceSession) -> None:
    def resident_kB() -> int:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4

    def window() -> None:
        session.transient(RC, tstop_s=1e-3, tmax_s=1e-5, signals=["v(b)"], sources=table(vin=1.0))

    try:
        resident_kB()
    except OSError:
        pytest.skip("needs /proc")
    for _ in range(50):
        window()
    before_kB = resident_kB()
    for _ in range(300):
        window()
    # Without `remcirc` and `destroy all` 68..83 kB stay behind per window [engine_facts].
    assert resident_kB() - before_kB < 300 * 8


def test_the_signal_handler_is_put_back(session: SpiceSession) -> None:
    before = signal.getsignal(signal.SIGINT)
    session.transient(RC, tstop_s=1e-4, tmax_s=1e-5, signals=["v(b)"], sources=table(vin=1.0))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_hook_limits_the_steps_that_follow(session: SpiceSession) -> None:
    """Steps up to the limit of the moment, ends as ever, and nothing left for the next run."""

    def on_accept(time_s: float, values: Array) -> None:
        session.longest_step_s[0] = 1e-5 if 2e-3 <= time_s < 3e-3 else 0.0

    waves = session.transient(RC, tstop_s=5e-3, tmax_s=5e-4, signals=["v(b)"], sources=table(vin=1.0),
                              on_accept=on_accept)
    steps, begin = np.diff(waves.time_s), waves.time_s[:-1]
    inside = (begin >= 2e-3) & (begin < 3e-3)
    assert steps[inside].max() <= 1e-5 * (1.0 + 1e-9)
    assert steps[~inside].max() > 1e-4
    assert waves.time_s[-1] == 5e-3
    assert session.longest_step_s[0] == 0.0
