"""The command `bms-cosim fmu`; heavy imports happen inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosim.errors import InputError

if TYPE_CHECKING:
    from bms import Settings

FMU_EPILOG = """\b
Examples:
  bms-cosim fmu                                    the 12-200 with one battery: bms_supervisor.fmu
  bms-cosim fmu --variant "12-200 NG" -o ng.fmu    the other product
  bms-cosim fmu scenarios/unequal_50.yaml -o bank.fmu                   batteries and settings of a scenario
  bms-cosim fmu --settings results/hour/vectors.json -o hour.fmu        those of a run with --vectors

\b
The unit is for FMI 2.0 co-simulation. Variant and number of batteries are fixed in it, all other settings are
parameters with the given ones as start values. It carries the supervisor itself and needs a Python 3.11 or newer where
it runs. FMPy checks what was written. Variables, time and limits: docs/fmu.md. Needs the extra `fmi`.

\b
Exit codes: 0 written and without complaint; 1 FMPy has a complaint; 2 bad input (file, field, value, what is allowed).
"""


def fmu(
    scenario: Annotated[
        Path | None, typer.Argument(help="Scenario whose settings and batteries are taken; default: the product.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")] = Path("bms_supervisor.fmu"),
    variant: Annotated[str | None, typer.Option("--variant", help="Product, without a scenario.")] = None,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="Settings as vectors.json has them, without a scenario.")
    ] = None,
    tick_ms: Annotated[
        int, typer.Option("--tick", help="Period of the supervisor's task [ms]; must divide its sample period.")
    ] = 100,
) -> None:
    """Write the supervisor as a co-simulation unit (FMI 2.0) for other simulators."""
    from bms import SettingsError

    chosen = _settings(scenario, variant, settings_file)
    if output.is_dir():
        raise InputError("--output", "", output, "a file; this is a folder")
    try:
        from fmpy.validation import validate_fmu

        from cosim.fmu.build import build_fmu
        from cosim.fmu.variables import INPUT, OUTPUT, PARAMETER, variables_of

        made = build_fmu(output, chosen, tick_ms)
    except ModuleNotFoundError as error:
        raise InputError("bms-cosim fmu", "", f"{error.name} is not installed", "the extra `fmi`") from None
    except SettingsError as error:
        raise InputError("--tick", "", error.value, error.allowed) from None
    found = variables_of(made)
    told = ", ".join(f"{sum(v.causality == kind for v in found)} {kind}s" for kind in (INPUT, PARAMETER, OUTPUT))
    typer.echo(f"fmu: {output} ({chosen.variant}, batteries: {chosen.battery_count}; {told})")
    complaints = validate_fmu(str(output))
    for complaint in complaints:
        typer.echo(f"FMPy: {complaint}")
    if complaints:
        raise typer.Exit(1)
    typer.echo("FMPy: no complaint")


def _settings(scenario: Path | None, variant: str | None, settings_file: Path | None) -> Settings:
    """Settings from the one place that was named."""
    from cosim.cli.supervisor import chosen_settings
    from cosim.supervisor.vectors_file import read_settings

    if settings_file is None:
        return chosen_settings(scenario, variant)
    if scenario is not None or variant is not None:
        given = scenario if scenario is not None else variant
        raise InputError("--settings", "", settings_file, f"left out: {given} says what the settings are")
    return read_settings(settings_file)
