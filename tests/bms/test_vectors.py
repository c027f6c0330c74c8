"""Test vectors: rows survive text, replay agrees, and a changed expectation is found."""

import csv
import io
import math
import re
from collections.abc import Callable
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
    [
        ("dt_ms", "0.5", "whole number"), ("heatsink_degC", "warm", "a number"), ("dt_ms", "-100", "whole number"),
        ("dt_ms", "inf", "whole number"), ("dt_ms", "nan", "whole number"), ("dt_ms", "3600001", "to 3600000"),
        ("input_voltage_V", "1e300", "at most 1e.09"), ("input_voltage_V", "", "a number"),
        ("cell_voltage_V[2]", "", "a number"), ("hardware_latch", "2", "0, 1, or empty"),
        ("system_voltage_V", "13.0", "in all rows"), ("remote_L_V", "", "in all rows"),
        ("alternator_enable", "yes", "0, 1"), ("led_active", "", "0, 1"), ("current_limit_A", "many", "a number"),
    ],
)
def test_what_cannot_be_read_is_told_with_row_and_column(column: str, value: str, told: str) -> None:
    rows = list(csv.DictReader(io.StringIO(written())))
    rows[3][column] = value
    with pytest.raises(ValueError, match=rf"row 3, {re.escape(column)}: '{value}' is not allowed.*{told}"):
        vectors.check_vectors(rows, bms.Settings())
    del rows[3][column]
    with pytest.raises(ValueError, match="no such column"):
        vectors.check_vectors(rows, bms.Settings())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda names: names[:-1], "events: 'no such column'"),
        (lambda names: [n for n in names if n != "cell_voltage_V[3]"], "cell_voltage_V[3]: 'no such column'"),
        (lambda names: [*names, "cell_voltage_V[4]"], "cell_voltage_V[4]: 'unknown column'"),
        (lambda names: [*names, "led_activ"], "did you mean 'led_active'?"),
        (lambda names: [*names, "events"], "events: 'there twice'"),
        (lambda names: ["dt_ms;input_voltage_V"], "no such column"),
        (lambda names: [], "no such column"),
    ],
)
def test_a_header_that_does_not_fit_the_settings(change: Callable[[list[str]], list[str]], told: str) -> None:
    names = list(vectors.columns(4, 4))
    vectors.check_header(names, bms.Settings())
    vectors.check_header([n for n in reversed(names) if n != "time_s"], bms.Settings())
    with pytest.raises(vectors.VectorError) as caught:
        vectors.check_header(change(names), bms.Settings())
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_the_time_is_the_sum_of_the_spans() -> None:
    rows = list(vectors.rows_of(series(), bms.Settings()))
    assert [row["time_s"] for row in rows[:3]] == ["0.0", "0.1", "0.2"]
    assert float(rows[-1]["time_s"]) == (len(rows) - 1) * 100 / 1000
