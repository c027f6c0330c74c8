"""Parameter files: everything shipped loads and has provenance; every kind of mistake is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from models import (
    alternator,
    bank,
    cable,
    cell,
    chargers,
    engine,
    fuse,
    heat,
    loads,
    parameter_file,
    ratings,
    starter_battery,
)
from models.parameter_file import ParameterError

UNITS = {
    "cell": cell.UNITS,
    "battery": bank.UNITS,
    "starter_battery": starter_battery.UNITS,
    "alternator": alternator.UNITS,
    "fuse": fuse.UNITS,
    "mosfet_ratings": ratings.MOSFET_UNITS,
    "tvs_ratings": ratings.TVS_UNITS,
    "heat": heat.UNITS,
    "cable": cable.UNITS,
    "engine": engine.UNITS,
    "inverter": loads.INVERTER_UNITS,
    "dc_load": loads.DC_LOAD_UNITS,
    "charger": chargers.UNITS,
}
SHIPPED = sorted(parameter_file.SHIPPED.glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_file_is_valid_and_every_value_has_a_source(path: Path) -> None:
    model = yaml.safe_load(path.read_text())["model"]
    file = parameter_file.load(path, model, UNITS[model])
    assert file.name == path.stem
    for entry in file.entries.values():
        assert len(entry.source) >= 4
        assert entry.status in parameter_file.STATUSES


def test_all_models_are_covered() -> None:
    assert {yaml.safe_load(path.read_text())["model"] for path in SHIPPED} == set(UNITS)


def good() -> dict[str, Any]:
    numbers = {"a": 1.5, "b": [1.0, 2.0]}
    return {
        "model": "demo",
        "name": "demo",
        "description": "for the test",
        "parameters": {
            name: {"value": value, "unit": "V", "source": "test", "status": "ours"}
            for name, value in numbers.items()
        },
    }


def load(tmp_path: Path, content: dict[str, Any] | str) -> parameter_file.ParameterFile:
    path = tmp_path / "demo.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return parameter_file.load(path, "demo", {"a": "V", "b": "V"})


def test_values_and_provenance_come_back(tmp_path: Path) -> None:
    file = load(tmp_path, good())
    assert file.number("a") == 1.5
    assert np.array_equal(file.array("b"), [1.0, 2.0])
    assert (file.entries["a"].unit, file.entries["a"].source, file.entries["a"].status) == (
        "V",
        "test",
        "ours",
    )


def test_arrays_are_fresh(tmp_path: Path) -> None:
    file = load(tmp_path, good())
    file.array("b")[0] = 99.0
    assert file.array("b")[0] == 1.0


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    content = good()
    table = content
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    return content


MISTAKES: list[tuple[tuple[str, ...], Any, str]] = [
    (("model",), "other", "model: other; allowed here: demo"),
    (("descripton",), "x", "did you mean description"),
    (("name",), 3, "name: allowed: text"),
    (("parameters",), [1], "allowed: a mapping"),
    (("parameters", "c"), {}, "unknown key 'c'"),
    (("parameters", "a"), 1.5, "parameters.a: allowed: a mapping"),
    (("parameters", "a", "unit"), "mV", "parameters.a.unit: 'mV'; allowed: 'V'"),
    (
        ("parameters", "a", "status"),
        "guessed",
        "status: 'guessed'; allowed: validated, fitted, published, ours",
    ),
    (("parameters", "a", "source"), "", "parameters.a.source"),
    (("parameters", "a", "value"), "1e-3", "parameters.a.value: '1e-3'"),
    (("parameters", "a", "value"), True, "parameters.a.value: True"),
    (("parameters", "a", "value"), float("nan"), "finite"),
    (("parameters", "b", "value"), [[1.0], [1.0, 2.0]], "rows of equal length"),
    (("parameters", "a", "sources"), "x", "did you mean source"),
]


@pytest.mark.parametrize(("path", "value", "message"), MISTAKES, ids=lambda item: str(item)[:30])
def test_mistake_is_named(tmp_path: Path, path: tuple[str, ...], value: Any, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        load(tmp_path, changed(path, value))
    assert message in str(caught.value)
    assert "demo.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_parameter_is_named(tmp_path: Path) -> None:
    content = good()
    del content["parameters"]["b"]
    with pytest.raises(ParameterError, match=r"demo\.yaml: parameters: missing b"):
        load(tmp_path, content)


def test_broken_yaml_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="not readable as YAML") as caught:
        load(tmp_path, "model: [")
    assert "\n" not in str(caught.value)


def test_number_and_array_checks(tmp_path: Path) -> None:
    file = load(tmp_path, good())
    with pytest.raises(ParameterError, match=r"a: 1\.5; allowed: 2 to 3"):
        file.number("a", 2.0, 3.0)
    with pytest.raises(ParameterError, match="one number"):
        file.number("b")
    with pytest.raises(ParameterError, match="list of numbers"):
        file.array("a")
    with pytest.raises(ParameterError, match="each in 0 to 1"):
        file.array("b", 0.0, 1.0)
    falling = load(tmp_path, changed(("parameters", "b", "value"), [2.0, 1.0]))
    with pytest.raises(ParameterError, match="rising"):
        falling.array("b", rising=True)
    content = changed(("parameters", "a", "value"), [1.0])
    with pytest.raises(ParameterError, match="a has 1, b has 2; allowed: equal lengths"):
        load(tmp_path, content).same_length("a", "b")


def test_unknown_name_lists_what_ships() -> None:
    with pytest.raises(ParameterError, match="alternator_150A") as caught:
        alternator.load_alternator("alternator_151A")
    assert "starter" not in str(caught.value)
    with pytest.raises(ParameterError, match="no such parameter file"):
        alternator.load_alternator("nowhere/else.yaml")
