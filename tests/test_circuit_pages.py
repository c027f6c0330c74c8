"""Schematics against netlists, and what the pages about the circuits are made of."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from cosim.paths import NETLISTS, ROOT
from docs._ext import circuits
from docs._ext.circuit_sheets import alternator_path, design, design_signals, overview, signals
from docs._ext.circuit_sheets.cards import card_value, cards, on_ohm
from docs._ext.circuit_sheets.check import Drawn, disagreements, missing, overlaps
from docs._ext.circuit_sheets.draw import dots
from docs._ext.circuit_sheets.parameters import parameters
from docs._ext.circuit_sheets.reader import number, read_netlist, told
from docs._ext.circuit_sheets.register import CIRCUITS, Circuit
from docs._ext.circuit_sheets.sheet import Point, Sheet

NAMES = [circuit.name for circuit in CIRCUITS]
FRAGMENTS = ("sheets", "design", "parameters", "bench", "parts", "head")
VALUE = re.compile(r"\d(?:\.\d+)?\s?[pnµumkM]?(?:Ω|ohm|F|H|V|A|Hz)\b")


def circuit(name: str) -> Circuit:
    return next(one for one in CIRCUITS if one.name == name)


def drawn_of(name: str) -> Drawn:
    """Sheets of the main subcircuit of a netlist, made afresh: a test may change them."""
    return circuit(name).drawn()[0]


# ---- schematic and netlist -------------------------------------------------------------------------------------------

def test_every_netlist_has_a_page() -> None:
    files = {str(path.relative_to(NETLISTS).with_suffix("")) for path in NETLISTS.rglob("*.cir")}
    assert {one.file for one in CIRCUITS} == files
    for one in CIRCUITS:
        shown = {drawn.circuit.name for drawn in one.drawn()}
        assert shown == set(read_netlist(one.file).subcircuits), one.name


@pytest.mark.parametrize("name", NAMES)
def test_schematic_and_netlist_agree(name: str) -> None:
    """Every element is drawn or left out for a reason, every net that is drawn is one, and nothing is drawn besides."""
    for drawn in circuit(name).drawn():
        assert missing(drawn) == []
        assert disagreements(drawn) == []


@pytest.mark.parametrize("name", NAMES)
def test_texts_on_a_sheet_do_not_overlap(name: str) -> None:
    for drawn in circuit(name).drawn():
        assert [found for sheet in drawn.sheets for found in overlaps(sheet)] == []


def test_texts_on_the_overview_do_not_overlap() -> None:
    assert overlaps(overview.overview()) == []


def test_what_is_not_drawn_is_found() -> None:
    drawn = drawn_of("supply")
    sheet = drawn.sheets[0]
    sheet.symbols = [symbol for symbol in sheet.symbols if symbol.names != ("Rh",)]
    assert missing(drawn) == ["Rh is not drawn"]


def test_what_is_drawn_and_not_there_is_found() -> None:
    drawn = drawn_of("supply")
    fewer = {name: element for name, element in drawn.circuit.elements.items() if name != "Rh"}
    assert missing(replace(drawn, circuit=replace(drawn.circuit, elements=fewer))) == [
        "Rh is drawn and not in the netlist"]


def test_an_element_that_is_new_in_the_netlist_is_found(tmp_path: Path) -> None:
    text = (NETLISTS / "supply.cir").read_text(encoding="utf-8")
    (tmp_path / "supply.cir").write_text(text.replace("Ch h ret", "Rnew vin ret 1k\nCh h ret"), encoding="utf-8")
    (drawn,) = signals.supply(read_netlist("supply", tmp_path))
    assert missing(drawn) == ["Rnew is not drawn"]


def test_a_part_that_the_netlist_connects_otherwise_is_found(tmp_path: Path) -> None:
    """The capacitor of the hold-up moves to the diode's other side."""
    text = (NETLISTS / "supply.cir").read_text(encoding="utf-8")
    (tmp_path / "supply.cir").write_text(text.replace("Rh vin h", "Rh lb h"), encoding="utf-8")
    (drawn,) = signals.supply(read_netlist("supply", tmp_path))
    assert any("drawn as one net: lb, vin" in found for found in disagreements(drawn))


def test_a_wire_that_is_missing_is_found() -> None:
    drawn = drawn_of("supply")
    sheet = drawn.sheets[0]
    sheet.wires = [wire for wire in sheet.wires if wire != ((2, 8.0), (2.8, 8.0))]
    assert "supply: vin is drawn in 3 places, not all with its name" in disagreements(drawn)


def test_a_wire_that_joins_two_nets_is_found() -> None:
    drawn = drawn_of("supply")
    drawn.sheets[0].wire((0, 8.0), (0, 9.0), (2, 9.0), (2, 8.0))
    assert disagreements(drawn) == ["supply: drawn as one net: lb, vin"]


