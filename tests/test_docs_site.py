"""What the documentation site generates, and that its pages say what is there. `make docs` builds all of it."""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cosim.errors import InputError
from cosim.scenario import parse_scenario
from cosim.studies.compare.tube import Waveform
from cosim.studies.conformance.limits import limits
from cosim.studies.conformance.requirements import requirements
from docs._ext import (
    api,
    command_reference,
    data_flow,
    equations,
    model_tables,
    overviews,
    requirement_tables,
    scenario_reference,
    state_diagram,
    validation,
)

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "generated" not in path.parts)


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_every_field_of_a_scenario_is_described(tmp_path: Path) -> None:
    whole = scenario_reference.schema()
    assert scenario_reference.undescribed(whole) == []
    assert set(scenario_reference.sections(whole)) == {"Scenario", *whole["$defs"]}
    page = scenario_reference.write(tmp_path)[0].read_text(encoding="utf-8")
    for name, section in scenario_reference.sections(whole).items():
        assert f"(scenario-{name.lower()})=" in page
        assert all(f"| `{field}` |" in page for field in section["properties"])
    assert json.loads((tmp_path / "scenario.schema.json").read_text(encoding="utf-8")) == whole


def test_a_field_without_description_stops_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scenario_reference.schema()
    del whole["$defs"]["Spread"]["properties"]["soc"]["description"]
    del whole["$defs"]["Cable"]["description"]
    monkeypatch.setattr(scenario_reference, "schema", lambda: whole)
    with pytest.raises(ValueError, match=r"Cable, Spread\.soc"):
        scenario_reference.write(tmp_path)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"type": "number", "minimum": 0.01, "maximum": 1.0}, "number >= 0.01, <= 1"),
        ({"type": "integer", "exclusiveMinimum": 0}, "whole number > 0"),
        ({"type": "string", "maxLength": 80, "pattern": "^[A-Z]$"}, "text: a name, at most 80 characters"),
        ({"anyOf": [{"$ref": "#/$defs/Drive"}, {"type": "null"}]}, "[Drive](#scenario-drive)"),
        ({"type": "array", "items": {"enum": ["A1", "A2"]}}, "list of any of `A1`, `A2`"),
        ({"type": "array", "prefixItems": [{"type": "number"}, {"type": "boolean"}]}, "`[`number, `true`, `false``]`"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "mapping of names to number"),
    ],
)
def test_types_in_words(part: dict[str, Any], told: str) -> None:
    assert scenario_reference.type_of(part) == told


def test_units_by_name() -> None:
    rows = scenario_reference.section_text("Supply", scenario_reference.sections(scenario_reference.schema()))
    assert "| Inductance of the supply and its leads. | number >= 1e-09, <= 0.0001 | H | `3e-07` |" in rows
    assert "| `kind` | chooses this section | `supply` |  | **required** |" in rows


def test_every_command_has_its_help() -> None:
    helps = command_reference.helps()
    assert {"bms-cosim", "bms-cosim run", "bms-cosim conformance", "bms-cosim sweep"} <= set(helps)
    assert "--save-keys" in helps["bms-cosim run"] and "Exit codes" in helps["bms-cosim run"]
    assert all(told.startswith(f"Usage: {name}") for name, told in helps.items())
    for line in helps["bms-cosim"].partition("Commands:")[2].partition("Examples:")[0].splitlines():
        if line.strip() and not line.startswith("   "):
            assert f"bms-cosim {line.split()[0]}" in helps


def test_every_model_has_a_page_with_its_parameters() -> None:
    pages = "\n".join(text_of(f"models/{path.name}") for path in (DOCS / "models").glob("*.md"))
    assert set(re.findall(r"generated/parameters/(\w+)\.md", pages)) == set(model_tables.models())
    assert set(re.findall(r"generated/validation/(\w+)\.md", pages)) == set(validation.quick_models())


def test_parameters_stand_in_the_table_as_in_the_file() -> None:
    told = model_tables.parameters_text(model_tables.models()["fuse"])
    assert "| `alpha_per_K` | 0.0039 | 1/K | ours | copper, 0.0039/K, circuit_facts A |" in told
    assert "| `rating_A` | 40, 60, 80, 100, 125 | A | published |" in told
    assert model_tables.shown([[1.0] * 20] * 3) == "3 x 20 values, 1 to 1"
    several = model_tables.parameters_text(model_tables.models()["alternator"])
    assert several.count("tab-item") == len(model_tables.models()["alternator"])


def test_validation_tells_value_limit_and_what_is_missing(tmp_path: Path) -> None:
    assert "needs measured data" in model_tables.validation_text("cell", tmp_path)
    (tmp_path / "fuse.png").touch()
    figure = {"value": 2.0, "unit": "s", "limit": "at most 1 s", "passed": False, "status": "ours", "source": "a | b"}
    (tmp_path / "validation.json").write_text(json.dumps({"fuse_x_s": figure, "cable_x_s": figure}), encoding="utf-8")
    told = model_tables.validation_text("fuse", tmp_path)
    assert "| `fuse_x_s` | 2 | s | at most 1 s | **NO** | ours | a \\| b |" in told
    assert "0 of 1 figures" in told and "cable" not in told


