"""The command `bms-cosim compare`; `cosim.cli.app` takes it in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosim.errors import InputError

if TYPE_CHECKING:
    from cosim.studies.compare.comparison import Comparison
    from cosim.studies.compare.measured import Mapping
    from cosim.studies.compare.recording import Recording
    from cosim.studies.compare.tolerances import Tolerances

EPILOG = """\b
Examples:
  bms-cosim compare results/old results/new                   two runs: slow record, windows, event log
  bms-cosim compare golden.nc new.nc --tolerances tol.yaml    or .csv, .parquet, .raw, .vcd
  bms-cosim compare scope.csv results/new --map scope.yaml --align -o results/scope
  bms-cosim compare bench.raw results/new --map bench.yaml    a raw file of LTspice or ngspice
  bms-cosim compare logger.csv my.yaml --map logger.yaml --fit cables.input.length_m=1:8 --fit bank.soc=0.2:0.9

\b
Rules are described in docs/regression.md, files in docs/files.md. With --fit, RESULT is a scenario; every
evaluation is a run.
With -o: compare.json, compare.html (self-contained) and compare.png; --fit writes them for the best run.

\b
Exit codes: 0 within tolerance; 1 not, or a run failed; 2 bad input (file, field, value, what is allowed).
"""


def compare(
    golden: Annotated[
        Path, typer.Argument(help="Golden or measured: result directory or file (.nc, .csv, .parquet, .raw, .vcd).")
    ],
    result: Annotated[Path, typer.Argument(help="What is judged: the same; a scenario (YAML) with --fit.")],
    tolerances: Annotated[Path | None, typer.Option("--tolerances", help="How far signals may differ (YAML).")] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="Names and units of a measured file, the golden one (YAML).")
    ] = None,
    align: Annotated[
        bool, typer.Option("--align", help="Shift the result in time to where it fits best; common stretch only.")
    ] = False,
    overlap: Annotated[bool, typer.Option("--overlap", help="Judge only the stretch that both have.")] = False,
    fit: Annotated[
        list[str] | None, typer.Option("--fit", metavar="PATH=LOW:HIGH", help="Up to three parameters of the scenario.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Directory for the report.")] = None,
) -> None:
    """Compare waveforms within a tolerance in time and value; exit code 1 if they do not agree."""
    from cosim.studies.compare import report
    from cosim.studies.compare.comparison import compare as judge
    from cosim.studies.compare.measured import load_mapping
    from cosim.studies.compare.tolerances import load_tolerances

    rules = load_tolerances(tolerances)
    mapped = None if mapping is None else load_mapping(mapping)
    if output is not None:
        report.require_place(output)  # before the work, not after it
    left = _golden(golden, mapped)
    notes: list[str] = []
    found: dict[str, Any] | None = None
    origin = str(tolerances or "tolerances")
    if fit:
        right, found, told = _fitted(left, result, fit, rules, align)
        notes += told
    else:
        right = _read_result(result)
    shift_s = _aligned(left, right, notes) if align else 0.0
    comparison = judge(left, right, rules, origin=origin, shift_s=shift_s,
                       overlap=overlap or align or bool(fit), events=mapped is None and not fit)
    if mapped is not None:
        comparison.extra.clear()  # nobody measured the rest
    if output is not None:
        report.save(comparison, output, notes, found)
    _print(comparison, notes)
    if output is not None:
        typer.echo(f"report: {output / report.HTML}")
    if not comparison.passed:
        raise typer.Exit(1)


def _golden(path: Path, mapped: Mapping | None) -> Recording:
    from cosim.studies.compare.measured import read_measured
    from cosim.studies.compare.recording import read

    return read(path) if mapped is None else read_measured(path, mapped)


def _read_result(path: Path) -> Recording:
    from cosim.studies.compare.recording import read

    if path.suffix.lower() in (".yaml", ".yml"):
        raise InputError(str(path), "", "a scenario", "a result directory or file; a scenario with --fit")
    return read(path)


def _aligned(golden: Recording, result: Recording, notes: list[str]) -> float:
    from cosim.studies.compare.align import align

    found = align(golden, result)
    doubt = "" if found.clear else "; NOT CLEAR, look at the picture"
    notes.append(f"aligned: the result is moved by {found.shift_s:+.6g} s (correlation {found.correlation:.3f}{doubt})")
    return found.shift_s


def _fitted(
    golden: Recording, scenario: Path, asked: list[str], rules: Tolerances, align: bool
) -> tuple[Recording, dict[str, Any], list[str]]:
    """Best run of a fit, what was found for the JSON, and as lines."""
    from cosim.cli.app import progress_bar
    from cosim.studies.compare.fit import fit, parse_parameters

    if align:
        raise InputError("--align", "", "with --fit", "one of the two: align first, then fit with times that agree")
    with progress_bar() as told:
        found = fit(golden, scenario, parse_parameters(asked), rules, told)
    return found.recording, found.as_dict(), found.lines()


def _print(comparison: Comparison, notes: list[str]) -> None:
    from cosim.studies.compare.report import lines

    for line in (*notes, *lines(comparison)):
        typer.echo(line)
    typer.echo("passed" if comparison.passed else "FAILED", file=sys.stdout)
