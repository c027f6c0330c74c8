"""The command `bms-cosim`.

Exit code 0: success; 1: a check failed, or the simulation could not be carried out; 2: bad input, told in one
line on stderr and never as a traceback. Heavy imports happen inside the commands: `--help` stays quick.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosim.cli import campaign as cli_campaign
from cosim.cli import compare as cli_compare
from cosim.cli import conformance as cli_conformance
from cosim.cli import export as cli_export
from cosim.cli import fmu as cli_fmu
from cosim.cli import serve as cli_serve
from cosim.cli import size as cli_size
from cosim.cli import supervisor as cli_supervisor
from cosim.cli import sweep as cli_sweep
from cosim.errors import InputError, RunFailed

if TYPE_CHECKING:
    from cosim.result import Result

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
"""Exit codes beside 0; 130 is what shells use for Ctrl-C."""

Progress = Callable[[float, str], None]

_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
"""Base of every complaint about the command line; typer gives it no public name."""

_CODES = """\b
Exit codes: 0 success; 1 a check failed or the simulation could not be carried out; 2 bad input, told in one line
(file, field, value, what is allowed); 130 interrupted.
"""
_EPILOG = f"""\b
Examples:
  bms-cosim run scenarios/road_hour.yaml      run, print the figures, write results/road_hour
  bms-cosim settings scenarios/road_hour.yaml what is set there, within which range
  bms-cosim serve scenarios/road_hour.yaml    the same behind a page, to watch and to operate
  bms-cosim COMMAND --help                    examples, files and exit codes of a command

\b
A scenario to copy and change is scenarios/road_hour.yaml; docs/quick_start.md is a guide of ten minutes. Circuits are
measured once and kept in $BMS_COSIM_CACHE (default ~/.cache/bms-cosim).

{_CODES}"""
_RUN_EPILOG = f"""\b
Examples:
  bms-cosim run scenarios/road_hour.yaml
  bms-cosim run my.yaml -o results/a          somewhere else; an older result there is replaced at the end
  bms-cosim run my.yaml --vectors             also vectors.csv and vectors.json for firmware teams
  bms-cosim run my.yaml --save-keys my.keys   keys of the instant readout, which no result holds

\b
The directory holds result.nc (waveforms), events.csv, summary.json and waveforms.png, and with the setting
instant_readout the encrypted stream readout.csv. It appears when the run is complete; Ctrl-C leaves nothing behind.
In Python: cosim.result.Result.load("results/a").

{_CODES}"""
_PLOT_EPILOG = f"""\b
Example:
  bms-cosim plot results/road_hour            writes results/road_hour/waveforms.png again

{_CODES}"""
_VALIDATE_EPILOG = f"""\b
Examples:
  bms-cosim validate                          all models; what needs measured data that is not there is left out
  bms-cosim validate cell --data DIR -o results/cell

{_CODES}"""

IN_A_LINE = {
    "run": "Run a scenario: result directory, figures, picture.",
    "plot": "Draw the picture of a result again.",
    "export": "Write waveforms for other programs, or a SPICE deck.",
    "validate": "Compare the models with measurements and published facts.",
    "conformance": "Measure the rows of the requirements on benches.",
    "compare": "Compare two results, or a result with a measurement.",
    "settings": "Show all settings, their ranges and what follows.",
    "replay": "Check test vectors against the supervisor.",
    "readout": "Decode what the batteries broadcast.",
    "fmu": "Write the supervisor as a unit for FMI 2.0 tools.",
    "sweep": "Run a scenario many times with changed values.",
    "campaign": "Run random scenarios with faults against safety rules.",
    "serve": "Run a scenario behind a live page and operate it.",
    "size": "Find the fuse for a system of alternator, cables and bank.",
}
"""Commands as the list of them tells them; each fits beside its name in 80 columns."""

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Co-simulation workbench for a 12 V LFP battery management system.", epilog=_EPILOG,
)


def _show_version(asked: bool) -> None:
    """Print the version and stop."""
    if asked:
        from cosim import __version__

        typer.echo(f"bms-cosim {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options before the command; `--version` is handled by its callback."""


