"""Pictures of a study: curves or scatters, distributions, and what each output depends on (tornado).

Plain `Figure` objects, no pyplot, as in `cosim.plot.picture`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes as Plot
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from cosim.plot.styles import BLACK, BLUE, CYCLE, DOTTED, GREY, ORANGE, SKY, Picture, Stroke, picture, style
from cosim.studies.sweep.spec import Axes, Study
from cosim.studies.sweep.statistics import Influence, Table, distribution, influences, is_number, text_of

Array = NDArray[np.float64]

COLUMNS = 2
CELL_INCH = (5.0, 3.6)
DPI = 150
MOST_BARS = 10
MOST_GROUPS = 8
"""More values of `by` than colours: they are drawn as one."""
UNITS = ("degC", "ohm", "mV", "mm2", "kWh", "Wh", "Ah", "rpm", "min", "h", "A", "V", "W", "J", "s", "m", "C", "K_W")


def label(name: str, unit: str | None = None) -> str:
    """Text of an axis: the name in words, its unit in brackets; a dotted path keeps its last two parts."""
    short = ".".join(name.split(".")[-2:])
    ending = next((u for u in UNITS if short.endswith("_" + u)), None)
    words = short.removesuffix(f"_{ending}") if ending else short
    shown = unit or {"degC": "\N{DEGREE SIGN}C", "ohm": "\N{GREEK CAPITAL LETTER OMEGA}", "mm2": "mm\u00b2",
                     "K_W": "K/W", "rpm": "1/min"}.get(ending or "", ending)
    return words.replace("_", " ") + (f" [{shown}]" if shown else "")


@style()
def draw(study: Study, table: Table) -> Picture:
    """Draw everything that a study's report shows."""
    units = {output.name: output.unit for output in study.outputs}
    drawings: list[tuple[str, Any]] = [("axes", axes) for axes in study.plots or default_axes(study)]
    if study.method != "grid":
        drawings += [("distribution", name) for name in study.output_names]
    drawings += [("tornado", name) for name in study.output_names
                 if len(study.parameters) > 1 and influences(table, name)]
    rows = max(1, -(-len(drawings) // COLUMNS))
    figure = picture(CELL_INCH[0] * COLUMNS, CELL_INCH[1] * rows + 0.5, dpi=DPI)
    total = len(table.case) + len(table.failed)
    failed = f", {len(table.failed)} failed" if table.failed else ""
    told = f"{study.name}: {total} cases ({study.method.replace('_', ' ')}){failed}"
    figure.suptitle(told, fontsize=12, fontweight="bold")
    grid = figure.add_gridspec(rows, COLUMNS)
    for place, (kind, what) in enumerate(drawings):
        plot = figure.add_subplot(grid[place // COLUMNS, place % COLUMNS])
        if kind == "axes":
            draw_axes(plot, what, table, units, curves=study.method == "grid")
        elif kind == "distribution":
            draw_distribution(plot, what, table.outputs[what], units[what])
        else:
            draw_tornado(plot, what, influences(table, what))
    return figure


def default_axes(study: Study) -> list[Axes]:
    """Every output over the first parameter, in the colours of the second, where the study does not say."""
    names = study.parameter_names
    if study.method != "grid":
        return []
    return [Axes(y=name, x=names[0], by=names[1] if len(names) > 1 else None) for name in study.output_names]


def draw_axes(plot: Plot, axes: Axes, table: Table, units: dict[str, str | None], *, curves: bool) -> None:
    """Output over a parameter or another output: the mean as curves in a grid, points otherwise."""
    y = table.outputs[axes.y]
    column: list[Any] = list(table.outputs[axes.x]) if axes.x in table.outputs else table.parameters[axes.x]
    numbers = is_number(column)
    names = list(dict.fromkeys(text_of(v) for v in column)) if not numbers else []
    x = np.array(column, dtype=np.float64) if numbers else np.array([names.index(text_of(v)) for v in column], float)
    for place, (text, chosen) in enumerate(_groups(axes.by, table)):
        stroke = CYCLE[place % len(CYCLE)]
        kept = chosen & np.isfinite(y)
        if curves and axes.x in table.parameters:
            _curve(plot, x[kept], y[kept], stroke, text)
        else:
            plot.plot(x[kept], y[kept], stroke.marker, color=stroke.colour, markersize=3.5, alpha=0.6, label=text)
    if not numbers:
        plot.set_xticks(range(len(names)), names)
        plot.set_xlim(-0.5, len(names) - 0.5)
    plot.set_xlabel(label(axes.x, units.get(axes.x)))
    plot.set_ylabel(label(axes.y, units[axes.y]))
    plot.ticklabel_format(axis="y", useOffset=False)
    if axes.by is not None:
        plot.legend(title=label(axes.by), fontsize=8, title_fontsize=8)


def _groups(by: str | None, table: Table) -> list[tuple[str, NDArray[np.bool_]]]:
    """Cases of each colour, with the text of its legend."""
    every = np.ones(len(table.case), dtype=np.bool_)
    if by is None:
        return [("", every)]
    column = table.parameters[by]
    values = sorted({*column}) if is_number(column) else list(dict.fromkeys(text_of(v) for v in column))
    if len(values) > MOST_GROUPS:
        return [("all", every)]
    texts = column if is_number(column) else [text_of(v) for v in column]
    return [(f"{v:g}" if isinstance(v, int | float) else str(v), np.array([t == v for t in texts])) for v in values]


def _curve(plot: Plot, x: Array, y: Array, stroke: Stroke, text: str) -> None:
    """Mean of the cases at each x as a line; their range as a band where there are several."""
    at = np.unique(x)
    if not at.size:
        return
    parts = [y[x == one] for one in at]
    plot.plot(at, [part.mean() for part in parts], marker=stroke.marker, color=stroke.colour,
              linestyle=stroke.dash, markersize=4, label=text)
    if max(part.size for part in parts) > 1:
        plot.fill_between(at, [p.min() for p in parts], [p.max() for p in parts], color=stroke.colour, alpha=0.15,
                          linewidth=0)


def draw_distribution(plot: Plot, name: str, value: Array, unit: str | None) -> None:
    """Histogram of an output with its median and its 5 and 95 % points."""
    finite = value[np.isfinite(value)]
    plot.set_xlabel(label(name, unit))
    plot.set_ylabel("cases")
    if not finite.size:
        plot.text(0.5, 0.5, "no case has this output", ha="center", va="center", transform=plot.transAxes)
        return
    bins = int(np.clip(2.0 * finite.size ** (1.0 / 3.0), 6, 40))
    if np.ptp(finite) <= 1e-9 * max(abs(float(finite[0])), 1e-12):  # all equal: one bar, not forty bins of rounding
        plot.bar([float(finite[0])], [finite.size], width=0.02 * max(abs(float(finite[0])), 1.0), color=SKY)
    else:
        plot.hist(finite, bins=bins, color=SKY, edgecolor="white", linewidth=0.5)
    told = distribution(value)
    plot.locator_params(axis="x", nbins=5)
    plot.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    for key, colour, dash in (("p5", GREY, DOTTED), ("p50", BLACK, "-"), ("p95", GREY, DOTTED)):
        plot.axvline(told[key], color=colour, linestyle=dash, linewidth=1.3)
    missing = f", {value.size - finite.size} without" if finite.size < value.size else ""
    plot.set_title(f"median {told['p50']:.4g}, 5..95 %: {told['p5']:.4g}..{told['p95']:.4g}{missing}", fontsize=9)


def draw_tornado(plot: Plot, name: str, found: list[Influence]) -> None:
    """Bars of the parameters that an output goes with, the strongest on top."""
    shown = found[:MOST_BARS]
    places = np.arange(len(shown))[::-1]
    colours = [BLUE if i.ordered and i.strength >= 0.0 else ORANGE if i.ordered else GREY for i in shown]
    plot.barh(places, [i.strength for i in shown], color=colours, height=0.65)
    plot.set_yticks(places, [label(i.parameter) for i in shown], fontsize=8)
    plot.set_xlim(-1.05, 1.05)
    plot.axvline(0.0, color=BLACK, linewidth=0.8)
    measure = "rank correlation" if all(i.ordered for i in shown) else "rank correlation (grey: correlation ratio)"
    plot.set_xlabel(measure)
    plot.set_title(f"what {label(name)} goes with", fontsize=10)
