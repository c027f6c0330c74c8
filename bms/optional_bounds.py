"""Bounds of a hold for the sensors that may be not fitted: System+, bank current, remote, and sensors under watch."""

from __future__ import annotations

import math
from collections.abc import Set

from bms import bank, system_port
from bms import plan as names
from bms.channels import Gates, Pair, Readings
from bms.limits import (
    BANK_A,
    BATTERY_V,
    LATCH,
    REMOTE_H_V,
    REMOTE_L_V,
    SENSE_V,
    SYSTEM_A,
    SYSTEM_V,
    Limits,
    Term,
)
from bms.predicates import FREE, LARGEST
from bms.settings import Settings
from bms.state import State
from bms.thermal import Thermal


def narrow(
    limits: Limits, state: State, thermal: Thermal, r: Readings, gates: Gates, busy: Set[str], settings: Settings
) -> None:
    """Bounds of the sensors that may be not fitted, and of what is made from them.

    Parameters
    ----------
    limits : Limits
        Narrowed in place.
    state, thermal, r, gates : State, Thermal, Readings, Gates
        After the call: state and its estimators, readings, what is switched.
    busy : set of str
        Channels of which a predicate is not idle; theirs are the predicates' own bounds (`bms.holding`).
    settings : Settings
        Settings.
    """
    f, m, now_ms = settings.firmware, r.m, state.time_ms
    sense = (SENSE_V, m.fuse_sense_V, (r.ratio or 1.0) / thermal.reference_ohm)
    if r.system_A is not None:
        low_A, high_A = system_port.level_bounds(state.system.level_A, r.system_A, f)
        limits.narrow(SYSTEM_A, low_A, high_A)
        if not gates.charge_gate and names.SYSTEM_IN not in busy:
            limits.at_most(SYSTEM_A, f.stuck_current_A)
        if not gates.discharge_gate and names.SYSTEM_OUT not in busy:
            limits.at_least(SYSTEM_A, -f.stuck_current_A)
    if r.system_V is not None:
        over_V = r.system_V - m.battery_voltage_V
        if gates.discharge_gate and names.SYSTEM_DROP not in busy:
            limits.apart(BATTERY_V, m.battery_voltage_V, SYSTEM_V, r.system_V, f.system_open_drop_V + over_V, now_ms)
        if gates.locked and names.SYSTEM_RISE not in busy:
            limits.apart(SYSTEM_V, r.system_V, BATTERY_V, m.battery_voltage_V, -f.precharge_drop_V - over_V, now_ms)
    if m.hardware_latch is not None:
        limits.narrow(LATCH, float(m.hardware_latch), float(m.hardware_latch))
    if m.remote_L_V is not None:
        low_V, high_V = _zone(m.remote_L_V, f.remote_L_on_V, f.remote_L_off_V)
        limits.narrow(REMOTE_L_V, low_V, high_V)
    if m.remote_H_V is not None:
        low_V, high_V = _zone(m.remote_H_V, f.remote_H_off_V, f.remote_H_on_V)
        limits.narrow(REMOTE_H_V, low_V, high_V)
    terms = _into_bank(r, sense)
    into_A = r.into_bank_A
    if into_A is not None and names.BANK_CURRENT not in busy:
        limits.below(settings.plan.bank_limit_A - into_A, now_ms, terms)
    _stimuli(limits, state, r, sense, terms, settings)


def _zone(value: float, low: float, high: float) -> Pair:
    """Range of a remote terminal's voltage within which it says the same.

    L says on below its lower threshold and off above the upper one; H says on above its upper threshold and off below
    the lower one. So the edges belong to the guard band for both.
    """
    if math.isnan(value):
        return FREE
    if value < low:
        return -LARGEST, math.nextafter(low, -math.inf)
    return (low, high) if value <= high else (math.nextafter(high, math.inf), LARGEST)


def _into_bank(r: Readings, sense: Term) -> tuple[Term, ...]:
    """Terms of the current into the bank."""
    if r.bank_A is not None:
        return ((BANK_A, r.bank_A, 1.0),)
    if r.system_A is not None:
        return (SYSTEM_A, r.system_A, 1.0), sense
    return () if r.ratio is None else (sense,)


def _stimuli(
    limits: Limits, state: State, r: Readings, sense: Term, into_bank: tuple[Term, ...], settings: Settings,
) -> None:
    """Bounds of what sensors under watch must answer to: within the band about the reference."""
    f, now_ms, watches = settings.firmware, state.time_ms, state.watches
    bank_in, system_in = (BANK_A, r.bank_A or 0.0, 1.0), (SYSTEM_A, r.system_A or 0.0, 1.0)
    rows = (
        (watches.cells, bank.bank_band_A(settings.plan.bank_Ah, f), into_bank),
        (watches.sense, f.frozen_band_A, (bank_in, (SYSTEM_A, system_in[1], -1.0))),
        (watches.system, f.frozen_band_A, (bank_in, (SENSE_V, sense[1], -sense[2]))),
        (watches.bank, f.frozen_band_A, (system_in, sense)),
    )
    for watch, band, terms in rows:
        if watch is None or watch.due_ms is not None or watch.frozen_ms is not None:
            continue
        now_at = 0.0
        for _, reading, weight in terms:
            now_at += reading * weight
        limits.below(watch.stimulus + band - now_at, now_ms, terms)
        limits.above(band + now_at - watch.stimulus, now_ms, terms)