@app.command(epilog=_RUN_EPILOG, short_help=IN_A_LINE["run"])
def run(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML).")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Result directory; default results/NAME (the scenario's).")
    ] = None,
    vectors: Annotated[
        bool, typer.Option("--vectors", help="Also write measurements and commands of every supervisor call (CSV).")
    ] = False,
    keys: Annotated[
        Path | None, typer.Option("--save-keys", help="New file for the keys of the instant readout (mode 0600).")
    ] = None,
    no_windows: Annotated[
        bool, typer.Option("--no-windows", help="Slow engine alone, without SPICE windows (as studies of days run).")
    ] = False,
) -> None:
    """Run a scenario, write a result directory and print its figures."""
    from cosim.scenario.model import load_scenario

    loaded = load_scenario(scenario)
    target = output if output is not None else Path("results") / loaded.name
    from cosim.inputs.drive import build_inputs
    from cosim.result import PICTURE, require_replaceable
    from cosim.simulation import Simulation
    from cosim.supervisor.listening import listening
    from cosim.supervisor.readout_keys import keys_of, require_new, save_keys

    require_replaceable(target)  # before the work, not after it
    if keys is not None:
        require_new(keys, target, loaded)
    compile_first(lambda: build_inputs(loaded.model_copy(update={"changes": []})))  # a trace that is not there
    with listening(loaded, target, vectors=vectors) as listener, progress_bar() as report:
        result = Simulation(loaded, listener=listener, windows=not no_windows).run(progress=report)
        report(1.0, "writing the result")
        result.save(target, attached=() if listener is None else listener.files)
    if keys is not None:
        save_keys(keys, keys_of(loaded))
    print_report(result)
    typer.echo(f"result:  {target}")
    typer.echo(f"picture: {target / PICTURE}")


@app.command(epilog=_PLOT_EPILOG, short_help=IN_A_LINE["plot"])
def plot(directory: Annotated[Path, typer.Argument(help="Result directory.")]) -> None:
    """Draw the picture of a result directory again."""
    from cosim.plot.picture import save_picture
    from cosim.result import PICTURE, Result

    result = Result.load(directory)
    path = directory / PICTURE
    try:
        save_picture(result, path)
    except OSError as error:
        raise InputError(str(path), "", error.strerror or str(error), "a file that can be written") from error
    typer.echo(f"picture: {path}")


app.command(epilog=cli_export.EPILOG, short_help=IN_A_LINE["export"])(cli_export.export)


@app.command(epilog=_VALIDATE_EPILOG, short_help=IN_A_LINE["validate"])
def validate(
    model: Annotated[
        list[str] | None, typer.Argument(help="Models to validate, such as alternator or fuse; default all.")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Directory with measured data.")] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Directory for validation.json and the pictures.")
    ] = Path("results/validation"),
) -> None:
    """Compare the models with measurements and published facts; exit code 1 if a figure misses its limit."""
    from cosim.validation.register import chosen
    from cosim.validation.report import REPORT, print_figures, require_place, run_checks, save

    models, left_out = chosen(model or [], data)
    require_place(output)  # before the work, not after it
    with progress_bar() as report:
        checked = run_checks(models, data, report)
        report(1.0, "writing the report")
        save(checked, output)
    print_figures(checked, left_out)
    typer.echo(f"report: {output / REPORT}")
    if not all(figure.passed for part in checked.values() for figure in part.figures):
        raise typer.Exit(FAILED)


app.command(epilog=cli_conformance.EPILOG, short_help=IN_A_LINE["conformance"])(cli_conformance.conformance)
app.command(epilog=cli_compare.EPILOG, short_help=IN_A_LINE["compare"])(cli_compare.compare)
app.command(epilog=cli_supervisor.SETTINGS_EPILOG, short_help=IN_A_LINE["settings"])(cli_supervisor.settings)
app.command(epilog=cli_supervisor.REPLAY_EPILOG, short_help=IN_A_LINE["replay"])(cli_supervisor.replay)
app.command(epilog=cli_supervisor.READOUT_EPILOG, short_help=IN_A_LINE["readout"])(cli_supervisor.readout)
app.command(epilog=cli_fmu.FMU_EPILOG, short_help=IN_A_LINE["fmu"])(cli_fmu.fmu)
app.command(epilog=cli_sweep.SWEEP_EPILOG, short_help=IN_A_LINE["sweep"])(cli_sweep.sweep)
app.command(epilog=cli_campaign.CAMPAIGN_EPILOG, short_help=IN_A_LINE["campaign"])(cli_campaign.campaign)
app.command(epilog=cli_serve.SERVE_EPILOG, short_help=IN_A_LINE["serve"])(cli_serve.serve)
app.command(epilog=cli_size.SIZE_EPILOG, short_help=IN_A_LINE["size"])(cli_size.size)


