"""Commands around the supervisor: its settings, its test vectors, its instant readout; `cosim.cli.app` gathers them."""

from __future__ import annotations

import csv
import math
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from cosim.errors import InputError

if TYPE_CHECKING:
    from bms import Settings
    from bms.readout import ReadoutKey
    from cosim.supervisor.readout_file import Shown

SETTINGS_EPILOG = """\b
Examples:
  bms-cosim settings                          every setting of the 12-200, with range and source
  bms-cosim settings --variant "12-200 NG"    the same for the other product
  bms-cosim settings my.yaml --changed        what a scenario sets otherwise, and the limits that follow

\b
Exit codes: 0 success; 2 bad input (file, field, value, what is allowed).
"""
REPLAY_EPILOG = """\b
Examples:
  bms-cosim run scenarios/road_hour.yaml --vectors -o results/hour
  bms-cosim replay results/hour               the vectors of a result directory
  bms-cosim replay my.csv --settings results/hour/vectors.json

\b
Exit codes: 0 every row agrees; 1 there are differences; 2 the file cannot be used (line, column, value, allowed).
"""
READOUT_EPILOG = """\b
Examples (the scenario has `settings: {instant_readout: true}`):
  bms-cosim run my.yaml -o results/my
  bms-cosim readout results/my --scenario my.yaml
  bms-cosim readout results/my --keys my.keys --csv -o readout.csv

\b
A key file holds one key of 32 hexadecimal digits per line and battery; `bms-cosim run --save-keys FILE` writes one.
Exit codes: 0 success; 2 bad input, which includes keys that do not fit.
"""
CSV_COLUMNS = ("time_s", "battery", "battery_voltage_V", *(f"cell_voltage_V[{i}]" for i in range(4)),
               "temperature_degC", "balancer", "flags", "error")


def settings(
    scenario: Annotated[Path | None, typer.Argument(help="Scenario file (YAML); default: the product.")] = None,
    variant: Annotated[str | None, typer.Option("--variant", help="Product, without a scenario.")] = None,
    changed: Annotated[bool, typer.Option("--changed", help="Only what differs from the defaults.")] = False,
) -> None:
    """Show every setting of the supervisor: value, range, source, and the limits that it really applies."""
    from bms import describe

    chosen = chosen_settings(scenario, variant)
    rows = [row for row in describe.setting_rows(chosen) if row.changed or not changed]
    cells = [
        (row.name, _plain(row.value), row.unit, row.allowed, row.source,
         f"default {_plain(row.default)}" if row.changed else "") for row in rows
    ]
    typer.echo(f"Settings of the {chosen.variant}" + (", where they differ from its defaults" if changed else ""))
    if cells:
        _print_table(("setting", "value", "unit", "allowed", "source", "differs"), cells)
    else:
        typer.echo("none")
    typer.echo("\nLimits applied, after rounding and limits of the product")
    limits = [(row.name, _plain(row.value), row.unit) for row in describe.applied_rows(chosen)]
    _print_table(("limit", "value", "unit"), limits)


def _plain(value: object) -> str:
    """A value as a scenario file would have it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def chosen_settings(scenario: Path | None, variant: str | None) -> Settings:
    """Settings of a scenario, or those of a product.

    Raises
    ------
    InputError : both are given, or one cannot be used
    """
    from bms import Settings, SettingsError
    from cosim.scenario.model import load_scenario

    if scenario is not None:
        if variant is not None:
            raise InputError("--variant", "", variant, f"left out: {scenario} says what the variant is")
        return load_scenario(scenario).supervisor_settings
    try:
        return Settings.from_mapping({} if variant is None else {"variant": variant})
    except SettingsError as error:
        raise InputError("--variant", "", error.value, error.allowed) from None


def _print_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Print columns as wide as they need to be; plain text, so that it can be searched and compared."""
    table = [header, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    for row in table:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def replay(
    vectors: Annotated[Path, typer.Argument(help="Table of test vectors (CSV), or a result directory.")],
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="Settings of the vectors; default: the .json beside the table.")
    ] = None,
) -> None:
    """Check test vectors: let the supervisor go through the measurements and compare its commands."""
    from cosim.supervisor import vectors_file

    table = vectors_file.table_of(vectors)
    if not table.is_file():
        allowed = "a table, or a result directory, of `bms-cosim run --vectors`"
        raise InputError(str(table), "", "no such file", allowed)
    result = vectors_file.replay(table, vectors_file.read_settings(settings_file or table.with_suffix(".json")))
    if result.different == 0:
        typer.echo(f"{table}: {result.rows} calls, the supervisor agrees with every one")
        return
    for found in result.first:
        _, column, expected, got = found.difference
        typer.echo(f"line {found.line}, {column}: expected {expected!r}, got {got!r}")
    more = result.different - len(result.first)
    hidden = f" ({more} not shown)" if more else ""
    typer.echo(f"{table}: {result.rows} calls, {result.different} differences{hidden}")
    raise typer.Exit(1)


