"""Battery rows B1 to B5: every cell of every battery is watched, at the thresholds that are set on each battery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bms.settings import MOST_BATTERIES, Variant
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Influence, Lab
from cosim.studies.conformance.look import RESTING, evidence, looked, trace
from cosim.studies.conformance.reading import entry

CELLS = 4
TICK_S = 0.1
"""In the tick of a disconnect the load is gone already and the cells rebound: they are read one tick before."""
NG = Corner("NG", variant="12-200 NG")
BREAKS_S = 40.0
"""A fault lasts longer than the 30 s from pre-alarm to disconnect."""


# ---- B1 -------------------------------------------------------------------------------------------------------------

class Wrong(NamedTuple):
    """A reading beyond a threshold: name, measurement, value, what must follow: event and channel."""

    name: str
    measurement: str
    value: float
    event: str
    channel: str
    label: str


WRONGS = (
    Wrong("low", "cell_voltage_V", 2.75, "load disconnected", "load_output", "load output"),
    Wrong("high", "cell_voltage_V", 3.80, "charge disconnected", "charge_output", "charge output"),
    Wrong("hot", "cell_temperature_degC", 52.0, "charge disconnected", "charge_output", "charge output"),
)
FIRST_S, APART_S = 100.0, 300.0


def watched_cells(wrong: Wrong, corner: Corner) -> dict[str, Any]:
    """One cell after the other reads beyond a threshold."""
    del corner
    faults = [{"kind": "stuck", "measurement": wrong.measurement, "cell": k + 1, "value": wrong.value,
               "time_s": FIRST_S + APART_S * k, "duration_s": BREAKS_S} for k in range(CELLS)]
    devices = [{"kind": "inverter", "demand_W": [[0, 200]]}]
    return {"name": f"b1_{wrong.name}", "bank": {"soc": 0.6}, "source": RESTING, "system": {"devices": devices},
            "duration_s": FIRST_S + APART_S * CELLS, "faults": faults, "recording": {"period_s": 0.1}}


def every_cell(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """B1: low voltage, high voltage and temperature in each position."""
    del changes
    entries = []
    for wrong in WRONGS:
        look = looked(lab, watched_cells(wrong, corner), corner)
        begins = [FIRST_S + APART_S * k for k in range(CELLS)]
        answers = [look.when(wrong.event, after_s=t) - t for t in begins]
        honoured = [answer for answer in answers if answer <= BREAKS_S]
        alarms = [look.when("pre-alarm on", after_s=t) - t for t in begins] if wrong.name == "low" else answers
        seen = evidence(look.trace(wrong.channel, wrong.label, "1"),
                        *([look.trace("pre_alarm", "pre-alarm", "1")] if wrong.name == "low" else []),
                        marks=[(t, 1.0, f"cell {k + 1}") for k, t in enumerate(begins)], limit=False)
        method = f"scenario: each cell in turn reads {wrong.value:g} {wrong.measurement.rsplit('_', 1)[-1]}"
        entries += [
            entry(corner, f"B1.{wrong.name}_cells", float(len(honoured)), f"{method}; cells that were cut off", seen),
            entry(corner, f"B1.{wrong.name}_s", max(alarms),
                  f"{method}; longest time to the {'pre-alarm' if wrong.name == 'low' else 'charge disconnect'}", seen),
        ]
    return entries


# ---- B2 -------------------------------------------------------------------------------------------------------------

SPACING_S = 70.0
"""Fault after fault: the rest of a charge disconnect and the spacing of an output's changes are over."""
PULLED_S = 45.0


def batteries_of(corner: Corner) -> int:
    """Number of batteries that the variant takes."""
    return MOST_BATTERIES[Variant(corner.variant)]


def bank_run(name: str, corner: Corner, faults: Sequence[dict[str, Any]], spacing_s: float) -> dict[str, Any]:
    """A full bank with loads; a fault per battery."""
    count = batteries_of(corner)
    devices = [{"kind": "inverter", "demand_W": [[0, 500]]}]
    return {"name": name, "bank": {"batteries": count, "soc": 0.6}, "source": RESTING, "faults": list(faults),
            "system": {"devices": devices}, "duration_s": spacing_s * (count + 1), "recording": {"period_s": 0.5}}


