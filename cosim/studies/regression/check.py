"""Compare the waveforms of a test with its golden file, or write that file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import xarray as xr

from cosim.errors import InputError, nearest
from cosim.result import Result, told_unit
from cosim.studies.compare import report
from cosim.studies.compare.comparison import Comparison, compare
from cosim.studies.compare.recording import Recording, add_dataset, of_result
from cosim.studies.compare.tolerances import Stated, Tolerances, parse_tolerances
from cosim.studies.regression import golden as golden_file

Waveforms = Result | xr.Dataset | Recording | Mapping[str, Sequence[Any]]
"""What a test may give: a run, a dataset over `time_s`, or name -> (time_s, values) or (time_s, values, unit)."""

LEAST_SHARE = 0.5
"""A tolerance below this part of the one that a golden file was thinned for needs a new golden file."""


class WaveformsDiffer(AssertionError):
    """The waveforms of a test are not the golden ones."""


@dataclass
class WaveformRegression:
    """What a test calls, as often as it likes.

    golden : folder of the test's golden files; test : its name; failures : folder for overlays; regenerate : write
    golden files instead of comparing; written : golden files that were written
    """

    golden: Path
    test: str
    failures: Path
    regenerate: bool = False
    written: list[Path] = field(default_factory=list)

    def __call__(
        self, waveforms: Waveforms, made_by: str, *, name: str = "", signals: Sequence[str] = ("*",),
        tolerances: Mapping[str, Any] | None = None, events: bool = False,
    ) -> Comparison | None:
        """Compare with the golden file of this test.

        Parameters
        ----------
        waveforms : a `Result`, a dataset over `time_s`, a `Recording`, or name -> (time_s, values[, unit])
        made_by : command or scenario that gives these waveforms; it is kept in the golden file
        name : tells several golden files of one test apart
        signals : patterns of the signals to compare
        tolerances : what a tolerance file holds (docs/regression.md)
        events : compare the event log of a `Result` too

        Returns
        -------
        the comparison; None where the golden file was written

        Raises
        ------
        WaveformsDiffer
            With the signals that differ, and the folder with the overlay.
        InputError
            A pattern or rule fits nothing, a golden file is damaged, a waveform has NaN.
        """
        __tracebackhide__ = True
        own = selected(as_recording(waveforms, events), signals)
        rules = parse_tolerances(tolerances or {})
        label = _file_name(self.test + (f".{name}" if name else ""))
        path = self.golden / f"{label}.npz"
        if self.regenerate:
            rules.require_used(own.signals, {one.unit for one in own.signals.values()}, f"tolerances of {self.test}")
            golden_file.write(path, own, _stated(rules, own), made_by)
            self.written.append(path)
            return None
        if not path.is_file():
            raise WaveformsDiffer(
                f"no golden file {_near(path)}; make it with `pytest --regenerate-golden`, look at it, commit it")
        known = golden_file.read(path)
        self._require_fine_enough(known, rules, path)
        found = compare(known.recording, own, rules, origin=f"tolerances of {self.test}", events=events)
        found.extra.sort()
        if found.passed and not found.extra:
            return found
        folder = self.failures / label
        made = f"golden made by: {known.made_by}"
        report.save(found, folder, [f"test {self.test}", made])
        raise WaveformsDiffer(_message(found, path, folder, made))

    def _require_fine_enough(self, known: golden_file.Golden, rules: Tolerances, path: Path) -> None:
        """A golden file was thinned for a tolerance; a much smaller one would judge the thinning."""
        for name, stated in _stated(rules, known.recording).items():
            was = known.thinned_for[name]
            for part in ("absolute", "relative"):
                if getattr(stated.tolerance, part) < LEAST_SHARE * getattr(was, part):
                    raise WaveformsDiffer(
                        f"{_near(path)} was thinned for {part} {getattr(was, part):g} of {name}, the test now asks "
                        f"{getattr(stated.tolerance, part):g}: run `pytest --regenerate-golden`")


def as_recording(waveforms: Waveforms, events: bool = False) -> Recording:
    """Any of the forms as a recording."""
    if isinstance(waveforms, Recording):
        return waveforms
    if isinstance(waveforms, Result):
        recording = of_result(waveforms)
        recording.events = recording.events if events else None
        return recording
    recording = Recording("the test")
    if isinstance(waveforms, xr.Dataset):
        add_dataset(recording, "", waveforms)
        return recording
    for name, (time_s, value, *unit) in waveforms.items():
        recording.add(name, str(unit[0]) if unit else told_unit(name), time_s, value)
    return recording


def selected(recording: Recording, patterns: Sequence[str]) -> Recording:
    """Signals that fit a pattern; InputError for a pattern that fits none."""
    chosen: dict[str, Any] = {}
    for pattern in patterns:
        fits = {name: one for name, one in recording.signals.items() if fnmatchcase(name, pattern)}
        fits |= {name: recording.signals[name] for name in (pattern,) if name in recording.signals}  # brackets: q1[a]
        if not fits:
            raise InputError(recording.origin, "signals", pattern, nearest(pattern, list(recording.signals)))
        chosen |= fits
    return Recording(recording.origin, chosen, recording.events)


def _stated(rules: Tolerances, recording: Recording) -> dict[str, Stated]:
    """Tolerance of every signal; one that is to be ignored has no place in a golden file."""
    found = {name: rules.of(one) for name, one in recording.signals.items()}
    lost = [name for name, stated in found.items() if stated is None]
    if lost:
        raise ValueError(f"ignored signals {lost}: leave them out by `signals`")
    return {name: stated for name, stated in found.items() if stated is not None}


def _message(found: Comparison, path: Path, folder: Path, made: str) -> str:
    told = report.lines(found)
    if found.extra:
        told.append(f"not in the golden file: {', '.join(found.extra)}")
    place = f"overlay: {folder / report.PICTURE} (and {report.HTML})"
    wanted = "if the change is wanted: `pytest --regenerate-golden`, and look at the difference"
    return "\n".join((f"differs from {_near(path)}", *told, made, place, wanted))


def _near(path: Path) -> str:
    return "/".join(path.parts[-3:])


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", text).strip("_")
