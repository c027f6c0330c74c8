"""Outputs of a case, by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import xarray as xr

from cosim.result import LoggedEvent, Result
from cosim.studies.sweep.outputs import Output, OutputMissing, measured


@pytest.fixture
def result() -> Result:
    """A current that rises from 0 to 40 A and falls back, two devices, some figures."""
    time_s = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    slow = xr.Dataset(
        {"current_A": ("time_s", np.array([0.0, 20.0, 40.0, 20.0, 0.0])),
         "other_A": ("time_s", np.array([0.0, 5.0, 10.0, 5.0, 0.0])),
         "enabled": ("time_s", np.array([0.0, 1.0, 1.0, 0.0, 0.0])),
         "power_W": (("time_s", "device"), np.array([[1.0, 4.0, 9.0]] * 4 + [[2.0, 3.0, 7.0]]))},
        {"time_s": time_s, "device": ["q1", "q2a", "q2b"]},
    )
    summary = {"bank": {"lowest_soc": 0.25, "none": None}, "flag": True,
               "figures": [{"id": "run", "name": "charge, all", "value": 3.5},
                           {"id": "A4", "name": "peak", "value": 7.0}]}
    events = [LoggedEvent(1.0, "supervisor", "remote on", ""), LoggedEvent(3.0, "supervisor", "remote on", "")]
    return Result(slow, {}, events, summary)


@pytest.mark.parametrize(("asked", "expected"), [
    ({"channel": "current_A", "reduce": "max"}, 40.0),
    ({"channel": "slow.current_A", "reduce": "min"}, 0.0),
    ({"channel": "current_A", "reduce": "mean"}, 20.0),
    ({"channel": "current_A", "reduce": "integral", "scale": 0.5}, 40.0),
    ({"channel": "current_A", "reduce": "final"}, 0.0),
    ({"channel": "other_A", "reduce": "spread"}, 10.0),
    ({"channel": "current_A", "reduce": "percentile", "percent": 50}, 20.0),
    ({"channel": "current_A", "reduce": "time_above_s", "level": 10}, 3.0),
    ({"channel": "current_A", "reduce": "time_below_s", "level": 10}, 1.0),
    ({"channel": "current_A", "reduce": "first_above_s", "level": 30}, 1.5),
    ({"channel": "current_A", "reduce": "first_above_s", "level": 50}, math.nan),
    ({"channel": "current_A", "reduce": "first_below_s", "level": 5}, 0.0),
    ({"channel": "current_A", "minus": "other_A", "reduce": "max"}, 30.0),
    ({"channel": "current_A", "where": "enabled", "reduce": "mean"}, 30.0),
    ({"channel": "current_A", "where": "enabled", "reduce": "min"}, 20.0),
    ({"channel": "current_A", "where": "enabled", "reduce": "integral"}, 30.0),
    ({"channel": "current_A", "where": "enabled", "reduce": "time_above_s", "level": 30}, 0.5),
    ({"channel": "current_A", "where": "enabled", "reduce": "time_below_s", "level": 100}, 1.0),
    ({"channel": "current_A", "where": "enabled", "reduce": "first_above_s", "level": 10}, 1.0),
    ({"channel": "current_A", "where": "enabled", "reduce": "first_below_s", "level": 10}, math.nan),
    ({"channel": "power_W", "across": "max", "reduce": "final"}, 7.0),
    ({"channel": "power_W", "across": "spread", "reduce": "max"}, 8.0),
    ({"channel": "power_W", "across": "spread", "columns": ["q1", "q2a"], "reduce": "max"}, 3.0),
    ({"channel": "power_W", "across": "q2a", "reduce": "initial"}, 4.0),
    ({"summary": "bank.lowest_soc"}, 0.25),
    ({"summary": "bank.none"}, math.nan),
    ({"summary": "flag"}, 1.0),
    ({"summary": "figures.charge, all.value", "scale": 2}, 7.0),
    ({"summary": "figures.A4.value"}, 7.0),
    ({"summary": "figures.0.value"}, 3.5),
    ({"event": "remote on", "ask": "count"}, 2.0),
    ({"event": "remote on", "ask": "last_s"}, 3.0),
    ({"event": "remote off", "ask": "count"}, 0.0),
    ({"event": "remote off", "ask": "first_s"}, math.nan),
])
def test_value(result: Result, asked: dict[str, Any], expected: float) -> None:
    assert measured(Output(name="x", **asked), result) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(("asked", "text"), [
    ({"channel": "curent_A", "reduce": "max"}, "no channel curent_A: did you mean 'current_A'?"),
    ({"channel": "power_W", "reduce": "max"}, "say across"),
    ({"channel": "power_W", "across": "q9", "reduce": "max"}, "no column q9"),
    ({"channel": "power_W", "across": "max", "columns": ["q9"], "reduce": "max"}, "no column q9"),
    ({"summary": "bank.lowest"}, "did you mean 'lowest_soc'?"),
    ({"summary": "bank"}, "is a dict, not a number"),
    ({"summary": "peak"}, "did you mean 'figures.peak.value'?"),
    ({"summary": "figures.peaks.value"}, "did you mean 'peak'?"),
    ({"summary": "flag.more"}, "below a single value"),
])
def test_what_is_not_there_is_named(result: Result, asked: dict[str, Any], text: str) -> None:
    with pytest.raises(OutputMissing) as caught:
        measured(Output(name="x", **asked), result)
    assert text in str(caught.value)
