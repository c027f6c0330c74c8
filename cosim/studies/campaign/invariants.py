"""Safety invariants: what must hold in every run, whatever is broken; small pure functions over a `Record`.

Limits are those of the requirements, never the supervisor's settings, so that a wrong constant is found. An invariant
says `excused` where a sensor that it rests on lies: such a run shows what the fault does, and no rule is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cosim.studies.campaign.circuit_rules import latch, ratings, studs, window_balances
from cosim.studies.campaign.record import Finding, Mask, Record

SLACK_S = 0.2
"""Two ticks: one until a value is seen, one until the command acts."""
CELL_DELAY_S, TEMPERATURE_DELAY_S, REMOTE_DELAY_S, UNUSABLE_DELAY_S = 0.2, 0.3, 0.1, 0.3
"""Debounce times (ours, `docs/supervisor.md`); kept here a second time on purpose."""
LEAD_S, SPACING_S = 30.0, 30.0
CELL_V, DEGC = 2e-3, 0.3
"""Steps of the converters: 1 mV and 0.25 K, with rounding."""
MOST_CHANGES = 6
LIFTED_S = 2.0
"""What A4 allows during a load dump is in the mean of a second until so long after it began (0.5 s, and its end)."""


Check = Callable[[Record], Finding | None]
Excuse = Callable[[Record], bool]


class Invariant(NamedTuple):
    """An invariant: identifier, row of the requirements, what it says, the check, and when it does not apply."""

    name: str
    row: str
    says: str
    check: Check
    excused: Excuse


def never(r: Record, wrong: Mask, text: str) -> Finding | None:
    """A finding where something is wrong."""
    time_s = r.first(wrong)
    return None if time_s is None else Finding(time_s, text)


def charging_off(r: Record) -> Mask:
    """Whether all that can charge is told to stop."""
    return np.asarray(~(r.on("charge_output") | r.on("charge_gate") | r.on("alternator_enabled")))


def over_voltage(r: Record) -> Finding | None:
    """B5: charging stops above 3.75 V."""
    late = r.lasting(r.highest_V > 3.75 + CELL_V, CELL_DELAY_S + SLACK_S) & ~charging_off(r)
    return never(r, late, f"a cell at {r.highest_V.max():.3f} V, and charging is not stopped")


def temperature(r: Record) -> Finding | None:
    """B5: charging only from 5 to 50 degC."""
    cells = r["cell_temperature_degC"]
    outside = (cells.min(axis=1) < 5.0 - DEGC) | (cells.max(axis=1) > 50.0 + DEGC)
    late = r.lasting(outside, TEMPERATURE_DELAY_S + SLACK_S) & ~charging_off(r)
    return never(r, late, f"cells at {cells.min():.1f} to {cells.max():.1f} degC, and charging is not stopped")


def load_cut(r: Record) -> Finding | None:
    """B3, S3: discharge ends below 2.8 V, after the lead of the pre-alarm."""
    low = r.lasting(r.lowest_V < 2.8 - CELL_V, LEAD_S + CELL_DELAY_S + 2 * SLACK_S)
    late = low & (r.on("discharge_gate") | r.on("load_output"))
    return never(r, late, f"a cell at {r.lowest_V.min():.3f} V, and loads are still on")


def deep_discharge(r: Record) -> Finding | None:
    """C3: below 2.6 V nothing but the BMS's own consumption is drawn."""
    low = r.lasting(r.lowest_V < 2.6 - CELL_V, LEAD_S + CELL_DELAY_S + 2 * SLACK_S)
    drawn = low & (r["battery_current_A"] < -0.1)
    return never(r, drawn, f"a cell at {r.lowest_V.min():.3f} V is discharged on")


def pre_alarm(r: Record) -> Finding | None:
    """B4: the pre-alarm is on below 3.1 V (where it is continuous), or the loads are off already.

    From one switching on of an output to the next are 30 s (ours), so a second alarm may have to wait.
    """
    low = r.lasting((r.lowest_V < 3.1 - CELL_V) & r.on("remote_on"), CELL_DELAY_S + SLACK_S)
    waits = np.zeros(r.time_s.size, dtype=bool)
    for e in r.result.events:
        if e.event == "pre-alarm on":
            waits |= (r.time_s >= e.time_s) & (r.time_s <= e.time_s + SPACING_S + SLACK_S)
    return never(r, low & ~waits & ~r.on("pre_alarm") & r.on("load_output"), "a cell below 3.1 V without a pre-alarm")


