"""Records of a result: the slow record, and one for each window."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from cosim.errors import InputError, nearest
from cosim.files.digital import bits_of
from cosim.files.record import TIMES, Column, Record
from cosim.result import Result
from cosim.result import told_unit as unit_of

SLOW = "slow"
WINDOWS = "windows/"


def of_result(result: Result, origin: str = "result") -> dict[str, Record]:
    """Records of a run by the key that the result has for them: `slow`, `000_enable`.

    A record is named by what happened in it (`windows/enable`, then `windows/enable#2`), as the running number of a
    window changes when another one is opened before it.
    """
    found = {}
    slow = of_dataset(SLOW, result.slow, origin)
    if slow is not None:
        found[SLOW] = replace(slow, events=tuple(result.events))
    seen: Counter[str] = Counter()
    for key, window in result.windows.items():
        name = str(window.attrs.get("name", key))
        seen[name] += 1
        number = f"#{seen[name]}" if seen[name] > 1 else ""
        record = of_dataset(f"{WINDOWS}{name}{number}", window, origin)
        if record is not None:
            found[key] = _with_events(record, result)
    return found


def _with_events(record: Record, result: Result) -> Record:
    """Window with what the log has for its time, on its own clock."""
    start_s, end_s = (float(record.attributes.get(key, "nan")) for key in ("start_s", "end_s"))
    inside = [k for k, event in enumerate(result.events) if start_s <= event.time_s <= end_s]
    if not inside:
        return record
    events = (event._replace(time_s=event.time_s - start_s) for event in result.events[inside[0] : inside[-1] + 1])
    return replace(record, events=tuple(events), first_line=inside[0] + 1)


def asked(result: Result, name: str, origin: str = "result") -> tuple[str, Record]:
    """Key and record that a user names: `slow`, `001_short_circuit`, or `short_circuit` where there is only one.

    Raises
    ------
    InputError : there is none of that name, or more than one of that kind
    """
    from cosim.record.export import window_name  # the deck export asks for a window in the same way

    records = of_result(result, origin)
    key = name if name in records else window_name(result, name)
    if key not in records:
        raise InputError(origin, name, "holds nothing over time", nearest(name, list(records)))
    return key, records[key]


def of_dataset(name: str, dataset: xr.Dataset, origin: str = "dataset") -> Record | None:
    """Record of all numbers of a dataset that run over its time axis; None for a dataset without variables.

    A variable with a second dimension is one column per label: `junction_degC[q1]`.

    Raises
    ------
    InputError : variables, but none of them a time axis
    """
    time = next((one for one in TIMES if one in dataset.coords or one in dataset.variables), None)
    if time is None:
        if dataset.data_vars:
            known = ", ".join(map(str, dataset.variables))
            raise InputError(origin, name, known, f"a time axis {TIMES[0]}")
        return None
    columns = [Column(time, "s", np.asarray(dataset[time].values))]
    for key, variable in dataset.data_vars.items():
        if variable.dtype.kind not in "fiub" or not variable.dims or variable.dims[0] != dataset[time].dims[0]:
            continue
        unit = str(variable.attrs.get("units", unit_of(str(key))))
        about = str(variable.attrs.get("long_name", ""))
        values = variable.values
        bits = bits_of(str(key), values)
        if variable.ndim == 1:
            columns.append(Column(str(key), unit, values, about, bits))
        elif variable.ndim == 2:
            labels = dataset[variable.dims[1]].values
            columns += [Column(f"{key}[{label}]", unit, values[:, j], about, bits) for j, label in enumerate(labels)]
    told = {str(k): str(v) for k, v in dataset.attrs.items() if k in ("name", "reason", "start_s", "end_s", "scenario")}
    return Record(name, tuple(columns), told, origin=origin)


def of_folder(path: Path) -> tuple[Record, ...]:
    """Records of a result directory; InputError as `Result.load`."""
    return tuple(of_result(Result.load(path), str(path)).values())
