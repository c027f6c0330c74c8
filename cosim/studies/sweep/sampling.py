"""The cases of a study: which value each parameter has in each of them.

All draws come from the study's seed, in one block, so that a case never depends on who computes it or when. The first
cases of a Monte Carlo study are those of a shorter one.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from cosim.studies.sweep.distributions import Listed
from cosim.studies.sweep.spec import Study

Array = NDArray[np.float64]
Values = tuple[Any, ...]


def cases(study: Study) -> list[Values]:
    """Values of all parameters, case by case; in a grid the last parameter runs fastest."""
    if study.method == "grid":
        return list(itertools.product(*(p.axis() for p in study.parameters)))
    drawn = [p for p in study.parameters if not isinstance(p, Listed)]
    u = unit_cube(study, len(drawn))
    columns: list[list[Any]] = []
    place = 0
    for p in study.parameters:
        if isinstance(p, Listed):
            columns.append(list(p.values))
        else:
            columns.append([p.at(float(x)) for x in u[:, place]])
            place += 1
    return list(zip(*columns, strict=True))


def unit_cube(study: Study, dimensions: int) -> Array:
    """Numbers between 0 and 1, shape (cases, dimensions), by the method and the seed of a study."""
    count = study.count
    if dimensions == 0:
        return np.empty((count, 0))
    rng = np.random.default_rng(study.seed)
    if study.method == "monte_carlo":
        return rng.random((count, dimensions))
    kind = qmc.LatinHypercube if study.method == "latin_hypercube" else qmc.Sobol
    return np.asarray(kind(d=dimensions, rng=rng).random(count), dtype=np.float64)
