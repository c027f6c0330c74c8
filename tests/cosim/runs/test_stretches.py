"""How a run is cut into stretches: often enough for who watches it, and without a trace in what comes out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

import bms
import cosim.run
from cosim.circuit.identify import IdentifiedCircuit
from cosim.inputs.drive import build_inputs
from cosim.result import Result
from cosim.run import LONGEST_STRETCH, Run
from cosim.scenario.model import parse_scenario
from cosim.spice.session import SpiceSession
from cosim.supervisor.supervision import Supervision

DRIVE = {"segments": [{"kind": "idle", "duration_s": 60}, {"kind": "city", "duration_s": 900},
                      {"kind": "off", "duration_s": 1200}]}


def run() -> tuple[Result, list[int]]:
    """A run without windows, and the ticks at which it told how far it is."""
    scenario = parse_scenario({"name": "stretches", "drive": DRIVE, "bank": {"soc": 0.3}})
    inputs, duration_s = build_inputs(scenario)
    session = cast(SpiceSession, SimpleNamespace(version_text="not used"))
    told: list[int] = []
    circuit = IdentifiedCircuit.nominal(scenario.circuit.netlist)
    made = Run(scenario, session, circuit, inputs, duration_s, False,
               lambda f, text: told.append(round(f * made.n_ticks)), windows=False)
    return made.go(), told


def test_a_stretch_goes_on_over_calls_of_the_supervisor_but_not_longer_than_who_watches_may_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []
    stepped = Supervision.stepped

    def counted(before: Supervision, tick: int, seen: bms.Measurements) -> Supervision:
        calls.append(tick)
        return stepped(before, tick, seen)

    monkeypatch.setattr(Supervision, "stepped", counted)
    _, told = run()
    assert max(np.diff([0, *told])) == LONGEST_STRETCH
    assert len(calls) > 10 * len(told)


def test_where_it_is_cut_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, seldom = run()
    monkeypatch.setattr(cosim.run, "LONGEST_STRETCH", 7)
    cut, often = run()
    assert len(often) > 100 * len(seldom)
    assert cut.events == whole.events
    for name, channel in whole.slow.data_vars.items():
        assert np.array_equal(channel.values, cut.slow[name].values, equal_nan=True), name
