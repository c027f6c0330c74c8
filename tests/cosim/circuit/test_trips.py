"""Trips that a netlist declares in its head."""

from __future__ import annotations

import pytest

from cosim.circuit.characteristic import limiter_start
from cosim.circuit.deck import circuit_text
from cosim.circuit.trips import TripUnreadable, with_trips

HEAD = "* a circuit\n* TRIP port_current_A ilatch 80%\n* TRIP input_voltage_V vov 90%\n.subckt c a b params: n=1\n"


def test_the_share_of_the_parameter_counts() -> None:
    law = with_trips(limiter_start(), HEAD + "+ ilatch=0.7k vov=20\n", {})
    assert law.near_trip_A == pytest.approx(560.0)
    assert law.near_trip_V == pytest.approx(18.0)
    assert law.trip_V == 20.0


def test_a_changed_parameter_moves_the_trip() -> None:
    law = with_trips(limiter_start(), HEAD + "+ ilatch=700 vov=20\n", {"ilatch": 100.0})
    assert law.near_trip_A == pytest.approx(80.0)


def test_the_path_declares_its_18_V() -> None:
    law = with_trips(limiter_start(), circuit_text("alternator_path"), {})
    assert law.trip_V == 18.0
    assert law.near_trip_V == pytest.approx(16.92)
    assert law.near_trip_A > 1e6
    assert with_trips(limiter_start(), circuit_text("direct_connection"), {}) == limiter_start()


@pytest.mark.parametrize(
    "line", ["port_current_A ilatch", "port_current_A ilatch 0%", "current ilatch 80%", "port_current_A other 80%"])
def test_a_trip_that_cannot_be_followed_is_refused(line: str) -> None:
    with pytest.raises(TripUnreadable, match="TRIP"):
        with_trips(limiter_start(), f"* TRIP {line}\n.subckt c a b params: ilatch=700\n", {})