def lead_time(r: Record) -> Finding | None:
    """O5: at least 30 s between pre-alarm and load disconnect."""
    output = r.on("load_output")
    falls = np.flatnonzero(output[:-1] & ~output[1:]) + 1
    changes = [(e.time_s, e.event == "pre-alarm on") for e in r.result.events
               if e.event in ("pre-alarm on", "pre-alarm off")]
    for i in falls:
        now_s = float(r.time_s[i])
        if not r.on("remote_on")[i]:
            continue
        before = [change for change in changes if change[0] <= now_s + 1e-9]
        lead_s = now_s - before[-1][0] if before and before[-1][1] else 0.0
        if lead_s < LEAD_S - 1e-6:
            return Finding(now_s, f"load disconnect {lead_s:.1f} s after the pre-alarm")
    return None


def start(r: Record) -> Finding | None:
    """A1: charging starts only above 13.0 V."""
    enabled, volts = r.on("alternator_enabled"), r["input_voltage_V"]
    for i in np.flatnonzero(enabled[1:] & ~enabled[:-1]) + 1:
        before = volts[max(0, i - 4) : i]
        if before.size and before.min() < 13.0 - 0.01:
            return Finding(float(r.time_s[i]), f"start at an input of {before.min():.3f} V")
    return None


def stop(r: Record) -> Finding | None:
    """A1: charging stops below 12.5 V, or after 10 s below 13.0 V."""
    volts = r["input_voltage_V"]
    late = r.lasting(volts < 12.5 - 0.01, 0.1 + SLACK_S) | r.lasting(volts < 13.0 - 0.01, 10.0 + 0.1 + SLACK_S)
    return never(r, late & r.on("alternator_enabled"), "charging goes on at a weak input")


def reverse(r: Record) -> Finding | None:
    """A2: no steady current from the bank to the starter battery."""
    back = r.lasting(r["port_current_A"] < -1e-3, 1.0)
    return never(r, back, f"{-1e3 * r['port_current_A'].min():.1f} mA flow back through the port")


def limit(r: Record) -> Finding | None:
    """A3, A4: mean of any second at most min(0.9 x fuse, 100 A) + 3 %, but for a lifted limit."""
    most_A = min(0.9 * float(r.scenario.settings.get("fuse_rating_A", 100)), 100.0)
    count = max(1, round(1.0 / r.scenario.tick_s))
    total = np.concatenate(([0.0], np.cumsum(r["port_current_A"])))
    mean_A = np.zeros(r.time_s.size)
    mean_A[count - 1 :] = (total[count:] - total[:-count]) / count
    lifted = np.zeros(r.time_s.size, dtype=bool)
    for e in r.result.events:
        if e.event == "limit lifted":
            lifted |= (r.time_s >= e.time_s - r.scenario.tick_s) & (r.time_s <= e.time_s + LIFTED_S)
    mean_A[lifted] = 0.0
    return never(r, mean_A > 1.03 * most_A, f"{mean_A.max():.2f} A as a mean over 1 s; limit {most_A:g} A + 3 %")


def junctions(r: Record) -> Finding | None:
    """A8, S1: every junction below 175 degC."""
    hot = r["junction_degC"].max(axis=1)
    if r.at_system:
        hot = np.maximum(hot, np.maximum(r["system_discharge_junction_degC"], r["system_charge_junction_degC"]))
    return never(r, hot > 175.0, f"a junction at {hot.max():.0f} degC")


def fuse(r: Record) -> Finding | None:
    """A3: a healthy limiter does not blow its fuse."""
    blown = [e.time_s for e in r.result.events if e.event == "fuse blown"]
    return Finding(blown[0], f"fuse blown, at {r['fuse_temperature_degC'].max():.0f} degC") if blown else None


def derating(r: Record) -> Finding | None:
    """A9: no charging with the heatsink above 100 degC (12 s: the limit moves every 10 s)."""
    hot = r.lasting(r["heatsink_degC"] > 101.0, 12.0)
    return never(r, hot & r.on("alternator_enabled"), f"heatsink at {r['heatsink_degC'].max():.0f} degC, and charging")


def charge_disconnect(r: Record) -> Finding | None:
    """A10: the charge disconnect stops the alternator port and the charge gate."""
    off = r.lasting(~r.on("charge_output"), 0.1)
    return never(r, off & ~charging_off(r), "the charge disconnect is off and something charges on")


def no_charge(r: Record) -> Finding | None:
    """S4: with all that charges switched off, no current enters the bank."""
    into = r.lasting(charging_off(r) & ~r.on("precharge") & (r["battery_current_A"] > 0.05), SLACK_S)
    return never(r, into, f"{r['battery_current_A'][into].max(initial=0.0):.2f} A enter the bank")


