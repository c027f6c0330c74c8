"""State as bytes: there and back, and nothing else is made of bytes from elsewhere."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import bms
from cosim.fmu import serial
from cosim.fmu.unit import Snapshot, Unit, UnitError
from cosim.fmu.variables import Built


def busy() -> Snapshot:
    """State in the middle of a day's troubles: charging, an alarm, a fault, a tripped port."""
    unit = Unit(Built(bms.Settings()))
    for name in bms.OPTIONAL_SENSORS:
        unit.set(f"fitted.{name}", True)
    unit.begin(3.0)
    unit.set("input_voltage_V", 14.0)
    unit.advance(3.0, 2.0)
    unit.set("cell_voltage_V[1]", 3.0)
    unit.set("system_current_A", -500.0)
    unit.advance(5.0, 40.0)
    return unit.snapshot()


def test_there_and_back() -> None:
    kept = busy()
    state = kept.progress.state
    assert state.predicates and state.faults and state.thermal is not None and state.load.alarm_ms is not None
    data = serial.to_bytes(kept)
    found = serial.from_bytes(data)
    assert found == kept and serial.to_bytes(kept) == data
    assert type(found.progress.state.mode) is bms.AlternatorMode


class _Trap:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self._path),)


def test_bytes_from_elsewhere_do_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    foreign: list[Any] = [_Trap(trap), bms.step, bms.Settings, urlsplit("a tuple of another package")]
    streams = [pickle.dumps(busy()._replace(start_s=item)) for item in foreign]
    streams += [pickle.dumps(_Trap(trap)), pickle.dumps(3.0), b"", b"x", serial.to_bytes(busy())[:-7]]
    for data in streams:
        with pytest.raises(UnitError, match="no state of this unit") as caught:
            serial.from_bytes(data)
        assert "\n" not in str(caught.value)
    assert not trap.exists()
    pickle.loads(pickle.dumps(_Trap(trap)))
    assert trap.exists(), "the trap is a good one"
