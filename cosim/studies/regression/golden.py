"""Golden files: waveforms thinned within a tenth of their tolerance, compressed, each with what made it.

A file is a numpy archive (.npz): `meta`, JSON as bytes, and per signal times (`t0`, ...) and values (`v0`, ...). Equal
waveforms give equal bytes. A point is left out where the line between its neighbours stays within a tenth of the value
tolerance; so the tube of a golden file is between 0.9 and 1.1 times as wide as asked.
"""

from __future__ import annotations

import io
import json
import os
import platform
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim import __version__
from cosim.errors import InputError
from cosim.result import LoggedEvent
from cosim.studies.compare.recording import Recording
from cosim.studies.compare.tolerances import Stated
from cosim.studies.compare.tube import Tolerance, Waveform

Array = NDArray[np.float64]

FORMAT = 1
SHARE = 0.1
"""Part of the value tolerance that thinning may use."""
ROUNDING = 0.01
"""Part of the value tolerance that single precision may cost; else values are kept in double precision."""
PACKAGES = ("numpy", "scipy", "PySpice")


@dataclass(frozen=True)
class Golden:
    """What a golden file holds: waveforms and events, tolerances that they were thinned for, what made it."""

    recording: Recording
    thinned_for: dict[str, Tolerance]
    made_by: str
    versions: Mapping[str, str]


def thinned(wave: Waveform, width: Array) -> Waveform:
    """Leave out points that lie on the line between their neighbours, to within `width` at each point.

    Ramer's way, distances measured along the value: the point farthest from the chord stays until none is too far.
    """
    t, v = wave
    keep = np.zeros(t.size, dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, t.size - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        inside = slice(first + 1, last)
        run_s = t[last] - t[first]
        part = (t[inside] - t[first]) / run_s if run_s > 0.0 else np.zeros(last - first - 1)
        away = np.abs(v[inside] - v[first] - part * (v[last] - v[first])) / width[inside]
        farthest = int(np.argmax(away))
        if away[farthest] > 1.0:
            at = first + 1 + farthest
            keep[at] = True
            stack += [(first, at), (at, last)]
    return Waveform(t[keep], v[keep])


def write(path: Path, recording: Recording, stated: Mapping[str, Stated], made_by: str) -> None:
    """Write a golden file (to a temporary name, then renamed).

    Raises
    ------
    InputError
        The place cannot be written.
    """
    signals: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[Any]] = {}
    for k, (name, one) in enumerate(recording.signals.items()):
        tolerance = stated[name].tolerance
        wave = thinned(one.wave, SHARE * tolerance.width(one.wave.value))
        single = wave.value.astype(np.float32)
        exact = np.abs(single - wave.value) <= ROUNDING * tolerance.width(wave.value)
        arrays[f"t{k}"], arrays[f"v{k}"] = wave.time_s, single if exact.all() else wave.value
        signals.append({"name": name, "unit": one.unit, "points": int(one.wave.time_s.size), "step_s": one.step_s,
                        "absolute": tolerance.absolute, "relative": tolerance.relative, "time_s": tolerance.time_s})
    events = None if recording.events is None else [list(event) for event in recording.events]
    meta = {"format": FORMAT, "made_by": made_by, "versions": versions(), "signals": signals, "events": events}
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(_archive(json.dumps(meta, indent=1, ensure_ascii=False), arrays))
        part.replace(path)
    except OSError as error:
        raise InputError(str(path), "", error.strerror or str(error), "a file that can be written") from error
    finally:
        part.unlink(missing_ok=True)


def _archive(meta: str, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Compressed archive whose bytes depend on its content only."""
    content = {"meta": np.frombuffer(meta.encode("utf-8"), dtype=np.uint8), **arrays}
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in content.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, stream.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return whole.getvalue()


def read(path: Path) -> Golden:
    """Read a golden file.

    Raises
    ------
    InputError
        Damaged, or of another format.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            meta = json.loads(archive["meta"].tobytes().decode("utf-8"))
            if meta["format"] != FORMAT:
                raise InputError(str(path), "format", meta["format"], str(FORMAT))
            events = meta["events"]
            recording = Recording(str(path), events=None if events is None else [LoggedEvent(*one) for one in events])
            for k, one in enumerate(meta["signals"]):
                recording.add(one["name"], one["unit"], archive[f"t{k}"], archive[f"v{k}"], one["step_s"])
        thinned_for = {s["name"]: Tolerance(s["absolute"], s["relative"], s["time_s"]) for s in meta["signals"]}
        return Golden(recording, thinned_for, meta["made_by"], meta["versions"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())[:100]
        raise InputError(str(path), "", f"damaged ({reason})", "a file of --regenerate-golden") from None


def versions() -> dict[str, str]:
    """What the waveforms were made with; no clock, no machine."""
    found = {"smart-bms-cosim": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
