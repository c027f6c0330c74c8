"""The file: the same bytes for the same settings, nothing of this machine, and a description that FMPy accepts."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("pythonfmu", reason="the extra `fmi` is not installed")
pytest.importorskip("fmpy", reason="the extra `fmi` is not installed")

from fmpy import read_model_description
from fmpy.validation import validate_fmu

import bms
from cosim.errors import InputError
from cosim.fmu.build import build_fmu, fmu_bytes
from cosim.fmu.variables import Built, variables_of
from cosim.paths import ROOT

SETTINGS = bms.Settings(variant=bms.Variant.NG, battery_count=2, firmware=bms.FirmwareParameters(start_V=13.1 + 1e-15))


@pytest.fixture(scope="module")
def data() -> bytes:
    return fmu_bytes(Built(SETTINGS))


@pytest.fixture
def entries(data: bytes) -> Iterator[dict[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        yield {name: packed.read(name) for name in packed.namelist()}


def test_same_settings_same_bytes_and_nothing_is_left_behind(data: bytes) -> None:
    path, modules = list(sys.path), set(sys.modules)
    assert fmu_bytes(Built(SETTINGS)) == data
    assert fmu_bytes(Built(bms.Settings())) != data
    assert sys.path == path
    assert not {name for name in set(sys.modules) - modules if name.startswith(("bms_", "packed"))}


def test_another_tick_is_another_unit(data: bytes, entries: dict[str, bytes]) -> None:
    def guid(content: bytes) -> str:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return str(ElementTree.fromstring(packed.read("modelDescription.xml")).get("guid"))

    assert guid(fmu_bytes(Built(SETTINGS, 50))) != guid(data)
    assert re.fullmatch(r"\{[0-9a-f-]{36}\}", guid(data))
    assert b"generationDateAndTime" not in entries["modelDescription.xml"]


def test_nothing_of_this_machine_is_in_it(entries: dict[str, bytes]) -> None:
    own = [name for name in entries if not name.startswith("binaries/")]
    assert all(str(ROOT).encode() not in entries[name] and b"/tmp/" not in entries[name] for name in own)
    assert not any("__pycache__" in name or name.startswith(("/", "..")) for name in entries)


def test_every_entry_has_the_same_time_and_the_description_comes_first(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert packed.namelist()[0] == "modelDescription.xml"


def test_the_supervisor_in_it_has_a_name_of_its_own(entries: dict[str, bytes]) -> None:
    sources = {name: text.decode() for name, text in entries.items() if re.match(r"resources/bms_unit_\w+/", name)}
    packages = {name.split("/")[1] for name in sources}
    assert len(packages) == 1
    inside = {name.split("/", 2)[2] for name in sources}
    assert inside > {path.name for path in (ROOT / "bms").glob("*.py")}
    for name, text in sources.items():
        assert not re.search(r"^\s*(from|import) (bms|cosim)\b", text, re.MULTILINE), name
        compile(text, name, "exec")


@pytest.mark.parametrize("settings", [bms.Settings(), SETTINGS], ids=["12-200", "NG"])
def test_fmpy_has_no_complaint(settings: bms.Settings, tmp_path: Path) -> None:
    build_fmu(tmp_path / "a.fmu", settings)
    assert validate_fmu(str(tmp_path / "a.fmu")) == []


def test_the_description_says_what_the_variables_are(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.fmu").write_bytes(data)
    found = read_model_description(str(tmp_path / "a.fmu"))
    wanted = variables_of(Built(SETTINGS))
    assert [v.name for v in found.modelVariables] == [v.name for v in wanted]
    for got, variable in zip(found.modelVariables, wanted, strict=True):
        assert (got.type, got.causality, got.variability) == (variable.kind, variable.causality, variable.variability)
        assert got.description == variable.text and (got.unit or "") == variable.unit
        if variable.start is None:
            assert got.start is None and got.initial == "calculated"
        elif isinstance(variable.start, bool):
            assert got.start == str(variable.start).lower()
        else:
            assert float(got.start) == float(variable.start), f"{variable.name}: to the last bit"
        assert [item.name for item in (got.declaredType.items if got.declaredType else [])] == list(variable.choices)
    assert all(unknown.dependencies == [] for unknown in found.outputs), "no output depends directly on an input"
    assert len(found.outputs) == len(found.initialUnknowns) == sum(v.causality == "output" for v in wanted)
    kind = found.coSimulation
    assert kind.canHandleVariableCommunicationStepSize and kind.canGetAndSetFMUstate and kind.canSerializeFMUstate
    assert found.defaultExperiment.stepSize == "0.1"
    assert found.description == (
        "Supervisor of a 12 V, 200 A LFP battery management system, variant 12-200 NG, 2 batteries")


def test_units_are_si(data: bytes, tmp_path: Path) -> None:
    """Exponents of kg, m, s, A, K with factor and offset, by the book."""
    (tmp_path / "a.fmu").write_bytes(data)
    found = {unit.name: unit.baseUnit for unit in read_model_description(str(tmp_path / "a.fmu")).unitDefinitions}
    expected = {
        "V": (1, 2, -3, -1, 0, 1.0, 0.0), "A": (0, 0, 0, 1, 0, 1.0, 0.0), "W": (1, 2, -3, 0, 0, 1.0, 0.0),
        "K": (0, 0, 0, 0, 1, 1.0, 0.0), "degC": (0, 0, 0, 0, 1, 1.0, 273.15), "K/W": (-1, -2, 3, 0, 1, 1.0, 0.0),
        "1/h": (0, 0, -1, 0, 0, 1 / 3600, 0.0),
    }
    si = ("kg", "m", "s", "A", "K")
    exponents = {name: [int(getattr(base, unit)) for unit in si] for name, base in found.items()}
    assert {
        name: (*exponents[name], float(base.factor), float(base.offset)) for name, base in found.items()
    } == expected


def test_every_real_has_a_unit_where_its_name_has_one() -> None:
    for variable in variables_of(Built(SETTINGS)):
        ending = re.search(r"_(V|A|degC|K|W|K_W)(\[\d+\])?$", variable.name)
        if variable.kind == "Real" and ending:
            assert variable.unit == ending[1].replace("K_W", "K/W"), variable.name


def test_a_tick_that_does_not_divide_the_second(tmp_path: Path) -> None:
    with pytest.raises(bms.SettingsError, match="tick_ms: 300 is not allowed"):
        build_fmu(tmp_path / "a.fmu", SETTINGS, 300)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory"):
        build_fmu(tmp_path / "nowhere" / "a.fmu", SETTINGS)
