"""Raw files for ngspice and for LTspice, in double precision."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

import cosim
from cosim.errors import InputError
from cosim.files.raw_header import KINDS, OTHER, OURS, own_name, title, vector_name
from cosim.files.record import Record

_TYPABLE = re.compile(r"[^\s\"]+")


def write_ngspice(record: Record, path: Path) -> None:
    """Write a record as `ngspice -b -r` would: ASCII header, little-endian doubles, point after point."""
    variables = [("time", "time")]
    variables += [(_vector(record, column.name), KINDS.get(column.unit, OTHER)) for column in record.signals]
    lines = {**_head(record, "real", len(variables)), "Command": _made_by("ngspice")}
    _write(record, path, lines, variables, "utf-8")


def write_ltspice(record: Record, path: Path) -> None:
    """Write a record as LTspice does with `.options numdgt=7`: UTF-16 header, flag `double`.

    Voltages and currents are probes, `V(battery_voltage_V)` and `I(port_current_A)`: that is how it takes the axis.
    """
    variables = [("time", "time")]
    for column in record.signals:
        name = _vector(record, column.name)
        probes = {"V": (f"V({name})", "voltage"), "A": (f"I({name})", "device_current")}
        variables.append(probes.get(column.unit, (name, OTHER)))
    lines = _head(record, "real forward double", len(variables))
    lines |= {"Offset": "0.0000000000000000e+00", "Command": _made_by("LTspice XVII")}  # it adds Offset to every time
    _write(record, path, lines, variables, "utf-16-le")


def _head(record: Record, flags: str, count: int) -> dict[str, str]:
    """Lines of a header that all programs have; no clock goes into a file, and a reader may want a date."""
    return {
        "Title": title(record.name, record.attributes), "Date": "Thu Jan 01 00:00:00 1970",
        "Plotname": "Transient Analysis", "Flags": flags, "No. Variables": str(count),
        "No. Points": str(record.points),
    }


def _made_by(program: str) -> str:
    """Which layout it is: readers tell by the word."""
    return f"{OURS} {cosim.__version__}, laid out as {program} does"


def _vector(record: Record, name: str) -> str:
    """Name as a vector; InputError for one that would break the header or be read back as another."""
    vector = vector_name(name)
    if not _TYPABLE.fullmatch(name) or own_name(vector) != name or name == "time":
        allowed = "no blanks, quotes, double underscores, nothing like V(...), and not time"
        raise InputError(record.origin or record.name, "name of a signal", repr(name), allowed)
    return vector


def _write(
    record: Record, path: Path, lines: dict[str, str], variables: list[tuple[str, str]], encoding: str
) -> None:
    listed = [f"\t{number}\t{name}\t{kind}" for number, (name, kind) in enumerate(variables)]
    text = "\n".join([*(f"{key}: {value}" for key, value in lines.items()), "Variables:", *listed, "Binary:\n"])
    block = np.empty((record.points, len(variables)), dtype="<f8")
    for index, column in enumerate((record.time, *record.signals)):
        block[:, index] = column.values
    with path.open("wb") as stream:
        stream.write(text.encode(encoding))
        stream.write(block.tobytes())