def test_wires_that_cross_are_not_joined_and_bear_no_dot() -> None:
    """QA's base line crosses the gates' line of the disconnect output."""
    sheet = drawn_of("disconnect_output").sheets[0]
    crossing: Point = (5.2, 7.0)
    assert crossing not in dots(sheet)
    assert (2.6, 7.0) in dots(sheet)
    assert disagreements(drawn_of("disconnect_output")) == []


def test_a_block_without_the_pin_that_it_reads_is_found(tmp_path: Path) -> None:
    text = (NETLISTS / "alternator_path.cir").read_text(encoding="utf-8")
    (tmp_path / "alternator_path.cir").write_text(text.replace("V=V(en)*(1-V(ovp))", "V=V(en)"), encoding="utf-8")
    (drawn,) = alternator_path.sheets(read_netlist("alternator_path", tmp_path))
    assert disagreements(drawn) == ["alternator_path_trip: Bon: pin ovp is not in the netlist"]


def test_a_channel_that_is_not_like_the_drawn_one_is_found(tmp_path: Path) -> None:
    text = (NETLISTS / "alternator_path.cir").read_text(encoding="utf-8")
    (tmp_path / "alternator_path.cir").write_text(text.replace("Rsc sc smc {rs2}", "Rsc sc smc 1m"), encoding="utf-8")
    (drawn,) = alternator_path.sheets(read_netlist("alternator_path", tmp_path))
    assert missing(drawn) == ["Rsc is left out as like Rsa, and is not"]


def test_a_reason_without_an_element_is_found() -> None:
    drawn = drawn_of("supply")
    assert missing(replace(drawn, left_out={"Rnone": "no reason"})) == ["left out Rnone: nothing of that name"]


def test_values_come_from_the_netlist(tmp_path: Path) -> None:
    text = (NETLISTS / "supply.cir").read_text(encoding="utf-8")
    (tmp_path / "supply.cir").write_text(text.replace("chold=470u", "chold=680u"), encoding="utf-8")
    (drawn,) = signals.supply(read_netlist("supply", tmp_path))
    assert ("Ch", "680 µF") in [text.lines for text in drawn.sheets[0].texts]


def test_no_value_is_typed_into_a_schematic() -> None:
    """Strings of the sheets' modules have no number with a unit; f-strings are looked at between their braces."""
    found = []
    for name in ("alternator_path", "around", "buck", "common", "signals", "system_path"):
        path = ROOT / "docs" / "_ext" / "circuit_sheets" / f"{name}.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and VALUE.search(node.value):
                found.append(f"{name}: {node.value}")
    # a cause of change in a reason, and the width of what a comparator would call zero
    assert [line for line in found if "0 V:" not in line] == []


# ---- numbers ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("text", "value"), [
    ("0.6m", 0.6e-3), ("2.2meg", 2.2e6), ("330u", 330e-6), ("1e3", 1e3), ("20", 20.0), (".5n", 0.5e-9)])
def test_numbers_of_a_netlist(text: str, value: float) -> None:
    assert number(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("value", "unit", "text"), [
    (330e-6, "F", "330 µF"), (0.4e-3, "Ω", "0.4 mΩ"), (65e-6, "Ω", "65 µΩ"), (470e3, "Ω", "470 kΩ"),
    (-150.0, "V", "-150 V"),
    (1000.0, "Hz", "1 kHz"), (0.0, "V", "0 V"), (15.0, "mV", "15 mV"), (1e-6, "s", "1 µs")])
def test_values_as_text(value: float, unit: str, text: str) -> None:
    assert told(value, unit) == text


def test_expressions_are_evaluated_with_the_defaults() -> None:
    path = read_netlist("alternator_path").subcircuits["alternator_path"]
    assert path.value("Cse") == pytest.approx(0.85 * 20e-9 / 0.6e-3 / 1e3, rel=1e-12)
    dump = read_netlist("pulses/iso16750").subcircuits["iso16750_load_dump"]
    assert dump.default("rs") == 1.0  # of a .param line: 2 ri
    assert dump.default("cs") == pytest.approx((0.4 - 0.92 * 0.01) / 2.302585 / 1.0, rel=1e-12)


def test_what_an_expression_reads() -> None:
    path = read_netlist("system_path").subcircuits["system_path"]
    assert path.elements["Bpc"].references == {"lb", "gn", "sys", "i(vtv)", "i(vfw)", "i(vts)"}


HEAD_UNITS = "ohm|F|H|V|A|s|Hz|S"
PREFIXES = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6}


