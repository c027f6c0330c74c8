"""Sizing as a table, `sizing.json` and a picture."""

from __future__ import annotations

import html
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from cosim.errors import InputError
from cosim.plot.styles import BLACK, BLUE, CYCLE, GREEN, ORANGE, SHORT_DASH, SKY, Picture, picture, style
from cosim.plot.words import SHOWN
from cosim.record.tables import html_table
from cosim.result import plain, shown
from cosim.studies.size.sizing import Outcome, chosen
from cosim.studies.size.system import Asked

JSON, PICTURE = "sizing.json", "sizing.png"


def as_dict(asked: Asked, outcomes: list[Outcome]) -> dict[str, Any]:
    """Everything as plain values."""
    best = chosen(outcomes)
    return {
        "system": asked.system.name, "fuse_to_fit_A": best.fuse_A if best else None,
        "fuses": [{
            "fuse_A": o.fuse_A, "fits": o.fits, "charge_current_cruise_A": o.cruise_A,
            "charge_current_idle_A": o.idle_A, "full_after_h": o.full_after_h, "limited_by": o.limited_by,
            "limited_by_shares": o.shares,
            "checks": [{"name": c.name, "value": c.value, "limit": c.limit, "margin": c.margin, "unit": c.unit,
                        "passed": c.passed} for c in o.checks],
            "warnings": warnings_of(o),
        } for o in outcomes],
    }


def warnings_of(o: Outcome) -> list[str]:
    """What is passed, with its margin."""
    return [f"{c.warning} ({c.value:.3g} {c.unit}, limit {c.limit:.3g})" for c in o.checks if not c.passed]


def save(asked: Asked, outcomes: list[Outcome], directory: Path) -> None:
    """Write `sizing.json` and `sizing.png`; raises `InputError` where the folder cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(plain(as_dict(asked, outcomes)), indent=2, ensure_ascii=False) + "\n"
        for name in (JSON, PICTURE):
            temporary = directory / f".{name}.{os.getpid()}.tmp"
            if name == JSON:
                temporary.write_text(text, encoding="utf-8")
            else:
                draw(asked, outcomes).savefig(temporary, format="png")
            os.replace(temporary, directory / name)
    except OSError as error:
        problem = error.strerror or str(error)
        raise InputError(str(directory), "", problem, "a folder that can be written") from error


def side_by_side(asked: Asked, outcomes: list[Outcome]) -> list[tuple[str, list[str]]]:
    """Rows of the table of all fuses: what is told, and a cell per fuse; `!` marks what is outside its limit."""
    rows = [
        ("charge current, cruise [A]", [f"{o.cruise_A:.0f}" for o in outcomes]),
        ("charge current, idle [A]", [f"{o.idle_A:.0f}" for o in outcomes]),
        (f"time to {100 * asked.system.full_soc:.0f} % [h]", [hours(o) for o in outcomes]),
        ("what limits", [o.limited_by for o in outcomes]),
    ]
    for place, check in enumerate(outcomes[0].checks if outcomes else ()):
        cells = [f"{o.checks[place].value:.3g}{'' if o.checks[place].passed else ' !'}" for o in outcomes]
        rows.append((f"{check.name} [{check.unit}], at most {check.limit:.3g}", cells))
    return [*rows, ("fits", ["yes" if o.fits else "NO" for o in outcomes])]


def table_html(asked: Asked, outcomes: list[Outcome]) -> str:
    """The table of all fuses, and what is wrong with some, as a notebook shows it."""
    best = chosen(outcomes)
    header = ["", *(f"{o.fuse_A} A{' *' if o is best else ''}" for o in outcomes)]
    rows = [(name, *cells) for name, cells in side_by_side(asked, outcomes)]
    told = [f"{o.fuse_A} A: {text}" for o in outcomes for text in warnings_of(o)]
    fit = f"* fit {best.fuse_A} A" if best else "no fuse fits"
    return html_table(f"{asked.system.name}: which fuse", header, rows) + "".join(
        f"<p>{html.escape(line)}</p>" for line in (fit, *told))


def print_table(asked: Asked, outcomes: list[Outcome]) -> None:
    """Print the fuses side by side, the one to fit with its margins, and what is wrong with the others."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 130)
    best = chosen(outcomes)
    table = Table(title=f"{asked.system.name}: which fuse", title_justify="left")
    table.add_column("")
    for o in outcomes:
        table.add_column(f"{o.fuse_A} A{' *' if o is best else ''}", justify="right")
    for name, cells in side_by_side(asked, outcomes):
        table.add_row(name.replace("[", r"\["), *cells)
    console.print(table)
    if best is None:
        console.print("No fuse fits:", highlight=False)
    else:
        console.print(f"Fit a fuse of {best.fuse_A} A: {best.cruise_A:.0f} A while driving, {best.idle_A:.0f} A "
                      f"idling, {hours(best)} h to {100 * asked.system.full_soc:.0f} %.", highlight=False)
        least = min((c for c in best.checks if c.limit > 0.0), key=lambda c: c.margin / c.limit)
        console.print(f"Least margin: {least.name}: {shown(least.margin)} {least.unit} below {shown(least.limit)}.",
                      highlight=False)
    for o in outcomes:
        for text in warnings_of(o):
            console.print(f"{o.fuse_A} A: {text}", highlight=False, markup=False)


