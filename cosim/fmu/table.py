"""The variables of a unit as a Markdown table; that of `docs/fmu.md` is compared: `python -m cosim.fmu.table`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bms import Settings
from cosim.fmu.variables import ENUMERATION, REAL, Built, Value, Variable, variables_of

FIRMWARE = "firmware."
_INDEX = re.compile(r"\[\d+\]")


def markdown(variables: Sequence[Variable]) -> list[str]:
    """Lines of the table: one row per variable, one for all elements of a list, one for the firmware's constants."""
    lines = ["| variable | kind | type | unit | start | meaning |", "|---|---|---|---|---|---|"]
    for name, alike in _grouped(variables):
        first = alike[0]
        cells = (first.kind, first.unit, _start(first), _clean(first.text))
        if name.endswith("*"):
            told = f"{len(alike)} constants of the firmware, as `bms-cosim settings` lists them"
            cells = ("each its own", "", "", told)
        lines.append(f"| `{name}` | {first.causality}, {first.variability} | {' | '.join(cells)} |")
    return lines


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
    value: Value | None = variable.start
    if variable.kind == ENUMERATION:
        listed = ", ".join(f"{i} {choice}" for i, choice in enumerate(variable.choices, 1))
        return listed if value is None else f"{value} (of {listed})"
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if variable.kind == REAL else str(value)


if __name__ == "__main__":
    print("\n".join(markdown(variables_of(Built(Settings())))))
