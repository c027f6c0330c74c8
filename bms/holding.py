"""How long commands stand: the bounds and the deadline within which a call would change nothing.

A measurement's bounds come from the predicates that watch it. A value made from several measurements stays within
its limit as long as each of them moves by no more than its share of the distance. Where that cannot be said, the
deadline is the next tick, or the next instant at which something is judged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from typing import NamedTuple

from bms import bank, lift, load_output, optional_bounds, system_port
from bms import plan as names
from bms import thermal as estimators
from bms.alternator_port import AlternatorMode
from bms.channels import NONE, Gates, Pair, Readings
from bms.firmware_parameters import FirmwareParameters
from bms.interface import PLACES, Hold, Measurements
from bms.limits import (
    BATTERY_V,
    CELL_V,
    HEATSINK_DEGC,
    INPUT_V,
    SAFETY,
    SENSE_V,
    SYSTEM_A,
    TERMINAL_DEGC,
    Limits,
)
from bms.predicates import FREE, IDLE, LARGEST, PredicateState, Side, constraint
from bms.settings import Settings
from bms.state import State, switch_until_ms
from bms.table import steady_source_V


class Wants(NamedTuple):
    """What was wanted in this call: charge output, charge gate, inputs of System+ and of the load output."""

    charge: bool
    charge_gate: bool
    system: system_port.SystemInputs
    load: load_output.LoadInputs


def hold_of(
    state: State, r: Readings, wants: Wants, values: Sequence[Pair | None], gates: Gates, now_gates: Gates,
    settings: Settings,
) -> Hold:
    """Hold after a call; `gates` are those with which `values` were made, `now_gates` those of the state."""
    f, plan, now_ms, thermal = settings.firmware, settings.plan, state.time_ms, state.thermal
    charging = now_gates.charging
    fitted = _fitted(r) if r.optional else ()
    switched = now_gates != gates if fitted else charging != gates.charging
    if switched or r.missing_port or r.missing_cell or r.system_lost or r.auxiliary_lost or thermal is None or (
        values[_RANGE_PORT] != NONE or values[_RANGE_CELL] != NONE
    ):
        # New gates judge old readings anew at the next tick; no bound can say that a reading comes back.
        return Hold(1, _FREE_LOW, _FREE_HIGH, _FREE_LOW, _FREE_HIGH, fitted)
    limits = Limits(plan.quiet_low, plan.quiet_high, now_ms + (f.hold_charging_ms if charging else f.hold_idle_ms))
    busy = _predicates(limits, state, r, values, settings)
    _machines(limits, state, r, wants, settings)
    return _completed(limits, state, thermal, r, now_gates, busy, fitted, settings)


def hold_at_rest(state: State, thermal: estimators.Thermal, r: Readings, gates: Gates, settings: Settings) -> Hold:
    """`hold_of` where all machines rest and no predicate but those of the source is busy (`bms.at_rest`)."""
    f, plan, now_ms = settings.firmware, settings.plan, state.time_ms
    limits = Limits(
        plan.quiet_low, plan.quiet_high, now_ms + (f.hold_charging_ms if gates.charging else f.hold_idle_ms)
    )
    if plan.load_V:
        limits.batteries = plan.quiet_batteries
    steady_V, input_V = steady_source_V(state.predicates, plan), r.m.input_voltage_V
    if steady_V is not None:
        limits.low[INPUT_V], limits.high[INPUT_V] = steady_V
    else:
        _direct(limits, plan.by_index[0], dict(state.predicates), (input_V, input_V), r.m, now_ms)
    return _completed(limits, state, thermal, r, gates, _NO_OTHER, _fitted(r) if r.optional else (), settings)


_NO_OTHER: frozenset[str] = frozenset()
"""Channels that are not quiet."""


def _completed(
    limits: Limits, state: State, thermal: estimators.Thermal, r: Readings, gates: Gates, busy: Set[str],
    fitted: tuple[int, ...], settings: Settings,
) -> Hold:
    """Hold from the limits by predicates and machines, with what readings, timers and estimators add."""
    f, plan, now_ms, charging = settings.firmware, settings.plan, state.time_ms, gates.charging
    _cells_and_path(limits, r, charging, busy, now_ms, f, thermal.reference_ohm)
    if fitted or r.ratio is not None:
        optional_bounds.narrow(limits, state, thermal, r, gates, busy, settings)
    _timers(limits, state, settings)
    low, high = _banded(limits, r.m, charging, thermal, f)
    if charging:
        _lift(limits, low, high, state, r, settings)
    until_ms = estimators.quiet_until_ms(thermal, limits.until_ms, charging, plan.rating, f)
    return Hold(
        max(1, until_ms - now_ms), tuple(low), tuple(high), tuple(limits.low), tuple(limits.high), fitted,
        limits.batteries, limits.witnesses,
    )


_FREE_LOW, _FREE_HIGH = (-LARGEST,) * len(PLACES), (LARGEST,) * len(PLACES)


def _fitted(r: Readings) -> tuple[int, ...]:
    """Places of the optional sensors that are fitted."""
    m = r.m
    readings = (
        m.system_current_A, m.system_voltage_V, m.battery_current_A, m.remote_L_V, m.remote_H_V, m.hardware_latch,
    )
    return tuple([place for place, reading in enumerate(readings, start=SYSTEM_A) if reading is not None])


def _banded(
    limits: Limits, m: Measurements, charging: bool, thermal: estimators.Thermal, f: FirmwareParameters
) -> tuple[list[float], list[float]]:
    """Bounds with the dead bands of the estimators, which count at samples only; voltages matter while charging."""
    low, high, kelvin, volt = limits.low.copy(), limits.high.copy(), f.temperature_band_K, f.voltage_band_V
    held_V, terminal_degC, heatsink_degC, input_V, battery_V = thermal.sample
    banded: tuple[tuple[int, float, float, float], ...] = (
        (SENSE_V, m.fuse_sense_V, held_V, f.sense_band_V),
        (TERMINAL_DEGC, m.terminal_degC, terminal_degC, kelvin),
        (HEATSINK_DEGC, m.heatsink_degC, heatsink_degC, kelvin),
    )
    if charging:
        banded += (INPUT_V, m.input_voltage_V, input_V, volt), (BATTERY_V, m.battery_voltage_V, battery_V, volt)
    for place, reading, held, band in banded:
        least, most = held - band, held + band
        if not least <= reading <= most:
            # Out of its band: taken over at the next sample, until then it may go where it likes.
            limits.before(thermal.next_ms)
            continue
        if least > low[place]:
            low[place] = least
        if most < high[place]:
            high[place] = most
    return low, high


def _lift(
    limits: Limits, low: list[float], high: list[float], state: State, r: Readings, settings: Settings
) -> None:
    """Bounds and deadline of the permission to lift the limit, which is judged at samples only.

    What of it depends on the estimators moves with them; `low` and `high` are the bounds that count at samples.
    """
    plan, f, grid = settings.plan, settings.firmware, settings.firmware.sample_period_ms
    if not state.lift.allowed:
        limits.before(state.lift.next_ms)
        return
    system_A = lift.highest_system_A(plan)
    if high[CELL_V] > f.lift_cell_V:
        high[CELL_V] = f.lift_cell_V
    if high[SYSTEM_A] > system_A:
        high[SYSTEM_A] = system_A
    if (
        r.cell_V is None or r.cell_V[1] > f.lift_cell_V
        or (r.system_A is not None and r.system_A > system_A)
        or (r.path_A is not None and r.path_A > lift.LIFTED * plan.rating.full_A)
    ):
        limits.before((state.time_ms // grid + 1) * grid)  # kept until then, whatever holds


_RANGE_PORT, _RANGE_CELL = names.CHANNELS.index(names.RANGE_PORT), names.CHANNELS.index(names.RANGE_CELL)


def _predicates(
    limits: Limits, state: State, r: Readings, values: Sequence[Pair | None], settings: Settings
) -> set[str]:
    """Bounds and deadlines of the predicates that are not idle; names of their channels."""
    plan, now_ms = settings.plan, state.time_ms
    states = dict(state.predicates)
    if plan.load_V:
        _margins(limits, states, r, settings, now_ms)
    busy: set[str] = set()
    for name in states:
        channel = plan.by_index[plan.channel_of[name]]
        if channel.name in busy:
            continue
        busy.add(channel.name)
        value = values[channel.index]
        if value is None or channel.name in _MARGINS:
            continue
        if channel.name in _DIRECT:
            _direct(limits, channel, states, value, r.m, now_ms)
        elif channel.name == names.REMOTE:
            for predicate in channel.predicates:
                pending_ms = states.get(predicate.name, IDLE).pending_ms
                if pending_ms is not None:
                    limits.before(pending_ms + predicate.trip_delay_ms)
        else:
            for predicate in channel.predicates:
                found = states.get(predicate.name, IDLE)
                if found.pending_ms is not None:
                    limits.before(now_ms + 1)
                elif found.active:
                    limits.before((now_ms // predicate.release_grid_ms + 1) * predicate.release_grid_ms)
    return busy


_ABOVE = Side.ABOVE
_MARGINS = (names.LOAD_MARGIN, names.ALARM_MARGIN)
_DIRECT = {name: PLACES.index(name) for name in names.DIRECT}


def _direct(
    limits: Limits, channel: names.Channel, states: dict[str, PredicateState], value: Pair, m: Measurements, now_ms: int
) -> None:
    """Bounds of a measurement of which not all predicates are idle, instead of the quiet ones."""
    place = _DIRECT[channel.name]
    low, high = names.SENSOR_RANGES[channel.name]
    for predicate in channel.predicates:
        if predicate.name in states:
            found = states[predicate.name]
            (least, most), until_ms, witness = constraint(predicate, found, value, now_ms)
            if until_ms is not None:
                limits.before(until_ms)
            if witness is not None:
                extreme = value[1] if predicate.side is _ABOVE else value[0]
                limits.witness(channel.name, m, extreme, *witness)
        elif predicate.side is _ABOVE:
            least, most = -LARGEST, predicate.trip
        else:
            least, most = predicate.trip, LARGEST
        low, high = least if least > low else low, most if most < high else high
    limits.low[place], limits.high[place] = low, high


def _margins(
    limits: Limits, states: dict[str, PredicateState], r: Readings, settings: Settings, now_ms: int
) -> None:
    """Bounds of each battery's cells, by the distance over its own thresholds."""
    plan = settings.plan
    if names.CELL_LOW not in states and names.PRE_ALARM not in states:
        limits.batteries = plan.quiet_batteries
        return
    told = []
    for channel in plan.channels:
        value = r.load_V if channel.name == names.LOAD_MARGIN else r.alarm_V
        if channel.name in _MARGINS and value is not None:
            predicate = channel.predicates[0]
            told.append(constraint(predicate, states.get(predicate.name, IDLE), value, now_ms))
            limits.before(told[-1].until_ms)
            if told[-1].witness is not None:
                limits.before((now_ms // predicate.release_grid_ms + 1) * predicate.release_grid_ms)
    found: list[Pair] = []
    for thresholds_V in zip(plan.load_V, plan.alarm_V, strict=True):
        low_V, high_V = FREE
        for threshold_V, constrained in zip(thresholds_V, told, strict=True):
            low, high = constrained.bounds
            low_V = max(low_V, low if low == -LARGEST else math.nextafter(threshold_V + low, math.inf))
            high_V = min(high_V, high if high == LARGEST else math.nextafter(threshold_V + high, -math.inf))
        found.append((low_V, high_V))
    limits.batteries = tuple(found)


def _cells_and_path(
    limits: Limits, r: Readings, charging: bool, busy: Set[str], now_ms: int, f: FirmwareParameters,
    reference_ohm: float,
) -> None:
    """Bounds of the contradictions, of a current while off and of a drop while on."""
    m, cell_V = r.m, r.cell_V
    battery_V, sense_V, input_V = m.battery_voltage_V, m.fuse_sense_V, m.input_voltage_V
    if cell_V is not None and names.CELL_CONTRADICTION not in busy:
        # All cells may move together: 4 x the lowest must not get too far below, 4 x the highest above.
        low_V, high_V = cell_V
        below_V, above_V = battery_V - 4.0 * low_V, 4.0 * high_V - battery_V
        slack = f.cell_contradiction_V - (below_V if below_V > above_V else above_V)
        share = 0.5 * slack * SAFETY
        if slack > 0.0:
            limits.narrow(BATTERY_V, battery_V - share, battery_V + share)
            share *= 0.25
            limits.narrow(CELL_V, low_V - share, high_V + share)
        else:
            limits.before(now_ms + 1)
    if r.path_A is None:
        return
    stuck_V = f.stuck_current_A * reference_ohm * SAFETY
    if names.INPUT_CONTRADICTION not in busy:
        slack = f.input_contradiction_V - (battery_V - input_V)
        if sense_V <= stuck_V and (not charging or slack < 0.2):
            limits.at_most(SENSE_V, stuck_V)
        else:
            limits.apart(BATTERY_V, battery_V, INPUT_V, input_V, slack, now_ms)
    if not charging:
        if names.OFF_CURRENT not in busy:
            if -stuck_V <= sense_V <= stuck_V:
                limits.narrow(SENSE_V, -stuck_V, stuck_V)
            else:
                limits.before(now_ms + 1)
    elif names.OPEN_DROP not in busy:
        slack = f.open_drop_V - (input_V - battery_V)
        open_V = f.open_current_A * reference_ohm / SAFETY
        if sense_V >= open_V and slack < 0.2:
            limits.at_least(SENSE_V, open_V)
        else:
            limits.apart(INPUT_V, input_V, BATTERY_V, battery_V, slack, now_ms)


def _timers(limits: Limits, state: State, settings: Settings) -> None:
    """Deadlines of what changes by time alone though the machines rest."""
    f, now_ms = settings.firmware, state.time_ms
    if state.mode is _RESTING and state.stopped_ms is not None:
        limits.before(state.stopped_ms + f.rearm_ms)
    for watch in state.watches:
        if watch is not None:
            due_ms = watch.due_ms
            if watch.frozen_ms is not None:
                limits.before(bank.watch_until_ms(due_ms, watch.frozen_ms, now_ms, f))
            elif due_ms is not None and due_ms < limits.until_ms:
                limits.until_ms = due_ms


_RESTING = AlternatorMode.RESTING


def _machines(limits: Limits, state: State, r: Readings, wants: Wants, settings: Settings) -> None:
    """Deadlines of the machines, and bounds of a cell that keeps the load off."""
    f, now_ms = settings.firmware, state.time_ms
    if state.load.alarm_ms is not None or state.load.off_ms is not None or wants.load.alarm is not None:
        load = load_output.until(state.load, wants.load, r.cell_V, now_ms, f)
        limits.before(load.until_ms)
        if load.bounds != FREE:
            limits.narrow(CELL_V, *load.bounds)
    limits.before(system_port.until_ms(state.system, wants.system, now_ms, f))
    if wants.charge and not state.charge.on:
        limits.before(switch_until_ms(state.charge, f))
    if wants.charge_gate and not state.charge_gate.on:
        limits.before(switch_until_ms(state.charge_gate, f))
    if not state.remote.on and any(name == names.REMOTE_ON for name, _ in state.predicates):
        limits.before(switch_until_ms(state.remote, f))
    limits.before(state.cap.next_ms)
    limits.before(state.fuse.at_ms)
