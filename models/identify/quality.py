"""Error of the run-time tables on measured tests: over one profile, and with one temperature left out of the fit.

The window of charge in which errors count, and leaving one temperature out, are ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.identify import records
from models.identify.fit import Settings, identify
from models.identify.records import Record
from models.identify.tables import Tables, sample, simulate_V

Array = NDArray[np.float64]

WINDOW = (0.05, 0.95)
"""State of charge between which errors are counted (the project's task)."""


class Error(NamedTuple):
    """Error of the model over one test, inside the window of charge.

    Attributes
    ----------
    name : str
        File.
    temperature_degC : float
        Temperature of the test.
    rms_V, bias_V, max_V : float
        Root mean square, mean (measured less model) and largest magnitude.
    """

    name: str
    temperature_degC: float
    rms_V: float
    bias_V: float
    max_V: float


def error(record: Record, tables: Tables, window: tuple[float, float] = WINDOW) -> Error:
    """Compare one test with the tables.

    Raises
    ------
    models.identify.records.DataError
        If the test never enters the window.
    """
    soc = records.soc(record, tables.capacity_Ah)
    inside = (soc >= window[0]) & (soc <= window[1])
    if not inside.any():
        raise records.DataError(f"{record.name}: charge {soc.min():.2f} to {soc.max():.2f}; allowed: some of it "
                                f"in {window[0]:g} to {window[1]:g}")
    off_V = (record.voltage_V - simulate_V(record, tables))[inside]
    return Error(record.name, record.temperature_degC, math.sqrt(float(np.mean(off_V**2))), float(off_V.mean()),
                 float(np.abs(off_V).max()))


def dynamic_errors(folder: Path, tables: Tables) -> list[Error]:
    """Return the error of every dynamic profile of a folder, by temperature."""
    return [error(record, tables) for record in dynamic_records(folder)]


def dynamic_records(folder: Path) -> list[Record]:
    """Read all dynamic profiles of a folder, by temperature.

    Raises
    ------
    models.identify.records.DataError
        If there is none, a file cannot be used, or two have one temperature.
    """
    found = records.files(records.find_folder(folder), "dynamic")
    for (path, _, degC), (other, _, other_degC) in pairwise(found):
        if degC == other_degC:
            raise records.DataError(f"{other.name}: the same temperature as {path.name}; allowed: one profile for each")
    return [records.read(*entry) for entry in found]


def left_out_errors(
    tests: Sequence[Record], temperatures_degC: Iterable[float], settings: Settings | None = None
) -> list[Error]:
    """Return the errors at temperatures whose tests, dynamic and slow, were all left out of the fit."""
    out = []
    for degC in temperatures_degC:
        tables = sample(identify([test for test in tests if test.temperature_degC != degC], settings))
        out += [error(test, tables) for test in tests if test.kind == "dynamic" and test.temperature_degC == degC]
    return out
