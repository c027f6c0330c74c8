"""The error of a setting that cannot be used, and the check of a number's range."""

from __future__ import annotations

import math


class SettingsError(ValueError):
    """A setting that cannot be used.

    Attributes
    ----------
    field : str
        Name of the setting; nested ones with dots and indices.
    value : object
        What was given.
    allowed : str
        What is allowed.
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(field, value, allowed)
        self.field = field
        self.value = value
        self.allowed = allowed

    def __str__(self) -> str:
        """One line with field, value and allowed range."""
        return f"{self.field}: {self.value!r} is not allowed; allowed: {self.allowed}"

    def within(self, outer: str) -> SettingsError:
        """Return the same error with `outer`, the name of what holds the field, in front."""
        return SettingsError(f"{outer}.{self.field}", self.value, self.allowed)


def check_range(name: str, value: object, low: float, high: float, unit: str = "") -> None:
    """Refuse what is no finite number from `low` to `high`; whole numbers where `low` is one.

    Raises
    ------
    SettingsError
        With the name, the value and the range.
    """
    whole = isinstance(low, int)
    kind = "whole number" if whole else "number"
    wanted = f"{kind} {low:g}..{high:g}" + ("" if unit in ("", "1") else f" {unit}")
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise SettingsError(name, value, wanted)
    if not (math.isfinite(value) and low <= value <= high):
        raise SettingsError(name, value, wanted)
