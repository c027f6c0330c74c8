"""Random event sequences on the combined deck: ``python -m benchmarks.storm [--n 1000] [--seed 1] [--first 0]``.

Each sequence is 20 ms of a deck with alternator path, System+ and all that an event can put there, in which
commands, loads, leads and disturbances switch at random moments, some within microseconds of each other. It must
come to its end within the retry ladder; what the latch lets through and the battery stud sees is checked on the way.
A sequence depends on seed and number only, so one that fails can be run again alone (``--first K --n 1``).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.deck import AlternatorDeck, DeckSpec, externals, signals, top_deck
from cosim.circuit.system_deck import Disturbance, SystemDeck
from cosim.record.replay import pwl_source
from cosim.spice.errors import SpiceError
from cosim.spice.session import SpiceSession

Array = NDArray[np.float64]
Corners = list[tuple[float, float]]

LENGTH_S, BEGIN_S = 0.02, 3e-3
"""Length of a sequence, and when the first event may come (ours)."""
TMAX_S = 5e-6
"""Longest step (circuit facts E: 40 of 40 sequences passed with it)."""
EDGE_S = 2e-6
SUMS_EVERY = 50
"""Sequences after which the sums so far are told."""
MOST_EVENTS = 12
PEAK_A, STUD_V, DRAIN_V, PASS_V = 850.0, 30.0, 66.0, 100.0
"""Limits that are looked at: current of System+ (S2), battery stud (A7), drains of System+ (avalanche of an N60) and of
the alternator path's pass devices (rating of an N100)."""
DELIVERED_A = (20.0, 150.0)
"""What the alternator delivers at the start (a machine of 150 A): a load dump has that much to get rid of."""
STEADY = {
    "vemf": 13.3, "vsrc": 12.8, "vimax": 150.0, "vset": 14.4, "vload": 20.0, "ven": 0.0, "vref": 54.0, "vtfuse": 25.0,
    "vchv": 100.0,
}


@dataclass(frozen=True)
class Outcome:
    """One sequence: its events, accepted points, retries, wall time [s], and what went wrong (nothing if empty)."""

    number: int
    events: tuple[str, ...]
    points: int
    retries: int
    wall_s: float
    problem: str


def sequence(seed: int, number: int) -> tuple[DeckSpec, dict[str, Corners], tuple[str, ...]]:
    """Deck, corners of every external source, and the events in words."""
    rng = np.random.default_rng([seed, number])
    short = Disturbance("short_circuit", "vev0", float(rng.uniform(1e-3, 50e-3)), float(10 ** rng.uniform(-6.7, -5.3)))
    volts = float(rng.choice([0.0, 6.0, 13.0]))
    bank = Disturbance("connect_capacitor", "vev1", 5e-3, 0.2e-6, float(10 ** rng.uniform(-3.0, -1.3)), volts)
    section = SystemDeck(
        1e-3, float(10 ** rng.uniform(-6.5, -5.3)), float(10 ** rng.uniform(-3.0, -1.3)),
        float(rng.choice([0.0, 13.2])),
        disturbances=(short, bank, Disturbance("load_step", "vev2")),
    )
    spec = DeckSpec(
        f"storm {seed} {number}", "alternator_path", battery_resistance_ohm=float(10 ** rng.uniform(-3.3, -2.4)),
        source_resistance_ohm=float(10 ** rng.uniform(-2.6, -2.0)), sections=(section,),
        cuts=("input", "battery", "starter_battery"),
        alternator=AlternatorDeck(450.0, 0.12, 1e-3, 1e-6, float(rng.uniform(*DELIVERED_A))), supply_A=0.0175,
    )
    degC = float(rng.choice([-40.0, 25.0, 125.0]))
    sources: dict[str, Corners] = {name: [(0.0, STEADY.get(name, 0.0))] for name in externals(spec)}
    for name in sources:
        if name.startswith("vt"):
            sources[name] = [(0.0, degC)]
    for name in ("vchg", "vdis", "ven"):
        to(sources, name, 1e-3, 1.0)
    moments = np.sort(rng.uniform(BEGIN_S, LENGTH_S - 4e-3, int(rng.integers(3, MOST_EVENTS + 1))))
    close = rng.random(moments.size) < 0.3
    for k in range(1, moments.size):
        if close[k]:  # right after the one before: while that is still under way
            moments[k] = moments[k - 1] + float(10 ** rng.uniform(-5.5, -3.5))
    told = tuple(_event(rng, float(t), sources) for t in np.sort(moments))
    return spec, sources, told


def to(sources: dict[str, Corners], name: str, time_s: float, value: float, edge_s: float = EDGE_S) -> None:
    """Let a source go to a value from a moment on, after whatever it still does then."""
    start_s = max(time_s, sources[name][-1][0] + 1e-7)
    sources[name] += [(start_s, sources[name][-1][1]), (start_s + edge_s, value)]


