"""The command `bms-cosim sweep`; heavy imports happen inside."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

SWEEP_EPILOG = """\b
Examples:
  bms-cosim sweep scenarios/studies/fuse_and_charging.yaml -o results/fuse
  bms-cosim sweep study.yaml -o results/a --workers 8
  bms-cosim sweep study.yaml -o results/a --resume                 after a kill, Ctrl-C or power cut
  bms-cosim sweep study.yaml -o results/a --scheduler tcp://host:8786   on a Dask cluster (extra `dask`)

\b
The directory holds cases.parquet (a row per case; a failing case is a row with its error), timing.parquet,
study.json (what was asked, versions, results), report.html, report.png and worst/ (scenarios of the worst cases).
Each case is kept the moment it is finished. Workers of a Dask cluster need one thread each (--nthreads 1).

\b
Exit codes: 0 success; 1 every case failed, or the study could not be carried out; 2 bad input, told in one line
(file, field, value, what is allowed); 130 interrupted (go on with --resume).
"""

FAILED, INTERRUPTED = 1, 130


def sweep(
    study: Annotated[Path, typer.Argument(help="Study file (YAML).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory for the cases and the report.")],
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=1024, help="Worker processes; default all cores.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask scheduler that does the work instead.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the finished cases of the directory.")] = False,
) -> None:
    """Run a scenario many times with changed parameters, and report what the outputs depend on."""
    from cosim.cli.app import compile_first, progress_bar
    from cosim.errors import InputError
    from cosim.studies.sweep.report import HTML, PICTURE, print_summary, write_report
    from cosim.studies.sweep.spec import load_study
    from cosim.studies.sweep.study import run_study

    if workers is not None and scheduler is not None:
        raise InputError("--workers", "", workers, "left out with --scheduler, whose cluster has its own")
    load_study(study)  # what is wrong in it is told before anything is compiled
    compile_first()
    count = workers if workers is not None else os.cpu_count() or 1
    try:
        with progress_bar() as report:
            done = run_study(study, output, workers=count, scheduler=scheduler, resume=resume, report=report)
            report(1.0, "writing the report")
            table, worst = write_report(done)
    except KeyboardInterrupt:
        typer.echo(f"bms-cosim: interrupted; finished cases are kept in {output} (go on with --resume)", err=True)
        sys.exit(INTERRUPTED)  # not typer.Exit: the command line would tell that nothing was written
    print_summary(done, table, worst)
    if done.already:
        typer.echo(f"{done.already} of {len(done.rows)} cases were finished before")
    typer.echo(f"cases:   {output / 'cases.parquet'}")
    typer.echo(f"report:  {output / HTML}")
    typer.echo(f"picture: {output / PICTURE}")
    if not len(table.case):
        raise typer.Exit(FAILED)
