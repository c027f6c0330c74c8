from __future__ import annotations

import ctypes
import math
from functools import cache
from typing import Any

import numpy as np
import pytest

from cosim.spice.callbacks import CONTROL_WORDS, compile_source_callback, name_key
from cosim.spice.sources import SourceTable


@cache
def callback() -> Any:
    return compile_source_callback().ctypes


def compiled_value(sources: SourceTable, name: str, time_s: float) -> float:
    """What the compiled callback answers, called as ngspice calls it."""
    control = np.zeros(CONTROL_WORDS, dtype=np.uint64)
    control[0], control[1] = sources.address, name_key("stop")
    value = ctypes.c_double(0.0)
    text = (ctypes.c_uint8 * 64)(*name.encode())
    callback()(ctypes.byref(value), time_s, text, 0, control.ctypes.data)
    assert control[3] == (0 if name in sources.names else 1)
    return value.value


def both(sources: SourceTable, name: str, time_s: float) -> float:
    value = sources.at(name, time_s)
    assert compiled_value(sources, name, time_s) == value
    return value


def test_hold_with_slope_and_ramp() -> None:
    sources = SourceTable()
    sources.hold("other", 0.0, -7.0)
    sources.hold("V1", 1.0, 2.0, 0.5)
    assert both(sources, "v1", 0.0) == 2.0
    assert both(sources, "v1", 3.0) == 3.0
    assert sources.ramp("v1", 5.0, 10.0, 2.0) == (5.0, 7.0)
    assert both(sources, "v1", 4.0) == 3.5
    assert both(sources, "v1", 6.0) == 7.0
    assert both(sources, "v1", 7.0) == 10.0
    assert both(sources, "v1", 1e9) == 10.0
    assert both(sources, "other", 6.0) == -7.0
    assert sources.names == ("other", "v1")


def test_a_new_hold_replaces_what_is_later_and_keeps_what_is_earlier() -> None:
    sources = SourceTable()
    sources.hold("v1", 0.0, 1.0)
    sources.hold("v1", 2.0, 2.0)
    sources.hold("v1", 3.0, 3.0)
    sources.hold("v1", 1.5, 9.0)
    assert [both(sources, "v1", t) for t in (0.0, 1.0, 1.5, 2.5, 4.0)] == [1.0, 1.0, 9.0, 9.0, 9.0]


def test_a_change_ahead_does_not_touch_the_present() -> None:
    sources = SourceTable()
    sources.hold("v1", 0.0, 1.0)
    for k in range(1, 1000):
        sources.accepted(k * 1e-3)
        sources.hold("v1", (k + 0.5) * 1e-3, float(k))
        assert both(sources, "v1", (k + 0.2) * 1e-3) == max(k - 1.0, 1.0)
        assert both(sources, "v1", (k + 0.7) * 1e-3) == float(k)


def test_too_many_changes_ahead_are_refused() -> None:
    sources = SourceTable()
    for k in range(8):
        sources.hold("v1", float(k), float(k))
    with pytest.raises(ValueError, match="future changes"):
        sources.hold("v1", 8.0, 8.0)
    sources.accepted(5.5)
    sources.hold("v1", 8.0, 8.0)
    assert [both(sources, "v1", t) for t in (5.5, 6.5, 7.5, 8.5)] == [5.0, 6.0, 7.0, 8.0]


def test_snapshot_and_restore_in_place() -> None:
    sources = SourceTable()
    sources.hold("v1", 0.0, 1.0)
    address, contents = sources.address, sources.snapshot()
    sources.hold("v1", 0.0, 5.0)
    sources.hold("v2", 0.0, 6.0)
    sources.restore(contents)
    assert sources.address == address
    assert sources.names == ("v1",)
    assert both(sources, "v1", 0.0) == 1.0
    assert math.isnan(compiled_value(sources, "v2", 0.0))


def test_what_is_refused() -> None:
    sources = SourceTable(["v1"])
    with pytest.raises(KeyError, match="unknown external source"):
        sources.hold("v2", 0.0, 1.0)
    with pytest.raises(KeyError, match="no value yet"):
        sources.ramp("v1", 0.0, 1.0, 1e-6)
    sources.hold("v1", 0.0, 1.0)
    with pytest.raises(ValueError, match="longer than 0"):
        sources.ramp("v1", 0.0, 1.0, 0.0)
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            sources.hold("v1", bad, 1.0)
        with pytest.raises(ValueError, match="finite"):
            sources.hold("v1", 0.0, bad)
        with pytest.raises(ValueError, match="finite"):
            sources.hold("v1", 0.0, 1.0, bad)
        with pytest.raises(ValueError, match="finite"):
            sources.ramp("v1", 0.0, bad, 1.0)
    assert both(sources, "v1", 0.0) == 1.0


def test_at_most_64_sources() -> None:
    sources = SourceTable()
    for k in range(64):
        sources.hold(f"v{k}", 0.0, float(k))
    assert [both(sources, f"v{k}", 0.0) for k in range(64)] == [float(k) for k in range(64)]
    with pytest.raises(ValueError, match="more than 64"):
        sources.hold("v64", 0.0, 0.0)
