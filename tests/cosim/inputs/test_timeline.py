"""Remote and faults: what they write, when, and that a window can take it back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from cosim.circuit.identify import IdentifiedCircuit
from cosim.errors import InputError
from cosim.inputs.timeline import NEVER, Timeline, timeline_of
from cosim.scenario.model import parse_scenario
from cosim.slow.plant import PlantParameters, load_parameters
from cosim.slow.sensors import NO_OVERRIDE, as_measurements, measure, place_of

BASE: dict[str, Any] = {
    "name": "t", "source": {"kind": "supply", "emf_V": [[0, 12.5]]}, "duration_s": 100, "bank": {"batteries": 2},
    "system": {"devices": [{"kind": "mains", "name": "charger", "plugged_s": [[0, 100]]}]},
    "remote": [{"time_s": 0, "state": "on"}, {"time_s": 20, "state": "off"},
               {"time_s": 30, "volts": {"L_V": 5.5, "H_V": 2.5}}],
    "faults": [
        {"kind": "offset", "measurement": "input_voltage_V", "value": 0.5, "time_s": 10, "duration_s": 5},
        {"kind": "frozen", "measurement": "cell_voltage_V", "battery": 2, "time_s": 12, "duration_s": 10},
        {"kind": "open", "measurement": "system_current_A", "time_s": 13, "duration_s": 1},
        {"kind": "stuck", "measurement": "cell_temperature_degC", "battery": 1, "cell": 3, "value": 90, "time_s": 14},
        {"kind": "cable", "after_battery": 1, "time_s": 40},
        {"kind": "no_voltage_limit", "device": "charger", "voltage_V": 16.0, "time_s": 50, "duration_s": 10},
    ],
}


def made(**changes: Any) -> tuple[Timeline, PlantParameters]:
    scenario = parse_scenario({**BASE, **changes})
    p = load_parameters(scenario, IdentifiedCircuit.nominal("alternator_path").coefficients)
    return timeline_of(scenario, p), p


def truth(cell_V: float = 3.3) -> np.ndarray:
    scalars = [13.0, 0.01, 13.2, 25.0, 25.0, -20.0, 13.1, -20.0, 0.0, 6.6, 6.6]
    return np.concatenate((scalars, np.full(8, cell_V), np.full(8, 20.0)))


def test_every_moment_writes_what_it_says() -> None:
    timeline, p = made()
    moments, tick = [0], 0
    timeline.at(0, truth)
    while timeline.next_after(tick) < NEVER:
        tick = timeline.next_after(tick)
        moments.append(tick)
    # Ends at 1e9 s are moments too, but no run gets there.
    assert moments[:13] == [0, 100, 120, 130, 140, 150, 200, 220, 300, 400, 500, 600, moments[12]]
    assert p.remote_V.tolist() == [6.6, 6.6]
    timeline.at(100, truth)
    assert as_measurements(measure(truth(), p.sensors), 8).input_voltage_V == pytest.approx(13.5)
    timeline.at(120, lambda: measure(truth(3.312), p.sensors))
    seen = as_measurements(measure(truth(3.2), p.sensors), 8)
    assert seen.cell_voltage_V == pytest.approx((3.2,) * 4 + (3.312,) * 4)
    assert p.sensors.cells_touched[0] == 1.0
    timeline.at(130, truth)
    assert math.isnan(as_measurements(measure(truth(), p.sensors), 8).system_current_A or 0.0)
    timeline.at(140, truth)
    seen = as_measurements(measure(truth(), p.sensors), 8)
    assert seen.system_current_A == pytest.approx(-20.0)
    assert seen.cell_temperature_degC[2] == 90.0
    timeline.at(150, truth)
    assert as_measurements(measure(truth(), p.sensors), 8).input_voltage_V == pytest.approx(13.0)
    timeline.at(200, truth)
    assert p.remote_V.tolist() == [13.2, 0.0]
    timeline.at(300, truth)
    assert p.remote_V.tolist() == [5.5, 2.5]
    timeline.at(400, truth)
    seen = as_measurements(measure(truth(), p.sensors), 8)
    assert [math.isnan(v) for v in seen.cell_voltage_V] == [False] * 4 + [True] * 4
    assert [math.isnan(v) for v in seen.cell_temperature_degC] == [False] * 4 + [True] * 4
    assert p.system.numbers[0, 3] < 15.0
    timeline.at(500, truth)
    assert p.system.numbers[0, 3:6].tolist() == [16.0] * 3
    timeline.at(600, truth)
    assert p.system.numbers[0, 3] < 15.0


def test_a_window_that_is_tried_again_tells_again_and_the_run_does_not() -> None:
    timeline, p = made()
    timeline.at(0, truth)
    assert [note[2] for note in timeline.at(100, truth)] == ["fault begins"]
    assert timeline.at(100, truth) == []
    timeline.at(120, lambda: measure(truth(3.4), p.sensors))
    timeline.restore(110)
    assert p.sensors.override[place_of("cell_voltage_V", 4, 8)] == NO_OVERRIDE
    assert p.sensors.offset[0] == 0.5
    again = timeline.at(120, lambda: measure(truth(3.35), p.sensors))
    assert [note[1:3] for note in again] == [("scenario", "fault begins")]
    assert measure(truth(3.2), p.sensors)[place_of("cell_voltage_V", 4, 8)] == pytest.approx(3.35)


def test_without_remote_and_faults_nothing_is_written() -> None:
    timeline, p = made(remote=[], faults=[])
    assert timeline.is_empty
    assert timeline.next_after(0) == NEVER
    seen = as_measurements(measure(truth(), p.sensors), 8)
    assert seen.system_current_A == pytest.approx(-20.0)


def test_what_is_not_fitted_is_none() -> None:
    _, p = made(system={}, remote=[], faults=[])
    vector = truth()
    vector[5:11] = -np.inf
    seen = as_measurements(measure(vector, p.sensors), 8)
    assert (seen.system_current_A, seen.system_voltage_V, seen.battery_current_A) == (None, None, None)
    assert (seen.remote_L_V, seen.remote_H_V, seen.hardware_latch) == (None, None, None)
    assert seen.input_voltage_V == pytest.approx(13.0)


@pytest.mark.parametrize(("changes", "told"), [
    ({"remote": [{"time_s": 5, "state": "on"}]}, "remote.0.time_s: 5"),
    ({"remote": [{"time_s": 0, "state": "on"}, {"time_s": 0, "state": "off"}]}, "times must rise"),
    ({"remote": [{"time_s": 0, "state": "on", "volts": {"L_V": 1, "H_V": 1}}]}, "either state or volts"),
    ({"remote": [{"time_s": 0, "state": "onn"}]}, "on"),
    ({"faults": [{"kind": "open", "measurement": "remote_L_V", "time_s": 1}], "remote": []}, "one that is fitted here"),
    ({"faults": [{"kind": "open", "measurement": "cell_voltage_V", "battery": 3, "time_s": 1}]}, "1 to 2"),
    ({"faults": [{"kind": "offset", "measurement": "input_voltage_V", "time_s": 1}]}, "need a value"),
    ({"faults": [{"kind": "frozen", "measurement": "input_voltage_V", "value": 1, "time_s": 1}]}, "take none"),
    ({"faults": [{"kind": "cable", "after_battery": 2, "time_s": 1}]}, "0 to 1"),
    ({"faults": [{"kind": "no_voltage_limit", "device": "chargre", "time_s": 1}]}, "charger"),
    ({"faults": [{"kind": "melted", "time_s": 1}]}, "no_voltage_limit"),
    ({"faults": [{"kind": "cable", "after_batery": 1, "time_s": 1}]}, "after_battery"),
])
def test_one_line_says_what_is_wrong(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told) as refused:
        parse_scenario({**BASE, **changes})
    assert "\n" not in str(refused.value)
