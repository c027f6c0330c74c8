"""The System+ path on the bench: loss, short circuits, steps, latch and reset, pre-charge, one direction blocked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.benches.loops_besides import BYPASS_A, bypass_margin
from cosim.circuit.safe_area import DeviceWaves, tvs_stresses
from cosim.spice.session import SpiceSession, Waveforms
from models.ratings import load_tvs

Array = NDArray[np.float64]
ON = "pwl(0 0 20u 0 21u 1)"
SIGNALS = (
    "v(lb)", "v(sys)", "i(vsys)", "v(isense)", "v(latch)", "v(pqd)", "v(pqc)", "v(pother)", "v(pclamp)", "v(estored)",
    "v(cs)", "i(vemf)", "v(xp.dd)",
)


@dataclass(frozen=True)
class Bench:
    """Values of the bench; commands as SPICE source text. Battery 13.3 V behind 2.5 mohm and 1.15 uH."""

    load: str
    charge: str = ON
    discharge: str = ON
    precharge: str = "0"
    reset: str = "0"
    junction_degC: float = 25.0
    parameters: str = ""
    battery_H: float = 1.15e-6
    battery_ohm: float = 2.5e-3

    def deck(self) -> str:
        """Deck body; `load` stands between node `sys` and ground."""
        return f"""* system bench
