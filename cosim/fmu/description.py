"""The model description: what pythonfmu writes of it, completed by what its variables cannot say.

Units with their SI exponents, enumerations, ranges, start values to the last bit, and that no output depends directly
on an input, so that a tool finds no algebraic loop. No date and a GUID made from the content: the same unit, the same
bytes.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from xml.etree import ElementTree

from cosim.fmu.variables import ENUMERATION, OUTPUT, REAL, Value, Variable

UNITS: dict[str, dict[str, str]] = {
    "V": {"kg": "1", "m": "2", "s": "-3", "A": "-1"},
    "A": {"A": "1"},
    "W": {"kg": "1", "m": "2", "s": "-3"},
    "K": {"K": "1"},
    "degC": {"K": "1", "offset": "273.15"},
    "K/W": {"K": "1", "kg": "-1", "m": "-2", "s": "3"},
    "1/h": {"s": "-1", "factor": repr(1 / 3600)},
}
"""Exponents of SI units, factor and offset, as FMI 2.0 has them."""
_MADE_FROM = uuid.UUID("6f2b8f0e-3c55-4c0b-9a59-0d6f7a1c2e11")
"""Name space of our GUIDs (drawn once)."""


def completed(xml: bytes, variables: Sequence[Variable], description: str, version: str, content: str) -> bytes:
    """Model description from the one that pythonfmu wrote.

    Parameters
    ----------
    xml : as pythonfmu wrote it
    variables : of the unit, in the order of their value references
    description, version : of the model, in words
    content : digest of what the unit does; two units of different content have different GUIDs

    Raises
    ------
    ValueError : the variables are not those in `xml`
    """
    root = ElementTree.fromstring(xml)
    del root.attrib["generationDateAndTime"]
    root.set("description", description)
    root.set("version", version)
    _complete_variables(root, variables)
    for place, part in enumerate((_units(variables), _types(variables))):
        root.insert(1 + place, part)
    found = root.find("ModelStructure")
    assert found is not None
    root.remove(found)
    root.append(_structure(variables))
    root.set("guid", "")
    text = ElementTree.tostring(root, encoding="unicode")
    root.set("guid", f"{{{uuid.uuid5(_MADE_FROM, content + text)}}}")
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'.encode()


def _complete_variables(root: ElementTree.Element, variables: Sequence[Variable]) -> None:
    listed = root.findall("ModelVariables/ScalarVariable")
    if [element.get("name") for element in listed] != [variable.name for variable in variables]:
        raise ValueError("the variables are not those of the unit")
    for element, variable in zip(listed, variables, strict=True):
        for child in list(element):
            element.remove(child)
        if variable.causality == OUTPUT:
            element.set("initial", "calculated")
        ElementTree.SubElement(element, variable.kind, _type_attributes(variable))


def _type_attributes(variable: Variable) -> dict[str, str]:
    given: dict[str, str] = {}
    if variable.kind == ENUMERATION:
        given["declaredType"] = variable.type_name
    if variable.unit:
        given["unit"] = variable.unit
    for name, value in (("min", variable.low), ("max", variable.high), ("start", variable.start)):
        if value is not None:
            given[name] = _text(value, variable.kind)
    return given


def _text(value: Value, kind: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(float(value)) if kind == REAL else str(int(value))


def _units(variables: Sequence[Variable]) -> ElementTree.Element:
    part = ElementTree.Element("UnitDefinitions")
    used = {variable.unit for variable in variables}
    for name, base in UNITS.items():
        if name in used:
            ElementTree.SubElement(ElementTree.SubElement(part, "Unit", name=name), "BaseUnit", base)
    return part


def _types(variables: Sequence[Variable]) -> ElementTree.Element:
    part = ElementTree.Element("TypeDefinitions")
    types = {variable.type_name: variable.choices for variable in variables if variable.kind == ENUMERATION}
    for type_name, choices in types.items():
        listed = ElementTree.SubElement(ElementTree.SubElement(part, "SimpleType", name=type_name), "Enumeration")
        for number, choice in enumerate(choices, 1):
            ElementTree.SubElement(listed, "Item", name=choice, value=str(number))
    return part


def _structure(variables: Sequence[Variable]) -> ElementTree.Element:
    """All outputs, none of which depends on anything at the same point of time."""
    part = ElementTree.Element("ModelStructure")
    for name in ("Outputs", "InitialUnknowns"):
        listed = ElementTree.SubElement(part, name)
        for index, variable in enumerate(variables, 1):
            if variable.causality == OUTPUT:
                ElementTree.SubElement(listed, "Unknown", index=str(index), dependencies="")
    return part
