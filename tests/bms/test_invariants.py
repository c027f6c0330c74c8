"""What must hold whatever the sensors say: 2,000 random streams of readings against invariants over the log.

Half of the streams have every optional sensor fitted, the other half some or none. `test_every_invariant_can_fail`
breaks a log by hand, once per invariant.
"""

import csv
import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import bms
from bms import EventName, vectors
from tests.bms.invariants import (
    BACK,
    CHANGES,
    GOOD,
    N_BATTERIES,
    NAN,
    Call,
    absent,
    calls,
    changed,
    check_all,
    check_cells,
    check_chatter,
    check_holds,
    check_lead,
    check_lift,
    check_loads_end,
    check_remote,
    check_sensor_faults,
    check_sensors_and_currents,
    configurations,
    flickers,
    streams,
)

SENSOR_FAULTS = (
    ("cell", (NAN, 0.0, 5.0), 1_000), ("lost batteries", (4,), 1_000), ("temperature", (NAN, 120.0), 1_000),
    ("battery_voltage_V", (15.5,), 3_000), ("system_current_A", (NAN, 1000.0), 1_000),
)


@settings(
    max_examples=2_000, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(
    stream=streams, config=configurations, tick_ms=st.sampled_from([100, 500, 1_000]), not_fitted=absent
)
def test_invariants(
    stream: list[tuple[int, int, int]], config: bms.Settings, tick_ms: int, not_fitted: Sequence[str]
) -> None:
    check_all(list(calls(stream, config, tick_ms, not_fitted)), config)


@settings(
    max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(stream=flickers, config=configurations, tick_ms=st.sampled_from([100, 500]))
def test_flicker(stream: list[tuple[int, int, int]], config: bms.Settings, tick_ms: int) -> None:
    """A loose contact or a cell at its threshold, for about half a minute."""
    check_all(list(islice(calls(stream, config, tick_ms), 350)), config)


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(stream=streams, config=configurations, tick_ms=st.sampled_from([100, 1_000]), not_fitted=absent)
def test_replaying_a_log_gives_the_same_commands(
    stream: list[tuple[int, int, int]], config: bms.Settings, tick_ms: int, not_fitted: Sequence[str]
) -> None:
    """From the text of a log alone; and from any state of it, which is all that a call leaves for the next."""
    log = list(calls(stream, config, tick_ms, not_fitted))
    series = [(tick_ms if call.time_ms else 0, call.m) for call in log]
    text = io.StringIO()
    writer = csv.DictWriter(text, vectors.columns(4 * N_BATTERIES, 4 * N_BATTERIES))
    writer.writeheader()
    writer.writerows(
        vectors.row_of(c.time_ms, dt_ms, m, c.commands, c.events) for (dt_ms, m), c in zip(series, log, strict=True)
    )
    assert list(vectors.differences(csv.DictReader(io.StringIO(text.getvalue())), config)) == []
    middle = len(log) // 2
    state = pickle.loads(pickle.dumps(log[middle].state))
    for call in log[middle + 1 :]:
        state, commands, events, _ = bms.step(state, call.m, config, tick_ms / 1000)
        assert commands == call.commands and str(events) == str(call.events)


CALM = [(BACK, 0, 400)]


def broken(log: list[Call], at: int, **changes: Any) -> list[Call]:
    """The log with other commands from one call on."""
    return [replace(c, commands=c.commands._replace(**changes)) if k >= at else c for k, c in enumerate(log)]


def test_every_invariant_can_fail() -> None:
    """A log that keeps all of them, and one wrong command for each."""
    config = bms.Settings(variant=bms.Variant.NG, battery_count=N_BATTERIES, remote_function=bms.RemoteFunction.PORTS)
    f = config.firmware

    def log_of(*segments_: tuple[str, Any, int]) -> list[Call]:
        names = [name for name, _ in CHANGES]
        found = [(BACK, 0, 50)]
        for name, value, ticks in segments_:
            which = next(k for k, n in enumerate(names) if n == name and value in CHANGES[k][1])
            found.append((which, CHANGES[which][1].index(value), ticks))
        return list(calls(found, config, 100))

    high, low = log_of(("cell", 3.76, 20)), log_of(("cell", 2.5, 400))
    off, hot = log_of(("remote_off", 13.0, 20)), log_of(("heatsink_degC", -60.0, 50))
    system, split = log_of(("system_current_A", 1000.0, 700)), log_of(("battery_voltage_V", 15.5, 60))
    calm, full = list(calls(CALM, config, 100)), log_of(("cell", 3.6, 60))
    assert calm[-1].commands.lift_allowed
    for log in (high, low, off, hot, system, split, calm, full):
        check_all(log, config)
    flicker = [replace(c, commands=c.commands._replace(charge_allowed=k // 50 % 2 == 0)) for k, c in enumerate(calm)]
    spoiled: list[Callable[[], None]] = [
        lambda: check_cells(broken(high, 53, charge_gate=True), f),
        lambda: check_lead(broken(low, 340, load_output=False), config),
        lambda: check_lead(broken(low, 60, pre_alarm=False), config),
        lambda: check_remote(broken(off, 55, discharge_gate=True), config),
        lambda: check_chatter(flicker),
        lambda: check_sensors_and_currents(broken(log_of(("system_current_A", 450.0, 20)), 51, discharge_gate=True)),
        lambda: check_sensor_faults(broken(hot, 60, alternator_enable=True), config),
        lambda: check_sensor_faults(broken(system, 60, charge_allowed=True), config),
        lambda: check_sensor_faults(broken(split, 75, charge_gate=True), config),
        lambda: check_loads_end(broken(system, 720, load_output=True), config),
        lambda: check_lift(broken(off, 55, lift_allowed=True), config),
        lambda: check_lift(broken(full, 75, lift_allowed=True), config),
        lambda: check_holds(broken(calm, 300, pre_alarm=True)),
    ]
    for check in spoiled:
        with pytest.raises(AssertionError):
            check()


@pytest.mark.parametrize(
    ("name", "value", "delay_ms"), [(name, value, ms) for name, values, ms in SENSOR_FAULTS for value in values]
)
def test_a_lasting_sensor_fault_ends_in_the_safe_state(name: str, value: Any, delay_ms: int) -> None:
    """Charging stops within the debounce; the pre-alarm sounds, and 30 s later the loads are off."""
    index = [n for n, _ in CHANGES].index(name)
    stream = [(len(CHANGES) - 1, 0, 50)]
    config = bms.Settings(variant=bms.Variant.NG, battery_count=N_BATTERIES)
    log = list(calls(stream, config, 100))
    assert log[-1].commands.load_output and log[-1].commands.charge_allowed and log[-1].commands.discharge_gate
    assert changed(GOOD, CHANGES[index][0], value) != GOOD
    state, last = log[-1].state, changed(GOOD, name, value)
    log = []
    for tick in range(400):
        state, commands, events, _ = bms.step(state, last, config, 0.1)
        log.append(Call(tick * 100, last, commands, events, state, False))
    raised = [e for call in log for e in call.events if e.name is EventName.FAULT_RAISED]
    assert raised and all(e.values for e in raised)
    stopped = next(call.time_ms for call in log if not call.commands.charge_allowed)
    alarmed = next(call.time_ms for call in log if call.commands.pre_alarm)
    cut = next(call.time_ms for call in log if not call.commands.load_output)
    assert stopped <= delay_ms and alarmed <= delay_ms and cut == alarmed + 30_000
    last_commands = log[-1].commands
    assert not last_commands.discharge_gate and not last_commands.charge_gate and not last_commands.alternator_enable