.include devices.lib
.include plant.cir
.include system_path.cir
vemf xe 0 13.3
vchg chg 0 {self.charge}
vdis dis 0 {self.discharge}
vpre pre 0 {self.precharge}
vrst rst 0 {self.reset}
vtd tqd 0 {self.junction_degC!r}
vtc tqc 0 {self.junction_degC!r}
xbat lb 0 xe battery r={self.battery_ohm!r} l={self.battery_H!r}
vsys stud sys 0
xp lb stud 0 chg dis pre rst tqd tqc isense latch cs pqd pqc pother pclamp estored system_path {self.parameters}
{self.load}
"""


def run(spice: SpiceSession, bench: Bench, stop_s: float, step_s: float) -> Waveforms:
    waves = spice.transient(bench.deck(), tstop_s=stop_s, tmax_s=step_s, signals=list(SIGNALS))
    assert waves.retries == ()
    return waves


def integral(waves: Waveforms, value: Array, since_s: float = 0.0) -> float:
    return float(np.trapezoid(np.where(waves.time_s >= since_s, value, 0.0), waves.time_s))


def test_s1_loss_at_200_A_both_ways(spice: SpiceSession) -> None:
    """By hand at 25 degC: 200^2 (2 (0.125 + 0.03) + 0.1) mohm = 16.4 W; circuit facts: 17..20 W."""
    for load in ("il sys 0 200", "il 0 sys 200"):
        waves = run(spice, Bench(load.replace("200", "pwl(0 0 1m 0 1.1m 200)")), 4e-3, 5e-6)
        loss_W = sum(float(waves[f"v({name})"][-1]) for name in ("pqd", "pqc", "pother"))
        assert 15.0 < loss_W < 20.0
        drop_V = abs(float(waves["v(lb)"][-1] - waves["v(sys)"][-1]))
        assert drop_V * 200.0 == pytest.approx(loss_W, rel=5e-3)
        assert waves["v(pclamp)"][-1] < 0.01


@pytest.mark.parametrize("junction_degC", [-40.0, 25.0, 125.0])
@pytest.mark.parametrize("cable_H", [0.2e-6, 1e-6, 5e-6])
def test_s2_a_short_of_2_mohm_latches_at_700_A(
    spice: SpiceSession, cable_H: float, junction_degC: float
) -> None:
    load = (
        f"ll sys l1 {cable_H!r}\nrll sys l1 50\nrl l1 0 0.1\n"
        "bsh l1 0 I=V(l1)/2m*min(max((time-300u)/1u,0),1)"
    )
    waves = run(spice, Bench(load, junction_degC=junction_degC), 1.2e-3, 0.5e-6)
    time_s, current = waves.time_s, waves["v(isense)"]
    late = time_s > 300e-6
    crossing_s = time_s[late & (current > 630.0)][0]
    assert 630.0 < current.max() < 770.0
    assert waves["i(vsys)"].max() < 850.0
    # from crossing to below 5 A in 10 us; and it stays so
    crossed_700_s = time_s[late & (current > 700.0)][0]
    assert crossed_700_s >= crossing_s
    assert np.abs(current[time_s > crossed_700_s + 10e-6]).max() < 5.0
    assert waves["v(latch)"][-1] == pytest.approx(1.0, abs=1e-2)
    # Ratings: the 60 V of the banks, seen at their drains, avalanche unused; clamps carry the cables' energy by hand
    assert waves["v(lb)"].max() < 30.0
    assert waves["v(sys)"].min() > -1.5
    # By hand: 20 V at the stud, and 5 nH on either side at 2.8 kA/us, 14 V each; a tenth of the rating is kept
    assert 40.0 < (waves["v(xp.dd)"] - waves["v(cs)"]).max() < 0.9 * 60.0
    cable_J = 0.5 * 1.15e-6 * 700.0**2
    clamped_J = integral(waves, waves["v(pclamp)"], crossed_700_s)
    assert cable_J < clamped_J < 3.0 * (cable_J + 0.5 * cable_H * 700.0**2)
    switched_J = integral(waves, waves["v(pqd)"] + waves["v(pqc)"], 300e-6)
    # 0.1 J on 8 dies of 20 mm2 x 0.2 mm (1.6 J/cm3K, 6 mJ/K each; ours) warm them by 2 K; 8..33 mJ were measured.
    assert switched_J < 0.1


@pytest.mark.parametrize("junction_degC", [-40.0, 25.0, 125.0])
def test_s2_steps_to_390_A_do_not_trip(spice: SpiceSession, junction_degC: float) -> None:
    load = "ll sys l1 1u\nrll sys l1 50\nil l1 0 pwl(0 0 300u 0 302u 390)"
    waves = run(spice, Bench(load, junction_degC=junction_degC), 2e-3, 1e-6)
    assert waves["v(latch)"].max() < 0.01
    assert waves["v(isense)"][-1] == pytest.approx(390.0, rel=1e-3)
    assert waves["v(isense)"].max() < 400.0


def test_the_latch_holds_until_reset_and_can_start_set(spice: SpiceSession) -> None:
    pulse = "pwl(0 0 300u 0 310u 760 600u 760 610u 20)"
    load = f"bl sys 0 I=V(dem)*min(max(V(sys),0),1)\nvd dem 0 {pulse}"
    waves = run(spice, Bench(load, reset="pwl(0 0 2m 0 2.001m 1 2.1m 1 2.101m 0)"), 4e-3, 1e-6)
    at = np.searchsorted(waves.time_s, [250e-6, 1.9e-3, 3.9e-3])
    assert waves["v(latch)"][at] == pytest.approx([0.0, 1.0, 0.0], abs=0.01)
    assert waves["v(isense)"][at[1]] == pytest.approx(0.0, abs=0.1)
    assert waves["v(isense)"][at[2]] == pytest.approx(20.0, abs=0.2)
    held = run(spice, Bench("rl sys 0 1", parameters="latch0=1"), 1e-3, 5e-6)
    assert held["v(latch)"].min() > 0.99
    assert abs(held["v(sys)"][-1]) < 0.05


def test_s6_present_plugged_in_and_drawing_during_precharge(spice: SpiceSession) -> None:
    """50 mF: pre-charged in 1 s to 13.3 (1 - exp(-1 / 0.325)) = 12.69 V and closed without a trip; plugged into a live
    port it latches after about 0.1 ms (circuit facts); beside 1.5 A the port stops at 13.3 - 6.5 x 1.5 = 3.6 V."""
    bank, late = "cl sys cx 50m\nrcl cx 0 5m", "pwl(0 0 1 0 1.000001 1)"
    first = Bench(bank, charge=late, discharge=late, precharge="pwl(0 0 1m 0 1.001m 1 1 1 1.000001 0)")
    waves = run(spice, first, 1.2, 1e-3)
    before = np.searchsorted(waves.time_s, 0.999)
    assert waves["v(sys)"][before] == pytest.approx(13.3 * (1.0 - np.exp(-0.998 / 0.325)), abs=0.05)
    assert waves["v(latch)"].max() < 0.01
    assert waves["v(isense)"].max() < 100.0
    assert waves["v(sys)"][-1] == pytest.approx(13.3, abs=0.01)
    switch = "sw sys cp on 0 swm\nvon on 0 pwl(0 0 1m 0 1.001m 1)\n.model swm sw vt=0.5 vh=0.1 ron=3m roff=1e6\n"
    waves = run(spice, Bench(switch + bank.replace("sys", "cp")), 3e-3, 1e-6)
    latched_s = waves.time_s[np.flatnonzero(waves["v(latch)"] > 0.5)[0]] - 1e-3
    assert 60e-6 < latched_s < 150e-6
    assert waves["v(isense)"].max() < 850.0
    drawing = Bench(bank + "\nil sys 0 1.5", charge="0", discharge="0", precharge="pwl(0 0 1m 0 1.001m 1)")
    assert run(spice, drawing, 2.2, 1e-3)["v(sys)"][-1] == pytest.approx(13.3 - 6.5 * 1.5, abs=0.05)


@pytest.mark.parametrize(("charge", "discharge", "sign"), [("0", ON, 1.0), (ON, "0", -1.0)])
@pytest.mark.parametrize("current_A", [5.0, 60.0, 200.0])
def test_s5_the_blocked_bank_carries_the_allowed_direction_without_its_body_diode(
    spice: SpiceSession, charge: str, discharge: str, sign: float, current_A: float
) -> None:
    load = f"il sys 0 pwl(0 0 1m 0 2m {sign * current_A!r})"
    waves = run(spice, Bench(load, charge=charge, discharge=discharge), 25e-3, 5e-6)
    assert waves["v(isense)"][-1] == pytest.approx(sign * current_A, rel=2e-3, abs=0.02)
    bank = "v(pqc)" if sign > 0 else "v(pqd)"
    assert waves[bank][-1] < 1.1 * max(0.02 * current_A, 0.196e-3 * current_A**2)


@pytest.mark.parametrize(("charge", "discharge", "sign"), [("0", ON, 1.0), (ON, "0", -1.0)])
def test_s3_s4_the_blocked_direction_ends_in_nothing(
    spice: SpiceSession, charge: str, discharge: str, sign: float
) -> None:
    """200 A the allowed way, then a source of 16 V (or a load of 50 A) turns the current round within 0.1 ms."""
    clamp = "dx l1 vx SCH\nvx vx 0 16" if sign > 0 else "dx 0 l1 SCH"
    turn = f"il l1 0 pwl(0 0 1m 0 2m {sign * 200} 10m {sign * 200} 10.1m {-sign * 50})"
    load = f"ll sys l1 1u\nrll sys l1 50\n{turn}\n{clamp}"
    waves = run(spice, Bench(load, charge=charge, discharge=discharge), 20e-3, 2e-6)
    backwards = -sign * waves["v(isense)"]
    assert backwards[-1] < 1e-3
    assert integral(waves, np.maximum(backwards, 0.0)) < 5e-3  # the turn itself: below 60 A for below 0.1 ms
    assert abs(waves["v(sys)"][-1] - waves["v(lb)"][-1]) > 1.0


CHARGER_V, CLAMP_V = 16.0, 18.7
"""Behind a charger's cable; breakdown of the suppressors at 5 mA (devices.lib)."""


