"""Pre-alarm and load disconnect (O1, O3..O5): the alarm leads the disconnect by 30 s at least.

The lead counts from the switching on of the pre-alarm *output* and starts anew whenever that output went off. A
restart forgets how long the alarm has been on, so it can only lengthen the lead. The retained record keeps whether the
load is disconnected, and how many resets there were during an alarm: only the first one gets a new lead, so a reset in
a loop cannot drain the battery.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from bms.events import Cause, Event, EventName, Fault
from bms.firmware_parameters import FirmwareParameters
from bms.predicates import FREE, LARGEST, Constraint

SETTLED_MS = 30_000
"""A reset sooner after the start may be part of a loop (ours: the least lead of O5)."""


class Load(NamedTuple):
    """State of the load output and the pre-alarm.

    Attributes
    ----------
    alarm_ms : int or None
        Since when the pre-alarm is on; None while off.
    pulse_ms : int or None
        When its output last went high, by a pulse or for good; None if never.
    off_ms : int or None
        Since when the load is disconnected; None while connected.
    resets : int or None
        Resets during the present alarm or soon after one another, as the retained record counts them; None without.
    """

    alarm_ms: int | None = None
    pulse_ms: int | None = None
    off_ms: int | None = None
    resets: int | None = None


class LoadInputs(NamedTuple):
    """Why the alarm and why the disconnect is wanted; whether the BMS is switched on; alarm in pulses."""

    alarm: Cause | Fault | None
    cut: Cause | Fault | None
    powered: bool
    intermittent: bool


def advance(
    load: Load, inputs: LoadInputs, cells: tuple[float, float] | None, now_ms: int, f: FirmwareParameters
) -> tuple[Load, list[Event]]:
    """State one call later, and what happened."""
    events: list[Event] = []
    alarm_ms, pulse_ms, off_ms, resets = load
    if alarm_ms is not None:
        if inputs.intermittent:
            pulse_ms = alarm_ms + (now_ms - alarm_ms) // f.alarm_period_ms * f.alarm_period_ms
        if inputs.alarm is None or not inputs.powered:
            alarm_ms = None
            resets = None if resets is None else 0
            cause = Cause.CELL_RECOVERED if inputs.powered else Cause.REMOTE
            events.append(Event(EventName.PRE_ALARM_OFF, cause))
    elif inputs.alarm is not None and inputs.powered and _may_sound(pulse_ms, now_ms, f):
        alarm_ms = pulse_ms = now_ms
        events.append(Event(EventName.PRE_ALARM_ON, inputs.alarm))
    if off_ms is None:
        if inputs.cut is not None and alarm_ms is not None and now_ms - alarm_ms >= f.alarm_lead_ms:
            off_ms = now_ms
            events.append(Event(EventName.LOAD_DISCONNECTED, inputs.cut))
    elif inputs.cut is None and _may_return(off_ms, cells, now_ms, f):
        off_ms = None
        events.append(Event(EventName.LOAD_RECONNECTED, Cause.CELL_RECOVERED))
    return Load(alarm_ms, pulse_ms, off_ms, resets), events


def started(load: Load, low: bool, now_ms: int) -> tuple[Load, list[Event]]:
    """At switching on: with a cell below its pre-alarm threshold, or one not known, the load stays off."""
    if not low or load.off_ms is not None:
        return load, []
    return load._replace(off_ms=now_ms), [Event(EventName.LOAD_DISCONNECTED, Cause.STARTED_LOW)]


def retained(load: Load, now_ms: int) -> Load:
    """What the record keeps of it through a reset; one soon after the start counts like one during an alarm."""
    counts = load.alarm_ms is not None or now_ms < SETTLED_MS
    resets = (load.resets or 0) + 1 if counts else 0
    return Load(off_ms=None if load.off_ms is None else 0, resets=resets)


def keeps_on(load: Load) -> bool:
    """Whether a load that was on at a reset stays on for the lead of a new alarm (O5): once in an alarm only."""
    return load.off_ms is None and load.resets in (0, 1)


def sounding(load: Load, intermittent: bool, now_ms: int, f: FirmwareParameters) -> bool:
    """Whether the pre-alarm output is high: all the time, or the first half of each period (O4)."""
    if load.alarm_ms is None:
        return False
    return not intermittent or (now_ms - load.alarm_ms) % f.alarm_period_ms < f.alarm_period_ms // 2


def until(
    load: Load, inputs: LoadInputs, cells: tuple[float, float] | None, now_ms: int, f: FirmwareParameters
) -> Constraint:
    """Until when, and within which cell voltages, nothing here changes."""
    ends: list[int] = []
    bounds = FREE
    if load.alarm_ms is None:
        if inputs.alarm is not None and inputs.powered and load.pulse_ms is not None:
            ends.append(load.pulse_ms + f.output_spacing_ms)
    else:
        if load.off_ms is None and inputs.cut is not None:
            ends.append(load.alarm_ms + f.alarm_lead_ms)
        if inputs.intermittent:
            half_ms = f.alarm_period_ms // 2
            ends.append(load.alarm_ms + ((now_ms - load.alarm_ms) // half_ms + 1) * half_ms)
    if load.off_ms is not None:
        first_ms = _first_look_ms(load.off_ms, f)
        if now_ms >= first_ms and cells is not None and cells[1] < f.load_rearm_V:
            # None of the cells is back: as long as that stays so, there is nothing to look at.
            bounds = (-LARGEST, math.nextafter(f.load_rearm_V, -math.inf))
        else:
            ends.append(max(first_ms, (now_ms // f.sample_period_ms + 1) * f.sample_period_ms))
    return Constraint(bounds, min(ends, default=None))


def _may_return(off_ms: int, cells: tuple[float, float] | None, now_ms: int, f: FirmwareParameters) -> bool:
    """Whether a disconnected load may return: rest over and all cells back, judged on the sample schedule."""
    if now_ms < _first_look_ms(off_ms, f) or now_ms % f.sample_period_ms != 0:
        return False
    return cells is not None and cells[0] >= f.load_rearm_V


def _first_look_ms(off_ms: int, f: FirmwareParameters) -> int:
    """First instant of the sample schedule after the rest."""
    return -(-(off_ms + f.load_rest_ms) // f.sample_period_ms) * f.sample_period_ms


def _may_sound(pulse_ms: int | None, now_ms: int, f: FirmwareParameters) -> bool:
    return pulse_ms is None or now_ms - pulse_ms >= f.output_spacing_ms
