"""Bench of requirement A7: an alternator path, linear or buck, between a test generator and the battery.

One run is one pulse in one state of the path (`modes`). What it gives is judged against A7 (battery terminals below
18 V; battery stud below 30 V and above 18 V for at most 200 us; the input stud as well when the path opens under
current) and A8 (no rating of any device exceeded, with the heat of nine earlier pulses, a minute apart, already in the
heatsink). Devices, their classes and ratings are read from the netlist, so that any circuit with these ports can be
tested. A switching circuit is enabled late and only followed for `SWITCHING_S` after the pulse begins.

    python -m cosim.benches.alternator_port                              # the whole table, linear
    python -m cosim.benches.alternator_port alternator_path_buck_avg     # the buck by its averaged companion
    run_pulse(session, PULSES[0], "on").passed                           # one run

The battery has 13.2 V at rest, so that charging runs at the limit.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cosim.benches.limiter_bench import AVERAGED, BUCK, COARSE_STEP_S, FAST, LINEAR, switches
from cosim.benches.pulses import LIFTED_A, OPENING_AFTER_S, OPENINGS, PULSES, START_S, Pulse
from cosim.circuit.deck import parameter_names
from cosim.circuit.parts import node_ratings, transistors
from cosim.circuit.safe_area import (
    DeviceWaves,
    Stress,
    junction_waveform_degC,
    mosfet_stresses,
    repeated_rise_K,
    tvs_stresses,
    worst,
    worst_share_A,
)
from cosim.paths import netlists_folder
from cosim.spice.session import SpiceSession, Waveforms
from cosim.studies.conformance.limits import limit
from models import fuse, heat
from models.ratings import load_mosfet, load_tvs

Array = NDArray[np.float64]

BATTERY_LIMIT_V, STUD_LIMIT_V = limit("A7.battery_peak_V").range[1], limit("A7.stud_peak_V").range[1]
STUD_LIMIT_S = 1e-6 * limit("A7.stud_above_us").range[1]
"""A7."""
BALANCE_LIMIT = 1e-2
"""Energy balance: missing part of what was dissipated or, where that is more, of what was stored meanwhile."""
REPEATS, PERIOD_S = 10, 60.0
"""Ten load dumps, a minute apart (A7)."""
MODES = ("off", "on", "lift")
"""Charging off; on; on with the permission to lift the limit during a load dump (A4)."""
SWITCHING_S, SWITCHING_LEAD_S = 0.03, 8e-3
"""Of a switching circuit: what is followed after the pulse begins (then it is blocked, or the pulse is over), and how
long before it is enabled (its quick orbit takes 5 ms, `limiter_bench.ORBIT_S`)."""
HEATS = ("pq1", "pq2a", "pq2b", "pq2c", "pq2d", "pfuse", "pother", "pclamp")
INNER = ("vcf", "vcl")
ON = "v(xpath.on)"
SIGNALS = (
    ON, "v(ab)", "v(lb)", "v(lbt)", "v(fb)", "v(mid)", "i(vipin)", "i(vipout)", "v(sense)", "v(ovp)", "v(lifted)",
    "v(estored)", *(f"v({name})" for name in HEATS), *(f"i(v.xpath.{name})" for name in INNER),
)
"""What every circuit has; its transistors come besides (`signals`). The first says whether the path conducts."""
OUTSIDE = {"fb": "v(fb)", "mid": "v(mid)", "lb": "v(lb)", "ab": "v(ab)"}
"""Nodes of a path that have another name outside it."""


@dataclass(frozen=True)
class PortBench:
    """What stands around the path.

    circuit : netlist of the path; fuse_A : rating;
    junction_degC : all junctions while SPICE runs, and the heatsink below them at the first pulse
    (60 degC of ambient and a loaded box); fuse_degC; battery_V : EMF; battery_ohm, battery_H : inside it; cable_ohm,
    cable_H : from the battery stud to the battery; lead_ohm, lead_H : from the bench's supply to the input stud;
    parameters : of the subcircuit, as text
    """

    circuit: str = LINEAR
    fuse_A: float = 100.0
    junction_degC: float = 85.0
    fuse_degC: float = 89.0
    battery_V: float = 13.2
    battery_ohm: float = 1e-3
    battery_H: float = 0.15e-6
    cable_ohm: float = 1e-3
    cable_H: float = 1e-6
    lead_ohm: float = 1e-3
    lead_H: float = 0.5e-6
    parameters: str = ""

    @property
    def limit_A(self) -> float:
        """Limit of the fuse (A3, A4)."""
        return min(0.9 * self.fuse_A, 100.0)

    def deck(self, pulse: Pulse, mode: str) -> str:
        """Deck body of one run."""
        p = fuse.load_fuse(self.fuse_A)
        hot_ohm = fuse.resistance_ohm(self.fuse_degC, p)
        on_s = START_S - SWITCHING_LEAD_S if switches(self.circuit) else 1e-3
        enable = "0" if mode == "off" else f"pwl(0 0 {on_s!r} 0 {on_s + 1e-6!r} 1)"
        if pulse.name.startswith("opened"):
            at_s = START_S + OPENING_AFTER_S
            enable = f"pwl(0 0 {on_s!r} 0 {on_s + 1e-6!r} 1 {at_s!r} 1 {at_s + 1e-6!r} 0)"
        junctions = "\n".join(f"vt{k} xt{k} 0 {self.junction_degC!r}" for k in ("1", "a", "b", "c", "d"))
        return f"""* alternator port: {pulse.name}, {mode}
