"""Limits of the requirements, from `limits.yaml`: the one place where reports, figures and tests read them."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from cosim.scenario.base import UniqueKeyLoader

FILE = Path(__file__).with_name("limits.yaml")
Number = Annotated[float, Field(allow_inf_nan=False)]


class Limit(BaseModel):
    """What one measured figure must keep.

    Attributes
    ----------
    low, high : float or None
        Ends of the range; both belong to it. At least one is given.
    unit : str
        "1" where there is none.
    source : str
        datasheet, manual or ours, and for ours in what document or why.
    text : str
        What is measured, in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: str
    unit: str
    source: str
    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _has_an_end(self) -> Limit:
        if self.low is None and self.high is None:
            raise ValueError("give low, high, or both")
        if not self.range[0] <= self.range[1]:
            raise ValueError("low must not be above high")
        return self

    @property
    def range(self) -> tuple[float, float]:
        """Both ends; an absent one is infinite."""
        return (-math.inf if self.low is None else self.low, math.inf if self.high is None else self.high)

    def passed(self, value: float) -> bool:
        """Whether a value, in the limit's unit, keeps it; NaN never does."""
        low, high = self.range
        return low <= value <= high

    def margin(self, value: float) -> float:
        """Distance of `value` to the nearer end: as a share of half the range, or of the end where there is only one.

        Negative where the limit is broken; an end of 0 counts as 1 in the figure's unit.
        """
        low, high = self.range
        if math.isfinite(low) and math.isfinite(high) and high > low:
            return min(value - low, high - value) / (0.5 * (high - low))
        if math.isfinite(low) and math.isfinite(high):
            return 0.0 if value == low else -abs(value - low) / (abs(low) or 1.0)
        return (high - value) / (abs(high) or 1.0) if math.isinf(low) else (value - low) / (abs(low) or 1.0)

    def told(self) -> str:
        """The range in words."""
        behind = "" if self.unit == "1" else f" {self.unit}"
        if self.low is None:
            return f"at most {self.high:.6g}{behind}"
        if self.high is None:
            return f"at least {self.low:.6g}{behind}"
        return f"{self.low:.6g} to {self.high:.6g}{behind}" if self.low < self.high else f"{self.low:.6g}{behind}"


@cache
def limits(file: Path = FILE) -> dict[str, Limit]:
    """All limits by name, such as ``A1.start_threshold_V``: the row, a point, the figure with its unit."""
    content = yaml.load(file.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)
    return {name: Limit.model_validate(one) for name, one in content.items()}


def limit(name: str) -> Limit:
    """One limit; KeyError with the nearest names if there is none of that name."""
    found = limits().get(name)
    if found is None:
        row = name.split(".")[0]
        raise KeyError(f"no limit {name!r}; of {row}: {', '.join(n for n in limits() if n.split('.')[0] == row)}")
    return found


def nominal_limit_A(fuse_A: float) -> float:
    """Limit of the alternator port that A3 and A4 ask for with a fuse of a rating."""
    return min(limit("A3.fuse_fraction").range[0] * fuse_A, limit("A4.maximum_A").range[1])


Status = Literal["measured", "assumed", "declared"]
"""How a row is answered: by a waveform of this run, by an input read back, or not by simulation."""
