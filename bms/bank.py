"""Bank current limit (A11), check of the fitted fuse, and sensors that do not answer: what compares currents.

Frozen sensors are found by stimulus and response: when a quantity has moved by more than a band, what must follow it
is looked at again after a delay; if it reads the same to the last bit although the quantity is still away, that is a
strike. Temperatures follow heat: `bms.heat`. What never moves cannot be judged: `docs/supervisor.md` says what is not
seen.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from bms.firmware_parameters import FirmwareParameters


class Cap(NamedTuple):
    """Limit of the alternator port for the bank's sake [A] (inf: none), and when it may move again."""

    cap_A: float = math.inf
    next_ms: int | None = None


def capped(
    cap: Cap, limit_A: float, full_A: float, into_bank_A: float | None, over: bool, bank_limit_A: float, now_ms: int,
    f: FirmwareParameters, ratio: float | None = None,
) -> Cap:
    """Lower the cap by the excess, raise it slowly when there is room; at most once an interval.

    The limit is that of the fuse: an excess behind a converter is less there, by its `ratio`.
    """
    if cap.next_ms is not None and now_ms < cap.next_ms:
        return cap
    next_ms = now_ms + f.bank_interval_ms
    if over and into_bank_A is not None and into_bank_A > bank_limit_A:
        step_A = f.set_point_step_A
        excess_A = (into_bank_A - bank_limit_A) / (ratio or 1.0)
        lower_A = math.floor((min(limit_A, cap.cap_A) - excess_A) / step_A) * step_A
        return Cap(max(lower_A, min(f.minimum_limit_A, full_A)), next_ms)
    if math.isinf(cap.cap_A):
        return Cap()
    if into_bank_A is not None and not over and into_bank_A < f.bank_recover_fraction * bank_limit_A:
        raised_A = cap.cap_A + f.bank_rise_A
        return Cap(raised_A, next_ms) if raised_A < full_A else Cap()
    return Cap(cap.cap_A, next_ms)


class FuseCheck(NamedTuple):
    """Next look at the fuse (None: none due), bank less System+ current before charging [A], strikes, verdict."""

    at_ms: int | None = None
    before_A: float = 0.0
    strikes: int = 0
    wrong: bool = False


def fuse_checked(
    check: FuseCheck, fuse_A: float | None, others_A: float | None, now_ms: int, f: FirmwareParameters
) -> FuseCheck:
    """Compare the rise of the current by the fuse with that by the others (bank less System+).

    Consumption (below 20 mA) is left out: it is the same before and after. Below `fuse_check_A` the comparison says
    nothing and is repeated.
    """
    if check.at_ms is None or now_ms < check.at_ms:
        return check
    again = check._replace(at_ms=now_ms + f.fuse_check_ms)
    if fuse_A is None or others_A is None:
        return again
    rise_A = others_A - check.before_A
    if max(fuse_A, rise_A) < f.fuse_check_A:
        return again
    if rise_A * f.fuse_check_ratio >= fuse_A and fuse_A * f.fuse_check_ratio >= rise_A:
        return FuseCheck()
    if check.strikes + 1 < f.fuse_check_strikes:
        return again._replace(strikes=check.strikes + 1)
    return FuseCheck(wrong=True)


def bank_band_A(bank_Ah: float, f: FirmwareParameters) -> float:
    """Move of the bank's current that the cell voltages must answer to."""
    return f.frozen_band_C * bank_Ah


class Watch(NamedTuple):
    """A sensor under watch: stimulus and response when last looked at, look due, strikes, frozen since."""

    stimulus: float
    response: tuple[float, ...]
    due_ms: int | None = None
    strikes: int = 0
    frozen_ms: int | None = None


def watched(
    watch: Watch | None, stimulus: float | None, response: tuple[float, ...] | None, group: int, band: float,
    delay_ms: int, strikes: int, now_ms: int, f: FirmwareParameters,
) -> Watch | None:
    """State one call later; `group` readings of the response belong together and freeze together."""
    if stimulus is None or response is None or (watch is not None and len(response) != len(watch.response)):
        return watch if watch is not None and watch.frozen_ms is not None else None
    if watch is None:
        return Watch(stimulus, response)
    if watch.frozen_ms is not None:
        due = beyond_rest(watch.frozen_ms, now_ms, f)
        return Watch(stimulus, response) if due and not _same(watch.response, response, group) else watch
    away = not abs(stimulus - watch.stimulus) <= band
    if watch.due_ms is None:
        return watch._replace(due_ms=now_ms + delay_ms) if away else watch
    if now_ms < watch.due_ms:
        return watch
    if not (away and _same(watch.response, response, group)):
        return Watch(stimulus, response)
    if watch.strikes + 1 < strikes:
        return Watch(stimulus, response, None, watch.strikes + 1)
    return watch._replace(due_ms=None, strikes=0, frozen_ms=now_ms)


def beyond_rest(frozen_ms: int, now_ms: int, f: FirmwareParameters) -> bool:
    """Whether a frozen sensor is looked at: after the rest, on the sample schedule."""
    return now_ms - frozen_ms >= f.sensor_rest_ms and now_ms % f.sample_period_ms == 0


def watch_until_ms(due_ms: int | None, frozen_ms: int | None, now_ms: int, f: FirmwareParameters) -> int | None:
    """When a watch changes by time alone; `due_ms` and `frozen_ms` are the watch's."""
    if frozen_ms is not None:
        grid = f.sample_period_ms
        return max(-(-(frozen_ms + f.sensor_rest_ms) // grid) * grid, (now_ms // grid + 1) * grid)
    return due_ms


def _same(before: tuple[float, ...], now: tuple[float, ...], group: int) -> bool:
    """Whether all readings of one group are what they were."""
    if before == now:
        return True
    if group == 0:
        return False
    return any(before[i : i + group] == now[i : i + group] for i in range(0, len(now), group))
