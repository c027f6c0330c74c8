"""The command `bms-cosim size`; heavy imports happen inside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SIZE_EPILOG = """\b
Example:
  bms-cosim size scenarios/systems/van.yaml -o results/van

\b
A system file names alternator, vehicle_load_A, cables, bank, system (loads and chargers), ambient. Every fuse is run
driving and idling by the engine; the table says what to expect, what limits, and which fuse to fit (*). With -o also
sizing.json and sizing.png.

\b
Exit codes: 0 a fuse fits; 1 none does, or a run failed; 2 bad input, told in one line (file, field, value, what is
allowed); 130 interrupted.
"""
FAILED = 1


def size(
    system: Annotated[Path, typer.Argument(help="System file (YAML).")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Directory for sizing.json and sizing.png.")
    ] = None,
) -> None:
    """Size a system: the fuse to fit, charge current and time, temperatures, what limits, and the margins."""
    from cosim.cli.app import compile_first, progress_bar
    from cosim.studies.size.system import load_system

    asked = load_system(system)
    from cosim.result import require_writable
    from cosim.studies.size.report import JSON, PICTURE, print_table, save
    from cosim.studies.size.sizing import chosen
    from cosim.studies.size.sizing import size as run_sizing

    if output is not None:
        require_writable(output)
    compile_first()
    with progress_bar() as report:
        outcomes = run_sizing(asked, report)
    if output is not None:
        save(asked, outcomes, output)
    print_table(asked, outcomes)
    if output is not None:
        typer.echo(f"report:  {output / JSON}")
        typer.echo(f"picture: {output / PICTURE}")
    if chosen(outcomes) is None:
        raise typer.Exit(FAILED)
