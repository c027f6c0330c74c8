"""Linear against buck at 90 A, -40..60 degC ambient: loss, heatsink, derated current, ripple.

    python -m cosim.benches.limiters -o results/limiters

The port stands at fixed voltages (an alternator at its set-point, a battery at its plateau) until the box is in
equilibrium with the air. Its current follows the circuit's measured terminal law at the limit that the firmware's own
estimators and derating give (`bms.thermal`), its heat the box of `models.heat`. Ripple is that of SPICE at the settled
temperatures and current: whole switching periods for the buck, the last millisecond for the linear limiter.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bms
from bms import thermal
from bms.firmware_parameters import FirmwareParameters
from bms.fuse_table import nominal_fuse
from cosim.benches.limiter_bench import AVERAGED, BUCK, LINEAR, LimiterBench, steady
from cosim.circuit import verify
from cosim.circuit.characteristic import Characteristic, Controls, port_current_A
from cosim.circuit.conversion import given_A, port_powers_W
from cosim.circuit.deck import DEVICES
from cosim.circuit.identify import identify
from cosim.plot.styles import DOTTED, SHORT_DASH, style
from cosim.spice.session import SpiceSession
from cosim.validation.drawing import APART, finish, sheet
from models import fuse, heat

LIMITERS = {"linear": (LINEAR, LINEAR), "buck": (AVERAGED, BUCK)}
"""Per limiter: the netlist whose terminal law is used, and the one whose ripple is measured."""
AMBIENTS_degC = (-40.0, -20.0, 0.0, 25.0, 40.0, 60.0)
BATTERIES_V = (12.0, 13.0)
INPUT_V = 14.2
"""At the input stud: 14.4 V behind the cable at 90 A, rounded (ours)."""
RATING_A, FULL_A = 100, 90.0
HOURS = 2.5
"""Ten times the box's time constant of 1.5 kJ/K x 0.6 K/W = 15 min."""
STEP_S, LAST_S = 1.0, 1200.0
"""The firmware's sample period; figures are means over the last part, for a set-point may move between two steps."""

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Row:
    """One limiter at one ambient and battery voltage, in thermal equilibrium.

    Currents [A], losses [W] (`loss_90_W`: before anything warms up and derates; `fuse_W` is part of `loss_W`),
    temperatures [degC], efficiency of the port, ripple peak to peak at both studs; NaN where it was not asked for.
    """

    limiter: str
    ambient_degC: float
    battery_V: float
    limit_A: float
    input_A: float
    output_A: float
    loss_90_W: float
    loss_W: float
    fuse_W: float
    efficiency: float
    heatsink_degC: float
    hottest_junction_degC: float
    fuse_degC: float
    derated: bool
    ripple_in_A: float = float("nan")
    ripple_out_A: float = float("nan")
    ripple_in_V: float = float("nan")
    ripple_out_V: float = float("nan")
    frequency_Hz: float = float("nan")


def settled(
    limiter: str, c: Characteristic, ambient_degC: float, battery_V: float, box: heat.BoxParameters,
    fused: fuse.FuseParameters, firmware: FirmwareParameters,
) -> Row:
    """Equilibrium with the air, from a start at ambient temperature."""
    rating = thermal.Rating(nominal_fuse(RATING_A), FULL_A)
    state = heat.initial_box(ambient_degC, len(DEVICES), box)
    element = fuse.initial_state(ambient_degC)
    estimate = thermal.begin(_measured(0.0, battery_V, state), 0, rating, firmware)
    steps = round(HOURS * 3600.0 / STEP_S)
    kept = np.zeros((round(LAST_S / STEP_S), 5))
    first_W = 0.0
    for k in range(steps):
        u = controls(estimate, state, element, firmware)
        input_A, output_A = currents(battery_V, u, c)
        powers = port_powers_W(INPUT_V, battery_V, input_A, output_A, u, c)
        first_W = first_W or float(powers.sum())
        element = fuse.step(element, input_A, state.terminal_degC, STEP_S, fused)
        state = heat.step_box(state, powers[:5], powers[5], ambient_degC, STEP_S, box)
        sense_V = input_A * fuse.resistance_ohm(element.temperature_degC, fused)
        now_ms = round((k + 1) * STEP_S * 1e3)
        estimate = thermal.advance(estimate, _measured(sense_V, battery_V, state), now_ms, True, rating, firmware)
        if k >= steps - len(kept):
            kept[k - steps] = estimate.limit_A, input_A, output_A, powers.sum(), powers[5]
    limit_A, input_A, output_A, loss_W, fuse_W = kept.mean(axis=0).tolist()
    return Row(
        limiter, ambient_degC, battery_V, limit_A, input_A, output_A, first_W, loss_W, fuse_W,
        1.0 - loss_W / (INPUT_V * input_A) if input_A > 0.0 else 0.0, float(state.heatsink_degC),
        float(state.junction_degC[:, 0].max()), float(element.temperature_degC), limit_A < FULL_A,
    )