def hours(o: Outcome) -> str:
    """Time to full, or that the drive was too short."""
    return "more than 12" if math.isnan(o.full_after_h) else f"{o.full_after_h:.1f}"


ROOM, LEGEND = 1.1, 0.2
"""Of a plot that begins at 0: how far above its highest point it ends; of one with limits: room for the legend."""


@style()
def draw(asked: Asked, outcomes: list[Outcome]) -> Picture:
    """Charge over time, currents and times, temperatures and cable over the fuses, limits dashed."""
    figure = picture(10.0, 7.0, dpi=150)
    best = chosen(outcomes)
    told = f"fit {best.fuse_A} A" if best else "no fuse fits"
    figure.suptitle(f"{asked.system.name}: {told}", fontsize=12, fontweight="bold")
    plots = figure.subplots(2, 2)
    _charge(plots[0, 0], asked, outcomes)
    fuses = [o.fuse_A for o in outcomes]
    plots[0, 1].plot(fuses, [o.cruise_A for o in outcomes], "-o", color=BLUE, label="driving")
    plots[0, 1].plot(fuses, [o.idle_A for o in outcomes], "-s", color=ORANGE, label="idling")
    plots[0, 1].set_ylabel("mean charge current to 80 % [A]")
    plots[0, 1].set_ylim(0.0, ROOM * max(max(o.cruise_A, o.idle_A) for o in outcomes))
    places = {check.name: i for i, check in enumerate(outcomes[0].checks)}
    hot = [(name, i) for name, i in places.items() if name.startswith("alternator")]
    for (name, i), stroke in zip(hot, CYCLE, strict=False):
        plots[1, 0].plot(fuses, [o.checks[i].value for o in outcomes], color=stroke.colour,
                         linestyle=stroke.dash, marker=stroke.marker, label=name)
    for limit in sorted({outcomes[0].checks[i].limit for _, i in hot}):
        plots[1, 0].axhline(limit, color=BLACK, linestyle=SHORT_DASH, linewidth=1.0)
    low, high = plots[1, 0].get_ylim()
    plots[1, 0].set_ylim(low - LEGEND * (high - low), high)
    plots[1, 0].set_ylabel("temperature, limits dashed [\N{DEGREE SIGN}C]")
    for name, colour, mark in (("input cable, hottest", GREEN, "o"), ("input cable, drop", SKY, "s")):
        shares = [100.0 * o.checks[places[name]].value / o.checks[places[name]].limit for o in outcomes]
        check = outcomes[0].checks[places[name]]
        limit_text = f"{check.limit:g} {SHOWN.get(check.unit, check.unit)}"
        plots[1, 1].plot(fuses, shares, f"-{mark}", color=colour, label=f"{name} (100 % is {limit_text})")
    plots[1, 1].axhline(100.0, color=BLACK, linestyle=SHORT_DASH, linewidth=1.0)
    plots[1, 1].set_ylabel("share of the limit [%]")
    plots[1, 1].set_ylim(bottom=0.0)
    for plot in (plots[0, 1], plots[1, 0], plots[1, 1]):
        plot.set_xlabel("fuse [A]")
        plot.set_xticks(fuses)
        if best is not None:
            plot.axvspan(best.fuse_A - 3, best.fuse_A + 3, color=SKY, alpha=0.2, linewidth=0)
    for plot in plots.flat:
        plot.legend(fontsize=8, loc="lower right", ncols=2 if plot is plots[1, 0] else 1)
    return figure


def _charge(plot: Axes, asked: Asked, outcomes: list[Outcome]) -> None:
    longest = max((o.full_after_h for o in outcomes if not math.isnan(o.full_after_h)), default=12.0)
    for o, stroke in zip(outcomes, CYCLE, strict=False):
        plot.plot(o.time_h, 100.0 * o.soc, color=stroke.colour, linestyle=stroke.dash, label=f"{o.fuse_A} A")
    plot.axhline(100.0 * asked.system.full_soc, color=BLACK, linestyle=SHORT_DASH, linewidth=1.0)
    plot.set_xlim(0.0, min(12.0, 1.2 * longest))
    plot.set_xlabel("driving [h]")
    plot.set_ylabel("charge [%]")
