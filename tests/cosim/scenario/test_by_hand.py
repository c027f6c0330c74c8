"""Changes in a scenario file: what is allowed, and what is said of what is not."""

from __future__ import annotations

from typing import Any

import pytest

from cosim.errors import InputError
from cosim.scenario.by_hand import as_known
from cosim.scenario.model import parse_scenario

VAN: dict[str, Any] = {
    "name": "v", "drive": {"segments": [{"kind": "idle", "duration_s": 60}]}, "remote": [{"time_s": 0, "state": "on"}],
    "system": {"devices": [{"kind": "inverter", "demand_W": [[0, 0]]}, {"kind": "dc_loads"},
                           {"kind": "mains", "plugged_s": [[1, 2]]}]},
}


@pytest.mark.parametrize(("change", "told"), [
    ({"settings": {"fuse_rating_A": 61}}, "changes.0.settings.fuse_rating_A: 61 (allowed: 40, 60, 80, 100, 125 A)"),
    ({"settings": {"variant": "12-200 NG"}}, "changes.0.settings.variant: 12-200 NG (allowed: while it runs: "),
    ({"settings": {"remote_function": "ports"}}, "changes.0.settings.remote_function: ports"),
    ({"event": {"kind": "short_circuit", "resistance_ohm": 0.0}}, "changes.0.event.resistance_ohm: 0.0 (allowed: 0.0"),
    ({"event": {"kind": "short_circuit", "resistance": 0.1}}, "did you mean 'resistance_ohm'?"),
    ({"event": {"kind": "short_circuit", "time_s": 3}}, "leave time_s out there"),
    ({"evnt": {}}, "changes.0.evnt: unknown key (allowed: did you mean 'event'?)"),
    ({"fault": {"kind": "cable", "after_battery": 3}}, "changes.0.fault.after_battery: 3 (allowed: 0 to 0)"),
    ({"devices": {"inverter_2": 1.0}}, "devices.inverter_2: 1.0 (allowed: a device that can be set: inverter"),
    ({"devices": {"dc_loads": 1.0}}, "changes.0.devices.dc_loads"),
    ({"devices": {"mains": 0.5}}, "changes.0.devices.mains: 0.5 (allowed: 1 (plugged in), 0)"),
    ({"supply_V": 13.0}, "changes.0.supply_V: 13.0 (allowed: left out with source.kind: vehicle)"),
    ({"engine": "fly"}, "changes.0.engine: fly"),
    ({"time_s": 0, "stop": True}, "changes.0.time_s: 0.0 (allowed: a stop at 0.1 s or later)"),
])
def test_what_does_not_fit_is_one_line(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scenario({**VAN, "changes": [{"time_s": 1, **change}]})
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_order_and_the_end_count() -> None:
    for second, told in (({"time_s": 4, "engine": "off"}, "changes.1.time_s: 4.0 (allowed: 5 or later"),
                         ({"time_s": 6, "engine": "off"}, "nothing after stop")):
        with pytest.raises(InputError) as caught:
            parse_scenario({**VAN, "changes": [{"time_s": 5, "stop": True}, second]})
        assert told in str(caught.value)


def test_a_continuous_run_takes_none() -> None:
    with pytest.raises(InputError, match="changes"):
        parse_scenario({**VAN, "engine": "continuous", "changes": [{"time_s": 1, "engine": "off"}]})


def test_remote_needs_terminals() -> None:
    bare = {name: value for name, value in VAN.items() if name != "remote"}
    with pytest.raises(InputError, match=r"changes\.0\.remote: off"):
        parse_scenario({**bare, "changes": [{"time_s": 1, "remote": "off"}]})


def test_a_known_change_is_part_of_the_scenario_a_tick_later() -> None:
    scenario = parse_scenario({**VAN, "changes": [
        {"time_s": 1, "remote": "off"},
        {"time_s": 2, "event": {"kind": "load_dump"}, "settings": {"fuse_rating_A": 40}},
        {"time_s": 3, "window": {"duration_s": 0.1}},
    ]})
    assert as_known(scenario, []).events == [] and as_known(scenario, []).supervisor_settings.fuse_rating_A == 100
    known = as_known(scenario, scenario.changes)
    assert [(r.time_s, r.state) for r in known.remote] == [(0.0, "on"), (1.1, "off")]
    assert [(e.kind, e.time_s) for e in known.events] == [("load_dump", 2.1)]
    assert known.supervisor_settings.fuse_rating_A == 40
    assert [(w.name, w.start_s) for w in known.windows] == [("look_1", 3.1)]
