"""Typical mistakes in a scenario file, and the line that a user reads for each: whole lines, as they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.errors import InputError
from cosim.scenario.model import load_scenario

DRIVE = "drive: {segments: [{kind: idle, duration_s: 60}]}\n"
MEANING_OF_SOC = "soc: Charge at the start, 0 empty to 1 full"
CORNERS = "emf_V: Corners [time_s, volts] of the electromotive force, straight lines between them"
WITHOUT_DRIVE = {
    "a drive without its list": (
        "drive: {segments: {kind: idle}}",
        "drive.segments: a section (allowed: a list: '- ' before the first key of each entry; segments: Described "
        "stretches, one after the other)"),
    "a stretch without a kind": (
        "drive: {segments: [{duration_s: 60}]}",
        "drive.segments.0.kind: missing (allowed: must be given: each entry of segments needs kind; kind is 'off', "
        "'crank', 'idle', 'city' or 'highway')"),
    "a stretch that is a word": (
        "drive: {segments: [idle]}",
        "drive.segments.0: idle (allowed: a section, such as {kind: ...}, which may have duration_s)"),
    "no drive at all": (
        "seed: 1",
        "drive: missing (allowed: a vehicle needs a drive: {segments: [{kind: highway, duration_s: 600}]}, or a "
        "trace)"),
    "no stretch": (
        "drive: {segments: []}",
        "drive.segments: an empty list (allowed: give at least one segment: {kind: highway, duration_s: 600})"),
    "a supply without its voltage": (
        "duration_s: 1\nsource: {kind: supply}",
        f"source.emf_V: missing (allowed: must be given: supply needs emf_V; {CORNERS})"),
    "a supply with one voltage": (
        "duration_s: 1\nsource: {kind: supply, emf_V: 14}",
        f"source.emf_V: 14 (allowed: a list; {CORNERS})"),
    "a supply with one corner": (
        "duration_s: 1\nsource: {kind: supply, emf_V: [0, 14]}",
        f"source.emf_V.0: 0 (allowed: two numbers in brackets, in a list of such pairs; {CORNERS}); "
        "1 more mistake in it"),
    "a supply without an end": (
        "source: {kind: supply, emf_V: [[0, 14]]}",
        "duration_s: missing (allowed: a supply needs duration_s, the length of the run)"),
}
WITH_DRIVE = {
    "an unknown alternator": (
        "source: {kind: vehicle, alternator: alternator_200A}",
        "source.alternator: alternator_200A, no alternator of that name (allowed: alternator_150A, alternator_300A or "
        "alternator_80A, or the path of a .yaml file)"),
    "a parameter file that is not there": (
        "parts: {fuse: my.yaml}",
        "parts.fuse: FOLDER/my.yaml: no such parameter file (allowed: a file, seen from the scenario's folder, or "
        "fuse_mega)"),
    "a netlist that is not there": (
        "netlists: {alternator_path: my.cir}",
        "netlists.alternator_path: FOLDER/my.cir (allowed: a netlist that is there, from the scenario's folder)"),
    "a source that is a word": (
        "source: vehicle", "source: vehicle (allowed: a section with kind: one of vehicle, supply)"),
    "a source without a kind": (
        "source: {load_A: 3}", "source.kind: missing (allowed: must be given: one of vehicle, supply)"),
    "an event without its time": (
        "events: [{kind: load_step, current_A: 20}]",
        "events.0.time_s: missing (allowed: must be given: load_step needs time_s and current_A; time_s: When it "
        "begins)"),
    "an event that is no list": (
        "events: {kind: load_dump, time_s: 3}",
        "events: a section (allowed: a list: '- ' before the first key of each entry; events: What happens to the "
        "circuit, and when)"),
    "a fault without its sensor": (
        "faults: [{kind: offset, time_s: 3}]",
        "faults.0.measurement: missing (allowed: must be given: offset needs time_s and measurement; measurement: "
        "Which "
        "sensor; it must be fitted in this scenario)"),
    "a sensor's name cut short": (
        "faults: [{kind: frozen, measurement: cell_voltage, time_s: 3}]",
        "faults.0.measurement: cell_voltage (allowed: did you mean 'cell_voltage_V'?)"),
    "a charge in percent": ("bank: {soc: 50}", f"bank.soc: 50 (allowed: 0 to 1; {MEANING_OF_SOC})"),
    "a charge with its sign of percent": (
        "bank: {soc: 50%}", f"bank.soc: '50%' (allowed: a number, without quotes and unit; {MEANING_OF_SOC})"),
    "a decimal comma": (
        "bank:\n  soc: 0,5", "bank.soc: '0,5' (allowed: a number, without quotes and unit; with a point: 0.5)"),
    "a decimal comma in braces": (
        "bank: {soc: 0,5}",
        "bank.5: a number for a key (allowed: a key in words; a decimal number is written with a point, not with a "
        "comma)"),
    "an empty value": (
        "bank: {soc: }", f"bank.soc: nothing (allowed: a number; {MEANING_OF_SOC}; or leave the key out)"),
    "an empty entry": (
        "bank: {batteries: 2, each: [null, {soc: 0.4}]}",
        "bank.each.0: nothing (allowed: {} for an entry without values of its own, or a section, such as {soc: ..., "
        "temperature_degC: ..., capacity_factor: ...}, which may have resistance_factor and cable)"),
    "half a battery": (
        "bank: {batteries: 2.5}",
        "bank.batteries: 2.5 (allowed: a whole number; batteries: Batteries in parallel: at most 10 (12-200) or 50 "
        "(12-200 NG))"),
    "a cable without its area": (
        "cables: {input: {length_m: 5}}",
        "cables.input.area_mm2: missing (allowed: must be given: input needs length_m and area_mm2; area_mm2: "
        "Cross-section of the copper)"),
    "a length in another unit": (
        "cables: {input: {length_mm: 5000, area_mm2: 35}}",
        "cables.input.length_mm: unknown key (allowed: did you mean 'length_m'?); 1 more mistake in it"),
    "a window without most of it": (
        "windows: [{start_s: 3}]",
        "windows.0.name: missing (allowed: must be given: each entry of windows needs name, start_s and duration_s; "
        "name: "
        "Name of the window in the result; names must differ); 1 more mistake in it"),
    "a name with a space": (
        "windows: [{name: my window, start_s: 3, duration_s: 1}]",
        "windows.0.name: 'my window' (allowed: letters a to z, digits and . _ + -, without spaces and accents (folders "
        "and files are named by it))"),
    "one figure": (
        "figures: A3",
        "figures: A3 (allowed: a list, such as [A3]; figures: Rows that are measured on their own benches after the "
        "run)"),
    "an ambient that is a number": (
        "ambient: 30",
        "ambient: 30 (allowed: a section, such as {engine_bay_degC: ..., bms_degC: ..., battery_degC: ...})"),
    "settings as a list": (
        "settings: [{fuse_rating_A: 60}]",
        "settings: a list (allowed: a section of `name: value` lines, without '-'; settings: Settings of the product "
        "(K1) "
        "that differ from the defaults, by name)"),
    "an SI prefix": (
        "circuit: {parameters: {rs2: 500u}}",
        "circuit.parameters.rs2: '500u' (allowed: a number, without quotes and unit; 500e-6)"),
    "hours": (
        "duration_s: 1h", "duration_s: '1h' (allowed: a number, without quotes and unit; duration_s is in seconds)"),
    "a name that is a number": ("description: 2026", "description: 2026 (allowed: text; in quotes: '2026')"),
    "a tab": ("bank:\n\tsoc: 0.5", "line 4: a tab (allowed: spaces; well-formed YAML is indented with them alone)"),
    "a colon in a text": (
        "description: test: two",
        "line 3: ': ' inside a text, or an indented line below a value (allowed: well-formed YAML: a text that holds "
        "': ' "
        "stands in quotes)"),
    "an indentation that does not fit": (
        "events:\n  - kind: load_dump\n   time_s: 3",
        "line 5: does not fit the lines above (allowed: well-formed YAML: the same indentation for all keys of a "
        "section "
        "and all '-' of a list)"),
    "a bracket that stays open": (
        "bank: {soc: 0.5\nseed: 3",
        "line 4: a bracket is not closed, or a comma is missing (allowed: well-formed YAML: [1, 2] and {a: 1, b: 2})"),
}


def told(folder: Path, text: str) -> str:
    """The line for a scenario of this text, without the file's name at its front."""
    file = folder / "m.yaml"
    file.write_bytes(text.encode())
    with pytest.raises(InputError) as caught:
        load_scenario(file)
    return str(caught.value).removeprefix(f"{file}: ").replace(str(folder), "FOLDER")


