"""The law is measured from the netlist: change the netlist and it follows; its cache holds only what is whole."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cosim.circuit import cache, verify
from cosim.circuit import identify as identification
from cosim.circuit.characteristic import Characteristic, Controls, port_current_A
from cosim.circuit.identify import IdentifiedCircuit, Sample, identify
from cosim.paths import ROOT
from cosim.spice.session import SpiceSession
from models.fuse import load_fuse

FUSE = load_fuse(100.0)
OPEN = Controls(enable=1.0, reference_mV=1000.0, fuse_degC=25.0, diode_degC=25.0, pass_degC=25.0)
LIMITING = OPEN._replace(reference_mV=54.0)

IDENTIFY = """
import json, sys
from cosim.circuit.identify import identify
from cosim.spice.session import SpiceSession
found = identify(sys.argv[1], json.loads(sys.argv[2]), SpiceSession.open())
print(json.dumps([found.from_cache, found.coefficients]))
"""


def in_a_process(netlist: str, parameters: dict[str, float], folder: Path = ROOT) -> tuple[bool, list[float]]:
    """Identify in a process of its own, with the packages of a folder."""
    command = [sys.executable, "-c", IDENTIFY, netlist, json.dumps(parameters)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    from_cache, values = json.loads(done.stdout)
    return from_cache, values


def through_ohm(c: Characteristic) -> float:
    """Resistance of the path fully on, from the law between 90 and 130 mV: 65 to 95 A, the ideal diode fully on."""
    drops = [0.09, 0.13]
    low, high = (port_current_A(d, OPEN, c) for d in drops)
    return (drops[1] - drops[0]) / (high - low)


def assert_follows(changed: Characteristic, c: Characteristic) -> None:
    """0.5 mohm more in each of four parallel source resistors is 0.125 mohm in the path; the limit stays."""
    assert through_ohm(changed) - through_ohm(c) == pytest.approx(0.125e-3, rel=0.02)
    assert port_current_A(1.0, LIMITING, changed) == pytest.approx(port_current_A(1.0, LIMITING, c), abs=0.02)
    assert port_current_A(1.0, LIMITING, changed) == pytest.approx(54.0 / 0.6, abs=0.02)


def test_a_resistor_in_the_path_moves_the_law_as_calculated_by_hand(spice: SpiceSession) -> None:
    own = verify.fuse_parameters(FUSE)
    c = identify(verify.NETLIST, own, spice).coefficients
    # devices.lib at 25 degC and 11 V, mohm: fuse 0.6; Q1 (0.42 + 1/(320 x 7.9) + 0.13)/2 = 0.47;
    # Q2 (0.94 + 1/(260 x 7.9) + 0.40)/4 = 0.456
    assert through_ohm(c) == pytest.approx(1.526e-3, rel=0.01)
    assert_follows(identify(verify.NETLIST, {**own, "rs2": 0.40e-3 + 0.5e-3}, spice).coefficients, c)


@pytest.mark.long
def test_a_resistor_beside_the_path_moves_nothing(spice: SpiceSession) -> None:
    """Negative control: the damper carries no steady current."""
    own = verify.fuse_parameters(FUSE)
    c = identify(verify.NETLIST, own, spice).coefficients
    beside = identify(verify.NETLIST, {**own, "rdab": 0.06}, spice).coefficients
    assert through_ohm(beside) == pytest.approx(through_ohm(c), rel=1e-3)
    with pytest.raises(AssertionError):
        assert_follows(beside, c)


@pytest.mark.long
def test_the_text_of_the_netlist_counts(
    spice: SpiceSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same change as an edit of the file, in a copy of the project."""
    monkeypatch.setenv("BMS_COSIM_CACHE", str(tmp_path / "cache"))
    project = tmp_path / "project"
    for name in ("bms", "cosim", "models", "netlists"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    own = verify.fuse_parameters(FUSE)
    _, before = in_a_process(verify.NETLIST, own, project)
    file = project / "netlists" / "alternator_path.cir"
    text = file.read_text()
    assert text.count("rs2=0.40m") == 1
    file.write_text(text.replace("rs2=0.40m", "rs2=0.90m"))
    from_cache, after = in_a_process(verify.NETLIST, own, project)
    assert not from_cache
    assert_follows(Characteristic(*after), Characteristic(*before))
    file.write_text(text)
    assert in_a_process(verify.NETLIST, own, project) == (True, before)


# ---- its cache --------------------------------------------------------------------------------------------------
@pytest.fixture
def measured_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spice: SpiceSession) -> Callable[[], bool]:
    """Identify a 2 mohm link without SPICE, in a cache of its own; tells whether it came from the cache."""
    monkeypatch.setenv("BMS_COSIM_CACHE", str(tmp_path))
    samples = [Sample("pass", 2e-3 * amps, amps, 54.0, 25.0, 25.0, 25.0, 0.0, 0.0, (0.0,) * 7, 0.0)
               for amps in (10.0, 50.0)]
    monkeypatch.setattr(identification, "measure_samples", lambda *arguments: samples)

    def found() -> bool:
        circuit = identify("direct_connection", {}, spice)
        assert circuit.coefficients.link_ohm == pytest.approx(2e-3)
        assert circuit.samples == 2
        return circuit.from_cache

    return found


