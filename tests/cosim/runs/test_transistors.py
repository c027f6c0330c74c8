"""Runs in which a transistor fails: the slow engine alone, its windows, and what the supervisor makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cosim.errors import InputError
from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation

FAILS_S, OFF_S = 20.0, 40.0
SUPPLY: dict[str, Any] = {
    "name": "transistor", "duration_s": 50.0, "source": {"kind": "supply", "emf_V": [[0.0, 15.2]],
                                                           "resistance_ohm": 0.004},
    "settings": {"fuse_rating_A": 100}, "bank": {"soc": 0.4}, "recording": {"period_s": 0.1},
}
OFF = {"remote": [{"time_s": 0.0, "state": "on"}, {"time_s": OFF_S, "state": "off"}]}
AT_SYSTEM: dict[str, Any] = {
    **SUPPLY, "source": {"kind": "supply", "emf_V": [[0.0, 12.0]]},
    "system": {"devices": [{"kind": "inverter", "remote": "always_on", "demand_W": [[0.0, 800.0]]}]},
    "settings": {"remote_function": "system"},
}


def run(content: dict[str, Any], kind: str, device: str, windows: bool = False, **more: Any) -> Result:
    fault = {"kind": kind, "device": device, "time_s": FAILS_S, **more}
    return Simulation(parse_scenario({**content, "faults": [fault]}), windows=windows).run()


def at(result: Result, channel: str, time_s: float) -> float:
    return float(result.slow[channel].values[round(time_s / 0.1)])


def raised(result: Result, name: str) -> float | None:
    return next((e.time_s for e in result.events if e.event == "fault raised" and e.detail.startswith(name)), None)


def test_a_pass_device_that_is_short_cannot_be_turned_off_and_is_named_then() -> None:
    result = run({**SUPPLY, **OFF}, "device_short", "q2a")
    healthy = Simulation(parse_scenario({**SUPPLY, **OFF}), windows=False).run()
    before = result.slow.time_s.values < FAILS_S
    assert np.array_equal(result.slow.port_current_A.values[before], healthy.slow.port_current_A.values[before])
    assert at(healthy, "port_current_A", 30.0) < 91.0
    assert at(result, "port_current_A", 30.0) > 120.0, "nothing limits what the short carries"
    assert at(result, "alternator_enabled", 45.0) == 0.0
    assert at(healthy, "port_current_A", 45.0) < 0.01
    assert at(result, "port_current_A", 45.0) > 20.0, "through the ideal diode's body"
    named_s = raised(result, "alternator path conducts though off")
    assert named_s is not None and 0.9 <= named_s - OFF_S <= 2.0  # stuck_delay_ms of a second
    for balance in ("charge_balance", "energy_balance"):
        assert result.summary[balance]["relative"] < 1e-9
    (part,) = result.summary["failed_parts"]
    assert part["part"] == "q2a" and part["residual_max_A"] < 0.3


def test_an_ideal_diode_that_is_short_feeds_a_sagging_source() -> None:
    content = {**SUPPLY, "source": {"kind": "supply", "emf_V": [[0.0, 14.4], [30.0, 14.4], [30.1, 11.0], [50.0, 11.0]],
                                    "resistance_ohm": 0.02}}
    healthy = Simulation(parse_scenario(content), windows=False).run()
    result = run(content, "device_short", "q1")
    assert float(healthy.slow.port_current_A.min()) > -0.01
    assert at(result, "port_current_A", 35.0) < -20.0
    assert result.summary["energy_balance"]["relative"] < 1e-9


def test_an_open_ideal_diode_charges_no_more_and_an_open_pass_device_does() -> None:
    assert at(run(SUPPLY, "device_open", "q1"), "port_current_A", 30.0) == pytest.approx(0.0, abs=0.01)
    one = run(SUPPLY, "device_open", "q2a")
    assert at(one, "port_current_A", 30.0) == pytest.approx(at(one, "port_current_A", 19.9), rel=0.02)
    powers = one.slow.device_power_W.values[300]
    assert powers[1] == pytest.approx(0.0, abs=1e-6) and powers[2] > 1.0
    assert not any(e.event == "fault raised" for e in one.events), "nothing that is measured shows it"


def test_a_discharge_bank_that_is_short_feeds_loads_on() -> None:
    result = run({**AT_SYSTEM, **OFF}, "device_short", "qd")
    healthy = Simulation(parse_scenario({**AT_SYSTEM, **OFF}), windows=False).run()
    assert at(result, "discharge_gate", 45.0) == 0.0 == at(healthy, "discharge_gate", 45.0)
    assert at(healthy, "system_current_A", 45.0) == pytest.approx(0.0, abs=1e-6)
    assert at(result, "system_current_A", 45.0) < -50.0
    assert result.summary["energy_balance"]["relative"] < 1e-9


def test_an_open_bank_passes_nothing_and_is_named() -> None:
    result = run(AT_SYSTEM, "device_open", "qd")
    assert at(result, "system_current_A", 19.9) < -50.0
    assert at(result, "system_current_A", 30.0) == pytest.approx(0.0, abs=1e-3)
    assert raised(result, "system blocks though on") is not None


@pytest.mark.parametrize(("content", "fault", "told"), [
    ({"circuit": {"netlist": "direct_connection"}}, {"device": "q1"}, "faults.0.device"),
    ({"limiter": "buck"}, {"device": "q2a"}, "linear"),
    ({}, {"device": "qd"}, "devices at System"),
    ({}, {"device": "q3"}, "faults.0.device"),
    ({}, {"device": "q1", "dies": 1}, "takes no dies"),
    ({}, {"kind": "device_open", "device": "q2a", "dies": 2}, "one die"),
    ({}, {"kind": "device_open", "device": "q1", "dies": 3}, "at most 2"),
    ({}, {"kind": "device_open", "device": "q1", "resistance_ohm": 0.01}, "takes no resistance"),
    ({}, {"device": "q1", "duration_s": 5.0}, "duration_s"),
])
def test_what_cannot_fail_is_refused(content: dict[str, Any], fault: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as error:
        parse_scenario({**SUPPLY, **content, "faults": [{"kind": "device_short", "time_s": 1.0, **fault}]}, "s.yaml")
    assert told in str(error.value)


def test_one_transistor_fails_at_each_port() -> None:
    faults = [{"kind": "device_short", "device": name, "time_s": 1.0} for name in ("q1", "q2a")]
    with pytest.raises(InputError, match=r"faults\.1\.device"):
        parse_scenario({**SUPPLY, "faults": faults})


@pytest.mark.long
@pytest.mark.parametrize(("content", "kind", "device"), [
    ({**SUPPLY, **OFF}, "device_short", "q2a"), ({**SUPPLY, **OFF}, "device_short", "q1"),
    ({**AT_SYSTEM, **OFF}, "device_short", "qd"), (SUPPLY, "device_open", "q2a"),
])
def test_windows_and_slow_engine_agree(content: dict[str, Any], kind: str, device: str) -> None:
    """What SPICE finds at the failure and when the port is told off, the slow engine alone finds as well."""
    slow, with_windows = run(content, kind, device), run(content, kind, device, windows=True)
    for time_s in (19.0, 30.0, 45.0):
        for channel in ("port_current_A", "battery_current_A"):
            assert at(with_windows, channel, time_s) == pytest.approx(at(slow, channel, time_s), abs=0.6), time_s
    assert any("device_fault" in name for name in with_windows.windows)
    assert not any(e.event in ("window failed", "balance off") for e in with_windows.events)
    supervisor = [[(e.event, e.detail) for e in one.events if e.source == "supervisor"] for one in (slow, with_windows)]
    assert supervisor[0] == supervisor[1]


@pytest.mark.long
def test_continuous_mode_has_the_same_transistor() -> None:
    content = {**SUPPLY, **OFF, "engine": "continuous", "recording": {"period_s": 0.1}}
    whole, slow = run(content, "device_short", "q2a"), run({**SUPPLY, **OFF}, "device_short", "q2a")
    for time_s in (19.0, 30.0, 45.0):
        assert at(whole, "port_current_A", time_s) == pytest.approx(at(slow, "port_current_A", time_s), abs=0.6)
    assert whole.summary["continuous"]["handovers"] == 2, "the transistor, and what the BMS draws when it is told off"