def test_validation_is_made_once_per_state_of_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def pretend(names: list[str], place: Path) -> None:
        made.append(place)
        place.mkdir(parents=True)
        (place / "validation.json").write_text("{}", encoding="utf-8")

    monkeypatch.setattr(validation, "_validate", pretend)
    for state in ("a", "a", "b"):
        monkeypatch.setattr(validation, "key", lambda state=state: state)
        validation.store(tmp_path / "cache", tmp_path / "pages")
    assert [place.name for place in made] == ["a", "b"]
    assert not (tmp_path / "cache" / "a").exists() and (tmp_path / "pages" / "validation.json").is_file()


def test_key_follows_the_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    source = tmp_path / "models" / "fuse.py"
    monkeypatch.setattr(validation, "ROOT", tmp_path)
    source.write_text("one", encoding="utf-8")
    first = validation.key()
    source.write_text("two", encoding="utf-8")
    assert validation.key() != first


def test_every_row_stands_with_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = requirement_tables.write(tmp_path)[0].read_text(encoding="utf-8")
    assert all(f"### {row}\n" in page and f"(row-{row.lower()})=" in page for row in requirements())
    assert all(f"| `{name}` |" in page for name in limits())
    monkeypatch.setattr(requirement_tables, "requirements", lambda: {"Z1": "unheard of"})
    with pytest.raises(ValueError, match="Z"):
        requirement_tables.write(tmp_path)


def test_diagrams_are_drawn_from_their_lines(tmp_path: Path) -> None:
    found = state_diagram.transitions(["stateDiagram-v2", "    [*] --> off", "    off --> on: wanted, 1 s"])
    assert found == [("[*]", "off", ""), ("off", "on", "wanted, 1 s")]
    drawn = state_diagram.draw(found, tmp_path / "a.svg").read_text(encoding="utf-8")
    assert drawn == state_diagram.draw(found, tmp_path / "a.svg").read_text(encoding="utf-8")
    for wrong in (["graph TD"], ["stateDiagram-v2", "note left of off: no transition"]):
        with pytest.raises(ValueError):
            state_diagram.transitions(wrong)
    assert data_flow.write(tmp_path)[0].stat().st_size > 10_000


def test_equations_of_all_pages_can_be_drawn() -> None:
    found = []
    for path in PAGES:
        prose = re.sub(r"```.*?```|`[^`]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        pairs = re.findall(r"\$\$(.*?)\$\$|\$([^$\n]+)\$", prose, re.DOTALL)
        found += [(block or line).strip() for block, line in pairs]
    assert len(found) > 50
    for latex in found:
        drawn = equations.drawn(latex)
        assert drawn.path.startswith("M") and drawn.width > 0.0 and drawn.height > 0.0
    with pytest.raises(ValueError):
        equations.drawn(r"\nosuchcommand{x}")


def test_missing_notebooks_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = tmp_path / "notebooks"
    stored.mkdir()
    for name, title in (("01_a.ipynb", "First run"), ("02_b.ipynb", "Heat")):
        cells = [{"cell_type": "markdown", "source": [f"# {title}\n", "words"]}]
        (stored / name).write_text(json.dumps({"cells": cells}), encoding="utf-8")
    executed = tmp_path / "docs" / "notebooks"
    executed.mkdir(parents=True)
    (executed / "01_a.ipynb").touch()
    monkeypatch.setattr(overviews, "ROOT", tmp_path)
    told = overviews.notebooks_text(executed)
    assert "1 of 2 notebooks" in told and "`notebooks/02_b.ipynb`: Heat (not executed)" in told
    assert "/notebooks/01_a\n" in told and "/notebooks/02_b" not in told


def test_quick_start_says_what_is_there() -> None:
    page = text_of("quick_start.md")
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert all(hasattr(importlib.import_module(node.module), one.name) for one in node.names)
    helps = command_reference.helps()
    for command in re.findall(r"bms-cosim ([a-z]+) ", page):
        assert f"bms-cosim {command}" in helps
    for file in re.findall(r"scenarios/[\w/]+\.yaml", page):
        assert (ROOT / file).is_file()
    wanted = re.search(r"bms-cosim: my_hour\.yaml: (.*)", page)
    assert wanted is not None
    road_hour = {"name": "my_hour", "settings": {"fuse_rating_A": 70}, "drive": {"segments": [{"kind": "idle"}]}}
    with pytest.raises(InputError) as caught:
        parse_scenario(road_hour, "my_hour.yaml")
    assert str(caught.value) == f"my_hour.yaml: {wanted[1]}"
    assert "fuse_rating_A: 100" in (ROOT / "scenarios" / "road_hour.yaml").read_text(encoding="utf-8")


def test_papers_are_found_with_the_files_that_use_them() -> None:
    told = overviews.papers_text()
    assert "[10.1149/1.2113792](https://doi.org/10.1149/1.2113792) | `models/cell.py`" in told
    assert not re.search(r"\]\([^)]*[:,;.]\)", told)


def test_the_python_reference_leaves_out_what_others_wrote() -> None:
    """What pydantic and named tuples add says nothing of ours; a docstring of ours stays."""
    members: tuple[tuple[str, object], ...]
    members = (("model_config", {}), ("value", Waveform.value), ("skipped", api.skipped))
    left_out = [api.skipped(None, "attribute", name, member, False, None)  # type: ignore[arg-type]  # no sphinx needed
                for name, member in members]
    assert left_out == [True, True, None]
