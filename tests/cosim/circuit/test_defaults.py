"""Design values of a circuit are read and replaced in its own subcircuit only."""

from __future__ import annotations

import pytest

from cosim.circuit.defaults import default_of, with_default

NETLIST = """* head with r1=7
.subckt other a b params: r1=5
.ends
.subckt path a b
+ params: r1=1.5m r10=3 offset=-2
+ c1=4.7u
R1 a b {r1}
.ends
"""


def test_a_default_is_changed_in_its_own_circuit_only() -> None:
    changed = with_default(NETLIST, "path", "r1", 0.002)
    assert changed == NETLIST.replace("r1=1.5m", "r1=0.002")
    assert with_default(NETLIST, "path", "offset", 3.0) == NETLIST.replace("offset=-2", "offset=3.0")


@pytest.mark.parametrize(("circuit", "parameter"), [("path", "r2"), ("nothing", "r1")])
def test_a_parameter_that_is_not_there_is_refused(circuit: str, parameter: str) -> None:
    with pytest.raises(ValueError, match=parameter):
        with_default(NETLIST, circuit, parameter, 1.0)


@pytest.mark.parametrize(("parameter", "value"), [
    ("rf25", 0.6e-3), ("vov", 18.0), ("cdab", 330e-6), ("rbleed", 470e3), ("lf", 20e-9), ("alphaf", 0.0039)])
def test_shipped_defaults_are_read_with_their_suffix(parameter: str, value: float) -> None:
    assert default_of("alternator_path", parameter) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("circuit", "parameter"), [("alternator_path", "r2"), ("nothing", "r1")])
def test_reading_what_is_not_there_is_refused(circuit: str, parameter: str) -> None:
    with pytest.raises(ValueError, match=circuit):
        default_of(circuit, parameter)
