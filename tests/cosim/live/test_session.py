"""A live run in its own process: operated, watched, saved; what it saved gives the same log."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from cosim.errors import InputError
from cosim.live.engine import events_text
from cosim.live.session import Answer, LiveSession
from cosim.scenario.model import Scenario, load_scenario, parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession

VAN: dict[str, Any] = {
    "name": "live_van", "bank": {"soc": 0.3, "temperature_degC": 25}, "source": {"kind": "vehicle", "load_A": 20},
    "drive": {"segments": [
        {"kind": "off", "duration_s": 3}, {"kind": "crank"}, {"kind": "highway", "duration_s": 20_000},
    ]},
    "system": {"devices": [{"kind": "inverter", "demand_W": [[0, 400]]}, {"kind": "dc_loads"}]},
}
PATIENCE_S = 120.0


def until(session: LiveSession, wanted: Callable[[], bool]) -> None:
    """Wait for something to be so."""
    end_s = time.monotonic() + PATIENCE_S
    while not wanted():
        assert time.monotonic() < end_s and not session.about.failed, session.about
        time.sleep(0.02)


def step(session: LiveSession, duration_s: float) -> None:
    """Go on by a time and wait for it."""
    assert session.snapshot is not None
    goal_s = session.snapshot.time_s + duration_s
    assert not session.ask({"do": "step", "duration_s": duration_s}).error
    until(session, lambda: session.about.paused and now(session).time_s >= goal_s - 0.05)


def now(session: LiveSession) -> Any:
    assert session.snapshot is not None
    return session.snapshot


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSession]:
    folder = tmp_path_factory.mktemp("live")
    with LiveSession.start(parse_scenario(VAN), speed=50.0, paused=True, folder=folder) as session:
        yield session


def done(answer: Answer) -> Any:
    assert not answer.error, answer
    return answer.done


def test_operated_and_saved_it_gives_the_same_log_again(live: LiveSession, spice: SpiceSession) -> None:
    step(live, 20.0)
    assert 40.0 < now(live).value("port_current_A") < 90.0
    done(live.change(settings={"fuse_rating_A": 40}))
    assert now(live).settings["fuse_rating_A"] == 40 and now(live).value("current_limit_A") == 36.0
    step(live, 1.0)
    assert now(live).value("port_current_A") == pytest.approx(36.0, abs=0.5)
    done(live.change(event={"kind": "short_circuit", "duration_s": 1.0}))
    step(live, 0.5)
    assert any(text.startswith("System+ tripped") for text in now(live).alarms)
    assert "short_circuit" in live.windows[-1].name and live.windows[-1].points > 100
    current = live.windows[-1].waves["shunt_current_A"][1]
    assert current.max() > 600.0
    step(live, 2.0)
    done(live.ask({"do": "reset"}))
    step(live, 10.0)
    assert now(live).modes["system"] == "on" and now(live).alarms == ()
    done(live.change(engine="idle", load_A=35.0, devices={"inverter": 800.0}))
    step(live, 2.0)
    assert now(live).value("vehicle_load_A") == 35.0
    saved = done(live.ask({"do": "save"}))
    again = Simulation(parse_scenario(yaml.safe_load(saved["scenario"])), session=spice).run()
    assert events_text(again.events) == saved["events"]
    said = [e.event for e in again.events]
    assert "System+ latch opened" in said and said.count("changed by hand") == 2 and "remote off" in said
    assert load_scenario(f"{saved['folder']}/scenario.yaml").changes[-1].stop
    step(live, 3.0)
    later = done(live.ask({"do": "save"}))  # saving left no trace in what follows
    again = Simulation(parse_scenario(yaml.safe_load(later["scenario"])), session=spice).run()
    assert events_text(again.events) == later["events"]


def test_what_is_wrong_is_answered_and_changes_nothing(live: LiveSession) -> None:
    before = now(live).settings
    for change, told in (({"settings": {"fuse_rating_A": 61}}, "allowed: 40, 60, 80, 100, 125 A"),
                         ({"event": {"kind": "earthquake"}}, "allowed: "), ({"time_s": 5}, "a change acts now"),
                         ({"evnt": 1}, "did you mean 'event'?")):
        answer = live.ask({"do": "change", "change": change})
        assert told in answer.error and "\n" not in answer.error
    assert "allowed: 1 to 1000" in live.ask({"do": "speed", "speed": 1001.0}).error
    assert now(live).settings == before


def malformed(seed: int) -> object:
    """Something that is no request."""
    pick = random.Random(seed)
    junk: list[Any] = [None, 3, "run", [], {}, {"do": 5}, {"do": "format"}, {"do": "change"}, b"\x00" * 50, 1e400,
                       {"do": "change", "change": []}, {"do": "step", "duration_s": -1.0},
                       {"do": "speed", "speed": "9"},
                       {"do": "change", "change": {"load_A": float("nan")}}, {"do": "run", "more": 1},
                       {"do": "change", "change": {"settings": {"fuse_rating_A": [[]]}}}, {1: 2}, object]
    chosen = pick.choice(junk)
    if isinstance(chosen, dict) and pick.random() < 0.5:
        return {**chosen, "x" * pick.randint(1, 9): pick.random()}
    return chosen


def test_two_hundred_malformed_messages_leave_it_running(live: LiveSession) -> None:
    answers = [live.ask(malformed(seed)) for seed in range(200)]
    assert all(answer.error and "\n" not in answer.error for answer in answers)
    before_s = now(live).time_s
    step(live, 1.0)
    assert now(live).time_s == pytest.approx(before_s + 1.0)


def test_it_runs_at_the_speed_that_is_asked_for(live: LiveSession) -> None:
    done(live.ask({"do": "speed", "speed": 20.0}))
    done(live.ask({"do": "run"}))
    began_s, rows = now(live).time_s, live.history.size
    until(live, lambda: now(live).time_s > began_s + 40.0 and live.about.reached is not None)
    done(live.ask({"do": "pause"}))
    assert live.history.size >= rows + 35
    stood_s = now(live).time_s
    time.sleep(0.5)
    assert now(live).time_s == stood_s


def test_only_who_has_control_changes_anything(live: LiveSession) -> None:
    pytest.importorskip("panel", reason="the extra `live` is not installed")
    from cosim.live.control import REFUSED, Control
    from cosim.live.page import LivePage

    async def operated() -> None:  # where no loop runs, Panel makes one for each callback and closes none
        control = Control()
        first, second = LivePage(live, control, "a"), LivePage(live, control, "b")
        first.take_control()
        assert (await second.operating.change(load_A=11.0)).error == REFUSED
        assert now(live).set_now.get("load_A") != 11.0
        assert (await first.operating.change(load_A=11.0)).error == ""
        await asyncio.to_thread(step, live, 1.0)
        assert now(live).value("vehicle_load_A") == 11.0
        first.update()
        assert "11.0 A" in first.overview.object and "LFP bank" in first.overview.object

    asyncio.run(operated())


def test_a_process_that_dies_is_said_and_nobody_hangs() -> None:
    with LiveSession.start(parse_scenario({**VAN, "name": "dies"}), paused=True) as session:
        session._process.kill()
        until_failed_s = time.monotonic() + PATIENCE_S
        while not session.about.failed:
            assert time.monotonic() < until_failed_s
            time.sleep(0.01)
        assert "ended" in session.ask({"do": "run"}).error


@pytest.mark.parametrize(("scenario", "speed", "told"), [
    (VAN, 0.5, "speed: 0.5"), ({**VAN, "engine": "continuous", "duration_s": 10}, 1.0, "engine: continuous"),
])
def test_what_cannot_run_live_is_one_line(scenario: dict[str, Any], speed: float, told: str) -> None:
    loaded: Scenario = parse_scenario(scenario)
    with pytest.raises(InputError, match=told):
        LiveSession.start(loaded, speed=speed)
