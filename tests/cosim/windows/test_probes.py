"""Probes: refused in one line, recorded with unit and name in both engines, saved, exported, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cosim.circuit.deck import DeckSpec, ProbeSignal
from cosim.circuit.system_deck import SystemDeck
from cosim.errors import InputError
from cosim.plot.picture import plot_result
from cosim.plot.windows import PROBE_STROKES, drawn_lines
from cosim.record.export import export_text
from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.guard import check_deck
from cosim.spice.session import SpiceSession
from cosim.spice.shunts import deck_branches, deck_nodes
from cosim.windows.deck import deck_text
from cosim.windows.probes import with_probes
from cosim.windows.recipe import WindowRecipe

PROBES: list[dict[str, Any]] = [
    {"name": "gate_q2a", "node": "xpath.ga", "draw": True}, {"name": "rising", "node": "XPATH.VF", "unit": "A"},
    *({"name": f"q2{letter}", "current": f"v.xpath.vi{letter}"} for letter in "abcd"),
    {"name": "drain", "node": "xsysp.dd"},
]
BASE: dict[str, Any] = {
    "name": "p", "bank": {"soc": 0.6}, "recording": {"period_s": 0.1}, "duration_s": 2.5, "probes": PROBES,
    "source": {"kind": "supply", "emf_V": [[0, 14.2]], "resistance_ohm": 0.004},
    "system": {"devices": [{"kind": "dc_loads", "parameters": "dc_load_parked"}]},
    "events": [{"kind": "load_step", "at": "system", "time_s": 2.0503, "current_A": 30.0, "duration_s": 9.0}],
}


@pytest.fixture(scope="module", params=["two_scale", "continuous"])
def probed(request: pytest.FixtureRequest, spice: SpiceSession) -> Result:
    return Simulation(parse_scenario({**BASE, "engine": request.param}), session=spice).run()


def test_probes_are_recorded_with_unit_and_name(probed: Result, tmp_path: Path) -> None:
    """The four pass devices carry what leaves the path, but for the dampers' share, which ends in the steady state."""
    probed.save(tmp_path)
    again = Result.load(tmp_path)
    for windows in (probed.windows, again.windows):
        name, window = list(windows.items())[-1]
        assert window.gate_q2a.attrs["units"] == "V", name
        assert window.gate_q2a.attrs["long_name"] == "gate q2a, v(xpath.ga)"
        assert window.rising.attrs["units"] == window.q2a.attrs["units"] == "A"
        carried_A = float(sum(window[f"q2{letter}"][-1] for letter in "abcd"))
        assert carried_A > 20.0
        assert carried_A == pytest.approx(float(window.output_current_A[-1]), abs=0.1)
        assert float(window.gate_q2a[-1]) - float(window.battery_voltage_V[-1]) > 2.0  # above its threshold
        assert np.abs(window.drain[-1] - window.battery_voltage_V[-1]) < 0.1  # the drain of Q_d, behind the shunt


def test_a_deck_without_the_node_goes_without_the_probe() -> None:
    probes = (ProbeSignal("gate", "v(xpath.ga)", "V"), ProbeSignal("drain", "v(xsysp.dd)", "V"))
    plain = DeckSpec("t", "alternator_path", system=True)
    assert [one.name for one in with_probes(plain, probes).probes] == ["gate"]
    whole = DeckSpec("t", "alternator_path", system=True, sections=(SystemDeck(1e-3, 1e-6, 1e-3, 13.0),))
    assert [one.name for one in with_probes(whole, probes).probes] == ["gate", "drain"]


