"""Circuits whose waveforms the project's own regression watches: a bench each, small and quick.

`run` gives the waveforms of one; with a changed copy of the netlists it shows what the regression sees
(`python -m cosim.studies.regression.sensitivity`). The benches are those of A7, of `validate circuits` and of O1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.benches.alternator_port import PortBench, with_shorter_steps
from cosim.benches.pulses import PULSES, START_S, Pulse, opening
from cosim.paths import NETLISTS
from cosim.spice.session import SpiceSession
from cosim.studies.compare.recording import Recording
from cosim.validation.port_bench import CAPACITOR, Bench, short, step

PORT = {
    "input_V": "v(ab)", "stud_V": "v(lb)", "fb_V": "v(fb)", "mid_V": "v(mid)", "input_A": "i(vipin)",
    "output_A": "i(vipout)", "sense_mV": "v(sense)", "blocker_W": "v(pq1)", "pass_W": "v(pq2a)", "other_W": "v(pother)",
    "clamp_W": "v(pclamp)",
}
SYSTEM = {
    "shunt_A": "v(isense)", "port_A": "i(vsys)", "battery_V": "v(lb)", "system_V": "v(sys)", "latch": "v(latch)",
    "discharge_W": "v(pqd)", "charge_W": "v(pqc)", "clamp_W": "v(pclamp)",
}
OUTPUT = {"output_V": "v(out)", "battery_A": "i(vb)"}

TOLERANCES: Mapping[str, Any] = {
    "default": {"time_s": 2e-6},
    "units": {
        "A": {"absolute": 0.05, "relative": 0.002}, "V": {"absolute": 0.002, "relative": 5e-4},
        "mV": {"absolute": 0.02, "relative": 0.002}, "W": {"absolute": 0.02, "relative": 0.005},
    },
    "span_s": 1e-6,
}
"""Tight (ours). The same code gives the same bits on one machine; another build of ngspice may place its steps, 0.2..2
us long where it matters, otherwise, hence the time tolerance of such a step. `sensitivity` tells what is seen."""
FINE: Mapping[str, Any] = {
    **TOLERANCES, "units": {"V": {"absolute": 0.005, "relative": 0.001}, "A": {"absolute": 5e-5, "relative": 0.004}},
}
"""For milliamperes."""

SOURCE = "xsrc sup 0 srcv battery r=2m l=0.3u\nvsrc srcv 0 "
CROSSING = Pulse(
    "source sinks through the battery", f"{SOURCE}"
    f"pwl(0 13.5 {START_S!r} 13.5 {START_S + 0.1!r} 13.0)", START_S + 0.12, 2e-4, ((0.0, START_S, 5e-5),))
CRANK = Pulse(
    "an engine cranks", f"{SOURCE}"
    f"pwl(0 13.9 {START_S!r} 13.9 {START_S + 5e-3!r} 6)", START_S + 10e-3, 2e-5, ((START_S, START_S + 5e-3, 2e-6),))
FROM_PASS = Pulse(
    "source rises by 1.4 V while the path passes all", f"{SOURCE}pwl(0 13.5 {START_S!r} 13.5 {START_S + 2e-5!r} 14.9)",
    START_S + 5e-3, 2e-5, ((1e-3, 2e-3, 2e-6), (START_S, START_S + 1e-3, 2e-6),))
OVER_VOLTAGE = Pulse(
    "regulator fails high", f"{SOURCE}pwl(0 14 {START_S!r} 14 {START_S + 2e-3!r} 20 {START_S + 4e-3!r} 20 "
    f"{START_S + 5e-3!r} 14)", START_S + 8e-3, 2e-5, ((START_S, START_S + 3e-3, 4e-6),))

BEGIN = (1e-3, 2e-3, 2e-6)
"""The path begins to conduct; with the bench's own steps a change of 1e-5 moves its waveforms by 2.5 tolerances."""
REVERSE_TRIP = (START_S + 2e-5, START_S + 1e-4, 2e-7)
"""The pulse draws current backwards until the path blocks, a step sooner or later with steps of 1 us: 94 tolerances."""


