"""What an engineer wants at a glance, as HTML: energy flow, cells, ports, temperatures, lights, outputs, alarms."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from cosim.live.page.style import BLACK, BLUE, CSS, GREEN, INTO, NONE, ORANGE, OUT, VERMILLION, YELLOW
from cosim.live.session import About
from cosim.live.view import Snapshot, number
from cosim.result import LoggedEvent

LEDS = (
    ("active", "active", GREEN), ("bluetooth", "Bluetooth", BLUE), ("over_temperature", "over-temperature", VERMILLION),
    ("charge_disconnect", "charge disconnect enabled", YELLOW),
    ("load_disconnect", "load disconnect enabled", ORANGE), ("alternator_charging", "alternator charging", GREEN),
)
"""Lights as on the device (K3), in its order."""
QUIET_A = 0.05
"""Below this current an arrow says that nothing flows."""
FULL_WIDTH_A, THINNEST, THICKEST = 200.0, 2.0, 11.0
"""Arrows are as wide as their currents: 200 A is the rating of System+."""
CELL_SPAN_V = (2.5, 3.9)
MANY_CELLS = 16
"""Beyond so many cells the batteries' extremes are shown."""
LOG_ROWS = 200


def clock(time_s: float) -> str:
    """A time as h:mm:ss.s."""
    tenths = round(time_s * 10.0)
    hours, rest = divmod(tenths, 36_000)
    return f"{hours}:{rest // 600:02d}:{rest % 600 / 10.0:04.1f}"


def overview(name: str, now: Snapshot, about: About, viewers: int) -> str:
    """The whole overview."""
    return "".join((CSS, '<div class="bms">', head(name, now, about, viewers), flow(now), details(now), "</div>"))


def head(name: str, now: Snapshot, about: About, viewers: int) -> str:
    """Name, time, pace and state of the run."""
    state, kind = "paused", ""
    if about.failed:
        state, kind = f"stopped: {about.failed}", "bad"
    elif about.ended:
        state = "at its end"
    elif about.busy:
        state, kind = about.busy, "run"
    elif not about.paused:
        state, kind = "running", "run"
    reached = "" if about.reached is None else f", reached {about.reached:.3g}"
    lag = f"late by {about.lag_s:.1f} s" if about.lag_s >= 0.05 else "on time"
    return (
        f'<div class="bar"><b class="name">{html.escape(name)}</b>'
        f'<span class="t">{clock(now.time_s)} of {clock(now.duration_s)}</span>'
        f'<span class="chip {kind}" role="status">{html.escape(state)}</span>'
        f"<span>speed {about.speed:g}{reached} &times; real time, {lag}</span>"
        f"<span>{viewers} viewer{'s' if viewers != 1 else ''}</span></div>"
    )


def flow(now: Snapshot) -> str:
    """Where the energy goes: source, vehicle, port, bank, System+."""
    v = now.value
    limit_A, port_A, system_A = v("current_limit_A"), v("port_current_A"), v("system_current_A")
    fuse = now.settings["fuse_rating_A"]
    parts = []
    if now.vehicle:
        parts += [
            card("Alternator", number(v("alternator_current_A"), "A"), [
                ("speed", number(v("alternator_rpm"), "1/min", 0)), ("winding", number(v("winding_degC"), "°C", 0)),
                ("rectifier", number(v("rectifier_degC"), "°C", 0)), ("vehicle", number(_km_h(now), "km/h", 0))]),
            arrow(v("alternator_current_A"), "alternator to vehicle"),
            card("Vehicle and starter battery", number(v("starter_voltage_V"), "V", 2), [
                ("starter battery", number(v("starter_battery_current_A"), "A")),
                ("state of charge", number(_percent(v("starter_soc")), "%", 0)),
                ("consumers", number(v("vehicle_load_A"), "A"))]),
        ]
    else:
        parts.append(card("Laboratory supply", number(v("starter_voltage_V"), "V", 2), []))
    parts += [
        arrow(port_A, "vehicle to BMS"),
        card("BMS alternator port", f"{number(port_A, 'A')}", [
            ("limit", number(limit_A, "A")), ("port", now.modes["alternator"]), ("fuse", f"{fuse} A"),
            ("fuse temperature", number(v("fuse_temperature_degC"), "°C", 0)),
            ("heatsink", number(v("heatsink_degC"), "°C", 0))]),
        arrow(port_A, "BMS to LFP bank"),
        card("LFP bank", number(v("battery_voltage_V"), "V", 2), [
            ("current", number(v("battery_current_A"), "A")),
            ("state of charge", number(_percent(v("soc")), "%")), ("remote", now.modes["remote"])]),
        arrow(system_A, "System+ to LFP bank", reverse=True),
        card("System+", number(system_A, "A"), [
            ("port", now.modes["system"]), ("voltage", number(v("system_voltage_V"), "V", 2)), *_devices(now)]),
    ]
    return f'<div class="flow">{"".join(parts)}</div>'


