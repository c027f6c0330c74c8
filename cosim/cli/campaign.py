"""The command `bms-cosim campaign`; heavy imports happen inside."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cosim.errors import InputError

CAMPAIGN_EPILOG = """\b
Examples:
  bms-cosim campaign -n 1000 -o results/campaign
  bms-cosim campaign -n 1000 -o results/campaign --resume          after a kill, Ctrl-C or power cut
  bms-cosim campaign -n 40 --seed 7 -o results/c7 --no-windows     the slow engine alone
  bms-cosim campaign -n 40 -o results/x --set settings.firmware.cell_cold_degC=-10   would a wrong constant be found?

\b
Each case is a random legal scenario with injected faults; it depends on the seed and its number only. The directory
holds campaign.md (violations, invariants, failure modes), campaign.json, cases.parquet (a row per case, a column per
invariant: 0 holds, 1 violated, empty where it does not apply) and violations/ (shrunk scenarios for `bms-cosim run`).

\b
Exit codes: 0 no violation; 1 there are some, or the campaign could not be carried out; 2 bad input, told in one line
(file, field, value, what is allowed); 130 interrupted (go on with --resume).
"""

FAILED, INTERRUPTED = 1, 130


def campaign(
    cases: Annotated[int, typer.Option("-n", "--cases", min=1, max=1_000_000, help="Number of scenarios.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory for the cases and the report.")],
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Seed of the campaign.")] = 1,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=1024, help="Worker processes; default all cores.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the finished cases of the directory.")] = False,
    no_windows: Annotated[bool, typer.Option("--no-windows", help="No SPICE windows in any case.")] = False,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="For all scenarios, as in a sweep; several times."),
    ] = None,
) -> None:
    """Run random scenarios with injected faults against safety invariants; shrink what breaks one."""
    from cosim.cli.app import compile_first, progress_bar
    from cosim.studies.campaign.campaign import Asked, run_campaign
    from cosim.studies.campaign.report import PAGE, print_summary, write_report

    asked = Asked(cases, seed, output, workers or os.cpu_count() or 1, resume, changed(changes or []), not no_windows)
    compile_first()
    try:
        with progress_bar() as report:
            content = write_report(run_campaign(asked, report))
    except KeyboardInterrupt:
        typer.echo(f"bms-cosim: interrupted; finished cases are kept in {output} (go on with --resume)", err=True)
        sys.exit(INTERRUPTED)
    print_summary(content)
    typer.echo(f"report: {output / PAGE}")
    if content["violations"]:
        raise typer.Exit(FAILED)


def changed(texts: list[str]) -> dict[str, Any]:
    """Settings for all scenarios by their paths; raises `InputError`."""
    import yaml

    found: dict[str, Any] = {}
    for text in texts:
        path, sign, value = text.partition("=")
        if not sign or not path or path == "seed":
            raise InputError("--set", "", text, "PATH=VALUE, such as settings.firmware.cell_cold_degC=-10")
        try:
            found[path] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError("--set", path, value, "a YAML value") from None
    return found