def cut_off(spice: SpiceSession, cable_H: float, junction_degC: float, parameters: str = "") -> Waveforms:
    """The charge gate opens at 6 ms under some 195 A from a source behind a cable."""
    load = f"vch ch 0 {CHARGER_V!r}\nlch ch c1 {cable_H!r}\nrlch ch c1 50\nrch c1 sys 11m"
    bench = Bench(load, charge="pwl(0 0 20u 0 21u 1 6m 1 6.001m 0)", junction_degC=junction_degC, parameters=parameters)
    names = [*SIGNALS, "v(xp.dc)", "i(v.xp.vts)"]
    waves = spice.transient(bench.deck(), tstop_s=8e-3, tmax_s=0.5e-6, signals=names)
    assert waves.retries == ()
    return waves


@pytest.mark.parametrize("junction_degC", [-40.0, 125.0])
@pytest.mark.parametrize("cable_H", [0.2e-6, 1e-6, 5e-6])
def test_s4_a_charger_that_is_cut_off_is_clamped_far_below_the_banks(
    spice: SpiceSession, cable_H: float, junction_degC: float
) -> None:
    """By hand: two suppressors at half the current each; the cable's current falls by what they hold above it."""
    waves = cut_off(spice, cable_H, junction_degC)
    current_A = -float(np.interp(5.99e-3, waves.time_s, waves["v(isense)"]))
    assert current_A == pytest.approx(194.0, abs=3.0)
    clamp_V = CLAMP_V + 3.0 * 0.026 * np.log(0.5 * current_A / 5e-3) + 0.5 * current_A * 26e-3
    assert clamp_V - 0.6 < waves["v(sys)"].max() < clamp_V + 0.1  # the dampers take the first of a short cable
    assert (waves["v(xp.dc)"] - waves["v(cs)"]).max() < 25.0  # 60 V devices
    power_W = -waves["v(sys)"] * waves["i(v.xp.vts)"]
    by_hand_J = 0.5 * cable_H * current_A**2 * clamp_V / (clamp_V - CHARGER_V)
    assert 0.4 * by_hand_J < integral(waves, power_W, 6e-3) < 1.1 * by_hand_J
    each = DeviceWaves("clamp at sys", waves.time_s, waves["v(sys)"], power_W / 2.0, np.full(1, 25.0), 60.0)
    for stress in tvs_stresses(each, load_tvs("ratings_sm8s16a")):
        assert stress.value < 0.5 * stress.limit, stress
    assert waves["v(isense)"][-1] == pytest.approx(0.0, abs=1e-3)