def compile_first(check: Callable[[], object] = bool) -> None:
    """Compile the physics if this machine has not, and say so on stderr, also where it is piped: it takes a minute.

    What `check` raises comes before that.
    """
    from cosim.slow.ready import compile_first as compile_what_is_missing

    compile_what_is_missing(lambda text: print(f"bms-cosim: {text}", file=sys.stderr, flush=True), check)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a callable for (fraction done, text): a bar on a terminal, nothing where stderr is piped."""
    if not sys.stderr.isatty():
        yield lambda fraction, text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
               TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda fraction, text: bar.update(task, completed=fraction, description=text)


def print_report(result: Result) -> None:
    """Print figures, balances and warnings of a run as a reader wants them."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from cosim.result import shown

    console = Console(width=None if sys.stdout.isatty() else 120)
    table = Table(title=str(result.summary.get("scenario", "")), title_justify="left")
    for heading, side in (("id", "left"), ("figure", "left"), ("value", "right"), ("unit", "left"),
                          ("limit", "left"), ("passed", "left")):
        table.add_column(heading, justify="right" if side == "right" else "left")
    for figure in result.summary.get("figures", []):
        limit = shown(figure.get("limit"))
        verdict = ("yes" if figure.get("passed") else "NO") if limit else ""
        value = shown(figure.get("value"))
        cells = (figure.get("id", ""), figure.get("name", ""), value, figure.get("unit", ""), limit, verdict)
        table.add_row(*(escape(str(cell)) for cell in cells))
    console.print(table)
    for text in balance_lines(result.summary):
        console.print(escape(text), highlight=False)
    for text in changed_lines(result.summary):
        console.print(escape(text), highlight=False)
    for warning in result.summary.get("warnings", []):
        console.print(f"warning: {escape(str(warning))}", highlight=False)


IN_WINDOWS = (
    ("charge_relative", "charge balance", ""), ("energy_relative", "energy balance", ""),
    ("start_mismatch_A", "current off the slow engine's at the start", " A"), ("end_mismatch_A", "at the end", " A"),
)
"""Of `worst_window` in a summary: key, words, unit."""


def balance_lines(summary: dict[str, object]) -> list[str]:
    """Say how well charge and energy balance, over the run and in the worst window."""
    from cosim.result import shown

    lines = []
    for key in ("charge_balance", "energy_balance"):
        part = summary.get(key)
        if isinstance(part, dict) and "relative" in part:
            lines.append(f"{key.replace('_', ' ')} of the run: relative error {shown(part['relative'])}")
    worst = summary.get("worst_window")
    if not isinstance(worst, dict) or not summary.get("windows", True):
        return lines
    told = [f"{text} {shown(worst[name])}{unit}" for name, text, unit in IN_WINDOWS if name in worst]
    lines.append(f"windows, the worst of each: {', '.join(told)}")
    if worst.get("failed"):
        lines.append(f"windows that could not be carried out: {worst['failed']}")
    return lines


def changed_lines(summary: dict[str, object]) -> list[str]:
    """Say which settings of the supervisor differ from the defaults."""
    supervisor = summary.get("supervisor")
    changed = supervisor.get("changed") if isinstance(supervisor, dict) else None
    if not isinstance(changed, dict) or not changed:
        return []
    told = ", ".join(f"{name} {values['value']} (default {values['default']})" for name, values in changed.items())
    return [f"settings: {told}"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; turn what the user can mend into one line.

    Parameters
    ----------
    arguments : what follows the command's name; default `sys.argv[1:]`

    Raises
    ------
    SystemExit : with the exit code, unless it is 0.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(words or ["--help"], prog_name="bms-cosim", standalone_mode=False)
        if code == INTERRUPTED:  # newer typer turns Ctrl-C into a returned code, older raises Abort
            raise KeyboardInterrupt
        if code == FAILED:  # what a command returns by typer.Exit
            sys.exit(FAILED)
    except InputError as error:
        sys.exit(_complain(str(error), BAD_INPUT))
    except RunFailed as error:
        sys.exit(_complain(str(error), FAILED))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(_complain("interrupted; nothing was written", INTERRUPTED))
    except _USAGE_ERROR as error:
        told = error.format_message().rstrip(".") if isinstance(error, typer.BadParameter) else str(error).rstrip(".")
        sys.exit(_complain(f"{told} {_where_to_look(error)}", BAD_INPUT))
    except Exception as error:
        from cosim.spice.errors import SpiceError  # late: it is wanted only here

        if not isinstance(error, SpiceError):
            raise
        sys.exit(_complain(str(error), FAILED))


def _where_to_look(error: Exception) -> str:
    """Help of the command that was typed, and its first example."""
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "bms-cosim")
    lines = str(getattr(getattr(context, "command", None), "epilog", None) or "").splitlines()
    example = next((line.strip() for line in lines if line.strip().startswith(command)), "")
    typed = re.split(r"\s{2,}", example)[0]
    return f"(see `{command} --help`" + (f"; for example: {typed})" if typed else ")")


def _complain(text: str, code: int) -> int:
    """Print one line on stderr and give the exit code back."""
    print(f"bms-cosim: {' '.join(text.split())}", file=sys.stderr)
    return code
