#!/usr/bin/env python3
"""Make the figures of README.md and of the documentation, from runs of the shipped scenarios: `make figures`.

Nothing in `docs/figures` is drawn by hand. `--list` names the figures without making them. They are committed, so that
a reader of the repository sees them; their colours are reduced to keep them small.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from PIL import Image

from cosim.plot import plot_result, plot_zoom
from cosim.result import Result
from cosim.scenario import load_scenario
from cosim.simulation import Simulation

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("docs") / "figures"
WIDTH_PX = 800
COLOURS = 256
"""Kept in a figure, chosen so that a thin red line does not become as orange as its neighbour."""
CURRENTS = ("port_current_A", "battery_current_A")
LEVELS_s = (3600.0, 60.0, 0.02, 5e-4)


class Drawn(NamedTuple):
    """One figure: name of its file, and what draws it."""

    name: str
    draw: Callable[[], Figure]


@cache
def run(scenario: str) -> Result:
    """Run a shipped scenario, once for all figures that show it."""
    return Simulation(load_scenario(ROOT / "scenarios" / f"{scenario}.yaml")).run()


def hour_to_microsecond() -> Figure:
    """Draw a drive and a short circuit at four scales of time: what README.md begins with."""
    title = "A drive and a short circuit at System+: from the hour to the microsecond"
    result = run("drive_and_short")
    return plot_zoom(result, "short_circuit", LEVELS_s, channels=CURRENTS, signals=CURRENTS, title=title)


def waveforms() -> Figure:
    """Draw the picture that every run leaves."""
    return plot_result(run("drive_and_short"))


FIGURES = (Drawn("hour_to_microsecond.png", hour_to_microsecond), Drawn("waveforms.png", waveforms))


def write(figure: Figure, path: Path) -> int:
    """Write a figure as a small PNG, 800 pixels wide; whole or not at all.

    Returns
    -------
    bytes written
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=WIDTH_PX / figure.get_figwidth(), metadata={"Software": None})
    whole = Image.open(stream).convert("RGB")
    small = whole.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    small.save(part, format="PNG", optimize=True)
    os.replace(part, path)
    return path.stat().st_size


def main(arguments: list[str]) -> None:
    """Make all figures, or those named."""
    parser = argparse.ArgumentParser(description="figures of README.md and the documentation, in docs/figures")
    parser.add_argument("--list", action="store_true", help="name the figures only")
    parser.add_argument("names", nargs="*", help="figures to make; all if none is named")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in {one.name for one in FIGURES}]
    if unknown:
        parser.error(f"{unknown[0]}: no such figure (allowed: {', '.join(one.name for one in FIGURES)})")
    folder = ROOT / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for one in FIGURES:
        if asked.list:
            print(FOLDER / one.name)
        elif not asked.names or one.name in asked.names:
            print(f"{FOLDER / one.name}: {write(one.draw(), folder / one.name) / 1000.0:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
