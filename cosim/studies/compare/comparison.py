"""Judge a result against a golden one: signal by signal, and the event log."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cosim.errors import InputError, nearest
from cosim.studies.compare.events import EventVerdict, compare_events
from cosim.studies.compare.recording import Recording, Signal
from cosim.studies.compare.tolerances import Stated, Tolerances
from cosim.studies.compare.tube import Waveform, Worst, deviations

PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True)
class SignalVerdict:
    """What came out for one signal, told by `name` and `unit`.

    status : passed or failed; reason : why it failed, in words; worst : where most of the tolerance is used, None where
    nothing could be compared; golden_in_result : the worst point is one of golden's, outside the result's tube
    """

    name: str
    unit: str
    status: str
    reason: str = ""
    stated: Stated | None = None
    worst: Worst | None = None
    golden_in_result: bool = False

    @property
    def used(self) -> float:
        """Share of the tolerance that is used; infinite where nothing could be compared."""
        return float("inf") if self.worst is None else self.worst.used


@dataclass(repr=False)
class Comparison:
    """Verdicts of all signals and of the event log, and what was not compared.

    verdicts : one per signal of golden; overlap : whether only the stretch that both have was judged
    extra : signals that only the result has; ignored : by the tolerance file; shift_s : added to the result's time
    """

    golden: Recording
    result: Recording
    verdicts: list[SignalVerdict]
    events: EventVerdict | None = None
    extra: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    shift_s: float = 0.0
    overlap: bool = False

    def __repr__(self) -> str:
        from cosim.studies.compare.report import lines  # which needs this module

        return "\n".join((f"Comparison: {'agrees' if self.passed else 'DOES NOT AGREE'}", *lines(self)))

    def _repr_html_(self) -> str:
        from cosim.studies.compare.report import tables

        return tables(self)

    @property
    def passed(self) -> bool:
        """Whether every signal and the event log agree."""
        return not self.failed and (self.events is None or self.events.passed)

    @property
    def failed(self) -> list[SignalVerdict]:
        """Signals that do not agree, the worst first."""
        return sorted((one for one in self.verdicts if one.status == FAILED), key=lambda one: -one.used)

    @property
    def worst(self) -> SignalVerdict | None:
        """The signal that uses most of its tolerance, of those that could be compared."""
        return max((one for one in self.verdicts if one.worst is not None), key=lambda one: one.used, default=None)


def compare(
    golden: Recording, result: Recording, tolerances: Tolerances | None = None, *, origin: str = "tolerances",
    shift_s: float = 0.0, overlap: bool = False, events: bool = True,
) -> Comparison:
    """Compare every signal of golden with the result's signal of the same name, and return the verdicts.

    Parameters
    ----------
    golden, result : from `cosim.studies.compare.recording`
    tolerances : rules; the defaults if not given; `origin` names them in messages
    shift_s : added to the result's times
    overlap : judge only the stretch that both have; else ends that differ by more than `span_s` fail
    events : compare the event logs, where both have one

    Raises
    ------
    InputError
        A rule fits no signal, or there is nothing to compare; WaveformError where the waveforms have no time in common
        is not raised but told as a failed signal.
    """
    rules = tolerances or Tolerances()
    rules.require_used(golden.signals, {one.unit for one in golden.signals.values()}, origin)
    verdicts, ignored = [], []
    for name, own in golden.signals.items():
        stated = rules.of(own)
        if stated is None:
            ignored.append(name)
            continue
        verdicts.append(_verdict(own, result, stated, shift_s, overlap))
    if not verdicts:
        raise InputError(golden.origin, "", "every signal is ignored", "at least one signal to compare")
    log = None
    if events and golden.events is not None and result.events is not None:
        log = compare_events(golden.events, result.events, rules.events, origin)
    extra = [name for name in result.signals if name not in golden.signals]
    return Comparison(golden, result, verdicts, log, extra, ignored, shift_s, overlap)


def moved(wave: Waveform, shift_s: float) -> Waveform:
    """The waveform later by `shift_s`."""
    return Waveform(wave.time_s + shift_s, wave.value) if shift_s else wave


def _verdict(golden: Signal, result: Recording, stated: Stated, shift_s: float, overlap: bool) -> SignalVerdict:
    found = result.signals.get(golden.name)

    def failed(reason: str) -> SignalVerdict:
        return SignalVerdict(golden.name, golden.unit, FAILED, reason, stated)

    if found is None:
        return failed(f"missing from the result; {nearest(golden.name, list(result.signals))}")
    if found.unit != golden.unit:
        return failed(f"unit {found.unit}, golden has {golden.unit}")
    own, other = golden.wave, moved(found.wave, shift_s)
    if not max(own.time_s[0], other.time_s[0]) < min(own.time_s[-1], other.time_s[-1]):
        return failed(f"no time in common: golden {_span(own)}, result {_span(other)}")
    result_in_golden, golden_in_result = deviations(own, other, stated.tolerance)
    backward = golden_in_result.used > result_in_golden.used
    worst = golden_in_result if backward else result_in_golden
    reason = ""
    if worst.used > 1.0:
        reason = _told(worst, golden.unit, backward)
    elif not overlap and _ends_differ(own, other, stated.span_s):
        reason = f"golden runs {_span(own)}, the result {_span(other)}; at most {stated.span_s:g} s apart"
    return SignalVerdict(golden.name, golden.unit, FAILED if reason else PASSED, reason, stated, worst, backward)


def _ends_differ(golden: Waveform, result: Waveform, span_s: float) -> bool:
    """Whether begin or end differ by more than is allowed (and rounding)."""
    rounding = 1e-9 * max(abs(golden.time_s[-1]), abs(golden.time_s[0]))
    return bool(np.abs(golden.time_s[[0, -1]] - result.time_s[[0, -1]]).max() > span_s + rounding)


def _span(wave: Waveform) -> str:
    return f"{wave.time_s[0]:.6g} to {wave.time_s[-1]:.6g} s"


def _told(worst: Worst, unit: str, backward: bool) -> str:
    unit = "" if unit == "1" else f" {unit}"
    whose, of = ("golden", "the result's") if backward else ("the result", "golden's")
    return (f"at {worst.time_s:.6g} s {whose} is {worst.value:.6g}{unit}, {of} tube ends at {worst.bound:.6g}{unit} "
            f"({worst.used:.3g} times the tolerance; outside for {worst.outside_s:.3g} s)")