.include devices.lib
.include plant.cir
.include {self.circuit}.cir
.include pulses/iso16750.cir
.include pulses/iso7637.cir
vemf xemf 0 {self.battery_V!r}
ven xen 0 {enable}
vlift xlift 0 {int(mode == "lift")}
vref xref 0 {1e3 * self.limit_A * hot_ohm!r}
vtf xtf 0 {self.fuse_degC!r}
{junctions}
{pulse.source}
xlead sup ab cable r={self.lead_ohm!r} l={self.lead_H!r}
xbat lbt 0 xemf battery r={self.battery_ohm!r} l={self.battery_H!r}
xcb lb lbt cable r={self.cable_ohm!r} l={self.cable_H!r}
vipin ab abp 0
vipout lbp lb 0
xpath abp lbp 0 xen xref xtf xt1 xta xtb xtc xtd
+ fb mid sense {" ".join(HEATS[:5])} pfuse pother estored ovp xlift pclamp lifted {self.circuit}
+ rf25={p.resistance_25_ohm!r} alphaf={p.alpha_per_K!r} lf={p.inductance_H!r}
+ {FAST if switches(self.circuit) else ""} {self.parameters}
"""


@dataclass(frozen=True)
class PulseRun:
    """One run: waveforms by signal, and what was read off them.

    battery_V, stud_V, input_V : highest voltages at the battery's terminals, the battery stud and the input stud;
    over_s : time of the battery stud above 18 V; opening_s : that of the input stud where the path was opened, else 0;
    lowest_V : of the input stud; peak_A, reverse_A : extremes of the
    current into the battery stud; lifted_s : time of the lifted limit; fuse_A2s, fuse_melted : I2t, and melted part of
    the fuse (its neck cools within 4 s); energy_J : heat of the whole run by device; stresses : of every device in the
    tenth pulse; balance : see `BALANCE_LIMIT`
    """

    pulse: str
    mode: str
    rated: bool
    time_s: Array = field(repr=False)
    waves: dict[str, Array] = field(repr=False)
    battery_V: float
    stud_V: float
    over_s: float
    input_V: float
    opening_s: float
    lowest_V: float
    peak_A: float
    reverse_A: float
    lifted_s: float
    fuse_A2s: float
    fuse_melted: float
    energy_J: dict[str, float]
    stresses: tuple[Stress, ...]
    balance: float

    @property
    def opened(self) -> bool:
        """Whether the path was opened under current, without a pulse that holds its input up."""
        return self.pulse.startswith("opened")

    @property
    def worst(self) -> Stress:
        """Stress with the least margin."""
        return worst(self.stresses)

    @property
    def failures(self) -> tuple[str, ...]:
        """What is not kept, in words."""
        found = []
        if not self.battery_V < BATTERY_LIMIT_V:
            found.append(f"battery {self.battery_V:.1f} V")
        if not (self.stud_V < STUD_LIMIT_V and self.over_s <= STUD_LIMIT_S):
            found.append(f"stud {self.stud_V:.1f} V, {1e6 * self.over_s:.0f} us above {BATTERY_LIMIT_V:g} V")
        if self.opened and not (self.input_V < STUD_LIMIT_V and self.opening_s <= STUD_LIMIT_S):
            found.append(f"input {self.input_V:.1f} V, {1e6 * self.opening_s:.0f} us above {BATTERY_LIMIT_V:g} V")
        found += [f"{s.device}: {s.quantity} {s.value:.3g} {s.unit}" for s in self.stresses if not s.value <= s.limit]
        if not self.fuse_melted < 1.0:
            found.append("fuse open")
        if not self.balance < BALANCE_LIMIT:
            found.append(f"balance {self.balance:.1e}")
        return tuple(found)

    @property
    def passed(self) -> bool:
        """Whether A7 and A8 are kept and the run adds up."""
        return not self.failures


def run_pulse(session: SpiceSession, pulse: Pulse, mode: str, bench: PortBench = PortBench()) -> PulseRun:
    """Run one pulse in one mode and judge it; raises ValueError for a mode that the circuit has not."""
    if mode not in modes(bench.circuit):
        raise ValueError(f"mode {mode!r}; allowed: {', '.join(modes(bench.circuit))}")
    stop_s = min(pulse.stop_s, START_S + SWITCHING_S) if switches(bench.circuit) else pulse.stop_s
    waves = session.transient(
        bench.deck(pulse, mode), tstop_s=stop_s, tmax_s=pulse.step_s, signals=list(signals(bench.circuit)),
        on_accept=_steps(session, pulse, switches(bench.circuit)),
        breakpoints=sorted({zone[0] for zone in pulse.fine}),
    )
    return judged(waves, pulse, mode, bench)


def modes(circuit: str) -> tuple[str, ...]:
    """States that a circuit can be in; only where a limit can be lifted is there a state with that permission."""
    return MODES if "klift" in parameter_names(circuit) else MODES[:2]


def cases(circuit: str) -> list[tuple[Pulse, str]]:
    """All runs of a circuit: every pulse in every mode, and every opening of a current that it can carry."""
    allowed = modes(circuit)
    openings = [(pulse, "lift" if LIFTED_A in pulse.name else "on") for pulse in OPENINGS]
    return [(pulse, mode) for pulse in PULSES for mode in allowed] + [c for c in openings if c[1] in allowed]


def signals(circuit: str) -> tuple[str, ...]:
    """What a run reads: `SIGNALS`, and drain, source and heat of every transistor."""
    text = (netlists_folder() / f"{circuit}.cir").read_text(encoding="utf-8")
    found = [s for one in transistors(text) for s in (_node(one.drain), _node(one.source), _inner(one.heat))]
    return tuple(dict.fromkeys((*SIGNALS, *found)))


def _node(name: str) -> str:
    return OUTSIDE.get(name, f"v(xpath.{name})")


def _inner(source: str) -> str:
    return f"i(v.xpath.{source})"


def _steps(session: SpiceSession, pulse: Pulse, switching: bool) -> Callable[[float, Array], None]:
    """Hook that keeps the steps short where the pulse asks for it, and where a converter switches."""
    longest = session.longest_step_s

    def accept(time_s: float, values: Array) -> None:
        asked = [step for start, end, step in pulse.fine if start - 1e-12 <= time_s < end]
        asked += [COARSE_STEP_S] if switching and values[0] > 1e-3 else []
        longest[0] = min(asked, default=0.0)

    return accept


def judged(waves: Waveforms, pulse: Pulse, mode: str, bench: PortBench) -> PulseRun:
    """Figures of a run."""
    t, v = waves.time_s, {name: np.asarray(waves[name]) for name in signals(bench.circuit)}
    energy_J = {name: integral(t, v[f"v({name})"]) for name in HEATS}
    port_A = v["i(vipin)"]
    p = fuse.load_fuse(bench.fuse_A)
    # the fuse's neck cools with 4 s: of nine earlier pulses, a minute apart, nothing is left in it
    a2s = integral(t, port_A**2)
    over = v["v(lb)"] > BATTERY_LIMIT_V
    opened = (v["v(ab)"] > BATTERY_LIMIT_V) if pulse.name.startswith("opened") else np.zeros(t.size)
    return PulseRun(
        pulse=pulse.name, mode=mode, rated=pulse.rated, time_s=t, waves=v,
        battery_V=float(v["v(lbt)"].max()), stud_V=float(v["v(lb)"].max()),
        over_s=integral(t, over.astype(np.float64)), input_V=float(v["v(ab)"].max()),
        opening_s=integral(t, opened.astype(np.float64)), lowest_V=float(v["v(ab)"].min()),
        peak_A=float(v["i(vipout)"].max()), reverse_A=float(v["i(vipout)"].min()),
        lifted_s=integral(t, v["v(lifted)"]), fuse_A2s=a2s,
        fuse_melted=fuse_melted(t, port_A, bench.fuse_degC, p), energy_J=energy_J,
        stresses=tuple(device_stresses(t, v, energy_J, bench)), balance=energy_balance(t, v, energy_J),
    )


def integral(time_s: Array, value: Array) -> float:
    """Trapezoid over the accepted points."""
    return float(np.trapezoid(value, time_s))


def energy_balance(time_s: Array, v: dict[str, Array], energy_J: dict[str, float]) -> float:
    """Energy that is missing, as a part of what was dissipated or stored in between."""
    taken_J = integral(time_s, v["v(ab)"] * v["i(vipin)"] - v["v(lb)"] * v["i(vipout)"])
    stored = v["v(estored)"]
    missing_J = taken_J - sum(energy_J.values()) - float(stored[-1] - stored[0])
    return abs(missing_J) / max(sum(energy_J.values()), float(np.ptp(stored)), 1e-9)


def fuse_melted(time_s: Array, current_A: Array, start_degC: float, p: fuse.FuseParameters) -> float:
    """Largest melted part of the fuse over a run that starts at a temperature with a cool neck."""
    state = fuse.initial_state(start_degC)
    most = 0.0
    for dt_s, a, b in zip(np.diff(time_s), current_A[:-1], current_A[1:], strict=True):
        rms_A = float(np.sqrt((a * a + a * b + b * b) / 3.0))
        state = fuse.step(state, rms_A, start_degC, float(dt_s), p)
        most = max(most, state.melt_fraction)
    return most


def tenth_heatsink_degC(energy_J: float, start_degC: float, box: heat.BoxParameters) -> float:
    """Heatsink before the tenth pulse: what each of nine left behind, a minute apart, decays with its 15 minutes."""
    tau_s = box.heatsink_J_K * box.heatsink_ambient_K_W
    ages_s = PERIOD_S * np.arange(1, REPEATS)
    return start_degC + energy_J / box.heatsink_J_K * float(np.exp(-ages_s / tau_s).sum())


def device_stresses(time_s: Array, v: dict[str, Array], energy_J: dict[str, float], bench: PortBench) -> list[Stress]:
    """Stresses of every device of the path in the tenth pulse, as its netlist names them."""
    box = heat.load_box()
    heatsink_degC = tenth_heatsink_degC(sum(energy_J.values()), bench.junction_degC, box)
    start_degC = np.full(box.cauer.capacity_J_K.size, heatsink_degC)
    found: list[Stress] = []
    text = (netlists_folder() / f"{bench.circuit}.cir").read_text(encoding="utf-8")
    for one in transistors(text):
        drain_V, power_W = v[_node(one.drain)] - v[_node(one.source)], v[_inner(one.heat)] / one.parallel
        junction = junction_waveform_degC(time_s, power_W, start_degC, heatsink_degC, box.cauer)
        waves = DeviceWaves(one.name, time_s, drain_V, power_W, junction, heatsink_degC)
        found += mosfet_stresses(waves, load_mosfet(f"ratings_{one.model.lower()}"))
    for node, (limit_V, what) in node_ratings(text).items():
        k = int(np.argmax(v[_node(node)]))
        found.append(Stress(what, "voltage", float(v[_node(node)][k]), "V", limit_V, float(time_s[k])))
    clamps = {"input clamp": ("v(fb)", "i(v.xpath.vcf)", 1.0, "ratings_smdj100a"),
              "stud clamp": ("v(lb)", "i(v.xpath.vcl)", 2.0, "ratings_sm8s16a")}
    for name, (volts, amperes, side_by_side, file) in clamps.items():
        tvs = load_tvs(file)
        power_W = v[volts] * worst_share_A(v[amperes], side_by_side, tvs)
        found += tvs_stresses(DeviceWaves(name, time_s, v[volts], power_W, np.zeros(1), heatsink_degC), tvs)
        rise_K = repeated_rise_K(integral(time_s, power_W), PERIOD_S, tvs)
        found.append(Stress(name, "mean temperature", heatsink_degC + rise_K, "degC", tvs.junction_degC, 0.0))
    return found


def conformance(runs: Iterable[PulseRun]) -> dict[str, float]:
    """The figures of A7 and A8 over rated runs: the worst of each, by name with its unit."""
    rated = [run for run in runs if run.rated]
    return {
        "runs": float(len(rated)),
        "runs_passed": float(sum(run.passed for run in rated)),
        "battery_peak_V": max(run.battery_V for run in rated),
        "stud_peak_V": max(run.stud_V for run in rated),
        "stud_above_18V_us": 1e6 * max(run.over_s for run in rated),
        "opening_input_V": max((run.input_V for run in rated if run.opened), default=0.0),
        "opening_above_18V_us": 1e6 * max(run.opening_s for run in rated),
        "least_rating_margin": min(run.worst.margin for run in rated),
        "fuse_melted": max(run.fuse_melted for run in rated),
        "energy_balance": max(run.balance for run in rated),
    }


HEAD = ("pulse", "charging", "bat V", "lb V", ">18V us", "ab V", "A", "lift ms", "I2t", "Q1 J", "Q2 J", "TVS mJ",
        "balance", "least margin", "ok")


def table_text(runs: Iterable[PulseRun]) -> str:
    """One line per run. Q2 J is the hottest of the four banks; an unrated run says so instead of yes or no.

    The time above 18 V is that of the battery stud, of an opening that of the input stud where it is longer.
    """
    rows = [HEAD, *(_row(run) for run in runs)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEAD))]
    pairs = (zip(row, widths, strict=True) for row in rows)
    return "\n".join("  ".join(cell.ljust(width) for cell, width in row).rstrip() for row in pairs)


def _row(run: PulseRun) -> tuple[str, ...]:
    pass_J = max(run.energy_J[f"pq2{k}"] for k in "abcd")
    least = run.worst
    verdict = ("yes" if run.passed else "NO: " + "; ".join(run.failures)) if run.rated else "(info)"
    return (
        run.pulse, run.mode, f"{run.battery_V:.2f}", f"{run.stud_V:.2f}",
        f"{1e6 * max(run.over_s, run.opening_s):.0f}",
        f"{run.input_V:.1f}", f"{run.peak_A:.1f}", f"{1e3 * run.lifted_s:.0f}", f"{run.fuse_A2s:.0f}",
        f"{run.energy_J['pq1']:.3f}",
        f"{pass_J:.3f}", f"{1e3 * run.energy_J['pclamp']:.2f}", f"{run.balance:.0e}",
        f"{100.0 * least.margin:.0f} % {least.device} {least.quantity}", verdict,
    )


def with_shorter_steps(pulse: Pulse, factor: float) -> Pulse:
    """Return the pulse with all its steps divided: a check on the numerics."""
    fine = tuple((start, end, step / factor) for start, end, step in pulse.fine)
    return pulse._replace(step_s=pulse.step_s / factor, fine=fine)


def colder(bench: PortBench, junction_degC: float) -> PortBench:
    """Return the bench with everything at one temperature."""
    return replace(bench, junction_degC=junction_degC, fuse_degC=junction_degC)


def main() -> int:
    """Print the whole table of A7 (two minutes; the switching buck half an hour); 1 if a rated run fails."""
    parser = argparse.ArgumentParser(prog="python -m cosim.benches.alternator_port", description="table of A7")
    parser.add_argument("circuit", nargs="?", default=LINEAR, choices=(LINEAR, AVERAGED, BUCK))
    circuit = parser.parse_args().circuit
    session = SpiceSession.open()
    runs = [run_pulse(session, pulse, mode, PortBench(circuit)) for pulse, mode in cases(circuit)]
    print(table_text(runs))
    return 0 if all(run.passed for run in runs if run.rated) else 1


if __name__ == "__main__":
    raise SystemExit(main())
