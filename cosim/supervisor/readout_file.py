"""The instant readout of a run as a file, and its decoding with the public `victron-ble` package.

`readout.csv` holds what the radio sends: time, battery and the manufacturer data of the advertisement (record 0x05) in
hexadecimal digits, encrypted. 1,440 broadcasts of a day at one a minute are some 90 kB per battery.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self, TextIO

import bms
from bms import readout
from bms.readout import Flag, ReadoutKey
from cosim.errors import InputError
from cosim.result import READOUT

COLUMNS = ("time_s", "battery", "manufacturer_data")
LENGTH = 24
"""Bytes of manufacturer data of record 0x05: eight of header, sixteen of payload."""
WRITTEN_BY = "a stream written by `bms-cosim run` with the setting instant_readout"


class ReadoutWriter:
    """Writes what all batteries broadcast, at most once per period.

    Parameters
    ----------
    path : of the file
    settings : of the supervisor
    keys : one per battery
    every_ticks, tick_ms : period in ticks, length of a tick [ms]
    """

    def __init__(
        self, path: Path, settings: bms.Settings, keys: tuple[ReadoutKey, ...], every_ticks: int, tick_ms: int
    ) -> None:
        self.due_tick = 0
        self._path, self._settings, self._keys = path, settings, keys
        self._every_ticks, self._tick_ms, self._count = every_ticks, tick_ms, 0
        self._stream: TextIO = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._stream, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def write(self, tick: int, m: bms.Measurements, commands: bms.Commands, state: bms.State) -> None:
        """One broadcast of every battery; the next is due at the next multiple of the period."""
        for battery, key in enumerate(self._keys):
            record = readout.battery_record(m, commands, state, self._settings, battery)
            data = readout.advertisement(
                readout.encode_battery(record), readout.RECORD_BATTERY, key, self._count
            )
            self._writer.writerow((repr(tick * self._tick_ms / 1000.0), battery, data.hex()))
        self._count += 1
        self.due_tick = (tick // self._every_ticks + 1) * self._every_ticks

    def close(self) -> tuple[Path, ...]:
        """End the file; gives what was written."""
        self._stream.close()
        return (self._path,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # a disk that is full has been told by the write that failed
            self._stream.close()


class Shown(NamedTuple):
    """One decoded broadcast; None where a value is absent, infinite where a cell is beyond the format's range."""

    time_s: float
    battery: int
    voltage_V: float | None
    cell_voltage_V: tuple[float | None, ...]
    temperature_degC: float | None
    balancer: str
    flags: str
    error: int


def decoded(folder: Path, keys: tuple[ReadoutKey, ...]) -> Iterator[Shown]:
    """Read and decode the stream of a result directory, broadcast by broadcast.

    Raises
    ------
    InputError : no stream, a damaged one, or keys that do not fit; never with anything of a key
    """
    path = folder / READOUT if folder.is_dir() else folder
    decode = _decoder()
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = tuple(next(reader, ()))
            if header != COLUMNS:
                raise InputError(str(path), "line 1", ",".join(header)[:60] or "empty", ",".join(COLUMNS))
            for row in reader:
                yield _shown(path, reader.line_num, row, keys, decode)
    except FileNotFoundError:
        raise InputError(str(path), "", "no such file", WRITTEN_BY) from None
    except OSError as error:
        raise InputError(str(path), "", error.strerror or "unreadable", WRITTEN_BY) from None
    except UnicodeDecodeError:
        raise InputError(str(path), "", "binary", WRITTEN_BY) from None
    except csv.Error as error:
        raise InputError(str(path), f"line {reader.line_num}", str(error), WRITTEN_BY) from None


Decode = Callable[[bytes, ReadoutKey], dict[str, Any] | None]


def _decoder() -> Decode:
    """Give what decodes one advertisement; None as its answer: the key does not fit, or the data are damaged."""
    try:
        from victron_ble.devices import SmartLithium
        from victron_ble.exceptions import AdvertisementKeyMismatchError
    except ImportError:
        needed = "`pip install victron-ble`, which decodes the stream"
        raise InputError("victron-ble", "", "not installed", needed) from None

    def decode(data: bytes, key: ReadoutKey) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = SmartLithium(key.key.hex()).parse(data)._data
        except (AdvertisementKeyMismatchError, ValueError, KeyError):  # the latter two: no such balancer, say
            return None
        return found

    return decode


def _shown(path: Path, line: int, row: list[str], keys: tuple[ReadoutKey, ...], decode: Decode) -> Shown:
    """One row of the stream, decoded."""

    def bad(column: str, value: object, allowed: str) -> InputError:
        return InputError(str(path), f"line {line}, {column}" if column else f"line {line}", str(value)[:60], allowed)

    if len(row) != len(COLUMNS):
        raise bad("", f"{len(row)} values", ",".join(COLUMNS))
    try:
        time_s = float(row[0])
    except ValueError:
        time_s = math.nan
    if not (math.isfinite(time_s) and time_s >= 0.0):
        raise bad("time_s", row[0], "a number from 0")
    if not (row[1].isascii() and row[1].isdigit() and len(row[1]) < 4 and int(row[1]) < len(keys)):
        raise bad("battery", row[1], f"0 to {len(keys) - 1}, as there are {len(keys)} keys")
    try:
        data = bytes.fromhex(row[2])
    except ValueError:
        data = b""
    if len(data) != LENGTH or data[:2] != b"\x10\x02" or data[4] != readout.RECORD_BATTERY:
        raise bad("manufacturer_data", row[2], f"{LENGTH} bytes of record 0x05 in hexadecimal digits")
    found = decode(data, keys[int(row[1])])
    if found is None:
        raise bad("battery", row[1], "the keys of this run, and an undamaged stream; this does not decode")
    balancer = found["balancer_status"]
    cells = tuple(found["cell_voltages"][: bms.CELLS_PER_BATTERY])
    return Shown(
        time_s, int(row[1]), found["battery_voltage"], cells, found["battery_temperature"],
        "absent" if balancer is None else balancer.name.lower(), flag_names(found["bms_flags"]), found["error_flags"],
    )


def flag_names(flags: int) -> str:
    """Known flags by name, what is left as a number."""
    names = [str(flag.name).lower().replace("_", " ") for flag in Flag if flags & flag]
    rest = flags & ~sum(Flag)
    return "; ".join([*names, *([f"unknown {rest:#x}"] if rest else [])])