def one_alarm_each(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """B2: the largest bank: each battery's alarm alone is enough; each cable that breaks is an alarm."""
    del changes
    count = batteries_of(corner)
    begins = [SPACING_S * (k + 1) for k in range(count)]
    faults = [{"kind": "stuck", "measurement": "cell_voltage_V", "battery": k + 1, "cell": k % CELLS + 1, "value": 3.8,
               "time_s": t, "duration_s": 2.0} for k, t in enumerate(begins)]
    look = looked(lab, bank_run("b2_alarms", corner, faults, SPACING_S), corner)
    answered = [look.when("charge disconnected", "cell over-voltage", t) - t <= 2.0 for t in begins]
    seen = evidence(look.trace("charge_output", "charge output", "1"), look.trace("battery_current_A", "bank", "A"),
                    marks=[(begins[0], 1.0, "battery 1"), (begins[-1], 1.0, f"battery {count}")], limit=False)
    shares = look.wave("each_current_A")
    away_A = float(np.abs(shares.sum(axis=1) - look.wave("battery_current_A")).max())
    method = f"scenario: {count} batteries, in each in turn one cell reads 3.8 V for 2 s"
    entries = [
        entry(corner, f"B2.{'ng' if count > 10 else 'standard'}_batteries", float(sum(answered)),
              f"{method}; batteries whose alarm disconnects the chargers", seen),
        entry(corner, "B2.current_sum_A", away_A, f"{method}; sum of the batteries' currents less the bank's", seen),
    ]
    return entries + cables(lab, corner, count)


def cables(lab: Lab, corner: Corner, count: int) -> list[Entry]:
    """B2: a daisy-chain cable that is pulled out, at each place."""
    apart_s = 240.0
    begins = [apart_s * (k + 1) for k in range(count)]
    faults = [{"kind": "cable", "after_battery": k, "time_s": t, "duration_s": PULLED_S} for k, t in enumerate(begins)]
    look = looked(lab, bank_run("b2_cables", corner, faults, apart_s), corner)
    charge = [look.when("charge disconnected", "cell sensor missing", t) - t for t in begins]
    load = [look.when("load disconnected", "cell sensor missing", t) - t for t in begins]
    alarmed = [a <= 1.0 and b <= PULLED_S for a, b in zip(charge, load, strict=True)]
    seen = evidence(look.trace("charge_output", "charge output", "1"), look.trace("load_output", "load output", "1"),
                    look.trace("pre_alarm", "pre-alarm", "1"),
                    marks=[(begins[0], 1.0, "cable to battery 1")], limit=False)
    method = f"scenario: {count} batteries, each cable in turn is pulled out for {PULLED_S:g} s"
    return [
        entry(corner, f"B2.{'ng' if count > 10 else 'standard'}_cables", float(sum(alarmed)),
              f"{method}; places at which chargers, then loads are disconnected", seen),
        entry(corner, "B2.cable_charge_off_s", max(charge), f"{method}; longest time to the charge disconnect", seen),
    ]


# ---- B3, B4 ---------------------------------------------------------------------------------------------------------

class Set(NamedTuple):
    """Thresholds that are set on a battery: name of the case, load disconnect and pre-alarm [V]."""

    name: str
    load_V: float
    alarm_V: float


SETS = (Set("default", 2.8, 3.1), Set("low_end", 2.6, 2.85), Set("high_end", 2.8, 3.15))
"""Defaults, and both ends of the adjustable ranges (B3: 2.6..2.8 V, B4: 2.85..3.15 V)."""


def emptied(asked: Set | None, thresholds: Sequence[dict[str, float]] = (), **bank: Any) -> dict[str, Any]:
    """A load of 0.2 C empties the bank slowly, so that a threshold is met within a millivolt or two."""
    if asked is not None and asked.name != "default":
        thresholds = [{"load_disconnect_V": asked.load_V, "pre_alarm_V": asked.alarm_V}]
    count = bank.get("batteries", 1)
    settings = {"battery_thresholds": list(thresholds)} if thresholds else {}
    devices = [{"kind": "inverter", "demand_W": [[0, 450 * count]]}]
    return {"name": f"b3_{asked.name if asked else 'unequal'}", "bank": {"soc": 0.08, **bank}, "source": RESTING,
            "system": {"devices": devices}, "settings": settings, "duration_s": 1800.0,
            "recording": {"period_s": 0.1}}


def thresholds(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """B3, B4: lowest cell when the pre-alarm comes and when the load is cut, at three settings of the battery."""
    del changes
    entries = []
    for asked in SETS:
        look = looked(lab, emptied(asked), corner)
        lowest_V = look.lowest_cell_V()
        cut_s, alarm_s = look.when("load disconnected"), look.when("pre-alarm on")
        cut_V, alarm_V = look.at(lowest_V, cut_s - TICK_S), look.at(lowest_V, alarm_s)
        kept = (look.time_s > alarm_s - 300.0) & (look.time_s < cut_s + 60.0) if np.isfinite(cut_s) else slice(None)
        traces = (trace("lowest cell", "V", look.time_s[kept], lowest_V[kept]),
                  trace("load output", "1", look.time_s[kept], look.wave("load_output")[kept]),
                  trace("pre-alarm", "1", look.time_s[kept], look.wave("pre_alarm")[kept]))
        method = "scenario: 450 W empty the battery"
        cut = evidence(*traces, marks=[(cut_s, cut_V, f"load cut at {cut_V:.4f} V")])
        alarm = evidence(*traces, marks=[(alarm_s, alarm_V, f"pre-alarm at {alarm_V:.4f} V")])
        entries += [
            entry(corner, f"B3.{asked.name}_V", cut_V, f"{method}, set to {asked.load_V:g} V; lowest cell at the cut",
                  cut),
            entry(corner, f"B4.{asked.name}_V", alarm_V,
                  f"{method}, set to {asked.alarm_V:g} V; lowest cell at the pre-alarm", alarm),
        ]
    return entries + unequal(lab, corner)


def unequal(lab: Lab, corner: Corner) -> list[Entry]:
    """B3, B4: two batteries with thresholds of their own; the weaker one has the lower ones."""
    given = [{"load_disconnect_V": 2.8, "pre_alarm_V": 3.1}, {"load_disconnect_V": 2.6, "pre_alarm_V": 2.85}]
    each = [{}, {"capacity_factor": 0.8, "soc": 0.06, "cable": {"length_m": 0.5, "area_mm2": 50}}]
    look = looked(lab, emptied(None, given, batteries=2, each=each), corner)
    cells = look.wave("cell_voltage_V")
    own_V = (cells[:, :CELLS].min(axis=1), cells[:, CELLS:].min(axis=1))
    entries = []
    for row, event, limits_V in (("B3", "load disconnected", (2.8, 2.6)), ("B4", "pre-alarm on", (3.1, 2.85))):
        at_s = look.when(event) - TICK_S
        over_V = [look.at(own, at_s) - level for own, level in zip(own_V, limits_V, strict=True)]
        margin_mV = 1e3 * np.minimum(own_V[0] - limits_V[0], own_V[1] - limits_V[1])
        kept = look.time_s < at_s + 60.0 if np.isfinite(at_s) else np.ones(look.time_s.size, dtype=bool)
        time_s = look.time_s[kept]
        seen = evidence(trace("least distance over a battery's own threshold", "mV", time_s, margin_mV[kept]),
                        *(trace(f"battery {k + 1}", "V", time_s, own[kept]) for k, own in enumerate(own_V)),
                        marks=[(at_s, 1e3 * min(over_V), event)])
        method = "scenario: two batteries with thresholds of their own"
        entries.append(entry(corner, f"{row}.own_margin_mV", 1e3 * min(over_V),
                             f"{method}; least distance over the own threshold at the event", seen))
    return entries


BENCHES: tuple[Bench, ...] = (
    Bench("battery_cells", ("B1",), every_cell, 1.5, (Corner(), NG)),
    Bench("battery_bank", ("B2",), one_alarm_each, 4.0, (Corner(), NG)),
    Bench("battery_thresholds", ("B3", "B4"), thresholds, 2.0, (Corner(),),
          (Influence("firmware", "cell_low_delay_ms"), Influence("firmware", "pre_alarm_delay_ms"),
           Influence("firmware", "alarm_lead_ms"), Influence("plant", "bank.soc"),
           Influence("firmware", "cell_low_hysteresis_V"))),
)