def test_recipe_and_export_know_them(probed: Result) -> None:
    """Written to JSON and back; the exported deck saves them by the circuit's own names."""
    if "recipe" not in list(probed.windows.values())[-1].attrs:
        pytest.skip("continuous runs have no recipe")
    name = next(key for key in probed.windows if key.endswith("enable"))
    recipe = WindowRecipe.from_json(probed.windows[name].attrs["recipe"])
    assert recipe.spec.probes[0] == ProbeSignal("gate_q2a", "v(xpath.ga)", "V", True)
    assert WindowRecipe.from_json(recipe.as_json()) == recipe
    text = export_text(probed, name)
    saved = text[text.index("\n.save"):text.index("\n.meas")].split()
    assert {"v(xpath.ga)", "i(v.xpath.via)"} <= set(saved)


def test_the_picture_shows_what_is_asked_for(probed: Result) -> None:
    window = list(probed.windows.values())[-1]
    currents, voltages = drawn_lines(window)
    assert [c.label for c in voltages if c.stroke in PROBE_STROKES] == ["gate q2a"]
    assert [c.label for c in currents if c.stroke in PROBE_STROKES] == []
    legends = [text.get_text() for legend in plot_result(probed).legends for text in legend.get_texts()]
    assert "gate q2a" in legends


@pytest.mark.parametrize(("probe", "told"), [
    ({"name": "a"}, "give either node or current"),
    ({"name": "a", "node": "ab", "current": "vipin"}, "give either node or current"),
    ({"name": "a", "nod": "ab"}, "did you mean 'node'?"),
    ({"name": "port_current_A", "node": "ab"}, "probes.0.name: port_current_A"),
    ({"name": "cut_x", "node": "ab"}, "probes.0.name: cut_x"),
    ({"name": "a", "node": "ab) .shell"}, "probes.0.node"),
    ({"name": "a", "node": "xpath.pq1", "unit": "W", "draw": True}, "draw needs one of the units V, A"),
    ({"name": "a", "current": "vipin", "unit": "mA"}, "the unit of a current is A"),
])
def test_one_line_says_what_is_wrong(probe: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scenario({**BASE, "probes": [probe]})
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("probe", "field", "near"), [
    ({"name": "a", "node": "xpath.gaa"}, "probes.0.node: xpath.gaa", "xpath.ga"),
    ({"name": "a", "current": "xpath.via"}, "probes.0.current: xpath.via", "v.xpath.via"),
    ({"name": "a", "node": "vipin"}, "probes.0.node: vipin", "nearest"),
])
@pytest.mark.parametrize("engine", ["two_scale", "continuous"])
def test_what_no_deck_has_is_refused_before_anything_runs(
    spice: SpiceSession, probe: dict[str, Any], field: str, near: str, engine: str
) -> None:
    with pytest.raises(InputError) as caught:
        Simulation(parse_scenario({**BASE, "probes": [probe], "engine": engine}), session=spice).run()
    assert field in str(caught.value)
    assert near in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_of_probes_differ() -> None:
    with pytest.raises(InputError, match=r"probes\.1\.name: a"):
        parse_scenario({**BASE, "probes": [{"name": "a", "node": "ab"}, {"name": "a", "node": "lb"}]})


def test_branches_and_nodes_are_those_of_ngspice(spice: SpiceSession) -> None:
    """The oracle is ngspice: what it reports of an operating point of the same deck."""
    spec = DeckSpec("names", "alternator_path", sections=(SystemDeck(1e-3, 1e-6, 1e-3, 13.0),), cuts=("input",))
    body = "\n".join(
        f"{line.split()[0]} {line.split()[1]} 0 dc {13 if line.startswith(('vemf', 'vsrc')) else 0}"
        if line.endswith(" external") else line for line in deck_text(spec).splitlines()
    )
    lines = check_deck(body).lines
    nodes, branches = deck_nodes(lines), deck_branches(lines)
    assert nodes is not None and branches is not None
    found = spice.operating_point(body)
    assert {f"v({node})" for node in nodes} <= set(found)
    assert {f"i({name})" for name in branches} <= set(found)
    missing = [name for name in found if name.startswith("i(") and name[2] in "vl" and name[2:-1] not in branches]
    assert missing == []
