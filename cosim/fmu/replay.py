"""Test vectors through the unit with FMPy: what goes in, and what comes out that was not expected.

A row's measurements are held until the next row, as a task on a fixed tick sees them; its commands are expected one
tick after its time, when the step that ran the task has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bms import CELL_SENSORS, OPTIONAL_SENSORS, PORT_SENSORS
from bms.vectors import SPAN, TIME
from cosim.fmu.variables import TICK_MS, fitted_name

Row = Mapping[str, str]
TICK_S = TICK_MS / 1000
Signals = NDArray[Any]
"""Structured array with the field `time` and one per variable, as FMPy takes and gives it; shape (n,)."""


class Difference(NamedTuple):
    """A value of the unit that is not the expected one."""

    time_s: float
    name: str
    expected: float
    got: float


def unit_name(column: str) -> str:
    """Variable of the unit that a column of test vectors means: elements count from 1 there."""
    stem, bracket, index = column.rstrip("]").partition("[")
    return f"{stem}[{int(index) + 1}]" if bracket else column


def start_values(rows: Sequence[Row]) -> dict[str, bool]:
    """Parameters that say which sensors of the vectors are fitted."""
    return {fitted_name(name): True for name in OPTIONAL_SENSORS if rows[0][name] != ""}


def input_signals(rows: Sequence[Row]) -> Signals:
    """Inputs for FMPy, one row a tick: between two rows it would interpolate, which moves even a held value by a bit.

    Parameters
    ----------
    rows : of `vectors.csv`, from power-up on, on the grid of the tick

    Returns
    -------
    Signals
        From the first row's time to the last one's.

    Raises
    ------
    ValueError
        A row lies beside the grid.
    """
    measured = [
        column for column in rows[0]
        if (column in PORT_SENSORS or column.partition("[")[0] in CELL_SENSORS or column in OPTIONAL_SENSORS)
        and rows[0][column] != ""
    ]
    spans = np.array([int(row[SPAN]) for row in rows])
    if (spans % TICK_MS).any():
        raise ValueError(f"a row lies beside the grid of {TICK_MS} ms")
    ticks = np.cumsum(spans) // TICK_MS
    held = np.repeat(np.arange(len(rows)), np.diff(ticks, append=ticks[-1] + 1))
    kinds = [(unit_name(name), "?" if name == "hardware_latch" else "f8") for name in measured]
    signals = np.zeros(len(held), dtype=[("time", "f8"), *kinds])
    signals["time"] = (ticks[0] + np.arange(len(held))) * TICK_S  # as FMPy makes its points of time
    for name in measured:
        signals[unit_name(name)] = np.array([float(row[name]) for row in rows])[held]
    return signals


def simulated(fmu: Path, rows: Sequence[Row], parameters: Mapping[str, float | bool] | None = None) -> Signals:
    """Let FMPy run a unit over the vectors' time, one step a tick.

    Parameters
    ----------
    fmu : the unit
    rows : of `vectors.csv`
    parameters : other values of parameters, by name

    Returns
    -------
    Signals
        Every output at every communication point.
    """
    from fmpy import simulate_fmu

    signals = input_signals(rows)
    found: Signals = simulate_fmu(
        str(fmu), input=signals, start_values={**start_values(rows), **(parameters or {})},
        stop_time=len(signals) * TICK_S, output_interval=TICK_S,
    )
    return found


def differences(rows: Sequence[Row], found: Signals) -> list[Difference]:
    """Every expected command that the unit does not give, to the last bit.

    Parameters
    ----------
    rows : of `vectors.csv`
    found : outputs of the unit
    """
    columns = [name for name in found.dtype.names or () if name in rows[0] and name != "time"]
    after = np.cumsum([int(row[SPAN]) for row in rows]) // TICK_MS + 1
    return [
        Difference(float(row[TIME]), name, float(row[name]), float(found[name][place]))
        for row, place in zip(rows, after, strict=True) for name in columns
        if float(row[name]) != float(found[name][place])
    ]