def _event(rng: np.random.Generator, time_s: float, sources: dict[str, Corners]) -> str:
    def flip(name: str) -> str:
        value = 1.0 - round(sources[name][-1][1])
        to(sources, name, time_s, value)
        return f"{name} {value:g}"

    def move(name: str, low: float, high: float) -> str:
        value = float(rng.uniform(low, high))
        to(sources, name, time_s, value, float(10 ** rng.uniform(-6.0, -3.0)))
        return f"{name} {value:.3g}"

    def reset() -> str:
        to(sources, "vrst", time_s, 1.0)
        to(sources, "vrst", time_s + 1e-4, 0.0)
        return "latch reset"

    def brief(name: str) -> str:
        to(sources, name, time_s, 1.0)
        to(sources, name, time_s + float(10 ** rng.uniform(-4.0, -2.5)), 0.0)
        return f"{name} opens"

    kinds: list[Callable[[], str]] = [
        lambda: flip("ven"), lambda: flip("vchg"), lambda: flip("vdis"), lambda: flip("vpre"), reset,
        lambda: flip("vev0"), lambda: flip("vev1"), lambda: move("vev2", 0.0, 390.0), lambda: move("vload", 0.0, 250.0),
        lambda: move("vsrc", 6.0, 15.5), lambda: move("vref", 5.0, 70.0), lambda: move("vldi", 0.0, 200.0),
        lambda: move("vimax", 0.0, 200.0), lambda: brief("vcutinput"), lambda: brief("vcutbattery"),
        lambda: brief("vcutstarter_battery"), lambda: flip("vlift"),
    ]
    return f"{1e3 * time_s:.3f} ms {kinds[int(rng.integers(len(kinds)))]()}"


def deck_of(spec: DeckSpec, sources: dict[str, Corners]) -> str:
    """Deck body with every external source as PWL."""
    lines: list[str] = []
    for line in top_deck(spec).splitlines():
        words = line.split()
        if len(words) == 4 and words[3] == "external":
            corners = np.array(sources[words[0]] if len(sources[words[0]]) > 1 else [*sources[words[0]], (1.0, np.nan)])
            if np.isnan(corners[-1, 1]):
                lines.append(f"{words[0]} {words[1]} 0 dc {float(corners[0, 1])!r}")
            else:
                lines += pwl_source(words[0], words[1], corners[:, 0], corners[:, 1])
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def run_one(session: SpiceSession, seed: int, number: int) -> Outcome:
    """Run one sequence through the retry ladder."""
    spec, sources, told = sequence(seed, number)
    names = signals(spec)
    begun = time.perf_counter()
    try:
        waves = session.transient(deck_of(spec, sources), tstop_s=LENGTH_S, tmax_s=TMAX_S, signals=list(names.values()))
    except SpiceError as error:
        return Outcome(number, told, 0, 0, time.perf_counter() - begun, str(error))
    found = {ours: waves[theirs] for ours, theirs in names.items()}
    return Outcome(
        number, told, waves.time_s.size, len(waves.retries), time.perf_counter() - begun, judged(waves.time_s, found)
    )


def judged(time_s: Array, waves: dict[str, Array]) -> str:
    """Say which limit a sequence that came to its end has broken; nothing if none."""
    problems = []
    late = time_s > BEGIN_S
    peak_A = float(np.abs(waves["shunt_current_A"][late]).max())
    if peak_A > PEAK_A:
        problems.append(f"System+ {peak_A:.0f} A")
    stud_V = float(waves["battery_voltage_V"].max())
    if stud_V > STUD_V:
        problems.append(f"battery stud {stud_V:.1f} V")
    for bank in ("discharge", "charge"):
        across_V = float((waves[f"drain_{bank}_V"] - waves["common_source_V"]).max())
        if across_V > DRAIN_V:
            problems.append(f"{bank} bank {across_V:.1f} V")
    across_V = float((waves["mid_V"] - waves["battery_voltage_V"]).max())
    if across_V > PASS_V:
        problems.append(f"pass devices {across_V:.1f} V")
    return ", ".join(problems)


def sums(outcomes: Sequence[Outcome], seed: int) -> str:
    """Say what all sequences so far came to."""
    count = max(len(outcomes), 1)
    points, spent_s = sum(one.points for one in outcomes), sum(one.wall_s for one in outcomes)
    return (
        f"{len(outcomes)} sequences (seed {seed}): {sum(one.points == 0 for one in outcomes)} failed, "
        f"{sum(one.retries > 0 for one in outcomes)} needed the retry ladder, "
        f"{sum(bool(one.problem) and one.points > 0 for one in outcomes)} broke a limit; "
        f"{points / count / (1e3 * LENGTH_S):.0f} points/ms, {1e3 * spent_s / count / (1e3 * LENGTH_S):.1f} wall ms/ms"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run sequences and report, also when interrupted; 1 if one did not come to its end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storm", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=int, default=1000, help="sequences")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    asked = parser.parse_args(arguments)
    session = SpiceSession.open()
    outcomes: list[Outcome] = []
    try:
        for number in range(asked.first, asked.first + asked.n):
            outcome = run_one(session, asked.seed, number)
            outcomes.append(outcome)
            if outcome.problem or asked.n == 1:
                print(f"{number}: {outcome.problem or 'fine'}; {'; '.join(outcome.events)}", flush=True)
            if len(outcomes) % SUMS_EVERY == 0:
                print(sums(outcomes, asked.seed), file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print(f"interrupted before the end of {asked.n}", file=sys.stderr)
    print(sums(outcomes, asked.seed))
    return 1 if any(one.points == 0 for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
