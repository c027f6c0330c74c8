"""Sensors under watch: what should have moved when something else did (`bms.bank`: how a watch works)."""

from __future__ import annotations

import math

from bms import bank, heat
from bms import thermal as estimators
from bms.channels import Readings
from bms.settings import Settings
from bms.state import State, Watches


def watched(
    state: State, r: Readings, settings: Settings, thermal: estimators.Thermal | None, now_ms: int
) -> Watches:
    """Sensors that should have moved."""
    f, before, m = settings.firmware, state.watches, r.m
    cells, sense, system, battery, heatsink, terminal = before
    if r.optional or before[:4] != _UNWATCHED:
        cells, sense, system, battery = _watched_currents(before[:4], r, settings, now_ms)
    heatsink_degC: float | None = m.heatsink_degC
    terminal_degC: float | None = m.terminal_degC
    if r.missing_port:
        heatsink_degC = None if "heatsink_degC" in r.missing_port else heatsink_degC
        terminal_degC = None if "terminal_degC" in r.missing_port else terminal_degC
    _, held_terminal_degC, held_heatsink_degC, _, _ = _NOTHING if thermal is None else thermal.sample
    after = (
        cells, sense, system, battery, heat.watched(heatsink, thermal, heatsink_degC, held_heatsink_degC, now_ms, f),
        heat.watched(terminal, thermal, terminal_degC, held_terminal_degC, now_ms, f),
    )
    return before if after == before else Watches(*after)


_Currents = tuple[bank.Watch | None, bank.Watch | None, bank.Watch | None, bank.Watch | None]
_UNWATCHED = (None,) * 4
_NOTHING = estimators.Sample(*(math.nan,) * 5)


def _watched_currents(
    before: _Currents, r: Readings, settings: Settings, now_ms: int
) -> _Currents:
    """Cells that should answer to the bank's current, and each current sensor to the other two."""
    f = settings.firmware
    strikes, delay_ms, amps = f.frozen_strikes, f.frozen_delay_ms, f.frozen_band_A
    cells = None if r.cell_V is None else r.m.cell_voltage_V
    bank_band_A = bank.bank_band_A(settings.plan.bank_Ah, f)
    into_A, system_A, bank_A, path_A = r.into_bank_A, r.system_A, r.bank_A, r.output_A
    after: list[bank.Watch | None] = []
    for k, (one, other, sign, response) in enumerate((
        (bank_A, system_A, -1.0, path_A if path_A is None else r.m.fuse_sense_V),
        (bank_A, path_A, -1.0, system_A), (system_A, path_A, 1.0, bank_A),
    ), start=1):
        stimulus = None if one is None or other is None else one + sign * other
        shown = None if response is None else (response,)
        after.append(bank.watched(before[k], stimulus, shown, 0, amps, delay_ms, strikes, now_ms, f))
    sense, system, battery = after
    return bank.watched(before[0], into_A, cells, 4, bank_band_A, delay_ms, strikes, now_ms, f), sense, system, battery
