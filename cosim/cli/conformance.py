"""The command `conformance`; `cosim.cli.app` gathers it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cosim.errors import InputError

FAILED, INTERRUPTED = 1, 130
EPILOG = """\b
Examples:
  bms-cosim conformance                         every row of the requirements, one corner each
  bms-cosim conformance --rows A1,A3            some rows
  bms-cosim conformance --full -o results/full  all corners, and what each margin is sensitive to; hours; type it
                                                again after an interruption, and it goes on

\b
The directory holds conformance.json, conformance.html (self-contained), the pictures and run.json (versions,
netlists, times).

\b
Exit codes: 0 every measured figure keeps its limit; 1 one does not; 2 bad input, told in one line (what is given, what
is allowed); 130 interrupted.
"""


def conformance(
    rows: Annotated[str | None, typer.Option("--rows", metavar="ROWS", help="Rows such as A1,A3; default all.")] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", help="12-200 or '12-200 NG'; default what each bench is for.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="All corners and sensitivities; resumes.")] = False,
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory of the report.")] = Path(
        "results/conformance"
    ),
) -> None:
    """Measure the requirements row by row on virtual test benches; exit code 1 if a measured row fails."""
    from cosim.cli.app import compile_first, progress_bar
    from cosim.studies.conformance.register import chosen_rows
    from cosim.studies.conformance.report import PAGE, Asked, measure_all, print_table

    if variant not in (None, "12-200", "12-200 NG"):
        raise InputError("--variant", "", variant, "12-200, 12-200 NG")
    asked = Asked(chosen_rows(rows), variant, full)
    compile_first()
    try:
        with progress_bar() as report:
            entries = measure_all(asked, output, report)
    except KeyboardInterrupt:
        if not full:
            raise
        typer.echo(f"bms-cosim: interrupted; finished jobs are kept in {output} (type it again to go on)", err=True)
        sys.exit(INTERRUPTED)
    print_table(entries)
    typer.echo(f"report: {output / PAGE}")
    if any(entry["passed"] is False for entry in entries):
        raise typer.Exit(FAILED)
