"""What a run leaves behind: waveforms, windows, events and a summary, in memory and as a directory.

A result directory holds `result.nc` (netCDF4, groups `slow` and `windows/NNN_name`), `events.csv`,
`summary.json` and `waveforms.png`. It is written beside its place and moved there when it is complete, so
that nobody ever finds half a result. Equal content gives equal bytes: no clock goes into it.
"""

from __future__ import annotations

import csv
import html
import io
import json
import math
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from cosim.errors import InputError, nearest
from cosim.record.groups import write_groups
from cosim.record.leftovers import written_whole
from cosim.record.tables import html_table, text_table

WAVEFORMS = "result.nc"
EVENTS = "events.csv"
SUMMARY = "summary.json"
PICTURE = "waveforms.png"
VECTORS, VECTOR_SETTINGS, READOUT = "vectors.csv", "vectors.json", "readout.csv"
"""What only some runs write: test vectors with their settings, and the stream of the instant readout."""
FILES = (WAVEFORMS, EVENTS, SUMMARY, PICTURE)
MAY_HOLD = (*FILES, VECTORS, VECTOR_SETTINGS, READOUT)
CIRCUIT_TEXT = "circuit_text"
"""Attribute of the root of the waveform file: the netlists that the windows ran with."""

UNITS = {
    "m_s": "m/s", "degC": "degC", "rpm": "1/min", "ohm": "ohm", "mV": "mV",
    "A": "A", "V": "V", "W": "W", "J": "J", "S": "S", "s": "s",
}
"""Unit that the end of a name stands for; longer endings first."""


@lru_cache(maxsize=4096)
def told_unit(name: str) -> str:
    """Unit that the end of a name tells (`current_A`, `junction_degC[q1]`); '1' if it tells none."""
    plain = name.partition("[")[0] if name.endswith("]") else name
    return next((unit for ending, unit in UNITS.items() if plain.endswith("_" + ending)), "1")


@lru_cache(maxsize=4096)
def told_words(name: str) -> str:
    """Name in words, without the ending that tells its unit."""
    ending = next((e for e in UNITS if name.endswith("_" + e)), "")
    return name.removesuffix("_" + ending).replace("_", " ")


class LoggedEvent(NamedTuple):
    """One line of the event log: when [s since the start], who says it, what, and its details.

    source : supervisor, circuit, scenario or engine; detail : cause and values, in words
    """

    time_s: float
    source: str
    event: str
    detail: str


class EventLog(list[LoggedEvent]):
    """The event log: a list that shows itself as a table."""

    HEADER = ("time [s]", "source", "event", "detail")

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [(f"{event.time_s:.6f}".rstrip("0").rstrip("."), *event[1:]) for event in self]

    def _repr_html_(self) -> str:
        return html_table("Events", self.HEADER, self._rows()) or "<p>no events</p>"

    def __repr__(self) -> str:
        return text_table(self.HEADER, self._rows())


