"""The one picture of how a run flows, for the page on concepts."""

from __future__ import annotations

from pathlib import Path

from matplotlib.patches import Rectangle

from docs._ext.drawing import INK, LINE, Box, draw_arrow, draw_box, label, save, sheet

BOXES = {
    "file": Box(1.1, 5.3, 1.7, 0.66, "scenario file", "YAML", "file"),
    "scenario": Box(3.5, 5.3, 2.0, 0.66, "Scenario", "checked, one-line errors"),
    "models": Box(6.6, 5.3, 2.3, 0.66, "models/", "physics, parameter files", "physics"),
    "netlists": Box(1.1, 3.75, 1.7, 0.66, "netlists/", "circuits as SPICE text", "circuit"),
    "law": Box(1.1, 2.3, 1.7, 0.86, "terminal law", "measured from the\nnetlist, cached", "circuit"),
    "slow": Box(4.05, 2.3, 2.1, 0.96, "slow engine", "ticks of 0.1 s, compiled:\nplant, network, laws"),
    "supervisor": Box(6.75, 2.3, 1.7, 0.96, "supervisor (bms/)", "measurements in,\ncommands out"),
    "window": Box(4.05, 3.75, 2.1, 0.86, "window", "full SPICE, us to s, with\nplant and supervisor", "circuit"),
    "result": Box(4.05, 0.55, 2.1, 0.76, "Result", "waveforms, windows,\nevents, balances", "file"),
    "uses": Box(6.75, 0.55, 1.9, 0.76, "what one does with it", "plot, measure, compare,\nconformance, sweep"),
    "files": Box(1.1, 0.55, 1.7, 0.76, "result directory", "result.nc, events.csv,\nsummary.json, picture", "file"),
}
BETWEEN = (("file", "scenario"), ("netlists", "law"), ("law", "slow"), ("netlists", "window"), ("result", "uses"),
           ("result", "files"))
"""Arrows from box to box."""
OTHERS = (
    ((3.5, 4.97), (3.5, 4.5)), ((6.6, 4.97), (6.6, 4.5)), ((4.05, 1.55), (4.05, 0.93)),
    ((3.8, 3.32), (3.8, 2.78)), ((4.3, 2.78), (4.3, 3.32)), ((5.1, 2.5), (5.9, 2.5)), ((5.9, 2.1), (5.1, 2.1)),
    ((5.1, 3.85), (6.9, 2.78)), ((6.5, 2.78), (5.1, 3.6)),
)
"""Arrows by their ends: into and out of the simulation, and within it."""
WORDS = (
    (3.33, 3.05, "charge, heat,\nlatches"), (4.75, 3.05, "state, when\nit is fast"), (5.5, 2.67, "readings"),
    (5.5, 1.93, "commands,\nhold"), (1.1, 3.05, "some 60 settled windows"),
    (6.35, 3.52, "on its ticks,\nin a window too"),
)


def write(folder: Path) -> list[Path]:
    """Draw files, stages and what passes between them."""
    figure, axes = sheet(8.0, 5.8)
    frame = Rectangle((2.75, 1.55), 5.1, 2.95, facecolor="none", edgecolor=LINE, linestyle=(0, (5, 3)), zorder=0)
    axes.add_patch(frame)
    axes.text(7.7, 4.32, "Simulation", ha="right", va="center", fontsize=9.5, weight="bold", color=INK)
    patches = {name: draw_box(axes, box) for name, box in BOXES.items()}
    for a, b in BETWEEN:
        draw_arrow(axes, BOXES[a][:2], BOXES[b][:2], ends=(patches[a], patches[b]))
    for start, end in OTHERS:
        draw_arrow(axes, start, end)
    for x, y, words in WORDS:
        label(axes, x, y, words)
    return [save(figure, folder / "data_flow.svg")]
