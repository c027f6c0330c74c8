"""A record with more devices at System+ than it began with."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.slow.channels import as_dataset, row_size, widened


@pytest.mark.parametrize("before", [0, 2])
def test_what_was_recorded_stays_and_new_devices_have_carried_nothing(before: int) -> None:
    names = ("inverter", "dc_loads", "short_circuit")
    record = np.full((5, row_size(4, 1, before)), np.nan)
    record[:3] = np.random.default_rng(1).random((3, record.shape[1]))
    wide = widened(record, 4, 1, before, 3)
    time_s = np.arange(5.0)
    old = as_dataset(time_s, record, 1, 4, True, names[:before])
    new = as_dataset(time_s, wide, 1, 4, True, names)
    for name in old.data_vars:
        if "system_device" in old[name].dims:
            assert np.array_equal(new[name].values[:, :before], old[name].values, equal_nan=True), name
        else:
            assert np.array_equal(new[name].values, old[name].values, equal_nan=True), name
    assert np.array_equal(new.system_device_current_A.values[:3, before:], np.zeros((3, 3 - before)))
    assert np.array_equal(new.system_current_A.values[:3], old.system_current_A.values[:3] if before else np.zeros(3))
    assert np.isnan(wide[3:]).all()