@dataclass(eq=False, repr=False)
class Result:
    """Everything that one run gave.

    Parameters
    ----------
    slow : record of the whole run over `time_s` [s since the start]
    windows : SPICE windows by name (`NNN_name`), each over `time_s` [s since the window's start], with the
        attributes `name`, `reason`, `start_s` and `end_s`
    events : event log in the order of time
    summary : numbers and words that a script can check; what JSON can hold
    circuit_text : netlists that the windows ran with, so that a window can be exported when those have changed
    """

    slow: xr.Dataset
    windows: dict[str, xr.Dataset] = field(default_factory=dict)
    events: list[LoggedEvent] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    circuit_text: str = ""

    def __post_init__(self) -> None:
        """Let the event log show itself."""
        self.events = EventLog(self.events)

    def __repr__(self) -> str:
        time_s = self.slow["time_s"].values if "time_s" in self.slow.variables else np.empty(0)
        figures = self.summary.get("figures", [])
        failed = [str(f.get("name", "")) for f in figures if f.get("passed") is False]
        judged = sum(bool(shown(f.get("limit"))) and f.get("passed") is not None for f in figures)
        told = f"outside: {', '.join(failed)}" if failed else "all within their limits"
        return (
            f"Result({self.summary.get('scenario', 'run')}: {time_s.size} records"
            + (f" over {shown(float(time_s[-1] - time_s[0]))} s" if time_s.size else "")
            + f", {len(self.slow.data_vars)} channels, {len(self.windows)} windows, {len(self.events)} events"
            + (f"; {judged} figures with a limit, {told}" if judged else "") + ")"
        )

    def window(self, name: str) -> xr.Dataset:
        """Return the first SPICE window of a name (`short_circuit`), or the one of a key (`004_short_circuit`).

        Raises
        ------
        InputError : the run has no such window; the nearest one is named
        """
        return self.windows[self.window_key(name)]

    def window_key(self, name: str) -> str:
        """Return the key of that window; raises InputError as `window` does."""
        for key in self.windows:
            if name in (key, key.partition("_")[2]):
                return key
        valid = list(dict.fromkeys([*(key.partition("_")[2] for key in self.windows), *self.windows]))
        raise InputError("windows", "name", repr(name), nearest(name, valid) if valid else "a run with windows")

    def save(self, directory: Path | str, *, picture: bool = True, attached: Sequence[Path] = ()) -> Path:
        """Write a complete result directory; an older result there is replaced only at the very end.

        Parameters
        ----------
        directory : where; a new or empty folder, or an older result
        picture : draw `waveforms.png` too
        attached : files on the same file system that the run has written, to be moved into it; named as in `MAY_HOLD`

        Returns
        -------
        the directory

        Raises
        ------
        InputError : the place is taken by something that is not a result, or cannot be written.
        """
        target = Path(directory).resolve()
        require_replaceable(target)
        with written_whole(target) as part:
            self._write(part, picture)
            for path in attached:
                path.rename(part / path.name)
        return Path(directory)

    def event(self, name: str) -> LoggedEvent:
        """Return the first event of that name (`pre-alarm on`).

        Raises
        ------
        InputError : it never happened; the message names the nearest.
        """
        for event in self.events:
            if event.event == name:
                return event
        names = list(dict.fromkeys(event.event for event in self.events))
        raise InputError("events", "name", repr(name), nearest(name, names) if names else "a run with events")

    def _write(self, folder: Path, picture: bool) -> None:
        """Write all files of the contract into an existing folder."""
        tree = {"slow": labelled(self.slow), "windows": xr.Dataset()}
        tree |= {f"windows/{name}": labelled(window) for name, window in self.windows.items()}
        write_groups(folder / WAVEFORMS, tree, {CIRCUIT_TEXT: self.circuit_text})
        with (folder / EVENTS).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(LoggedEvent._fields)
            writer.writerows((repr(float(e.time_s)), e.source, e.event, e.detail) for e in self.events)
        text = json.dumps(plain(self.summary), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")
        if picture:
            from cosim.plot.picture import save_picture  # matplotlib takes long to load, and is not always wanted

            save_picture(self, folder / PICTURE)

    @classmethod
    def load(cls, directory: Path | str) -> Result:
        """Read a result directory into memory.

        Raises
        ------
        InputError : a file is missing or damaged; the message names it.
        """
        folder = Path(directory)
        if not folder.is_dir():
            raise InputError(str(folder), "", "no such folder", "a folder written by `bms-cosim run`")
        for name in (WAVEFORMS, EVENTS, SUMMARY):
            if not (folder / name).is_file():
                raise InputError(str(folder), name, "missing", "a folder written by `bms-cosim run`")
        slow, windows, circuit = _read_waveforms(folder / WAVEFORMS)
        return cls(slow, windows, _read_events(folder / EVENTS), _read_summary(folder / SUMMARY), circuit)

    def _repr_html_(self) -> str:
        """Show scenario, figures, windows and events in a notebook."""
        title = html.escape(str(self.summary.get("scenario", "result")))
        told = self.summary.get("figures", [])
        figures = [
            (f.get("id", ""), f.get("name", ""), shown(f.get("value")), f.get("unit", ""),
             shown(f.get("limit")), {True: "yes", False: "NO"}.get(f.get("passed"), ""))
            for f in told
        ]
        windows = [
            (name, shown(w.attrs.get("start_s")), shown(w.attrs.get("end_s")), w.sizes.get("time_s", 0),
             w.attrs.get("reason", ""))
            for name, w in self.windows.items()
        ]
        return "".join((
            f"<h3>{title}</h3><p>{html.escape(repr(self))}</p>",
            html_table("Figures", ("id", "figure", "value", "unit", "limit", "passed"), figures,
                       [f.get("passed") is False for f in told]),
            html_table("Windows", ("name", "start [s]", "end [s]", "points", "reason"), windows),
            EventLog(self.events)._repr_html_(),
        ))


def require_replaceable(target: Path, own: Collection[str] = MAY_HOLD, older: str = "an older result") -> None:
    """Refuse a place where writing a result would destroy something else.

    Parameters
    ----------
    target : where a result is to be written
    own : names of the files that a result of this kind consists of
    older : what such a folder is called

    Raises
    ------
    InputError : a file, or a folder that holds anything but a result.
    """
    allowed = f"a new or empty folder, or {older} to replace"
    try:
        if not target.exists():
            parent = next(p for p in target.resolve().parents if p.exists())
            if not os.access(parent, os.W_OK):
                raise InputError(str(target), "", f"{parent} cannot be written to", allowed)
            return
        if not target.is_dir():
            raise InputError(str(target), "", "is a file", allowed)
        names = sorted(entry.name for entry in target.iterdir())
    except OSError as error:
        raise InputError(str(target), "", error.strerror or "unreadable", allowed) from error
    foreign = [name for name in names if name not in own]
    if foreign:
        raise InputError(str(target), "", f"holds {foreign[0]}, which is not part of {older}", allowed)


def require_writable(directory: Path) -> None:
    """Refuse a folder that cannot be written or made, before the work and not after it; raises `InputError`."""
    place = directory.resolve()
    there = next(path for path in (place, *place.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        problem = "cannot be written to" if there.is_dir() else "is a file"
        raise InputError(str(directory), "", f"{there} {problem}", "a folder that can be written")


def labelled(dataset: xr.Dataset) -> xr.Dataset:
    """Return a copy in which every variable has `units` and `long_name`, told from its name if not given."""
    out = dataset.copy()
    for key in out.variables:
        attributes = out[key].attrs
        if out[key].dtype.kind in "fiub":
            attributes.setdefault("units", told_unit(str(key)))
        attributes.setdefault("long_name", told_words(str(key)))
    return out


def plain(value: object) -> object:
    """Turn numpy scalars, arrays, tuples and mappings into what JSON holds; NaN and infinity become null.

    Raises TypeError for what it cannot hold.
    """
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"summary holds a {type(value).__name__}, which JSON cannot hold")


def shown(value: object) -> str:
    """Return a number as a reader wants it (five figures), a word as it is, nothing as an empty string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        number = float(value)
        return f"{number:.1f}" if 1000.0 <= abs(number) < 1e7 else f"{number:.5g}"
    return str(value)


def _read_waveforms(path: Path) -> tuple[xr.Dataset, dict[str, xr.Dataset], str]:
    try:
        with xr.open_datatree(path, engine="netcdf4") as tree:
            slow = tree["slow"].to_dataset().load()
            windows = {str(name): node.to_dataset().load() for name, node in tree["windows"].children.items()}
            circuit = str(tree.attrs.get(CIRCUIT_TEXT, ""))
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(str(path), "", f"damaged ({reason})", "a netCDF4 file of `bms-cosim run`") from error
    return slow, windows, circuit


def _read_events(path: Path) -> list[LoggedEvent]:
    try:
        text = path.read_bytes().decode("utf-8")
        if not text.endswith("\n"):
            raise ValueError("cut off")
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        if tuple(header) != LoggedEvent._fields:
            raise ValueError(f"columns {','.join(header)}")
        return [LoggedEvent(float(time_s), source, event, detail) for time_s, source, event, detail in rows]
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(str(path), "", f"damaged ({error})", ",".join(LoggedEvent._fields)) from error


def _read_summary(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(str(path), "", f"damaged ({error})", "JSON") from error
    if not isinstance(content, dict):
        raise InputError(str(path), "", type(content).__name__, "a JSON object")
    return content
