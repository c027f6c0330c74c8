"""What pydantic found wrong as one line: where a key belongs is read from the models."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cosim.scenario.problems import located, models_in, number_as_text, one_line


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Round(Strict):
    kind: Literal["round", "oval"]
    radius_mm: float = 1.0


class Square(Strict):
    kind: Literal["square"]
    side_mm: Annotated[float, Field(gt=0.0)] = 1.0


class Plate(Strict):
    holes: list[Annotated[Round | Square, Field(discriminator="kind")]] = []
    named: dict[str, Round] = {}
    thick: Literal["on", "off"] = "on"
    spare: Square | None = None


@pytest.mark.parametrize(("content", "words"), [
    ({"hole": []}, "f: hole: unknown key (allowed: did you mean 'holes'?)"),
    ({"holes": [{"kind": "oval", "radius": 1}]}, "f: holes.0.radius: unknown key (allowed: did you mean 'radius_mm'?)"),
    ({"holes": [{"kind": "square", "colour": 1}]}, "f: holes.0.colour: unknown key (allowed: one of kind, side_mm)"),
    ({"holes": [{"kind": "sqare"}]}, "f: holes.0.kind: sqare (allowed: did you mean 'square'?)"),
    ({"holes": [{}]}, "f: holes.0.kind: missing (allowed: must be given: one of round, oval, square)"),
    ({"named": {"round": {"kind": "oval", "radius": 1}}},
     "f: named.round.radius: unknown key (allowed: did you mean 'radius_mm'?)"),
    ({"spare": {"kind": "square", "sid_mm": 1}}, "f: spare.sid_mm: unknown key (allowed: did you mean 'side_mm'?)"),
    ({"spare": {"kind": "square", "side_mm": 0}}, "f: spare.side_mm: 0 (allowed: > 0)"),
    ({"spare": {"kind": "square", "side_mm": "3 s"}}, "f: spare.side_mm: '3 s' (allowed: a number, without quotes and"),
    ({"thick": False}, "f: thick: False (allowed: 'on' or 'off'; in quotes: YAML reads a bare on"),
    ({"holes": {}, "named": 1},
     "f: holes: a section (allowed: a list: '- ' before the first key of each entry); 1 more mistake in it"),
])
def test_every_kind_of_problem_names_place_value_and_what_is_allowed(content: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as found:
        Plate.model_validate(content)
    assert str(one_line(found.value, "f", Plate)).startswith(words)


class Wire(Strict):
    as_unit: Annotated[str, Field(alias="as", description="Unit of the `wire`.")]
    bare: bool = False


def test_keys_are_those_of_the_file_not_of_the_code() -> None:
    with pytest.raises(ValidationError) as found:
        Wire.model_validate({"as_unit": "A"})
    assert str(one_line(found.value, "f", Wire)) == (
        "f: as_unit: unknown key (allowed: one of as, bare); 1 more mistake in it")
    with pytest.raises(ValidationError) as found:
        Wire.model_validate({"as": 3})
    assert str(one_line(found.value, "f", Wire)) == "f: as: 3 (allowed: text; in quotes: '3')"


def test_a_union_may_be_the_start() -> None:
    place = located(("round", "radius"), Round | Square)
    assert (place.path, place.keys) == (["radius"], ["kind", "radius_mm"])
    assert models_in(dict[str, list[Round | None]]) == (Round,)


@pytest.mark.parametrize(("value", "is_one"), [
    ("60 A", True), ("0.5", True), ("0,5", True), ("500u", True), ("1h", True), ("2.5 mm2", True), ("-3e-3", True),
    (".5", True), ("2 entries", False), ("1.2.3", False), ("12-200", False), (60, False),
])
def test_text_that_reads_as_a_number(value: object, is_one: bool) -> None:
    assert number_as_text(value) is is_one
