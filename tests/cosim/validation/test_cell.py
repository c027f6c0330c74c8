"""Validation of the cell on folders made here, with the shipped cell as its own measurement."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from cosim.errors import InputError
from cosim.validation import cell
from models.identify import records, tables


def profile(folder: Path, degC: float, offset_V: float = 0.0) -> Path:
    """Write a profile that the shipped cell answers exactly, but for an offset."""
    rng = np.random.default_rng(1)
    discharge_A = np.clip(np.repeat(rng.normal(1.2, 2.0, 620), 10), -4.0, 6.0)
    time_s = np.arange(discharge_A.size, dtype=float)
    counters = [np.cumsum(np.maximum(sign * discharge_A, 0.0)) / 3600.0 for sign in (-1.0, 1.0)]
    columns = [time_s, np.ones_like(time_s), discharge_A, np.full_like(time_s, 3.3), *counters]
    path = folder / f"dynamic_{degC:+03.0f}C.csv.gz"
    for _ in range(2):  # once for the currents as they will be read, once with the voltage
        with gzip.open(path, "wt") as stream:
            stream.write(",".join(records.COLUMNS) + "\n")
            np.savetxt(stream, np.column_stack(columns), delimiter=",", fmt="%.9g")
        columns[3] = tables.simulate_V(records.read(path, "dynamic", degC), tables.load()) + offset_V
    return path


def test_error_of_a_known_offset_at_a_foreign_temperature(tmp_path: Path) -> None:
    profile(tmp_path, 25.0, 5.0e-3)
    profile(tmp_path, -15.0, 20.0e-3)
    figures = {figure.name: figure for figure in cell.validate_cell(tmp_path)}
    assert figures["cell_rms_25C_mV"].value == pytest.approx(5.0, abs=1e-3)
    assert figures["cell_bias_25C_mV"].value == pytest.approx(5.0, abs=1e-3)
    assert figures["cell_max_25C_mV"].value == pytest.approx(5.0, abs=1e-3)
    assert figures["cell_rms_25C_mV"].status == "validated" and figures["cell_rms_25C_mV"].limit == "at most 8 mV"
    # Half way between the limits of -25 and -5 degC: 19.5 mV.
    assert figures["cell_rms_-15C_mV"].limit == "at most 19.5 mV" and not figures["cell_rms_-15C_mV"].passed


def test_fitted_temperature_is_not_sold_as_validated(tmp_path: Path) -> None:
    profile(tmp_path, 15.0)
    figures = {figure.name: figure for figure in cell.validate_cell(tmp_path)}
    assert figures["cell_rms_15C_mV"].status == "fitted"
    left_out = figures["cell_left_out_15C_mV"]
    assert left_out.status == "validated" and left_out.limit == "at most 12 mV" and left_out.passed


def test_picture_has_a_row_for_each_profile(tmp_path: Path) -> None:
    inner = tmp_path / "cells"
    inner.mkdir()
    profile(inner, 25.0)
    profile(inner, 5.0)
    checked = cell.check(tmp_path)
    assert len(checked.picture.axes) == 6
    assert [axis.get_title(loc="left")[:3] for axis in checked.picture.axes[2::3]] == ["rms", "rms"]


def test_data_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 folders with dynamic profiles"):
        cell.validate_cell(tmp_path)
    path = profile(tmp_path, 25.0)
    path.with_suffix("").write_text(gzip.decompress(path.read_bytes()).decode())
    with pytest.raises(InputError, match="the same temperature as"):
        cell.validate_cell(tmp_path)
    with pytest.raises(InputError, match="--data DIR"):
        cell.check(None)


def test_profile_outside_the_window(tmp_path: Path) -> None:
    rows = "".join(f"{i},1,0.1,3.3,0,{0.1 * i / 3600:.8f}\n" for i in range(50))
    (tmp_path / "dynamic_+25C.csv").write_text(",".join(records.COLUMNS) + "\n" + rows)
    with pytest.raises(InputError, match=r"dynamic_\+25C.csv: charge 1\.00 to 1\.00"):
        cell.validate_cell(tmp_path)
