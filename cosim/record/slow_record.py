"""The slow record of a run as a dataset, with what belongs to it: scenario, limits of the alternator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from cosim.circuit.characteristic import LINK
from cosim.slow.channels import LIMITER_CHANNELS, as_dataset

if TYPE_CHECKING:
    from cosim.run import Run


def slow_dataset(run: Run) -> xr.Dataset:
    """Slow waveforms of a run up to `run.n_ticks`; a plain link has none of a limiter."""
    record = run.record[: (run.n_ticks - 1) // run.record_every + 1]
    every_ms = run.record_every * round(run.tick_s * 1000.0)
    time_s = np.arange(record.shape[0], dtype=np.float64) * every_ms / 1000.0
    slow = as_dataset(time_s, record, run.n_batteries, run.cells_each, run.p.has_vehicle > 0.5,
                      run.scenario.system_names)
    if run.p.characteristic.kind == LINK:
        slow = slow.drop_vars([name for name in LIMITER_CHANNELS if name in slow])
    slow.attrs["scenario"] = run.scenario.name
    if "winding_degC" in slow:
        slow["winding_degC"].attrs["limit_degC"] = float(run.p.alternator.winding_limit_degC)
        slow["rectifier_degC"].attrs["limit_degC"] = float(run.p.alternator.rectifier_limit_degC)
    return slow