class Case(NamedTuple):
    """One bench: deck body, end [s], longest step [s], names of its signals, tolerances, stretches of short steps."""

    deck: str
    stop_s: float
    step_s: float
    signals: Mapping[str, str]
    tolerances: Mapping[str, Any] = TOLERANCES
    fine: tuple[tuple[float, float, float], ...] = ()


def cases() -> dict[str, Case]:
    """All benches by name."""
    pulses = {pulse.name.split(" ")[0]: pulse for pulse in PULSES}
    dump = next(pulse for pulse in PULSES if pulse.name.startswith("A 101 V 4 ohm 40"))
    bank = CAPACITOR.format(node="sys")
    switch = "sw sys cp on 0 swm\nvon on 0 pwl(0 0 1m 0 1.001m 1)\n.model swm sw vt=0.5 vh=0.1 ron=3m roff=1e6\n"
    charging = Bench(bank, charge="0", discharge="0", precharge="pwl(0 0 1m 0 1.001m 1)")
    found = {
        "port_opened_at_90_A": _port(opening(90.0, 0.3e-6), "on"),
        "port_lifted_opened": _port(with_shorter_steps(opening(225.0, 0.3e-6), 2.0), "lift"),
        "port_load_dump_A": _port(dump, "on"),
        "port_pulse_2a": _port(_finer(pulses["2a"], BEGIN), "on"),
        "port_pulse_1": _port(_finer(pulses["1"], BEGIN, REVERSE_TRIP), "on"),
        "port_crossing": _port(CROSSING, "on"), "port_crank": _port(CRANK, "on"),
        "port_step_from_pass": _port(FROM_PASS, "on"), "port_over_voltage": _port(OVER_VOLTAGE, "on"),
        "system_short": Case(Bench(short(1e-6)).deck(), 0.6e-3, 0.2e-6, SYSTEM),
        "system_step_390_A": Case(Bench(step(390.0)).deck(), 2e-3, 2e-6, SYSTEM),
        "system_capacitor": Case(Bench(switch + CAPACITOR.format(node="cp")).deck(), 1.6e-3, 0.125e-6, SYSTEM),
        "system_precharge": Case(charging.deck(), 0.5, 1e-3, SYSTEM),
    }
    for name, load in (("output_short", "rl out 0 1"), ("output_5_mA", "il out 0 pwl(0 0 2m 0 2.01m 5m)")):
        found[name] = Case(_output(load), 6e-3, 2e-5, OUTPUT, FINE)
    return found


def _finer(pulse: Pulse, *zones: tuple[float, float, float]) -> Pulse:
    """The pulse with more stretches of short steps."""
    return pulse._replace(fine=(*pulse.fine, *zones))


def _port(pulse: Pulse, mode: str) -> Case:
    return Case(PortBench().deck(pulse, mode), pulse.stop_s, pulse.step_s, PORT, TOLERANCES, pulse.fine)


def _output(load: str) -> str:
    return (
        "* disconnect output\n.include disconnect_output.cir\nvb vb 0 13.3\n"
        "von on 0 pwl(0 0 1m 0 1.01m 1 4m 1 4.01m 0)\n"
        f"x1 vb out 0 on disconnect_output\n{load}\n"
    )


def run(session: SpiceSession, case: Case, netlists: Path = NETLISTS) -> Recording:
    """Run a bench, with the netlists of a folder."""
    waves = session.transient(
        case.deck, tstop_s=case.stop_s, tmax_s=case.step_s, signals=list(case.signals.values()), netlists=netlists,
        on_accept=_short_steps(session, case), breakpoints=sorted({zone[0] for zone in case.fine if zone[0] > 0.0}),
    )
    recording = Recording("bench")
    for name, theirs in case.signals.items():
        unit = name.rsplit("_", 1)[-1] if "_" in name else "1"
        recording.add(name, unit, waves.time_s, np.asarray(waves[theirs]))
    return recording


def _short_steps(session: SpiceSession, case: Case) -> Callable[[float, NDArray[np.float64]], None]:
    """Hook that keeps the steps short where the case asks for it."""
    longest = session.longest_step_s

    def accept(time_s: float, values: NDArray[np.float64]) -> None:
        del values
        longest[0] = min((step for start, end, step in case.fine if start - 1e-12 <= time_s < end), default=0.0)

    return accept
