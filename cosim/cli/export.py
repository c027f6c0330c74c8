"""The command `bms-cosim export`; `cosim.cli.app` takes it in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosim.errors import InputError

if TYPE_CHECKING:
    from cosim.files import Record
    from cosim.result import Result

DECK = "cir"
DECKS = (".cir", ".sp", ".spice", ".ckt", ".net")
"""Endings of a SPICE deck."""

EPILOG = """\b
Examples:
  bms-cosim export results/short_circuit --list               what may be exported
  bms-cosim export results/short_circuit 001_short_circuit -o short.raw            for ngspice
  bms-cosim export results/short_circuit short_circuit -o short.raw --format ltspice
  bms-cosim export results/road_day slow -o day.parquet --signals '*_A' --signals soc
  bms-cosim export results/road_day slow -o day.vcd           switches, lights and events, for GTKWave
  bms-cosim export results/road_hour 001_enable -o enable.cir && ngspice -b enable.cir
  bms-cosim export results/road_hour 001_enable -o enable.cir --native

\b
The ending of FILE tells the format:
  .csv .parquet .nc   waveforms with units; .csv opens in pandas and spreadsheets
  .raw                waveforms for ngspice, or with --format ltspice for LTspice
  .vcd                digital signals and events (the extra `files`)
  .cir .sp .net       a window as a self-contained SPICE deck that `ngspice -b` runs
`bms-cosim compare` reads all of them but decks; docs/files.md tells what each holds.

\b
Exit codes: 0 success; 2 bad input, told in one line (file, field, value, what is allowed).
"""


def export(
    directory: Annotated[Path, typer.Argument(help="Result directory.")],
    window: Annotated[
        str, typer.Argument(help="slow, or a window such as 001_enable, or its kind where there is only one.")
    ] = "",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File to write.")] = None,
    format: Annotated[
        str, typer.Option("--format", help="csv, parquet, nc, raw, ltspice, vcd or cir, whatever the ending.")
    ] = "",
    signals: Annotated[
        list[str] | None, typer.Option("--signals", help="Only signals of this pattern; may be given again.")
    ] = None,
    native: Annotated[
        bool, typer.Option("--native", help="Deck: battery as native elements instead of its recorded EMF.")
    ] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="Tell what may be exported; of a WINDOW its signals.")
    ] = False,
) -> None:
    """Write waveforms of a run for other programs, or a window as a SPICE deck."""
    from cosim.result import Result

    result = Result.load(directory)
    if listing:
        _list(result, window, str(directory))
        return
    if not window:
        raise InputError("bms-cosim export", "WINDOW", "missing", "slow, or a window; --list tells them")
    if output is None:
        raise InputError("bms-cosim export", "--output", "missing", "a file to write")
    if output.is_dir():
        raise InputError(str(output), "", "is a folder", "a file that can be written")
    if format == DECK or (not format and output.suffix.lower() in DECKS):
        if signals:
            raise InputError("bms-cosim export", "--signals", "with a deck", "waveforms alone")
        _deck(result, window, output, native)
        return
    if native:
        raise InputError("bms-cosim export", "--native", f"with {output.name}", "a deck (.cir)")
    _waveforms(result, window, output, format, signals or [])


def _deck(result: Result, window: str, output: Path, native: bool) -> None:
    from cosim.record.export import export_text, write_deck

    write_deck(output, export_text(result, window, native=native))
    typer.echo(f"deck: {output} (run it with: ngspice -b {output})")


def _waveforms(result: Result, window: str, output: Path, format: str, signals: list[str]) -> None:
    from cosim.files import FORMATS, format_of, write

    if format and format not in (one.name for one in FORMATS):
        raise InputError("--format", "", repr(format), ", ".join([*(one.name for one in FORMATS), DECK]))
    if not format and output.suffix.lower() not in (ending for one in FORMATS for ending in one.endings):
        endings = [ending for one in FORMATS for ending in one.endings] + list(DECKS)
        raise InputError(str(output), "", output.suffix or "no ending", f"{', '.join(endings)}, or --format")
    told = format_of(output, format).told
    record = write(result, output, window, signals=signals, format=format)
    typer.echo(f"file: {output} ({told}: {record.name}, {len(record.signals)} signals, {record.points} points)")


def _list(result: Result, window: str, origin: str) -> None:
    from cosim.files.of_result import asked, of_result

    if window:
        _, record = asked(result, window, origin)
        for column in record.signals:
            unit = "" if column.unit == "1" else column.unit
            bits = f"{column.bits} bit" if column.bits else ""
            typer.echo(f"{column.name:38s} {unit:6s} {bits:6s} {column.about}".rstrip())
        return
    for key, record in of_result(result, origin).items():
        typer.echo(f"{key:28s} {_about(record)}")


def _about(record: Record) -> str:
    digital = sum(column.bits > 0 for column in record.signals)
    time_s = record.time.values
    span = f"{time_s[0]:.6g} to {time_s[-1]:.6g} s" if time_s.size else "empty"
    reason = record.attributes.get("reason", "")
    counts = f"{record.points:7d} points, {len(record.signals):3d} signals, {digital:2d} digital"
    return f"{counts}, {span}  {reason}".rstrip()
