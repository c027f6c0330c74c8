"""What a parameter of a study can be: a distribution, some choices, or a list of values, one per case.

Each kind turns a number between 0 and 1 into a value (`at`, by its quantile function), and gives the axis of a grid.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Protocol

import numpy as np
from pydantic import BaseModel, Field, field_validator, model_validator
from scipy.stats import norm

from cosim.scenario.base import DOTTED_PATH, STRICT, Name

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
DottedPath = Annotated[str, Field(pattern=DOTTED_PATH, max_length=200)]
Points = Annotated[int, Field(ge=2, le=10_000)]


class _Parameter(BaseModel):
    """What all kinds share.

    `path` is dotted: an entry of the scenario (`cables.input.length_m`, `system.devices.0.parameters`), or
    `models.FILE.PARAMETER` for a value of a parameter file that the scenario uses. `also` are further paths that get
    the same value. With `relative` the value is a factor on what stands there (a number or a table of numbers).
    """

    model_config = STRICT

    path: DottedPath
    name: Name | None = None
    also: list[DottedPath] = []
    relative: bool = False

    @property
    def label(self) -> str:
        """Name of the column: given, else the path."""
        return self.name or self.path


class Quantiled(Protocol):
    """What a continuous kind must have."""

    points: int | None
    integer: bool

    def quantile(self, u: float) -> float:
        """Value below which a share `u` of the draws lies."""

    def at(self, u: float) -> float | int:
        """Value at the quantile `u` (0..1), rounded where it is an integer."""


class _Ranged(_Parameter):
    """A continuous kind; `points` are its values along the axis of a grid, `integer` rounds. See `Quantiled`."""

    points: Points | None = None
    integer: bool = False

    def at(self: Quantiled, u: float) -> float | int:
        """Value at the quantile `u` (0..1)."""
        value = self.quantile(u)
        return round(value) if self.integer else value

    def axis(self: Quantiled) -> list[Any]:
        """Values along the axis of a grid."""
        assert self.points is not None  # checked by the study
        return [self.at(float(u)) for u in np.linspace(0.0, 1.0, self.points)]

    def extremes(self: Quantiled) -> list[Any]:
        """Values that show at once whether the scenario takes such a parameter."""
        return [self.at(0.0), self.at(1.0)]


class Uniform(_Ranged):
    """Evenly distributed between `low` and `high`, both included."""

    kind: Literal["uniform"]
    low: Number
    high: Number

    @model_validator(mode="after")
    def _rises(self) -> Uniform:
        if self.high <= self.low:
            raise ValueError("high must be above low")
        return self

    def quantile(self, u: float) -> float:
        """See `Quantiled`; whole numbers are equally likely, the first and the last too."""
        if self.integer:
            return min(float(np.floor(self.low + u * (self.high - self.low + 1.0))), self.high)
        return self.low * (1.0 - u) + self.high * u

    def axis(self) -> list[Any]:
        """See `_Ranged`; along a grid whole numbers are rounded, not binned."""
        assert self.points is not None
        values = np.linspace(self.low, self.high, self.points).tolist()
        return [round(v) for v in values] if self.integer else values


class LogUniform(_Ranged):
    """Evenly distributed in the logarithm between `low` and `high`."""

    kind: Literal["log_uniform"]
    low: Positive
    high: Positive

    @model_validator(mode="after")
    def _rises(self) -> LogUniform:
        if self.high <= self.low:
            raise ValueError("high must be above low")
        return self

    def quantile(self, u: float) -> float:
        """See `Quantiled`; the ends are exact."""
        return self.low if u <= 0.0 else self.high if u >= 1.0 else float(self.low * (self.high / self.low) ** u)


class Normal(_Ranged):
    """Normal with `mean` and `deviation`, cut off at `low` and `high` (both must be given: no draw may be absurd)."""

    kind: Literal["normal"]
    mean: Number
    deviation: Positive
    low: Number
    high: Number

    @model_validator(mode="after")
    def _rises(self) -> Normal:
        if self.high <= self.low:
            raise ValueError("high must be above low")
        below, above = self._tails()
        if above - below < 1e-3:
            raise ValueError("low and high leave less than a thousandth of the distribution")
        return self

    def _tails(self) -> tuple[float, float]:
        limits = (np.array([self.low, self.high]) - self.mean) / self.deviation
        below, above = norm.cdf(limits)
        return float(below), float(above)

    def quantile(self, u: float) -> float:
        """See `Quantiled`."""
        below, above = self._tails()
        value = self.mean + self.deviation * float(norm.ppf(below + u * (above - below)))
        return min(max(value, self.low), self.high)


class Choice(_Parameter):
    """One of some values, equally likely or by `weights`; the axis of a grid are all of them."""

    kind: Literal["choice"]
    values: list[Any] = Field(min_length=1, max_length=10_000)
    weights: list[Positive] | None = None

    @field_validator("values")
    @classmethod
    def _values_differ(cls, values: list[Any]) -> list[Any]:
        told = [repr(value) for value in values]
        if len(set(told)) != len(told):
            raise ValueError("values must differ")
        return values

    @model_validator(mode="after")
    def _weight_for_each(self) -> Choice:
        if self.weights is not None and len(self.weights) != len(self.values):
            raise ValueError(f"one weight per value ({len(self.values)})")
        return self

    def at(self, u: float) -> Any:
        """Value at `u` (0..1)."""
        weights = self.weights or [1.0] * len(self.values)
        edges = np.cumsum(weights) / sum(weights)
        return self.values[min(int(np.searchsorted(edges, u, side="right")), len(self.values) - 1)]

    def axis(self) -> list[Any]:
        """Values along the axis of a grid."""
        return list(self.values)

    def extremes(self) -> list[Any]:
        """All values: each must be one that the scenario takes."""
        return list(self.values)


class Listed(_Parameter):
    """Values in the order of the cases (measured combinations, for example); a grid takes them as an axis."""

    kind: Literal["list"]
    values: list[Any] = Field(min_length=1, max_length=1_000_000)

    def axis(self) -> list[Any]:
        """Values along the axis of a grid."""
        return list(self.values)

    def extremes(self) -> list[Any]:
        """First and last value; the others are checked case by case."""
        return [self.values[0], self.values[-1]]


Parameter = Annotated[Uniform | LogUniform | Normal | Choice | Listed, Field(discriminator="kind")]
PARAMETER_KINDS: tuple[type[_Parameter], ...] = (Uniform, LogUniform, Normal, Choice, Listed)
PARAMETER_TAGS = ("uniform", "log_uniform", "normal", "choice", "list")
