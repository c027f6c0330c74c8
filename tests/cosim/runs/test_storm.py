"""Random event sequences on the combined deck: a slice of `python -m benchmarks.storm`; whole only by that command."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import storm
from cosim.spice.session import SpiceSession


def test_twenty_sequences_come_to_their_end(spice: SpiceSession) -> None:
    outcomes = [storm.run_one(spice, 7, number) for number in range(20)]
    assert [(one.number, one.problem, one.events) for one in outcomes if one.problem] == []
    assert all(one.points > 100 for one in outcomes)
    assert len({one.events for one in outcomes}) == 20


def test_a_sequence_depends_on_seed_and_number_only() -> None:
    first, again, other = storm.sequence(3, 5), storm.sequence(3, 5), storm.sequence(3, 6)
    assert first == again
    assert first[2] != other[2]


def test_sources_never_jump() -> None:
    """Every source is a chain of rising times: a PWL source with a jump would be another circuit."""
    for number in range(50):
        for name, corners in storm.sequence(1, number)[1].items():
            times = np.array([time_s for time_s, _ in corners])
            assert np.all(np.diff(times) > 0.0), (number, name)


@pytest.mark.parametrize(("wave", "value", "told"), [
    ("shunt_current_A", 900.0, "System+ 900 A"), ("battery_voltage_V", 31.0, "battery stud 31.0 V"),
    ("drain_charge_V", 70.0, "charge bank 70.0 V"),
])
def test_broken_limits_are_told(wave: str, value: float, told: str) -> None:
    names = (
        "shunt_current_A", "battery_voltage_V", "drain_discharge_V", "drain_charge_V", "common_source_V", "mid_V",
    )
    waves = {name: np.zeros(2) for name in names}
    time_s = np.array([0.0, storm.LENGTH_S])
    assert storm.judged(time_s, waves) == ""
    assert told in storm.judged(time_s, {**waves, wave: np.array([0.0, value])})