def no_discharge(r: Record) -> Finding | None:
    """S3: with the discharge gate off, the bank feeds the BMS only."""
    closed = ~r.on("discharge_gate") & ~r.on("precharge") & ~r.on("load_output") & ~r.on("alternator_enabled")
    out = r.lasting(closed & (r["battery_current_A"] < -0.1), SLACK_S)
    return never(r, out, f"{-r['battery_current_A'][out].min(initial=0.0):.2f} A leave the bank")


def short_circuit(r: Record) -> Finding | None:
    """S2: above 400 A the discharge gate opens within a tick."""
    if not r.at_system:
        return None
    over = r.lasting(r["system_current_A"] < -402.0, SLACK_S)
    return never(r, over & r.on("discharge_gate"), f"{-r['system_current_A'].min():.0f} A at System+")


def fail_safe(r: Record) -> Finding | None:
    """B2: a battery or cell that is not heard stops charging at once, loads after the lead of the pre-alarm."""
    unheard = r.unheard()
    charging = r.lasting(unheard, UNUSABLE_DELAY_S + SLACK_S) & ~charging_off(r)
    loads = r.lasting(unheard, UNUSABLE_DELAY_S + LEAD_S + 2 * SLACK_S) & (r.on("load_output") | r.on("discharge_gate"))
    return never(r, charging, "a cell is not heard, and charging is not stopped") or never(
        r, loads, "a cell is not heard, and the loads are not cut")


def remote(r: Record) -> Finding | None:
    """R5..R7: what remote off stops."""
    wanted = np.ones(r.time_s.size, dtype=bool)
    for state in r.scenario.remote:
        wanted[r.time_s >= state.time_s] = state.state != "off"
    off = r.lasting(~wanted, REMOTE_DELAY_S + SLACK_S)
    function = str(r.scenario.settings.get("remote_function", "alternator"))
    on = r.on("alternator_enabled")
    if function in ("system", "ports"):
        on = on | r.on("charge_gate") | r.on("discharge_gate")
    if function == "system":
        on = on | r.on("charge_output") | r.on("load_output") | (r["supply_current_A"] > 0.0066)
    return never(r, off & on, f"remote off ({function}), and something that it stops is on")


def bank_current(r: Record) -> Finding | None:
    """A11: a bank current above the bank's limit is told."""
    most_A = float(r.result.summary["supervisor"]["limits_applied"]["bank_current_A"])
    over = r.lasting(r["battery_current_A"] > 1.02 * most_A + 1.0, 1.0 + 2 * SLACK_S)
    time_s = r.first(over)
    told = any(e.event == "fault raised" and e.detail.startswith("bank current above limit") for e in r.result.events)
    return None if time_s is None or told else Finding(time_s, f"above {most_A:g} A, and no warning")


def battery_terminals(r: Record) -> Finding | None:
    """A7: battery terminals below 18 V."""
    return never(r, r["battery_voltage_V"] >= 18.0, f"{r['battery_voltage_V'].max():.1f} V at the battery")


def consumption(r: Record) -> Finding | None:
    """C1: own consumption at most 17.5 mA."""
    return never(r, r["supply_current_A"] > 0.01751, f"{1e3 * r['supply_current_A'].max():.2f} mA")


def chatter(r: Record) -> Finding | None:
    """Ours: an output or a port changes at most six times in any minute."""
    for channel in ("charge_output", "load_output", "alternator_enabled", "charge_gate", "discharge_gate"):
        moments = r.time_s[np.flatnonzero(np.diff(r.on(channel).astype(int))) + 1]
        spans = moments[MOST_CHANGES:] - moments[: -MOST_CHANGES or None][: max(0, moments.size - MOST_CHANGES)]
        if spans.size and spans.min() < 60.0 - 1e-6:
            place = int(spans.argmin())
            return Finding(float(moments[place]), f"{channel} changes {MOST_CHANGES + 1} times in {spans.min():.1f} s")
    return None


def finite(r: Record) -> Finding | None:
    """Every waveform is a number at every tick."""
    for name, wave in r.result.slow.data_vars.items():
        if np.issubdtype(wave.dtype, np.floating) and not np.isfinite(wave.values).all():
            places = np.flatnonzero(~np.isfinite(wave.values.reshape(r.time_s.size, -1)).all(axis=1))
            return Finding(float(r.time_s[places[0]]), f"{name} is not finite")
    return None


