"""What is kept of a case: numbers of its summary, reductions of its waveforms, and its events.

Every output is one number; where there is nothing to tell (a level never reached, no such event) it is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import BaseModel, Field, field_validator, model_validator

from cosim import measure
from cosim.errors import nearest
from cosim.record.event_names import event_names
from cosim.result import Result
from cosim.scenario.base import STRICT, Name

Array = NDArray[np.float64]
Number = Annotated[float, Field(allow_inf_nan=False)]

LEVELLED = ("time_above_s", "time_below_s", "first_above_s", "first_below_s")
OVER: dict[str, Callable[..., Any]] = {"max": np.max, "min": np.min, "mean": np.mean, "spread": np.ptp}
Reduction = Literal[
    "max", "min", "mean", "rms", "final", "initial", "spread", "integral", "percentile",
    "time_above_s", "time_below_s", "first_above_s", "first_below_s",
]


class OutputMissing(Exception):
    """A run has no such channel, figure or element; the text names the nearest one."""


class Output(BaseModel):
    """One number of a case.

    Exactly one of three: `summary`, a dotted path into `summary.json` (in a list of figures a part is a name, an id or
    a place: `figures.A4.value`); `channel`, a slow waveform, reduced over time; `event`, of which the log is asked.

    `across` reduces a channel with one column per cell, battery or device first: max, min, mean, spread, or the label
    of a column (`q2a`, 3); `columns` are those that count, all if left out. `minus` is another channel that is taken
    off. `where` is a channel that must be above 0.5 for an instant to count (`alternator_enabled`). `scale` multiplies
    the result (an integral of A in Ah: 2.7778e-4).
    """

    model_config = STRICT

    name: Name
    summary: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    channel: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    event: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    reduce: Reduction | None = None
    ask: Literal["count", "first_s", "last_s"] | None = None
    level: Number | None = None
    percent: Annotated[float, Field(ge=0.0, le=100.0)] | None = None
    columns: list[str | int] | None = None
    across: str | int | None = None
    minus: str | None = None
    where: str | None = None
    scale: Number = 1.0
    unit: str | None = None

    @field_validator("event")
    @classmethod
    def _known(cls, event: str | None) -> str | None:
        """An event that no log can have would be told as 0, or as nothing, by every case."""
        names = event_names()
        if event is not None and event not in names:
            raise ValueError(f"an event of the log; {nearest(event, list(names))}")
        return event

    @model_validator(mode="after")
    def _one_of_three(self) -> Output:
        if sum(x is not None for x in (self.summary, self.channel, self.event)) != 1:
            raise ValueError("give one of summary, channel, event")
        if (self.channel is None) != (self.reduce is None):
            raise ValueError("reduce belongs to a channel: max, min, mean, final, percentile, ...")
        if (self.event is None) != (self.ask is None):
            raise ValueError("ask belongs to an event: count, first_s, last_s")
        if (self.reduce in LEVELLED) != (self.level is not None):
            raise ValueError(f"level belongs to {', '.join(LEVELLED)}")
        if (self.reduce == "percentile") != (self.percent is not None):
            raise ValueError("percent (0..100) belongs to percentile")
        if self.channel is None and (self.across, self.columns, self.minus, self.where) != (None,) * 4:
            raise ValueError("across, columns, minus and where belong to a channel")
        return self


def measured(output: Output, result: Result) -> float:
    """Value of an output in a result.

    Raises
    ------
    OutputMissing : the result has no such figure or channel, or it is no number
    """
    if output.summary is not None:
        return output.scale * number(result.summary, output.summary)
    if output.event is not None:
        times = [e.time_s for e in result.events if e.event == output.event]
        if output.ask == "count":
            return output.scale * len(times)
        return output.scale * (min if output.ask == "first_s" else max)(times, default=math.nan)
    assert output.channel is not None
    value = columns(result.slow, output.channel, output.across, output.columns)
    if output.minus is not None:
        value = value - columns(result.slow, output.minus, output.across, output.columns)
    time_s = np.asarray(result.slow["time_s"].values, dtype=np.float64)
    counts = None if output.where is None else columns(result.slow, output.where, None) > 0.5
    return output.scale * reduced(output, time_s, value, counts)


def number(summary: Mapping[str, Any], path: str) -> float:
    """Number at a dotted path of a summary (else OutputMissing raises); true, false count as 1, 0, nothing as NaN."""
    here: Any = summary
    for part in path.split("."):
        if isinstance(here, Mapping):
            if part not in here:
                raise OutputMissing(f"summary has no {path}: {_meant(part, here)}")
            here = here[part]
        elif isinstance(here, list | tuple):
            here = _element(here, part, path)
        else:
            raise OutputMissing(f"summary has no {path}: {part} lies below a single value")
    if here is None:
        return math.nan
    if isinstance(here, bool | int | float | np.number | np.bool_):
        return float(here)
    raise OutputMissing(f"summary: {path} is a {type(here).__name__}, not a number")


def _meant(part: str, here: Mapping[str, Any]) -> str:
    """What a missing key was probably meant for: a figure by its name, or the nearest key."""
    figures = here.get("figures", [])
    names = [one.get("name") for one in figures if isinstance(one, Mapping)] if isinstance(figures, list) else []
    return f"did you mean 'figures.{part}.value'?" if part in names else nearest(part, [str(key) for key in here])


def _element(items: list[Any] | tuple[Any, ...], part: str, path: str) -> Any:
    """Element of a list: by its name or id, else by its place."""
    for key in ("name", "id"):
        for item in items:
            if isinstance(item, Mapping) and str(item.get(key)) == part:
                return item
    if part.isdigit() and int(part) < len(items):
        return items[int(part)]
    names = [str(item["name"]) for item in items if isinstance(item, Mapping) and "name" in item]
    raise OutputMissing(f"summary has no {path}: {nearest(part, names)}")


def columns(
    slow: xr.Dataset, channel: str, across: str | int | None, only: list[str | int] | None = None
) -> Array:
    """A slow waveform, its columns (only some, if said) reduced by `across`, shape (n_times,); raises OutputMissing."""
    name = channel.removeprefix("slow.")
    if name not in slow.data_vars:
        raise OutputMissing(f"no channel {name}: {nearest(name, [str(key) for key in slow.data_vars])}")
    waves = slow[name]
    values = np.asarray(waves.values, dtype=np.float64)
    if values.ndim == 1:
        return values
    labels = [str(label) for label in slow[str(waves.dims[1])].values]
    if across is None:
        raise OutputMissing(f"channel {name} has several columns: say across: max, min, mean, spread, "
                            f"or one of {', '.join(labels)}")
    if str(across) in labels:
        column: Array = values[:, labels.index(str(across))]
        return column
    if only is not None:
        missing = [str(one) for one in only if str(one) not in labels]
        if missing:
            raise OutputMissing(f"channel {name} has no column {missing[0]}: one of {', '.join(labels)}")
        values = values[:, [labels.index(str(one)) for one in only]]
    if str(across) not in OVER:
        raise OutputMissing(f"channel {name} has no column {across}: one of {', '.join((*OVER, *labels))}")
    return np.asarray(OVER[str(across)](values, axis=1), dtype=np.float64)


def reduced(output: Output, time_s: Array, value: Array, counts: NDArray[np.bool_] | None = None) -> float:
    """One number of a waveform; with `counts` only what is true counts, from instant to instant (NaN if nothing is)."""
    kind = str(output.reduce)
    parts = [(time_s, value)] if counts is None else [(time_s[part], value[part]) for part in _stretches(counts)]
    if kind in LEVELLED:
        assert output.level is not None
        sign = 1.0 if "above" in kind else -1.0
        if kind.startswith("time"):
            return sum(measure.time_above_s(t, sign * v, sign * output.level) for t, v in parts if t.size > 1)
        found = [first_above_s(t, sign * v, sign * output.level) for t, v in parts]
        return next((moment for moment in found if not math.isnan(moment)), math.nan)
    if kind == "integral":
        return sum(measure.integral(t, v) for t, v in parts if t.size > 1)
    if counts is None and kind in ("mean", "rms"):
        return measure.mean(time_s, value) if kind == "mean" else measure.rms(time_s, value)
    kept = value if counts is None else value[counts]
    if not kept.size:
        return math.nan
    if kind in ("final", "initial"):
        return float(kept[-1 if kind == "final" else 0])
    if kind == "percentile":
        return float(np.percentile(kept, output.percent or 0.0))
    if kind == "rms":
        return math.sqrt(float(np.mean(kept**2)))
    return float(OVER[kind](kept))


def _stretches(counts: NDArray[np.bool_]) -> list[slice]:
    """Stretches of instants that count, one after the other without a gap."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], counts, [False])).astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def first_above_s(time_s: Array, value: Array, level: float) -> float:
    """First instant at which a waveform is above a level, on the straight line between its points; NaN if never."""
    above = np.flatnonzero(value > level)
    if not above.size:
        return math.nan
    k = int(above[0])
    if k == 0:
        return float(time_s[0])
    share = (level - value[k - 1]) / (value[k] - value[k - 1])
    return float(time_s[k - 1] + share * (time_s[k] - time_s[k - 1]))
