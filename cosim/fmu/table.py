"""The variables of a unit as Markdown tables; those of `docs/fmu.md` are compared: `python -m cosim.fmu.table`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bms import Settings
from cosim.fmu.variables import ENUMERATION, INPUT, OUTPUT, PARAMETER, REAL, TUNABLE, Built, Variable, variables_of

FIRMWARE = "firmware."
_INDEX = re.compile(r"\[\d+\]")


def markdown(variables: Sequence[Variable]) -> list[str]:
    """Lines of three tables: inputs, parameters, outputs.

    One row per variable, one for all elements of a list, one for the firmware's constants.
    """
    lines: list[str] = []
    for causality in (INPUT, PARAMETER, OUTPUT):
        chosen = [variable for variable in variables if variable.causality == causality]
        start = [] if causality == OUTPUT else ["start"]
        header = [causality, "type", *start, "meaning"]
        lines += [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
        lines += [f"| {' | '.join(_cells(name, alike))} |" for name, alike in _grouped(chosen)]
    return lines


def _cells(name: str, alike: Sequence[Variable]) -> list[str]:
    """Cells of a row: name, type with unit, start value (inputs and parameters), meaning."""
    first = alike[0]
    if name.endswith("*"):
        told = f"{len(alike)} constants of the firmware, as `bms-cosim settings` lists them"
        return [f"`{name}`", "each its own", "", told]
    tuned = ", tunable" if first.variability == TUNABLE else ""
    type_ = f"{first.kind}{f', {first.unit}' if first.unit else ''}{tuned}"
    if first.causality == OUTPUT:
        listed = f": {_listed(first)}" if first.kind == ENUMERATION else ""
        return [f"`{name}`", type_, f"{_clean(first.text)}{listed}"]
    return [f"`{name}`", type_, _start(first), _clean(first.text)]


def _grouped(variables: Sequence[Variable]) -> Iterator[tuple[str, list[Variable]]]:
    """Names of rows with the variables that they stand for, in order."""
    groups: dict[str, list[Variable]] = {}
    for variable in variables:
        name = f"{FIRMWARE}*" if variable.name.startswith(FIRMWARE) else _INDEX.sub("[i]", variable.name)
        groups.setdefault(name, []).append(variable)
    yield from groups.items()


def _clean(text: str) -> str:
    """A text that holds for every element of a list."""
    text = re.sub(r"cell \d+ of battery \d+", "cell i, four per battery in order", text)
    return re.sub(r"(battery) \d+", r"\1 i", text, flags=re.IGNORECASE)


def _start(variable: Variable) -> str:
    value = variable.start
    if variable.kind == ENUMERATION:
        return f"{value} ({_listed(variable)})"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if variable.kind == REAL else str(value)


def _listed(variable: Variable) -> str:
    """Choices of an enumeration with their numbers."""
    return ", ".join(f"{number} {choice}" for number, choice in enumerate(variable.choices, 1))


if __name__ == "__main__":
    print("\n".join(markdown(variables_of(Built(Settings())))))