def details(now: Snapshot) -> str:
    """Cells, temperatures, lights, outputs and alarms."""
    return "".join((
        '<div class="grid">', f'<div class="card c5"><h4>Cells</h4>{cells(now)}</div>',
        f'<div class="card c4"><h4>Lights of the device</h4>{lights(now)}</div>',
        f'<div class="card c3"><h4>Outputs</h4>{outputs(now)}</div>',
        f'<div class="card c5"><h4>Alarms</h4>{alarms(now.alarms)}</div>',
        f'<div class="card c4"><h4>Temperatures</h4>{temperatures(now)}</div>',
        f'<div class="card c3"><h4>Limits that apply</h4>{limits(now)}</div>', "</div>",
    ))


def card(title: str, big: str, rows: Iterable[tuple[str, str]]) -> str:
    """A part of the system: its name, its main figure, and others."""
    return f'<div class="card"><h4>{html.escape(title)}</h4><div class="big">{big}</div>{table(rows)}</div>'


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values in two columns."""
    cells_ = "".join(f"<span>{html.escape(name)}</span><span>{html.escape(value)}</span>" for name, value in rows)
    return f'<div class="kv">{cells_}</div>'


def arrow(current_A: float | None, what: str, reverse: bool = False) -> str:
    """An arrow as wide as a current, in its direction; `reverse`: a positive current goes to the left, or up."""
    known = 0.0 if current_A is None else current_A
    flows = abs(known) >= QUIET_A
    width = THINNEST + (THICKEST - THINNEST) * min(abs(known) / FULL_WIDTH_A, 1.0)
    into = known > 0.0
    colour = (INTO if into else OUT) if flows else NONE
    backwards = flows and (into == reverse)
    text = number(None if current_A is None else abs(known), "A")
    dash = "" if flows else ' stroke-dasharray="4 4"'
    head_ = f'<path d="M44 {14 - width} L58 14 L44 {14 + width} Z" fill="{colour}"/>' if flows else ""
    line = f'<line x1="4" y1="14" x2="46" y2="14" stroke="{colour}" stroke-width="{width:.1f}"{dash}/>'
    turn = {"h": 180 if backwards else 0, "v": -90 if backwards else 90}
    drawn = "".join(
        f'<svg class="{kind}" width="{62 if kind == "h" else 28}" height="28" viewBox="{box}">'
        f'<g transform="rotate({turn[kind]} 31 14)">{line}{head_}</g></svg>'
        for kind, box in (("h", "0 0 62 28"), ("v", "17 -17 28 62"))
    )
    return f'<div class="arrow" aria-label="{html.escape(what)}: {text}"><span>{text}</span>{drawn}</div>'


def cells(now: Snapshot) -> str:
    """Cell voltages as bars over the thresholds that count."""
    found = _cell_voltages(now)
    low_V, high_V = CELL_SPAN_V

    def at(volts: float) -> float:
        return 86.0 + 270.0 * min(max((volts - low_V) / (high_V - low_V), 0.0), 1.0)

    height = 14 * len(found) + 32
    marks = [(now.limits["load_disconnect_V"], "load off"), (now.limits["pre_alarm_V"], "pre-alarm"),
             (now.limits["cell_high_V"], "charge off")]
    rows = []
    for place, (name, volts) in enumerate(found):
        y = 20 + 14 * place
        inside = now.limits["load_disconnect_V"] <= volts <= now.limits["cell_high_V"]
        rows.append(
            f'<text x="0" y="{y + 9}" font-size="12">{name}</text>'
            f'<rect x="86" y="{y}" width="{at(volts) - 86.0:.1f}" height="10" fill="{BLUE if inside else VERMILLION}"/>'
            f'<text x="362" y="{y + 9}" font-size="12">{number(volts, "V", 3)}</text>'
        )
    for volts, name in marks:
        side = "end" if name == "load off" else "middle"
        rows.append(
            f'<line x1="{at(volts):.1f}" y1="14" x2="{at(volts):.1f}" y2="{height - 8}" stroke="{BLACK}" '
            f'stroke-dasharray="3 2"/><text x="{at(volts):.1f}" y="11" font-size="11" text-anchor="{side}">'
            f"{name} {volts:.2f}</text>"
        )
    drawn = "".join(rows)
    return (f'<svg role="img" aria-label="cell voltages" width="100%" style="max-width:470px" '
            f'viewBox="0 0 425 {height}" font-family="inherit">{drawn}</svg>')


def lights(now: Snapshot) -> str:
    """The six lights."""
    return "".join(
        f'<div class="led"><i style="background:{colour if now.leds.get(name) else "#fff"}"></i>{words}'
        f'<span class="s">{"on" if now.leds.get(name) else "off"}</span></div>'
        for name, words, colour in LEDS
    )


def outputs(now: Snapshot) -> str:
    """The three outputs in words."""
    told = {"load_disconnect": ("high: loads may run", "floating: loads off"),
            "charge_disconnect": ("high: chargers may run", "floating: chargers off"),
            "pre_alarm": ("high: alarm", "floating: no alarm")}
    rows = [(name.replace("_", " "), told[name][0 if on else 1]) for name, on in now.outputs.items()]
    return "".join(f"<div><b>{name}</b><br>{words}</div>" for name, words in rows)


def alarms(found: Sequence[str]) -> str:
    """What is wrong, or that nothing is."""
    if not found:
        return '<span class="ok">none</span>'
    return "".join(f'<span class="alarm">{html.escape(text)}</span>' for text in found)


def temperatures(now: Snapshot) -> str:
    """Temperatures of what may become too hot, or too cold."""
    v = now.value
    rows = [("fuse, as estimated by the BMS", v("fuse_temperature_estimate_degC")),
            ("fuse terminal", v("terminal_degC")),
            ("hottest junction", _highest(now, "junction_degC")), ("hottest cell", _hottest_cell(now)),
            ("input cable", v("cable_degC")), ("System+ junction", v("system_discharge_junction_degC"))]
    return table((name, number(value, "°C", 0)) for name, value in rows if value is not None)


def limits(now: Snapshot) -> str:
    """What follows from the settings."""
    return table([
        ("alternator port", number(now.limits["current_A"], "A")),
        ("load disconnect", number(now.limits["load_disconnect_V"], "V", 2)),
        ("pre-alarm", number(now.limits["pre_alarm_V"], "V", 2)),
        ("charge disconnect", number(now.limits["cell_high_V"], "V", 2)),
        ("remote function", str(now.settings["remote_function"])), ("variant", str(now.settings["variant"])),
    ])


def log(events: Sequence[LoggedEvent]) -> str:
    """The newest events, newest first."""
    rows = "".join(
        f'<tr><td class="t">{clock(e.time_s)}</td><td>{html.escape(e.source)}</td>'
        f"<td><b>{html.escape(e.event)}</b></td><td>{html.escape(e.detail)}</td></tr>"
        for e in sorted(events, key=lambda e: e.time_s)[-LOG_ROWS:][::-1]
    )
    return f'{CSS}<div class="bms"><table class="log"><tbody>{rows}</tbody></table></div>'


def _devices(now: Snapshot) -> list[tuple[str, str]]:
    currents = now.values.get("system_device_current_A")
    if currents is None:
        return []
    return [(name.replace("_", " "), number(float(A), "A")) for name, A in zip(now.devices, currents, strict=False)]


def _cell_voltages(now: Snapshot) -> list[tuple[str, float]]:
    volts = now.values.get("cell_voltage_V")
    if volts is not None and np.size(volts) <= MANY_CELLS:
        return [(f"cell {place}", float(value)) for place, value in enumerate(volts, start=1)]
    return [("lowest", float(np.min(now.values["each_cell_low_V"]))),
            ("highest", float(np.max(now.values["each_cell_high_V"])))]


def _highest(now: Snapshot, name: str) -> float | None:
    found: Any = now.values.get(name)
    return None if found is None else float(np.max(found))


def _hottest_cell(now: Snapshot) -> float | None:
    found = _highest(now, "cell_temperature_degC")
    return _highest(now, "each_hottest_degC") if found is None else found


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share


def _km_h(now: Snapshot) -> float | None:
    speed = now.value("vehicle_speed_m_s")
    return None if speed is None else 3.6 * speed