def controls(
    estimate: thermal.Thermal, state: heat.BoxState, element: fuse.FuseState, firmware: FirmwareParameters
) -> Controls:
    """Commands of the firmware and temperatures of the parts."""
    junctions = state.junction_degC[:, 0]
    reference_mV = 1e3 * thermal.reference_V(estimate, estimate.limit_A, firmware)
    return Controls(
        0.0 if estimate.off else 1.0, reference_mV, float(element.temperature_degC), float(junctions[0]),
        float(junctions[1:].mean()),
    )


def currents(battery_V: float, u: Controls, c: Characteristic) -> tuple[float, float]:
    """Input and output current at the fixed voltages [A]."""
    input_A = max(port_current_A(INPUT_V - battery_V, u, c), 0.0)
    return input_A, given_A(INPUT_V, battery_V, input_A, u, c)


def _measured(sense_V: float, battery_V: float, state: heat.BoxState) -> bms.Measurements:
    return bms.Measurements(
        INPUT_V, sense_V, battery_V, float(state.heatsink_degC), float(state.terminal_degC),
        (battery_V / 4.0,) * 4, (25.0,),
    )


def with_ripple(row: Row, spice: SpiceSession) -> Row:
    """The row with the ripple of its netlist at the settled current and temperatures."""
    ohm = fuse.resistance_ohm(row.fuse_degC, fuse.load_fuse(float(RATING_A)))
    at_port = LimiterBench(LIMITERS[row.limiter][1])
    outside_V = (at_port.source_ohm + at_port.input_cable_ohm) * row.input_A
    found = steady(spice, LimiterBench(
        at_port.circuit, source_V=repr(INPUT_V + outside_V),
        battery_V=repr(row.battery_V - at_port.battery_ohm * row.output_A), reference_mV=1e3 * ohm * row.input_A,
        fuse_degC=row.fuse_degC, junction_degC=row.heatsink_degC,
    ))
    return Row(**{
        **asdict(row), "ripple_in_A": found.ripple["source_A"], "ripple_out_A": found.ripple["battery_A"],
        "ripple_in_V": found.ripple["ab_V"], "ripple_out_V": found.ripple["lb_V"], "frequency_Hz": found.frequency_Hz,
    })


def compare(
    spice: SpiceSession, ambients_degC: Iterable[float] = AMBIENTS_degC, batteries_V: Iterable[float] = BATTERIES_V,
    ripple_at_V: Sequence[float] = (13.0,), progress: Progress | None = None,
) -> list[Row]:
    """All rows of the comparison.

    Parameters
    ----------
    spice : session; the laws are identified with it, or come from the cache
    ambients_degC, batteries_V : cases
    ripple_at_V : battery voltages at which the ripple is measured as well (some 10 s per row of the buck)
    progress : told the fraction done and what is going on
    """
    fused, box = fuse.load_fuse(float(RATING_A)), heat.load_box()
    cases = [(a, v) for v in batteries_V for a in ambients_degC]
    rows: list[Row] = []
    for limiter, (netlist, _) in LIMITERS.items():
        c = identify(netlist, verify.fuse_parameters(fused), spice).coefficients
        for ambient_degC, battery_V in cases:
            row = settled(limiter, c, ambient_degC, battery_V, box, fused, FirmwareParameters())
            rows.append(with_ripple(row, spice) if battery_V in ripple_at_V else row)
            if progress:
                progress(len(rows) / (2 * len(cases)), f"{limiter}, {ambient_degC:g} degC, {battery_V:g} V")
    return rows


# ---- table and picture ------------------------------------------------------------------------------------------

