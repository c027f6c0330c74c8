"""One figure of a validation, and how it is judged."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

STATUSES = ("validated", "fitted", "ours")
"""validated: compared with something that the model was not made from; fitted: compared with what it was made from;
ours: compared with an engineering estimate of our own, or with nothing."""


class ValidationFigure(NamedTuple):
    """One figure beside its limit.

    Attributes
    ----------
    name : str
        Unique over all models, with the unit at its end, such as `cell_rms_25C_mV`.
    value, unit : float, str
        What the model gives.
    limit : str
        What it must keep, in words; some limits have two sides.
    passed : bool
        Whether it does; NaN never does.
    status : str
        One of `STATUSES`.
    source : str
        What it is compared with, and where that was read.
    """

    name: str
    value: float
    unit: str
    limit: str
    passed: bool
    status: str
    source: str


def within(
    name: str, value: float, unit: str, low: float, high: float, status: str, source: str
) -> ValidationFigure:
    """Return the figure of a value that is judged against a range; an infinite end is no limit.

    Parameters
    ----------
    name, value, unit, status, source : as in `ValidationFigure`
    low, high : ends of the range, both allowed, in that unit

    Raises
    ------
    ValueError
        If the status is unknown, the range is empty or has no end at all: a figure must be able to fail.
    """
    if status not in STATUSES:
        raise ValueError(f"{name}: status {status!r}; allowed: {', '.join(STATUSES)}")
    if not low <= high or (math.isinf(low) and math.isinf(high)):
        raise ValueError(f"{name}: limits {low:g} and {high:g}; allowed: a range with at least one end")
    value = float(value)
    return ValidationFigure(name, value, unit, limit_text(low, high, unit), low <= value <= high, status, source)


def limit_text(low: float, high: float, unit: str) -> str:
    """Say a range in words: `low` to `high` in a `unit`; an infinite end is no limit."""
    behind = "" if unit == "1" else f" {unit}"
    if math.isinf(low):
        return f"at most {high:.4g}{behind}"
    if math.isinf(high):
        return f"at least {low:.4g}{behind}"
    return f"{low:.4g} to {high:.4g}{behind}"


def as_table(figures: Iterable[ValidationFigure]) -> dict[str, dict[str, object]]:
    """Return what `validation.json` holds: `{name: {value, unit, limit, passed, status, source}}`.

    Raises
    ------
    ValueError
        If two figures have one name.
    """
    table: dict[str, dict[str, object]] = {}
    for figure in figures:
        if figure.name in table:
            raise ValueError(f"{figure.name}: two figures of this name")
        fields = figure._asdict()
        del fields["name"]
        table[figure.name] = fields
    return table