def test_a_trip_is_no_part_of_what_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spice: SpiceSession
) -> None:
    """Two settings of the over-voltage trip share one measurement, and each gets its own trip."""
    monkeypatch.setenv("BMS_COSIM_CACHE", str(tmp_path))
    asked: list[dict[str, float]] = []

    def measured(netlist: str, parameters: dict[str, float], *rest: object) -> IdentifiedCircuit:
        asked.append(parameters)
        return IdentifiedCircuit.nominal(netlist)

    monkeypatch.setattr(identification, "_measured", measured)
    found = [identify("alternator_path", parameters, spice).coefficients for parameters in ({"vov": 15.0}, {})]
    assert [c.trip_V for c in found] == [15.0, 18.0]
    assert [parameters["vov"] for parameters in asked] == [1000.0]
    identify("alternator_path", {"rf25": 1e-3}, spice)
    assert len(asked) == 2


def test_the_second_time_comes_from_the_cache(measured_link: Callable[[], bool]) -> None:
    assert [measured_link(), measured_link()] == [False, True]


@pytest.mark.parametrize("damage", ["half", "edited", "binary", "other key", "no figures", "not finite", "list",
                                    "missing coefficient"])
def test_a_damaged_or_foreign_entry_is_measured_again(
    measured_link: Callable[[], bool], tmp_path: Path, damage: str
) -> None:
    assert not measured_link()
    file = next(tmp_path.glob("characteristic-*.json"))
    text = file.read_text()
    entry = json.loads(text)
    key, value = entry["key"], entry["value"]
    if damage == "half":
        file.write_text(text[: len(text) // 2])
    elif damage == "edited":
        file.write_text(text.replace("0.002", "0.003"))
        assert file.read_text() != text
    elif damage == "binary":
        file.write_bytes(b"\xff\xfe\x00" * 100)
    elif damage == "other key":
        cache.store("characteristic", "other", value)
        (tmp_path / "characteristic-other.json").replace(file)
    else:  # whole, under its own key and checksum, but not what this version stores
        coefficients = dict(value["coefficients"])
        if damage == "not finite":
            coefficients["link_ohm"] = float("nan")
        elif damage == "missing coefficient":
            del coefficients["link_ohm"]
        changed = {"coefficients": [1.0] if damage == "list" else coefficients, "figures": value["figures"]}
        if damage == "no figures":
            del changed["figures"]
        cache.store("characteristic", key, changed)
        assert cache.load("characteristic", key) is not None
    assert [measured_link(), measured_link()] == [False, True]


@pytest.mark.long
def test_two_processes_may_measure_the_same_circuit_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BMS_COSIM_CACHE", str(tmp_path))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: in_a_process("direct_connection", {}), range(2)))
    assert found[0][1] == found[1][1]
    assert len(list(tmp_path.iterdir())) == 1
    assert in_a_process("direct_connection", {}) == (True, found[0][1])
