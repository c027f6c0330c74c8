"""Measured cell data: one folder of CSV files, read and put on one axis of charge.

Format: ``dynamic_±TTC.csv[.gz]`` (profile from full to empty), ``ocv_±TTC_discharge.csv[.gz]`` and
``ocv_±TTC_charge.csv[.gz]`` (slow constant current), columns ``time_s, step, current_A`` (positive discharges),
``voltage_V, charge_Ah, discharge_Ah`` (counters of the test bench).

Charge is counted in Ah from full, never normalised per temperature: the cell is filled at room temperature before each
dynamic and each discharge test, and emptied there before each charge test. Two facts of the A123 data set matter:

* The 1 s samples of a current that changes within the second alias: their sum leaves the bench's counters by up to
  14 mAh in steps of 5. The counters are right (equal scripts give equal counters). So the mean current of each interval
  is the mean of its two samples, corrected at a minute's pace to the counters.
* The dynamic profiles empty the cell after 2.00 Ah, the C/30 tests after 2.06 Ah. Each kind of test therefore has a
  capacity of its own; that of the dynamic profiles belongs to the cell model and is identified.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

COLUMNS = ("time_s", "step", "current_A", "voltage_V", "charge_Ah", "discharge_Ah")
NAME = re.compile(r"(dynamic|ocv)_([+-]\d+(?:\.\d+)?)C(?:_(charge|discharge))?\.csv(?:\.gz)?")
CORRECTION_S = 60.0
"""Pace at which the mean current follows the counters: some hundred times their resolution at 1 A (ours)."""


class DataError(ValueError):
    """A data folder or file that cannot be used; one line: where, what, what is allowed."""


class Record(NamedTuple):
    """One test, charging positive.

    Attributes
    ----------
    name : str
        File name.
    kind : str
        ``dynamic``, ``charge`` or ``discharge``.
    temperature_degC : float
        Temperature of the chamber.
    current_A, voltage_V : ndarray
        Samples.
    mean_A : ndarray
        Mean current of the interval that ends with the sample.
    dt_s : ndarray
        Length of that interval; 0 for the first.
    charge_Ah : ndarray
        Charge since the start of the test, negative in a discharge.
    """

    name: str
    kind: str
    temperature_degC: float
    current_A: Array
    voltage_V: Array
    mean_A: Array
    dt_s: Array
    charge_Ah: Array


def find_folder(path: Path) -> Path:
    """Return the folder with the files: the given one, or its only subfolder that holds dynamic profiles.

    Raises
    ------
    DataError
        If there is none, or more than one.
    """
    if not path.is_dir():
        raise DataError(f"{path}: no such folder; allowed: a folder with dynamic_±TTC.csv.gz files")
    if files(path, "dynamic"):
        return path
    inside = [folder for folder in sorted(path.iterdir()) if folder.is_dir() and files(folder, "dynamic")]
    if len(inside) != 1:
        raise DataError(f"{path}: {len(inside)} folders with dynamic profiles; allowed: dynamic_±TTC.csv.gz files "
                        "in it or in exactly one folder of it")
    return inside[0]


def files(folder: Path, *kinds: str) -> list[tuple[Path, str, float]]:
    """Return (path, kind, temperature) of the files of these kinds, sorted by kind, temperature and name."""
    found = []
    for path in folder.iterdir():
        match = NAME.fullmatch(path.name)
        if match is None or (match[1] == "dynamic") != (match[3] is None):
            continue
        kind = match[3] or "dynamic"
        if kind in kinds:
            found.append((path, kind, float(match[2])))
    return sorted(found, key=lambda entry: (entry[1], entry[2], entry[0].name))


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_table(path: Path) -> dict[str, Array]:
    """Return the columns of one file.

    Raises
    ------
    DataError
        If the columns are others, a field is no number, or there are fewer than ten rows.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as stream:
            names = tuple(stream.readline().strip().split(","))
            if names != COLUMNS:
                raise DataError(f"{path.name}: columns: {','.join(names)[:80]!r}; allowed: {','.join(COLUMNS)}")
            rows = stream.readlines()
        table = np.array([row.split(",") for row in rows if row.strip()], dtype=np.float64)
    except (OSError, EOFError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path.name}: {' '.join(str(error).split())[:120]}; allowed: rows of six numbers") from error
    if table.ndim != 2 or table.shape[0] < 10 or not np.isfinite(table).all():
        raise DataError(f"{path.name}: allowed: at least ten rows of six finite numbers")
    return {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(COLUMNS)}


def counted_Ah(counter_Ah: Array) -> Array:
    """Return a counter without its resets: where it falls, it starts again from zero."""
    rise = np.diff(counter_Ah, prepend=counter_Ah[0])
    return np.asarray(np.cumsum(np.where(rise < 0.0, counter_Ah, rise)))


def mean_current_A(time_s: Array, dt_s: Array, current_A: Array, counted: Array) -> Array:
    """Return the mean current of each interval, charging positive.

    Parameters
    ----------
    time_s, dt_s, current_A : ndarray
        Samples and the interval before each.
    counted : ndarray
        Net charge by the counters [Ah]; all zero if the file has none, which leaves the samples as they are.
    """
    mean_A = 0.5 * (current_A + np.concatenate([current_A[:1], current_A[:-1]]))
    if not counted.any():
        return np.asarray(mean_A)
    missing_Ah = counted - np.cumsum(mean_A * dt_s) / 3600.0
    knots_s = np.append(np.arange(time_s[0], time_s[-1], CORRECTION_S), time_s[-1])
    smooth_Ah = np.interp(time_s, knots_s, np.interp(knots_s, time_s, missing_Ah))
    lost_As = 3600.0 * np.diff(smooth_Ah, prepend=smooth_Ah[0])
    return np.asarray(mean_A + np.divide(lost_As, dt_s, out=np.zeros_like(dt_s), where=dt_s > 0.0))


def read(path: Path, kind: str, temperature_degC: float) -> Record:
    """Return one test; of a slow test its constant-current part (step 2), or DataError raises where that is missing."""
    table = read_table(path)
    order = np.argsort(table["time_s"], kind="stable")
    table = {name: column[order] for name, column in table.items()}
    if kind != "dynamic":
        part = table["step"] == 2.0
        if part.sum() < 10:
            raise DataError(f"{path.name}: step: {int(part.sum())} rows of step 2; allowed: at least ten")
        table = {name: column[part] for name, column in table.items()}
    time_s, current_A = table["time_s"], -table["current_A"]
    counted = counted_Ah(table["charge_Ah"]) - counted_Ah(table["discharge_Ah"])
    dt_s = np.diff(time_s, prepend=time_s[0])
    mean_A = mean_current_A(time_s, dt_s, current_A, counted)
    charge_Ah = np.cumsum(mean_A * dt_s) / 3600.0
    return Record(path.name, kind, temperature_degC, current_A, table["voltage_V"], mean_A, dt_s, charge_Ah)


def start(record: Record) -> tuple[float, float]:
    """Return soc and hysteresis state at the start: full after a charge, or empty after a discharge."""
    return (0.0, -1.0) if record.kind == "charge" else (1.0, 1.0)


def soc(record: Record, capacity_Ah: float) -> Array:
    """Return the state of charge at each sample."""
    return np.asarray(start(record)[0] + record.charge_Ah / capacity_Ah)
