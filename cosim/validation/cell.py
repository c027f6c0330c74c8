"""The LFP cell beside measured profiles: any folder in the data format, any temperatures.

The shipped parameter file says which temperatures it was fitted to and how well a fit without a temperature predicted
it. A profile at any other temperature is foreign to the fit, and its error a validation.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cosim.errors import InputError
from cosim.plot.styles import BLUE, GREY, ORANGE, RED, SHORT_DASH, style
from cosim.validation.drawing import finish, sheet
from cosim.validation.figure import ValidationFigure, within
from cosim.validation.register import Checked
from models import parameter_file
from models.cell import UNITS
from models.identify import quality, records, tables
from models.identify.records import DataError, Record
from models.identify.tables import Tables

LIMIT_degC = (-25.0, -5.0, 5.0)
LIMIT_mV = (25.0, 14.0, 8.0)
"""Root mean square error allowed in 5..95 % of charge, of the project's task; linear between, held outside."""
LEFT_OUT_degC = (-5.0, 5.0)
LEFT_OUT_mV = (21.0, 12.0)
"""The same for a temperature left out: 12 mV at 15 and 35 degC of the task; at -5 degC half as much again (ours)."""
CELL = "cell_a123_26650"
ZOOM_S = 2100.0
"""Length of the detail: one repetition of the profile with its rest."""


def check(data: Path | None) -> Checked:
    """Validate the cell on a data folder, or on its subfolder with the profiles; raises InputError without one."""
    if data is None:
        raise InputError("validate", "cell", "needs measured data", "--data DIR")
    return Checked(validate_cell(data), draw_cell(data))


def validate_cell(data_dir: Path, parameters: str | Path = CELL) -> list[ValidationFigure]:
    """Return error figures of every dynamic profile, and those stored for temperatures left out of the fit.

    Raises
    ------
    InputError
        If the folder or one of its files cannot be used.
    models.parameter_file.ParameterError
        If the parameter file cannot be used.
    """
    cell, provenance = tables.load(parameters), _provenance(parameters)
    fitted_degC = {float(entry["degC"]) for entry in provenance.get("fitted", [])}
    figures: list[ValidationFigure] = []
    for record in _read(data_dir):
        try:
            found = quality.error(record, cell)
        except DataError as failure:
            raise _complaint(failure) from failure
        status = "fitted" if record.temperature_degC in fitted_degC else "validated"
        figures += _figures(found, status)
    for entry in provenance.get("left_out", []):
        degC = float(entry["degC"])
        limit_mV = float(np.interp(degC, LEFT_OUT_degC, LEFT_OUT_mV))
        source = (f"{entry['file']}: predicted by a fit without any test at {degC:g} degC, stored in the parameter "
                  "file at identification; rms in 5..95 % of charge")
        figures.append(within(f"cell_left_out_{degC:g}C_mV", float(entry["rms_mV"]), "mV", -math.inf, limit_mV,
                              "validated", source))
    return figures


def _figures(found: quality.Error, status: str) -> list[ValidationFigure]:
    """Judge the error of one profile."""
    degC = found.temperature_degC
    limit_mV = float(np.interp(degC, LIMIT_degC, LIMIT_mV))
    name = f"{degC:g}C_mV"
    of = f"{found.name}, 5..95 % of charge"
    return [
        within(f"cell_rms_{name}", 1e3 * found.rms_V, "mV", -math.inf, limit_mV, status,
               f"{of}: root mean square of measured less model; limit of the task, linear between its temperatures"),
        within(f"cell_bias_{name}", 1e3 * found.bias_V, "mV", -limit_mV, limit_mV, status,
               f"{of}: mean of measured less model; limit ours"),
        within(f"cell_max_{name}", 1e3 * found.max_V, "mV", -math.inf, 10.0 * limit_mV, status,
               f"{of}: largest error of any sample; limit ours, ten times that of the rms"),
    ]


def _read(data_dir: Path) -> list[Record]:
    """Read all profiles; every complaint becomes one line of the command."""
    try:
        found = quality.dynamic_records(data_dir)
    except DataError as failure:
        raise _complaint(failure) from failure
    return found


def _complaint(failure: DataError) -> InputError:
    """Turn a complaint of `models.identify` (where: what; allowed: what) into one of the command."""
    told, _, allowed = str(failure).partition("; allowed: ")
    where, _, problem = told.partition(": ")
    return InputError(where, "", problem, allowed)


def _provenance(parameters: str | Path) -> dict[str, Any]:
    """Return what the identification stored beside the parameters."""
    return dict(parameter_file.load(parameters, "cell", UNITS).provenance)


@style()
def draw_cell(data_dir: Path, parameters: str | Path = CELL) -> Figure:
    """Draw each profile: measured and model, one repetition in detail, and the error."""
    cell, measured = tables.load(parameters), _read(data_dir)
    figure, axes = sheet(len(measured), 3, "cell: measured profiles and the model with one parameter set")
    for row, record in enumerate(measured):
        _draw_row(axes[3 * row : 3 * row + 3], record, cell)
    return figure


def _draw_row(axes: list[Any], record: Record, cell: Tables) -> None:
    """Draw one profile."""
    degC = record.temperature_degC
    time_s = np.cumsum(record.dt_s)
    model_V = tables.simulate_V(record, cell)
    soc = records.soc(record, cell.capacity_Ah)
    middle_s = float(time_s[int(np.argmin(np.abs(soc - 0.5)))])
    detail = np.abs(time_s - middle_s) < 0.5 * ZOOM_S
    for axis, part, unit_s in ((axes[0], np.ones(time_s.size, dtype=bool), 3600.0), (axes[1], detail, 60.0)):
        axis.plot(time_s[part] / unit_s, record.voltage_V[part], color=BLUE, linewidth=0.8, label="measured")
        axis.plot(time_s[part] / unit_s, model_V[part], color=ORANGE, linewidth=0.6, label="model")
    finish(axes[0], f"{degC:g} degC", "time [h]", "voltage [V]")
    finish(axes[1], f"{degC:g} degC, around half charge", "time [min]", "voltage [V]")
    limit_mV = float(np.interp(degC, LIMIT_degC, LIMIT_mV))
    found = quality.error(record, cell)
    axes[2].plot(100.0 * soc, 1e3 * (record.voltage_V - model_V), color=BLUE, linewidth=0.4)
    for side in (-limit_mV, limit_mV):
        axes[2].axhline(side, color=RED, linewidth=0.8, linestyle=SHORT_DASH,
                        label="limit of the rms" if side > 0.0 else None)
    for edge in quality.WINDOW:
        axes[2].axvline(100.0 * edge, color=GREY, linewidth=0.8)
    axes[2].set_xlim(100.0, 0.0)
    axes[2].set_ylim(-5.0 * limit_mV, 5.0 * limit_mV)
    finish(axes[2], f"rms {1e3 * found.rms_V:.1f} mV, bias {1e3 * found.bias_V:.1f} mV in 5..95 %", "charge [%]",
           "measured less model [mV]")