def test_s4_without_the_suppressors_the_port_meets_the_ratings(spice: SpiceSession) -> None:
    """Negative control."""
    assert cut_off(spice, 5e-6, 25.0, "ntsy=1u")["v(sys)"].max() > 55.0


def test_power_and_stored_energy_add_up(spice: SpiceSession) -> None:
    """Over a short: what came in at both studs is what was lost in the parts, less what is stored."""
    load = "ll sys l1 1u\nrll sys l1 50\nrl l1 0 0.1\nbsh l1 0 I=V(l1)/2m*min(max((time-300u)/1u,0),1)"
    # Out of the port: i(vsys), freewheeling included. Into lb: the battery's inductance (its 20 ohm carry below 1 A).
    names = [*SIGNALS, "i(l.xbat.ls)"]
    waves = spice.transient(Bench(load).deck(), tstop_s=1e-3, tmax_s=0.1e-6, signals=names)
    into_J = integral(waves, waves["v(lb)"] * waves["i(l.xbat.ls)"] - waves["v(sys)"] * waves["i(vsys)"])
    lost_J = sum(integral(waves, waves[f"v({name})"]) for name in ("pqd", "pqc", "pother", "pclamp"))
    stored_J = float(waves["v(estored)"][-1] - waves["v(estored)"][0])
    assert into_J == pytest.approx(lost_J + stored_J, rel=0.01)


@pytest.mark.parametrize("junction_degC", [-40.0, 125.0])
@pytest.mark.parametrize("current_A", BYPASS_A)
@pytest.mark.parametrize("way", ["out", "in"])
def test_phase_margin_of_the_bypass(
    spice: SpiceSession, way: str, current_A: float, junction_degC: float
) -> None:
    """The loop opened at tpd or tpc (AC), its operating point that of a settled transient."""
    found = bypass_margin(spice, way, current_A, junction_degC)
    assert found.phase_deg > 45.0, found
