"""Transistors and rated nodes as the netlists write them; which ratings a window holds against them."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.circuit.deck import DEVICES
from cosim.circuit.parts import Transistor, node_ratings, transistors
from cosim.paths import NETLISTS
from cosim.windows.safety import PLACES, rating_notes, stresses_of


def text(name: str) -> str:
    return (NETLISTS / f"{name}.cir").read_text(encoding="utf-8")


def test_the_transistors_of_both_paths_by_hand() -> None:
    linear = {one.name: (one.model, one.parallel) for one in transistors(text("alternator_path"))}
    assert linear == {"q1": ("N80", 2), **{f"q2{k}": ("N100", 1) for k in "abcd"}}
    for buck in ("alternator_path_buck", "alternator_path_buck_avg"):
        found = {one.name: (one.model, one.parallel) for one in transistors(text(buck))}
        assert found == {"q0": ("N100", 4), "q1": ("N60", 2), "hs": ("N60", 2), "ls": ("N60", 2)}


def test_a_transistor_has_its_nodes_and_its_heat() -> None:
    lines = "MQ1 mid g1 s1 tj1 tc1 N60 m=3 thermal\n* MQ2 a b c d e N80 thermal\nVt1 tj1 tq1 dc -27\n"
    assert transistors(lines) == (Transistor("q1", "mid", "s1", "vt1", "N60", 3, "tj1"),)
    with pytest.raises(ValueError, match="MQ1: no source drives its junction tj1"):
        transistors("MQ1 mid g1 s1 tj1 tc1 N60 thermal\n")


def test_rated_nodes() -> None:
    assert node_ratings("* RATING mid 35 V input bank\n* RATED ab 1 V x\n") == {"mid": (35.0, "input bank")}
    assert node_ratings(text("alternator_path"))["ab"] == (125.0, "input capacitors")
    assert node_ratings(text("alternator_path_buck"))["mid"][0] == 35.0


@pytest.mark.parametrize("netlist", ["alternator_path", "alternator_path_buck", "alternator_path_buck_avg"])
def test_every_transistor_of_a_window_has_its_place(netlist: str) -> None:
    assert {one.name for one in transistors(text(netlist))} <= set(PLACES)


def test_a_window_holds_the_class_of_the_netlist_against_its_devices() -> None:
    """70 V at the input bank: above the 60 V of the buck's switches; the linear path's devices carry 80 and 100 V."""
    time_s, one = np.array([0.0, 1.0]), np.ones(2)
    waves = {"mid_V": 70.0 * one, "fb_V": 14.0 * one, "battery_voltage_V": 13.0 * one}
    for device in DEVICES:
        waves |= {f"power_{device}_W": one, f"junction_{device}_degC": 60.0 * one}
    assert rating_notes(time_s, waves, 60.0, 5.0) == []
    told = [note[3] for note in rating_notes(time_s, waves, 60.0, 5.0, "alternator_path_buck_avg")]
    assert told == ["hs: drain voltage 70 V, rated 60 V", "ls: drain voltage 70 V, rated 60 V"]
    blocked = stresses_of(time_s, waves | {"fb_V": 100.0 * one}, 60.0, "alternator_path_buck_avg")
    assert next(s for s in blocked if s.device == "q0" and s.quantity == "drain voltage").value == 30.0