def readout(
    directory: Annotated[Path, typer.Argument(help="Result directory of a run with instant_readout.")],
    scenario: Annotated[
        Path | None, typer.Option("--scenario", help="Scenario of the run: its keys are used.")
    ] = None,
    keys: Annotated[Path | None, typer.Option("--keys", help="Key file, one line per battery.")] = None,
    battery: Annotated[int | None, typer.Option("--battery", help="Only this battery, from 0.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values instead of a table.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File to write instead of printing.")] = None,
) -> None:
    """Decode what the batteries broadcast, with the public victron-ble package."""
    from cosim.supervisor.readout_file import decoded

    known = _keys(scenario, keys)
    if battery is not None and not 0 <= battery < len(known):
        raise InputError("--battery", "", battery, f"0 to {len(known) - 1}")
    rows = (row for row in decoded(directory, known) if battery in (None, row.battery))
    lines = _as_csv if as_csv else _as_table
    if output is None:
        lines(rows, sys.stdout)
        return
    part = output.parent / f".{output.name}.{os.getpid()}.part"
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            lines(rows, stream)
        part.replace(output)
    except OSError as error:
        raise InputError(str(output), "", error.strerror or str(error), "a file that can be written") from error
    finally:
        part.unlink(missing_ok=True)
    typer.echo(f"readout: {output}")


def _keys(scenario: Path | None, keys: Path | None) -> tuple[ReadoutKey, ...]:
    from cosim.scenario.model import load_scenario
    from cosim.supervisor.readout_keys import keys_of, read_keys

    if (scenario is None) == (keys is None):
        given = "neither" if scenario is None else "both"
        raise InputError("--scenario, --keys", "", given, "one of the two; the keys are not in the result")
    if keys is not None:
        return read_keys(keys)
    assert scenario is not None
    return keys_of(load_scenario(scenario))


def _as_csv(rows: Iterator[Shown], stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in rows:
        values = (row.voltage_V, *row.cell_voltage_V, row.temperature_degC)
        told = ["" if value is None else f"{value:g}" for value in values]
        writer.writerow((repr(row.time_s), row.battery, *told, row.balancer, row.flags, row.error))


def _as_table(rows: Iterator[Shown], stream: TextIO) -> None:
    """Columns of fixed width: a stream of any length is printed as it is read."""
    print(f"{'time [s]':>10}  battery  {'[V]':>5}  {'cells [V]':<23}  [degC]  balancer    flags", file=stream)
    for row in rows:
        cells = " ".join(f"{_cell(value):>5}" for value in row.cell_voltage_V)
        volts = "-" if row.voltage_V is None else f"{row.voltage_V:.2f}"
        degC = "-" if row.temperature_degC is None else f"{row.temperature_degC:g}"
        error = f" (error {row.error})" if row.error else ""
        print(
            f"{row.time_s:>10.1f}  {row.battery:>7}  {volts:>5}  {cells:<23}  {degC:>6}  {row.balancer:<10}  "
            f"{row.flags}{error}", file=stream,
        )


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if math.isfinite(value) else (">3.85" if value > 0.0 else "<2.61")