def balances(r: Record) -> Finding | None:
    """Charge and energy balance: 1e-6, where windows ran 1e-3 (their waveforms are integrated by trapezoid)."""
    most = 1e-3 if r.result.windows else 1e-6
    for name in ("charge_balance", "energy_balance"):
        if not r.result.summary[name]["relative"] <= most:
            return Finding(float(r.time_s[-1]), f"{name}: relative error {r.result.summary[name]['relative']:.2e}")
    return None


def windows(r: Record) -> Finding | None:
    """No SPICE window fails."""
    failed = [e for e in r.result.events if e.event == "window failed"]
    return Finding(failed[0].time_s, failed[0].detail) if failed else None


def _never(r: Record) -> bool:
    return False


def _lies(*measurements: str) -> Excuse:
    return lambda r: r.lies(*measurements)


def _limiter_blind(r: Record) -> bool:
    """A3 holds for the fuse that is set, for sensors that tell the truth and pass devices that can be turned off."""
    wrong = any("fuse" in name for name in r.broken)
    return wrong or r.lies("fuse_sense_V", "heatsink_degC", "terminal_degC") or r.has_short("q2")


def _fuse_at_risk(r: Record) -> bool:
    """Nothing but the fuse limits what goes through transistors that are short."""
    return r.lies("fuse_sense_V", "terminal_degC", "heatsink_degC") or r.has_short("q1", "q2")


def _short(*devices: str) -> Excuse:
    return lambda r: r.has_short(*devices)


def _junctions_blind(r: Record) -> bool:
    """The hottest junction is estimated from heatsink, drop and current; System+ is guarded by its current sensor."""
    system = any(getattr(f, "measurement", "") == "system_current_A" for f in r.scenario.faults)
    blind = r.lies("fuse_sense_V", "heatsink_degC", "input_voltage_V", "battery_voltage_V")
    return system or blind or r.has_short("q")


def _drained(r: Record) -> bool:
    """What is short drains the bank whatever the supervisor switches off."""
    return r.lies("cell_voltage_V") or r.has_short("q1", "qd")


def _intermittent(r: Record) -> bool:
    return r.lies("cell_voltage_V") or r.scenario.settings.get("pre_alarm_mode") == "intermittent"


def registry() -> tuple[Invariant, ...]:
    """All invariants, in the order of the requirements."""
    table: list[tuple[str, str, Check, Excuse]] = [
        ("start", "A1", start, _lies("input_voltage_V")),
        ("stop", "A1", stop, _lies("input_voltage_V")),
        ("reverse", "A2", reverse, _short("q1")),
        ("limit", "A3", limit, _limiter_blind),
        ("fuse", "A3", fuse, _fuse_at_risk),
        ("battery_terminals", "A7", battery_terminals, _short("q2")),
        ("studs", "A7", studs, _short("q2")),
        ("junctions", "A8", junctions, _junctions_blind),
        ("ratings", "A8", ratings, _junctions_blind),
        ("derating", "A9", derating, _lies("heatsink_degC")),
        ("charge_disconnect", "A10", charge_disconnect, _never),
        ("bank_current", "A11", bank_current, _lies("battery_current_A", "fuse_sense_V", "system_current_A")),
        ("short_circuit", "S2", short_circuit, _lies("system_current_A")),
        ("latch", "S2", latch, _short("qd", "qc")),
        ("no_discharge", "S3", no_discharge, _short("q1", "qd")),
        ("no_charge", "S4", no_charge, _short("q2", "qc")),
        ("fail_safe", "B2", fail_safe, _never),
        ("load_cut", "B3", load_cut, _lies("cell_voltage_V")),
        ("pre_alarm", "B4", pre_alarm, _intermittent),
        ("over_voltage", "B5", over_voltage, _lies("cell_voltage_V")),
        ("temperature", "B5", temperature, _lies("cell_temperature_degC")),
        ("lead_time", "O5", lead_time, _never),
        ("chatter", "O", chatter, _never),
        ("remote", "R5..R7", remote, _lies("remote_L_V", "remote_H_V")),
        ("consumption", "C1", consumption, _never),
        ("deep_discharge", "C3", deep_discharge, _drained),
        ("finite", "plant", finite, _never),
        ("balances", "plant", balances, _never),
        ("windows", "plant", windows, _never),
        ("window_balances", "plant", window_balances, _never),
    ]
    return tuple(Invariant(name, row, (check.__doc__ or "").strip().splitlines()[0], check, excused)
                 for name, row, check, excused in table)


def checked(r: Record) -> dict[str, Finding | None]:
    """Findings of all invariants that apply to a run; those that are excused are left out."""
    return {i.name: i.check(r) for i in registry() if not i.excused(r)}