def table(rows: Sequence[Row]) -> str:
    """Return the comparison as text of fixed width."""
    lines = [" ambient  battery  limiter  current in/out  loss at 90 A   loss  heatsink  junction  ripple in/out"]
    for r in sorted(rows, key=lambda r: (r.battery_V, r.ambient_degC, r.limiter != "linear")):
        ripple = f"{r.ripple_in_A:6.2f} {r.ripple_out_A:5.2f} A" if np.isfinite(r.ripple_in_A) else ""
        lines.append(
            f"{r.ambient_degC:5.0f} degC {r.battery_V:6.1f} V  {r.limiter:7} {r.input_A:6.1f} {r.output_A:6.1f} A "
            f"{r.loss_90_W:10.1f} W {r.loss_W:8.1f} W {r.heatsink_degC:5.0f} degC {r.hottest_junction_degC:4.0f} degC "
            f"{ripple}{'  derated' if r.derated else ''}"
        )
    return "\n".join(lines)


@style()
def draw(rows: Sequence[Row]) -> Figure:
    """Current, loss, temperatures and ripple against ambient."""
    figure, axes = sheet(2, 2, f"Alternator port at 90 A, {INPUT_V:g} V in: linear limiter against synchronous buck")
    _panel(axes[0], rows, lambda r: r.input_A)
    axes[0].axhline(FULL_A, color="black", linestyle=DOTTED, linewidth=1.0)
    _panel(axes[1], rows, lambda r: r.loss_W)
    _panel(axes[2], rows, lambda r: r.heatsink_degC)
    axes[2].axhline(FirmwareParameters().heatsink_derate_start_degC, color="black", linestyle=DOTTED, linewidth=1.0,
                    label="derating begins")
    measured = [r for r in rows if np.isfinite(r.ripple_in_A)]
    for name, dash in (("ripple_in_A", "-"), ("ripple_out_A", SHORT_DASH)):
        for colour, limiter in zip(APART, LIMITERS, strict=False):
            chosen = sorted((r for r in measured if r.limiter == limiter), key=lambda r: r.ambient_degC)
            side = "source lead" if name == "ripple_in_A" else "battery lead"
            axes[3].plot([r.ambient_degC for r in chosen], [getattr(r, name) for r in chosen], linestyle=dash,
                         color=colour, marker="o", label=f"{limiter}, {side}")
    for axis, title, unit in (
        (axes[0], "current into the port in equilibrium", "current [A]"),
        (axes[1], "loss in equilibrium, fuse included", "loss [W]"),
        (axes[2], "heatsink in equilibrium", "temperature [\N{DEGREE SIGN}C]"),
        (axes[3], "conducted ripple, peak to peak (SPICE)", "current [A]"),
    ):
        finish(axis, title, "ambient at the BMS [\N{DEGREE SIGN}C]", unit)
        axis.set_ylim(bottom=min(0.0, axis.get_ylim()[0]))
    return figure


def _panel(axis: Axes, rows: Sequence[Row], of: Callable[[Row], float]) -> None:
    """One curve per limiter and battery voltage."""
    for colour, limiter in zip(APART, LIMITERS, strict=False):
        for dash, battery_V in zip((SHORT_DASH, "-", DOTTED), sorted({r.battery_V for r in rows}), strict=False):
            chosen = sorted(
                (r for r in rows if r.limiter == limiter and r.battery_V == battery_V), key=lambda r: r.ambient_degC
            )
            axis.plot([r.ambient_degC for r in chosen], [of(r) for r in chosen], linestyle=dash, color=colour,
                      marker="o", label=f"{limiter}, battery {battery_V:g} V")


def write(rows: Sequence[Row], folder: Path) -> None:
    """Write limiters.json, limiters.csv and limiters.png; each is whole or not there."""
    folder.mkdir(parents=True, exist_ok=True)
    content = [{k: None if v != v else v for k, v in asdict(r).items()} for r in rows]
    _replace(folder / "limiters.json", lambda p: p.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8"))

    def as_csv(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(content[0]))
            writer.writeheader()
            writer.writerows(content)

    _replace(folder / "limiters.csv", as_csv)
    _replace(folder / "limiters.png", lambda p: draw(rows).savefig(p, format="png"))


def _replace(path: Path, fill: Callable[[Path], object]) -> None:
    part = path.with_name(f".{path.name}.part")
    fill(part)
    os.replace(part, path)


def main() -> None:
    """Print the table and write it with its picture."""
    parser = argparse.ArgumentParser(description="Linear against buck limiter at 90 A over ambient temperature.")
    parser.add_argument("-o", "--output", type=Path, default=Path("results") / "limiters")
    parser.add_argument("--no-ripple", action="store_true", help="leave the switching windows out")
    asked = parser.parse_args()
    rows = compare(SpiceSession.open(), ripple_at_V=() if asked.no_ripple else (13.0,))
    write(rows, asked.output)
    print(table(rows))
    print(asked.output / "limiters.png")


if __name__ == "__main__":
    main()
