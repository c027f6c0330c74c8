"""Made tests of a known cell: what a laboratory would do, and nothing that it could not."""

from __future__ import annotations

import numpy as np
import pytest

from models.identify import records, tables
from models.identify.made import MEAN_C, SPREAD_C, campaign

SLOW_AH = 2.06


def test_a_campaign_empties_the_cell_and_charges_it_slowly_both_ways() -> None:
    cell = tables.load()
    tests = campaign((25.0, -10.0), cell, SLOW_AH)
    assert [(test.kind, test.temperature_degC) for test in tests] == [
        (kind, degC) for degC in (25.0, -10.0) for kind in ("dynamic", "charge", "discharge")]
    for test in tests:
        moved_Ah = float(test.charge_Ah[-1])
        assert moved_Ah == pytest.approx({"dynamic": -cell.capacity_Ah, "charge": SLOW_AH, "discharge": -SLOW_AH}[
            test.kind], rel=0.01), test.name
        assert test.charge_Ah[-1] == pytest.approx(np.sum(test.current_A * test.dt_s) / 3600.0)
    warm, cold = (test.current_A[test.current_A != 0.0] for test in tests if test.kind == "dynamic")
    assert float(warm.std()) == pytest.approx(SPREAD_C * cell.capacity_Ah, rel=0.1)
    assert float(warm.mean()) == pytest.approx(MEAN_C * cell.capacity_Ah, rel=0.6)
    assert float(np.abs(cold).max()) < float(np.abs(warm).max())


def test_only_the_noise_differs_between_a_clean_and_a_noisy_campaign() -> None:
    cell = tables.load()
    clean, noisy, again = (campaign((25.0,), cell, SLOW_AH, noise_V=noise)[0] for noise in (0.0, 1e-3, 1e-3))
    assert clean.voltage_V == pytest.approx(tables.simulate_V(clean, cell), abs=1e-12)
    assert np.array_equal(clean.current_A, noisy.current_A) and np.array_equal(noisy.voltage_V, again.voltage_V)
    assert float((noisy.voltage_V - clean.voltage_V).std()) == pytest.approx(1e-3, rel=0.05)
    assert records.start(noisy) == (1.0, 1.0)