@pytest.mark.parametrize("name", NAMES)
def test_heads_tell_every_parameter_with_the_default_that_it_has(name: str) -> None:
    """Where a head gives a number with a unit right after a name, it is the default."""
    one = circuit(name)
    netlist = read_netlist(one.file)
    compared = 0
    for told_name in one.told or (netlist.name,):
        subcircuit = netlist.subcircuits[told_name]
        for parameter in parameters(netlist, subcircuit, one.like):
            pattern = rf"(?<![\w./]){parameter.name} (-?[\d.]+) ([pnumkM]?)(?:{HEAD_UNITS})\b"
            match = re.search(pattern, parameter.told)
            own = any(parameter.told[:25] in " ".join(line.split()) for line in netlist.head)
            if match is None or not own or parameter.name in ("v1", "toff"):  # in mV and us, as their comment says
                continue
            compared += 1
            told_value = float(match[1]) * PREFIXES[match[2]]
            assert subcircuit.default(parameter.name) == pytest.approx(told_value, rel=1e-9), parameter.told
    assert compared or name in ("direct_connection", "plant", "pass_common_gate", "pulses_iso7637")


def values(rows: list[design.Row]) -> dict[str, str]:
    return {row.quantity: row.value for row in rows}


def test_design_of_the_limiter_by_hand() -> None:
    """Numbers of the netlist's head and of the circuit facts, written down before these calculations."""
    found = values(design.alternator_path(read_netlist("alternator_path")))
    assert found["Limit"] == "90 A"
    assert found["Reference for it, fuse at 25 °C"] == "54 mV"
    assert found["Crossover of the inner loop"].startswith("146")
    assert found["Current error by 100 mV of threshold spread"] == "273 mA (1.2 %)"
    assert found["Resistance when passing, 27 °C, full gates"].startswith("1.53")
    assert found["Lift in full, then fading"] == "144 ms, 336 ms"


def test_design_of_the_other_circuits_by_hand() -> None:
    buck = values(design.buck(read_netlist("alternator_path_buck")))
    assert buck["... with at most"].startswith("41.")
    assert buck["Q0 charges the bank by 1.5 V in"].startswith("282")
    system = values(design.system_path(read_netlist("system_path")))
    assert system["Pre-charge to within 1 V"] == "841 ms"
    assert system["Delay of the comparator"] in ("1 µs", "1000 ns")
    gate = values(design_signals.pass_devices(read_netlist("pass_common_gate")))
    assert gate["Current that a kelvin adds at a common gate"] == "0.78 A/K"
    assert gate["Voltage below which a common gate is stable"].startswith("1.6")
    limits = values(design_signals.disconnect(read_netlist("disconnect_output")))
    assert limits["Limit at -40, 25, 85 °C without base currents"].split(", ")[1].startswith("9.93")


def test_cards_by_hand() -> None:
    """RDSon of N80 at 10 V: the hand value of the head of devices.lib, but for its 2 K."""
    card = cards(read_netlist("alternator_path"))["N80"]
    assert on_ohm(card, 10.0) == pytest.approx(0.42e-3 + 1.0 / (320.0 * 6.9), rel=1e-9)
    with pytest.raises(ValueError, match="does not give nothing"):
        card_value(card, "nothing")


# ---- pages -----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("circuits") / "generated"
    circuits.write(folder, with_spice=False)
    return folder


def test_pictures_are_sound_and_the_same_again(written: Path, tmp_path: Path) -> None:
    sheets = [sheet for drawn in circuits.schematics() for sheet in drawn.sheets]
    for sheet in sheets:
        root = ElementTree.fromstring((written / f"{sheet.name}.svg").read_text(encoding="utf-8"))
        assert root[0].text == sheet.title
    circuits.write(tmp_path / "again", with_spice=False)
    for path in written.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_pages_include_what_is_written(written: Path) -> None:
    pages = ROOT / "docs" / "circuits"
    for one in CIRCUITS:
        text = (pages / f"{one.name}.md").read_text(encoding="utf-8")
        for fragment in FRAGMENTS:
            asked = f"generated/{one.name}_{fragment}.inc"
            if fragment not in ("bench", "parts"):
                assert asked in text, one.name
    included = {name for path in pages.glob("*.md")
                for name in re.findall(r"\{include\} generated/(\S+)", path.read_text(encoding="utf-8"))}
    assert included <= {path.name for path in written.iterdir()}
    # nothing is shown that is not there, but for pictures of benches, which need SPICE
    for path in written.glob("*.inc"):
        for name in re.findall(r"\{figure\} generated/(\S+)", path.read_text(encoding="utf-8")):
            assert (written / name).is_file(), f"{path.name}: {name}"


def test_a_schematic_that_disagrees_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = drawn_of("supply")
    drawn.sheets[0].wire((0, 8.0), (0, 9.0), (2, 9.0), (2, 8.0))
    monkeypatch.setattr(circuits, "schematics", lambda: [drawn])
    with pytest.raises(ValueError, match="supply: supply: drawn as one net: lb, vin"):
        circuits.write(tmp_path / "none", with_spice=False)
    assert not (tmp_path / "none").exists()


def test_a_slanting_wire_is_refused() -> None:
    sheet = Sheet(read_netlist("supply").subcircuits["supply"], "x", "x")
    with pytest.raises(ValueError, match="slanting wire"):
        sheet.wire((0, 0), (1, 1))
