"""What a finished table says: distributions, what each output depends on, and the worst cases."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from cosim.result import plain
from cosim.studies.sweep.sampling import Values
from cosim.studies.sweep.spec import Study
from cosim.studies.sweep.store import Row

Array = NDArray[np.float64]

PERCENTS = (1, 5, 25, 50, 75, 95, 99)
LEAST_CASES = 4
"""Fewer say nothing about what depends on what."""


class Influence(NamedTuple):
    """How much an output goes with a parameter over the cases.

    `strength` is Spearman's rank correlation, -1 to 1; for a parameter that is no number (`ordered` is false) the
    correlation ratio of the ranks, 0 to 1: the share of the spread that lies between its values, as a root.
    """

    parameter: str
    strength: float
    ordered: bool


class Table(NamedTuple):
    """Cases that succeeded: their numbers, parameters by name (numbers where they are), outputs by name."""

    case: NDArray[np.int64]
    parameters: dict[str, list[Any]]
    outputs: dict[str, Array]
    failed: dict[int, str]


def table_of(study: Study, values: list[Values], rows: dict[int, Row]) -> Table:
    """Put the rows in order and take the failed ones apart."""
    good = [row for _, row in sorted(rows.items()) if not row.error]
    parameters = {name: [values[row.case][i] for row in good] for i, name in enumerate(study.parameter_names)}
    outputs = {name: np.array([row.outputs[i] for row in good]) for i, name in enumerate(study.output_names)}
    failed = {case: row.error for case, row in sorted(rows.items()) if row.error}
    return Table(np.array([row.case for row in good], dtype=np.int64), parameters, outputs, failed)


def distribution(value: Array) -> dict[str, float]:
    """Count, mean, deviation, extremes and percentiles of what is finite."""
    finite = value[np.isfinite(value)]
    if not finite.size:
        return {"count": 0}
    told = {"count": int(finite.size), "mean": float(finite.mean()), "deviation": float(finite.std()),
            "min": float(finite.min()), "max": float(finite.max())}
    return told | {f"p{p}": float(np.percentile(finite, p)) for p in PERCENTS}


def is_number(values: list[Any]) -> bool:
    """Whether a parameter's values are all numbers."""
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def text_of(value: Any) -> str:
    """Text that stands for a value that is no number."""
    return value if isinstance(value, str) else json.dumps(plain(value))


def influences(table: Table, output: str) -> list[Influence]:
    """What an output goes with, the strongest first; a parameter or output that never changes is left out."""
    value = table.outputs[output]
    finite = np.isfinite(value)
    if finite.sum() < LEAST_CASES or np.ptp(value[finite]) == 0.0:
        return []
    ranks = rankdata(value[finite])
    found = []
    for name, column in table.parameters.items():
        kept = [v for v, good in zip(column, finite, strict=True) if good]
        if len({text_of(v) for v in kept}) < 2:
            continue
        if is_number(kept):
            own = rankdata(np.array(kept, dtype=np.float64))
            found.append(Influence(name, float(np.corrcoef(own, ranks)[0, 1]), True))
        else:
            found.append(Influence(name, _correlation_ratio([text_of(v) for v in kept], ranks), False))
    return sorted(found, key=lambda i: (-abs(i.strength), i.parameter))


def _correlation_ratio(groups: list[str], ranks: Array) -> float:
    names = np.array(groups)
    between = sum(
        float((names == name).sum()) * (ranks[names == name].mean() - ranks.mean()) ** 2 for name in sorted({*groups})
    )
    return math.sqrt(between / float(((ranks - ranks.mean()) ** 2).sum()))


def worst_case(table: Table, output: str, side: str) -> int | None:
    """Number of the case with the highest or lowest output, the first of equals; None where no case has one."""
    value = table.outputs[output]
    finite = np.flatnonzero(np.isfinite(value))
    if not finite.size:
        return None
    best = finite[np.argmax(value[finite]) if side == "highest" else np.argmin(value[finite])]
    return int(table.case[best])


def summary_of(study: Study, table: Table) -> dict[str, Any]:
    """Everything above as plain values, for `study.json`."""
    return {
        "succeeded": len(table.case), "failed": len(table.failed),
        "distributions": {name: distribution(value) for name, value in table.outputs.items()},
        "influences": {
            name: [{"parameter": i.parameter, "strength": i.strength,
                    "measure": "rank correlation" if i.ordered else "correlation ratio"}
                   for i in influences(table, name)]
            for name in table.outputs
        },
        "worst": {f"{name} {side}": worst_case(table, name, side) for name, side in study.worst.items()},
    }
