"""Rows kept for curves: bounded, young ones dense, old ones thinned."""

from __future__ import annotations

import numpy as np

from cosim.live.history import History


def fed(capacity: int, rows: int, piece: int = 7) -> History:
    history = History(capacity)
    for start in range(0, rows, piece):
        time_s = np.arange(start, min(start + piece, rows), dtype=np.float64)
        history.add({"time_s": time_s, "x": 2.0 * time_s, "cells": np.stack([time_s, -time_s], axis=1)})
    return history


def test_all_rows_while_they_fit() -> None:
    rows = fed(100, 60).since(0.0, 1000)
    assert np.array_equal(rows["time_s"], np.arange(60.0)) and np.array_equal(rows["x"], 2.0 * rows["time_s"])
    assert np.array_equal(rows["cells"][:, 1], -rows["time_s"])


def test_never_more_than_the_capacity_and_the_young_stay_dense() -> None:
    history = fed(100, 5000)
    assert history.size <= 100
    times = history.since(0.0, 10_000)["time_s"]
    assert times[0] == 0.0 and times[-1] == 4999.0
    assert np.all(np.diff(times) > 0.0) and np.all(np.diff(times[-20:]) == 1.0)


def test_a_thinned_curve_does_not_flicker() -> None:
    history = fed(1000, 300)
    before = set(history.since(0.0, 50)["time_s"][:-1])
    time_s = np.array([300.0])
    history.add({"time_s": time_s, "x": time_s, "cells": np.array([[0.0, 0.0]])})
    after = set(history.since(0.0, 50)["time_s"][:-1])
    assert before <= after and len(after) <= 51


def test_a_channel_that_comes_later_has_no_past_and_more_columns_keep_theirs() -> None:
    history = fed(100, 10)
    history.add({"time_s": np.array([10.0]), "x": np.array([0.0]), "y": np.array([3.0]), "cells": np.ones((1, 3))})
    rows = history.since(0.0, 100)
    assert np.isnan(rows["y"][:10]).all() and rows["y"][10] == 3.0
    assert np.array_equal(rows["cells"][:10, 1], -np.arange(10.0)) and np.isnan(rows["cells"][:10, 2]).all()
