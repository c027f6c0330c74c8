"""Variants of a scenario file: other values at dotted paths."""

from pathlib import Path

import pytest

from cosim.errors import InputError
from cosim.scenario import load_scenario
from cosim.scenario.changes import with_value


def test_values_go_to_dotted_paths() -> None:
    content = {"a": {"b": [1, {"c": 2}]}, "d": 3}
    assert with_value(content, "a.b.1.c", 9.0, "f") == {"a": {"b": [1, {"c": 9.0}]}, "d": 3}
    assert with_value(content, "e.f", 9.0, "f") == {**content, "e": {"f": 9.0}}
    assert content == {"a": {"b": [1, {"c": 2}]}, "d": 3}
    for path in ("a.b.2.c", "d.x", "a.b.x"):
        with pytest.raises(InputError, match="f: "):
            with_value(content, path, 1.0, "f")


def test_a_scenario_is_read_with_other_values(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    head = "name: tiny\nsource: {kind: supply, emf_V: [[0, 13.5]]}\nduration_s: 1\n"
    path.write_text(head + "bank: {batteries: 2, each: [{}]}\n")
    changed = load_scenario(path, {"settings.fuse_rating_A": 60, "bank.each.0.soc": 0.25})
    assert changed.supervisor_settings.fuse_rating_A == 60 and changed.bank.own(0).soc == 0.25
    assert changed.model_copy(update={"settings": {}, "bank": load_scenario(path).bank}) == load_scenario(path)


@pytest.mark.parametrize(("changes", "told"), [
    ({"bank.sock": 0.5}, r"tiny\.yaml: bank\.sock: .*soc"), ({"bank.soc": 1.5}, r"tiny\.yaml: bank\.soc: 1\.5"),
    ({"name.first": 1}, r"tiny\.yaml: name\.first"),
])
def test_other_values_are_checked_as_those_of_the_file(
    changes: dict[str, object], told: str, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text("name: tiny\nsource: {kind: supply, emf_V: [[0, 13.5]]}\nduration_s: 1\n")
    with pytest.raises(InputError, match=told):
        load_scenario(path, changes)