@pytest.mark.parametrize("name", WITHOUT_DRIVE)
def test_a_mistake_in_drive_or_source_reads_well(name: str, tmp_path: Path) -> None:
    text, line = WITHOUT_DRIVE[name]
    assert told(tmp_path, f"name: m\n{text}\n") == line


@pytest.mark.parametrize("name", WITH_DRIVE)
def test_a_mistake_reads_well(name: str, tmp_path: Path) -> None:
    text, line = WITH_DRIVE[name]
    assert told(tmp_path, f"name: m\n{DRIVE}{text}\n") == line


@pytest.mark.parametrize("as_saved", [
    lambda text: text.replace("\n", "\r\n").encode(), lambda text: text.encode("utf-8-sig"),
    lambda text: text.rstrip("\n").encode(),
])
def test_what_editors_do_to_a_file_changes_nothing(as_saved: object, tmp_path: Path) -> None:
    assert callable(as_saved)
    file = tmp_path / "m\u00fcller 2.yaml"
    file.write_bytes(as_saved(f"name: m\n{DRIVE}description: K\u00e4lte\nsettings: {{fuse_rating_A: 60}}\n"))
    scenario = load_scenario(file)
    assert (scenario.supervisor_settings.fuse_rating_A, scenario.description) == (60, "K\u00e4lte")


def test_a_folder_and_a_wrong_folder_say_so(tmp_path: Path) -> None:
    (tmp_path / "road_hour.yaml").write_text("name: x\n")
    for path, words in ((tmp_path, f"a folder (allowed: a YAML file, such as {tmp_path / 'road_hour.yaml'})"),
                        (tmp_path / "road_hour", f"did you mean {tmp_path / 'road_hour.yaml'}?"),
                        (tmp_path / "scenario" / "road_hour.yaml", f"the folder {tmp_path / 'scenario'} is not there")):
        with pytest.raises(InputError) as caught:
            load_scenario(path)
        assert words in str(caught.value)
