"""Row K4: a page shows and configures a running system; measured without a browser.

The page of `bms-cosim serve` is made in this process, for a run in its own process, and operated as its buttons do.
What it showed is read back out of its HTML and compared with the waveforms of another run: that of the scenario that
it saved. Browser, phone and network are the matter of `tests/cosim/live/test_page.py`.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import yaml

from cosim.errors import RunFailed
from cosim.result import Result
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Lab, Trace
from cosim.studies.conformance.reading import entry, trace

if TYPE_CHECKING:
    from cosim.live.page import LivePage
    from cosim.live.session import LiveSession

STEP_LIMIT_S = 300.0
SHOWN: tuple[tuple[str, str, str, float], ...] = (
    (r"<h4>BMS alternator port</h4>{BIG}", "port_current_A", "A", 1.0), (r"<span>limit</span>{ROW}",
                                                                         "current_limit_A", "A", 1.0),
    (r"<h4>LFP bank</h4>{BIG}", "battery_voltage_V", "V", 1.0),
    (r"<h4>LFP bank</h4>.*?<span>current</span>{ROW}", "battery_current_A", "A", 1.0),
    (r"<span>state of charge</span>{ROW}", "soc", "%", 100.0),
    (r"<h4>System\+</h4>{BIG}", "system_current_A", "A", 1.0),
    (r"<h4>System\+</h4>.*?<span>voltage</span>{ROW}", "system_voltage_V", "V", 1.0),
    (r"<span>heatsink</span>{ROW}", "heatsink_degC", "°C", 1.0),
    (r"<span>fuse temperature</span>{ROW}", "fuse_temperature_degC", "°C", 1.0),
    (r"<span>fuse, as estimated by the BMS</span>{ROW}", "fuse_temperature_estimate_degC", "°C", 1.0),
    *((rf"cell {c + 1}</text>.*?>([-0-9.]+) V</text>", f"cell_voltage_V.{c}", "V", 1.0) for c in range(4)),
)
"""Where the page says it, which channel of the record it is, its unit, and the factor between them."""
PIECES = {"{BIG}": r'<div class="big">([-0-9.]+) [^<]*</div>', "{ROW}": r"<span>([-0-9.]+) [^<]*</span>"}
WRONG: tuple[dict[str, Any], ...] = (
    {"settings": {"fuse_rating_A": 90}}, {"settings": {"pre_alarm_mode": "loud"}}, {"settings": {"variant": "12-400"}},
    {"settings": {"battery_thresholds": [{"load_disconnect_V": 2.59}]}},
    {"settings": {"battery_thresholds": [{"pre_alarm_V": 3.16}]}}, {"settings": {"fuse_ratings_A": 60}},
    {"event": {"kind": "short_circuit", "resistance_ohm": -1.0}}, {"devices": {"inverter": -5.0}},
    {"load_A": 10.0}, {"remote": "sideways"},
)
"""What a person may try and must not get."""


class Reading(NamedTuple):
    """What the page showed at a moment: its HTML."""

    time_s: float
    html: str


def operated(session: LiveSession, page: LivePage) -> tuple[list[tuple[str, bool]], list[Reading], int]:
    """Operate the page: what was done and whether it showed that it took, readings, refusals; raises RunFailed."""
    done: list[tuple[str, bool]] = []
    readings: list[Reading] = []

    def step(duration_s: float) -> str:
        assert session.snapshot is not None
        goal_s, end_s = session.snapshot.time_s + duration_s, time.monotonic() + STEP_LIMIT_S
        session.ask({"do": "step", "duration_s": duration_s})
        while not (session.about.paused and session.snapshot.time_s >= goal_s - 0.05):
            if session.about.failed or time.monotonic() > end_s:
                raise RunFailed(f"the live run does not go on: {session.about.failed}")
            time.sleep(0.01)
        page.update()
        return str(page.overview.object)

    def did(name: str, shows: str, duration_s: float, **change: Any) -> None:
        answer = asyncio.run(page.operating.change(**change))
        done.append((name, not answer.error and re.search(shows, step(duration_s), re.DOTALL) is not None))

    def read() -> None:
        """Read between two samples of the supervisor and away from changes: the record of a tick is that after both."""
        assert session.snapshot is not None
        html = step(10.5 - session.snapshot.time_s % 1.0)
        readings.append(Reading(session.snapshot.time_s, html))
        step(1.0)

    step(20.0)
    read()
    did("fuse rating", r"<span>alternator port</span><span>54\.0 A", 1.0, settings={"fuse_rating_A": 60})
    read()
    thresholds = [{"load_disconnect_V": 2.7, "pre_alarm_V": 2.9}]
    did("thresholds", "load off 2.70.*pre-alarm 2.90", 1.0, settings={"battery_thresholds": thresholds})
    did("instant readout", r'Bluetooth<span class="s">on', 1.0, settings={"instant_readout": True})
    did("remote function", "remote function</span><span>system", 1.0, settings={"remote_function": "system"})
    did("load at System+", r"<span>inverter</span><span>-[67]\d\.", 2.0, devices={"inverter": 900.0})
    did("source", r"<span>port</span><span>resting|<span>port</span><span>waiting", 13.0, supply_V=12.0)
    did("source again", r"<span>port</span><span>charging", 70.0, supply_V=13.9)
    read()
    refused = sum(bool(asyncio.run(page.operating.change(**wrong)).error) for wrong in WRONG)
    did("short circuit", "System\\+ tripped", 1.0, event={"kind": "short_circuit", "duration_s": 0.5})
    answer = asyncio.run(page.operating.ask({"do": "reset"}))
    html = step(45.0)
    done.append(("reset", not answer.error and re.search(r"<h4>System\+</h4>.*?<span>port</span><span>on<", html) is not
                 None and "System+ tripped" not in html))
    read()
    return done, readings, refused


def shown_right(readings: list[Reading], result: Result) -> tuple[int, int, list[str]]:
    """Values of the page that are those of the record to their last digit, how many there were, and what was wrong."""
    right, total, wrong = 0, 0, []
    for reading in readings:
        place = int(np.argmin(np.abs(result.slow.time_s.values - reading.time_s)))
        for pattern, channel, unit, factor in SHOWN:
            for name, piece in PIECES.items():
                pattern = pattern.replace(name, piece)
            found = re.search(pattern, reading.html, re.DOTALL)
            name, _, column = channel.partition(".")
            truth = factor * float(result.slow[name].values[place].ravel()[int(column or 0)])
            total += 1
            if found is None:
                wrong.append(f"{channel} is not there at {reading.time_s:.1f} s")
                continue
            digits = len(found[1].partition(".")[2])
            if abs(float(found[1]) - truth) <= 0.5 * 10.0**-digits + 1e-9:
                right += 1
            else:
                wrong.append(f"{channel} {found[1]} {unit}, not {truth:.4g} at {reading.time_s:.1f} s")
    return right, total, wrong


def page(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """K4: what is done on the page takes effect, shows, and can be run again; raises RunFailed where it cannot."""
    try:
        from cosim.live.page import LivePage
    except ModuleNotFoundError as error:
        note = f"not measured here: {error.name} of the extra `live` is not installed"
        return [Entry("K4", "K4.page", "none", "declared", variant=corner.variant, note=note)]
    from cosim.live.control import Control
    from cosim.live.engine import events_text
    from cosim.live.pace import FASTEST
    from cosim.live.session import LiveSession
    from cosim.scenario.model import parse_scenario
    from cosim.simulation import Simulation
    from cosim.studies.conformance.lab import changed_scenario, identify_alone

    scenario = changed_scenario(lab.scenario({
        "name": "conformance_k4", "duration_s": 3600, "bank": {"soc": 0.5}, "recording": {"period_s": 0.1},
        "remote": [{"time_s": 0, "state": "on"}],
        "source": {"kind": "supply", "emf_V": [[0, 13.9]], "resistance_ohm": 0.004},
        "system": {"devices": [{"kind": "inverter", "demand_W": [[0, 300]]}]},
    }, corner._replace(ambient_degC=25.0)), changes)
    identify_alone(scenario, lab.session)
    with LiveSession.start(scenario, paused=True, speed=FASTEST) as session:
        seen = LivePage(session, Control(), "conformance")
        seen.take_control()
        done, readings, refused = operated(session, seen)
        saved = session.ask({"do": "save"})
        if saved.error:
            raise RunFailed(f"the live run was not saved: {saved.error}")
    again = Simulation(parse_scenario(yaml.safe_load(saved.done["scenario"])), session=lab.session).run()
    live, run = saved.done["events"].splitlines(), events_text(again.events).splitlines()
    differences = sum(a != b for a, b in zip(live, run, strict=False)) + abs(len(live) - len(run))
    right, total, wrong = shown_right(readings, again)
    number = np.arange(1.0, len(done) + 1.0)
    acts = Evidence((Trace("shown after it was done", "1", number, np.array([float(ok) for _, ok in done])),),
                    x_label="what was done")
    shown = (("port_current_A", "port current"), ("current_limit_A", "limit"), ("system_current_A", "System+"))
    waves = Evidence(tuple(trace(again, name, words, "A") for name, words in shown), limit_on_trace=False)
    told = f"page made in process, {len(done)} things done on it: {', '.join(name for name, _ in done)}"
    failed = ", ".join(name for name, ok in done if not ok)
    return [
        entry(corner, "K4.operated_share", float(np.mean([ok for _, ok in done])), told, acts,
              note=f"not shown: {failed}" if failed else ""),
        entry(corner, "K4.refused_share", refused / len(WRONG), f"{len(WRONG)} things that must not be possible"),
        entry(corner, "K4.shown_share", right / total,
              f"{total} values read off the page at {len(readings)} moments, against a run of what it saved", waves,
              note="; ".join(wrong)[:300]),
        entry(corner, "K4.log_differences", float(differences),
              f"log of the live run ({len(live) - 1} events) against that of a run of what it saved", waves),
    ]


BENCHES = (Bench("k4_page", ("K4",), page, 25.0, (Corner(), Corner("NG", variant="12-200 NG"))),)
