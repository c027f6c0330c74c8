"""Sensors under watch: what should have moved when something else did (`bms.bank`: how a watch works)."""

from __future__ import annotations

from bms import bank
from bms import thermal as estimators
from bms.channels import Readings
from bms.settings import Settings
from bms.state import State


def watched(
    state: State, r: Readings, settings: Settings, thermal: estimators.Thermal | None, now_ms: int
) -> tuple[bank.Watch | None, ...]:
    """Sensors that should have moved (order of `WATCHES`)."""
    f, before, m = settings.firmware, state.watches, r.m
    after = before[:4]
    if r.optional or after != _UNWATCHED:
        after = _watched_currents(after, r, settings, now_ms)
    power_W = None if thermal is None else estimators.path_power_W(thermal)
    band_W, heat_ms, heats = f.frozen_power_W, f.frozen_heat_ms, f.frozen_heat_strikes
    heatsink = None if "heatsink_degC" in r.missing_port else (m.heatsink_degC,)
    terminal = None if "terminal_degC" in r.missing_port else (m.terminal_degC,)
    return (
        *after,
        bank.watched(before[4], power_W, heatsink, 0, band_W, heat_ms, heats, now_ms, f),
        bank.watched(before[5], power_W, terminal, 0, band_W, heat_ms, heats, now_ms, f),
    )


_UNWATCHED = (None,) * 4


def _watched_currents(
    before: tuple[bank.Watch | None, ...], r: Readings, settings: Settings, now_ms: int
) -> tuple[bank.Watch | None, ...]:
    """Cells that should answer to the bank's current, and each current sensor to the other two."""
    f = settings.firmware
    strikes, delay_ms, amps = f.frozen_strikes, f.frozen_delay_ms, f.frozen_band_A
    cells = None if r.cell_V is None else r.m.cell_voltage_V
    bank_band_A = bank.bank_band_A(settings.plan.bank_Ah, f)
    into_A, system_A, bank_A, path_A = r.into_bank_A, r.system_A, r.bank_A, r.path_A
    after = [bank.watched(before[0], into_A, cells, 4, bank_band_A, delay_ms, strikes, now_ms, f)]
    for k, (one, other, sign, response) in enumerate((
        (bank_A, system_A, -1.0, path_A if path_A is None else r.m.fuse_sense_V),
        (bank_A, path_A, -1.0, system_A), (system_A, path_A, 1.0, bank_A),
    ), start=1):
        stimulus = None if one is None or other is None else one + sign * other
        shown = None if response is None else (response,)
        after.append(bank.watched(before[k], stimulus, shown, 0, amps, delay_ms, strikes, now_ms, f))
    return tuple(after)
