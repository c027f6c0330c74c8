"""What a waveform is, and a part of it.

Two arrays of one length: instants [s], which rise strictly, and values, straight lines between them. SPICE's points are
10 ns apart in an edge and 10 ms apart where nothing happens, so nothing here ever counts points: all is weighted by
time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class MeasureError(ValueError):
    """A waveform on which the asked quantity cannot be measured; the message says why."""


def checked(time_s: ArrayLike, value: ArrayLike) -> tuple[Array, Array]:
    """Arrays of a waveform, refused if they are none.

    Raises
    ------
    MeasureError : not one-dimensional, of unequal length, fewer than two points, not finite, or times that do not rise
    """
    t, v = np.asarray(time_s, dtype=np.float64), np.asarray(value, dtype=np.float64)
    if t.ndim != 1 or t.shape != v.shape or t.size < 2:
        raise MeasureError(f"a waveform is two arrays of one length, at least 2 points, not {t.shape}, {v.shape}")
    if not np.isfinite(t).all() or not np.isfinite(v).all():
        raise MeasureError(f"value {int(np.argmin(np.isfinite(t) & np.isfinite(v)))} of the waveform is not finite")
    if (bad := np.flatnonzero(np.diff(t) <= 0.0)).size:
        raise MeasureError(f"times do not rise at point {int(bad[0]) + 1} ({t[bad[0]]:g} s, then {t[bad[0] + 1]:g} s)")
    return t, v


def between(
    time_s: ArrayLike, value: ArrayLike, from_s: float | None = None, until_s: float | None = None
) -> tuple[Array, Array]:
    """Part of a waveform, with points interpolated at both ends.

    Parameters
    ----------
    time_s, value : waveform
    from_s, until_s : ends of the part [s]; None: the waveform's own

    Raises
    ------
    MeasureError : the part is empty or reaches outside the waveform
    """
    t, v = checked(time_s, value)
    first = float(t[0]) if from_s is None else from_s
    last = float(t[-1]) if until_s is None else until_s
    if not (t[0] <= first < last <= t[-1]):
        raise MeasureError(f"{first:g}..{last:g} s is no part of a waveform from {t[0]:g} to {t[-1]:g} s")
    inner = (t > first) & (t < last)
    times = np.concatenate(([first], t[inner], [last]))
    return times, np.interp(times, t, v)
