"""Test vectors: rows survive text, replay agrees, and a changed expectation is found."""

import csv
import io
import math
from dataclasses import replace

import pytest

import bms
from bms import vectors

NORMAL = bms.Measurements(
    14.2, 0.0, 13.3, 25.0, 25.0, (3.32, 3.33, 3.34, 3.35), (25.0, 25.0, 26.0, 25.0), system_current_A=-10.0,
    remote_L_V=0.0, hardware_latch=False,
)


def series() -> list[tuple[int, bms.Measurements]]:
    shown = [NORMAL] * 8 + [replace(NORMAL, cell_voltage_V=(3.3, 3.3, 3.3, 3.8))] * 4
    shown += [replace(NORMAL, heatsink_degC=math.nan)] * 2 + [replace(NORMAL, system_current_A=-1 / 3)] * 300
    shown += [replace(NORMAL, cell_voltage_V=(2.7, 3.3, 3.3, 3.3))] * 310
    return [(0 if k == 0 else 100, m) for k, m in enumerate(shown)]


def written() -> str:
    rows = list(vectors.rows_of(series(), bms.Settings()))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, vectors.columns(4, 4))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def test_a_written_file_replays_without_a_difference() -> None:
    text = written()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(series())
    assert vectors.check_vectors(rows, bms.Settings()) == []
    assert sum(bool(row["events"]) for row in rows) >= 5
    assert rows[0]["system_voltage_V"] == "" and rows[12]["heatsink_degC"] == "nan"


@pytest.mark.parametrize("column", ["alternator_enable", "load_output", "current_limit_A", "led_active", "events"])
def test_a_changed_expectation_is_found(column: str) -> None:
    rows = list(csv.DictReader(io.StringIO(written())))
    rows[40][column] = {"current_limit_A": "89.5", "events": "x"}.get(column, "0" if rows[40][column] == "1" else "1")
    found = vectors.check_vectors(rows, bms.Settings())
    assert [(d.row, d.column) for d in found] == [(40, column)]
    assert str(found[0]).startswith(f"row 40, {column}: expected")


def test_another_firmware_differs() -> None:
    rows = list(csv.DictReader(io.StringIO(written())))
    slower = bms.Settings(firmware=bms.FirmwareParameters(start_delay_ms=700))
    assert vectors.check_vectors(rows, slower)[0].column == "alternator_enable"


def test_numbers_may_be_formatted_otherwise() -> None:
    rows = list(csv.DictReader(io.StringIO(written())))
    for row in rows:
        row["current_limit_A"] = f"{float(row['current_limit_A']):.3f}"
    assert vectors.check_vectors(rows, bms.Settings()) == []


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [("dt_ms", "0.5", "whole number"), ("heatsink_degC", "warm", "a number"), ("dt_ms", "-100", "whole number")],
)
def test_what_cannot_be_read_is_told_with_row_and_column(column: str, value: str, told: str) -> None:
    rows = list(csv.DictReader(io.StringIO(written())))
    rows[3][column] = value
    with pytest.raises(ValueError, match=rf"row 3, {column}: '{value}' is not allowed.*{told}"):
        vectors.check_vectors(rows, bms.Settings())
    del rows[3][column]
    with pytest.raises(ValueError, match="no such column"):
        vectors.check_vectors(rows, bms.Settings())
