"""Each rule sees its violation and nothing else, on waveforms written by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from cosim.result import LoggedEvent, Result
from cosim.scenario.model import parse_scenario
from cosim.studies.campaign.invariants import checked, registry
from cosim.studies.campaign.modes import observation
from cosim.studies.campaign.record import Record

N, TICK_S, AT = 1200, 0.1, 500
"""Two minutes of ticks; what goes wrong does so from tick 500 on."""
SCENARIO = {
    "name": "x", "duration_s": 120.0, "source": {"kind": "supply", "emf_V": [[0.0, 14.4]]},
    "settings": {"remote_function": "alternator"}, "recording": {"period_s": 0.1},
    "system": {"devices": [{"kind": "dc_loads"}]},
}
Waves = dict[str, np.ndarray]
Change = Callable[[Waves], object]


def waves() -> Waves:
    """A healthy battery, nothing charging, loads on."""
    one = np.ones(N)
    found = {name: one * value for name, value in {
        "port_current_A": 0.0, "battery_current_A": -5.0, "input_voltage_V": 12.6, "battery_voltage_V": 13.2,
        "heatsink_degC": 30.0, "fuse_temperature_degC": 30.0, "alternator_enabled": 0.0, "charge_output": 1.0,
        "load_output": 1.0, "pre_alarm": 0.0, "charge_gate": 1.0, "discharge_gate": 1.0, "precharge": 0.0,
        "remote_on": 1.0, "supply_current_A": 0.0175, "system_current_A": -5.0,
        "system_discharge_junction_degC": 30.0, "system_charge_junction_degC": 30.0}.items()}
    found |= {"cell_voltage_V": np.full((N, 4), 3.3), "cell_temperature_degC": np.full((N, 4), 20.0),
              "junction_degC": np.full((N, 5), 40.0)}
    return found


def record(change: Change | None = None, events: tuple[LoggedEvent, ...] = (), **scenario: object) -> Record:
    w = waves()
    if change is not None:
        change(w)
    dims = {name: ("time_s",) if wave.ndim == 1 else ("time_s", f"of_{name}") for name, wave in w.items()}
    slow = xr.Dataset({name: (dims[name], wave) for name, wave in w.items()},
                      coords={"time_s": np.arange(N) * TICK_S})
    summary = {"charge_balance": {"relative": 0.0}, "energy_balance": {"relative": 0.0},
               "supervisor": {"limits_applied": {"bank_current_A": 400.0}}}
    return Record(parse_scenario({**SCENARIO, **scenario}), Result(slow, {}, list(events), summary))


def after(name: str, value: float, column: int | None = None) -> Change:
    """From `AT` on a waveform has another value."""
    def change(w: Waves) -> None:
        w[name][AT:] = value if column is None else np.where(np.arange(w[name].shape[1]) == column, value, w[name][AT:])
    return change


def both(*changes: Change) -> Change:
    return lambda w: [change(w) for change in changes]


def broken(r: Record) -> set[str]:
    return {name for name, finding in checked(r).items() if finding is not None}


def test_nothing_is_wrong_with_a_healthy_run() -> None:
    assert broken(record()) == set()
    assert set(checked(record())) == {rule.name for rule in registry()}


OFF = both(after("charge_output", 0.0), after("charge_gate", 0.0))
CASES: list[tuple[str, Change]] = [
    ("start", both(after("alternator_enabled", 1.0), after("input_voltage_V", 13.5))),
    ("stop", both(lambda w: w["alternator_enabled"].fill(1.0), lambda w: w["input_voltage_V"].fill(13.5),
                  after("input_voltage_V", 12.9))),
    ("reverse", after("port_current_A", -0.1)),
    ("limit", both(after("port_current_A", 95.0))),
    ("battery_terminals", after("battery_voltage_V", 18.2)),
    ("junctions", after("junction_degC", 180.0, 2)),
    ("junctions", after("system_charge_junction_degC", 180.0)),
    ("derating", both(lambda w: w["input_voltage_V"].fill(13.5), lambda w: w["alternator_enabled"].fill(1.0),
                      after("heatsink_degC", 105.0))),
    ("charge_disconnect", after("charge_output", 0.0)),
    ("bank_current", after("battery_current_A", 420.0)),
    ("short_circuit", after("system_current_A", -450.0)),
    ("no_discharge", both(after("discharge_gate", 0.0), lambda w: w["load_output"].fill(0.0))),
    ("no_charge", both(OFF, after("battery_current_A", 3.0))),
    ("load_cut", both(after("cell_voltage_V", 2.75, 1), after("pre_alarm", 1.0))),
    ("pre_alarm", after("cell_voltage_V", 3.05, 1)),
    ("over_voltage", after("cell_voltage_V", 3.76, 3)),
    ("temperature", after("cell_temperature_degC", 3.0, 0)),
    ("temperature", after("cell_temperature_degC", 52.0, 0)),
    ("lead_time", after("load_output", 0.0)),
    ("consumption", after("supply_current_A", 0.02)),
    ("finite", after("heatsink_degC", np.nan)),
    ("chatter", lambda w: w["charge_gate"].__setitem__(slice(AT, AT + 400), np.arange(400) // 50 % 2)),
]


@pytest.mark.parametrize(("name", "change"), CASES, ids=[f"{i}-{name}" for i, (name, _) in enumerate(CASES)])
def test_a_rule_sees_its_violation_when_it_happens(name: str, change: Change) -> None:
    r = record(change)
    assert broken(r) == {name}
    finding = checked(r)[name]
    assert finding is not None and AT * TICK_S - 1e-6 <= finding.time_s <= 120.0


def test_below_2_6_V_nothing_is_drawn() -> None:
    change = both(after("cell_voltage_V", 2.5, 1), after("pre_alarm", 1.0),
                  lambda w: [w[n].__setitem__(slice(AT + 300, None), 0.0) for n in ("load_output", "discharge_gate")])
    events = (LoggedEvent(AT * TICK_S, "supervisor", "pre-alarm on", ""),)
    assert broken(record(change, events)) == {"deep_discharge", "no_discharge"}


def test_a_second_pre_alarm_may_wait_for_its_spacing_but_not_longer() -> None:
    def change(w: Waves) -> None:
        w["cell_voltage_V"][AT:, 1] = 3.05

    first_s = AT * TICK_S - 5.0
    r = record(change, (LoggedEvent(first_s, "supervisor", "pre-alarm on", ""),))
    finding = checked(r)["pre_alarm"]
    assert finding is not None and finding.time_s == pytest.approx(first_s + 30.3)


def test_lead_of_the_pre_alarm_to_the_tick() -> None:
    change = both(after("load_output", 0.0), after("pre_alarm", 1.0))
    for lead_s, found in ((30.0, set()), (29.9, {"lead_time"})):
        events = (LoggedEvent(AT * TICK_S - lead_s, "supervisor", "pre-alarm on", ""),)
        assert broken(record(change, events)) == found


@pytest.mark.parametrize("fault", [
    {"kind": "cable", "time_s": 20.0}, {"kind": "open", "measurement": "cell_voltage_V", "time_s": 20.0},
])
def test_what_is_not_heard_must_stop_charging_and_loads(fault: dict[str, object]) -> None:
    assert broken(record(faults=[fault])) == {"fail_safe"}
    stopped = both(lambda w: w["charge_output"].fill(0.0), lambda w: w["charge_gate"].fill(0.0))
    finding = checked(record(stopped, faults=[fault]))["fail_safe"]
    assert finding is not None and finding.text.endswith("the loads are not cut")


def test_a_fault_ends_on_its_tick() -> None:
    """20.1 + 12.3 is a little more than tick 324 in binary; the engine rounds to ticks."""
    r = record(faults=[{"kind": "cable", "time_s": 20.1, "duration_s": 12.3}])
    assert np.flatnonzero(r.unheard())[[0, -1]].tolist() == [201, 323]


def test_a_lying_sensor_excuses_what_rests_on_it() -> None:
    change = after("cell_voltage_V", 3.76, 3)
    fault = {"kind": "offset", "measurement": "cell_voltage_V", "value": -0.1, "time_s": 0.0}
    assert broken(record(change, faults=[fault])) == set()
    fault = {"kind": "offset", "measurement": "heatsink_degC", "value": -0.1, "time_s": 0.0}
    assert broken(record(change, faults=[fault])) == {"over_voltage"}


def test_remote_off_stops_what_its_function_says() -> None:
    remote = [{"time_s": 0.0, "state": "on"}, {"time_s": 50.0, "state": "off"}]
    assert broken(record(remote=remote)) == set(), "the port is off anyway"
    assert broken(record(remote=remote, settings={"remote_function": "system"})) == {"remote"}
    ports = record(remote=remote, variant="12-200 NG", settings={"remote_function": "ports"})
    assert broken(ports) == {"remote"}


def test_fuse_window_and_balance_are_told() -> None:
    events = (LoggedEvent(7.0, "plant", "fuse blown", "yes"), LoggedEvent(8.0, "engine", "window failed", "x"))
    assert broken(record(events=events)) == {"fuse", "windows"}
    r = record()
    r.result.summary["energy_balance"]["relative"] = 1e-4
    assert broken(r) == {"balances"}


def test_a_reaction_within_the_tick_of_the_fault_is_seen() -> None:
    events = (LoggedEvent(AT * TICK_S, "supervisor", "fault raised", "cell sensor missing: cell_voltage_V=nan"),)
    seen = observation(record(after("charge_output", 0.0), events), "x", AT * TICK_S)
    assert (seen["detected"], seen["after_s"], seen["reactions"]) == ("cell sensor missing", 0.0, ["charge disconnect"])
    assert observation(record(), "x", 1.0)["reactions"] == []


def test_lasting_is_longer_than() -> None:
    r = record()
    condition = np.zeros(N, dtype=bool)
    condition[100:110] = True
    assert np.flatnonzero(r.lasting(condition, 0.5)).tolist() == [106, 107, 108, 109]
    assert np.flatnonzero(r.lasting(np.ones(N, dtype=bool), 119.8)).tolist() == [1199]
