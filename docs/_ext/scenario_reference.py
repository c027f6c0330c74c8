"""Reference of scenario files, made from the JSON schema that validates them: every field, nothing by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docs._ext import text
from docs._ext.text import number, table, unit_of

Schema = Mapping[str, Any]

TOP = "Scenario"
HEADING = ("field", "what it is", "type and allowed values", "unit", "default")


def schema() -> dict[str, Any]:
    """JSON schema of scenario files."""
    from cosim.scenario import Scenario

    return Scenario.model_json_schema()


def sections(whole: Schema) -> dict[str, Schema]:
    """All sections by name, in the order in which a reader meets them: the whole, then what its fields refer to."""
    found: dict[str, Schema] = {TOP: whole}
    waiting = [TOP]
    while waiting:
        for name in _names(found[waiting.pop(0)].get("properties", {})):
            if name not in found:
                found[name] = whole["$defs"][name]
                waiting.append(name)
    return found


def _names(part: Any) -> Iterator[str]:
    """Names of all sections that a piece of schema refers to."""
    if isinstance(part, Mapping):
        if "$ref" in part:
            yield str(part["$ref"]).rpartition("/")[2]
        for key, value in part.items():
            if key not in ("default", "discriminator"):
                yield from _names(value)
    elif isinstance(part, list):
        for value in part:
            yield from _names(value)


def undescribed(whole: Schema) -> list[str]:
    """Fields (and sections) without a description. `kind` with one value is told by its section."""
    missing = []
    for name, section in sections(whole).items():
        missing += [] if section.get("description") else [name]
        missing += [f"{name}.{field}" for field, part in section.get("properties", {}).items()
                    if not part.get("description") and "const" not in part]
    return missing


def type_of(part: Schema) -> str:
    """Type of a value and what is allowed, in words; sections are links."""
    if "$ref" in part:
        name = str(part["$ref"]).rpartition("/")[2]
        return f"[{name}](#scenario-{name.lower()})"
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    for several in ("anyOf", "oneOf"):
        if several in part:
            kinds = [type_of(one) for one in part[several] if one.get("type") != "null"]
            return ", or ".join(kinds) if len(kinds) < 3 else " or ".join(kinds)
    kind = part.get("type", "any value")
    if kind == "array":
        return _array(part)
    if kind == "object":
        return _mapping(part)
    words = {"number": "number", "integer": "whole number", "string": "text", "boolean": "`true`, `false`"}
    return f"{words.get(kind, kind)}{_range(part)}"


def _array(part: Schema) -> str:
    if "prefixItems" in part:
        return f"`[`{', '.join(type_of(one) for one in part['prefixItems'])}`]`"
    low, high = part.get("minItems"), part.get("maxItems")
    bounds = [f"at least {low}" if low else "", f"at most {high}" if high else ""]
    told = ", ".join(bound for bound in bounds if bound)
    of = "any of " if "enum" in part["items"] else ""
    return f"list of {of}{type_of(part['items'])}{f' ({told})' if told else ''}"


def _mapping(part: Schema) -> str:
    values = part.get("additionalProperties")
    if not isinstance(values, Mapping):
        return "names and values"
    names = part.get("propertyNames", {})
    of = type_of(names) if "enum" in names else "names"
    return f"mapping of {of} to {type_of(values)}"


def _range(part: Schema) -> str:
    """Bounds of a number, or shape of a text, with what stands before them."""
    words = {"minimum": ">= {}", "exclusiveMinimum": "> {}", "maximum": "<= {}", "exclusiveMaximum": "< {}"}
    found = [word.format(number(part[key])) for key, word in words.items() if key in part]
    if "pattern" in part:
        found.append("a path ending in .yaml, or a name" if "ya?ml" in part["pattern"] else "a name")
    if "maxLength" in part:
        found.append(f"at most {part['maxLength']} characters")
    before = ": " if part.get("type") == "string" else " "
    return f"{before}{', '.join(found)}" if found else ""


def default_of(field: str, section: Schema) -> str:
    """Default of a field as YAML, or that it must be given."""
    part = section["properties"][field]
    if field in section.get("required", ()):
        return "**required**"
    if part.get("default") is None:
        return "none"
    value = part["default"]
    if isinstance(value, dict) and "$ref" in json.dumps(part) and len(json.dumps(value)) > 60:
        return "its defaults"
    if value == "":
        return "empty"
    return f"`{_yaml(value)}`"


def _yaml(value: Any) -> str:
    """A value as it stands in YAML, on one line."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_yaml(one) for one in value) + "]"
    return str(value)


def used_in(name: str, all_sections: Mapping[str, Schema]) -> list[str]:
    """Where a section stands: `field` of the whole, or `Section.field`."""
    return [f"`{field}`" if owner == TOP else f"`{field}` of [{owner}](#scenario-{owner.lower()})"
            for owner, section in all_sections.items() for field, part in section.get("properties", {}).items()
            if name in _names(part)]


def section_text(name: str, all_sections: Mapping[str, Schema]) -> str:
    """One section: heading, what it is, where it stands, table of its fields."""
    section = all_sections[name]
    fields = section.get("properties", {})
    constant = next((str(part["const"]) for part in fields.values() if "const" in part), "")
    title = "The whole file" if name == TOP else f"{name}{f' (`kind: {constant}`)' if constant else ''}"
    places = "" if name == TOP else f"\n\nStands in {', '.join(used_in(name, all_sections))}."
    rows = [(f"`{field}`", str(part.get("description", "chooses this section")), type_of(part), unit_of(field),
             default_of(field, section))
            for field, part in fields.items()]
    paragraphs = "\n\n".join(" ".join(one.split()) for one in str(section.get("description", "")).split("\n\n"))
    return f"(scenario-{name.lower()})=\n## {title}\n\n{paragraphs}{places}\n\n{{.fields}}\n{table(HEADING, rows)}"


def write(folder: Path) -> list[Path]:
    """Write the reference and the schema itself; raises ValueError for a field that nobody has described."""
    whole = schema()
    if missing := undescribed(whole):
        raise ValueError(f"fields of scenario files without a description: {', '.join(missing)}")
    all_sections = sections(whole)
    page = "\n".join(section_text(name, all_sections) for name in all_sections)
    return [
        text.write(folder / "scenario.md", page),
        text.write(folder / "scenario.schema.json", json.dumps(whole, indent=1) + "\n"),
    ]
