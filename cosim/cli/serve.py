"""The command `bms-cosim serve`; heavy imports happen inside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

SERVE_EPILOG = """\b
Examples:
  bms-cosim serve scenarios/short_circuit.yaml               a page for this machine: http://127.0.0.1:5006/
  bms-cosim serve my.yaml --speed 60 -o results/live         a minute a second; what is saved goes to results/live
  BMS_COSIM_TOKEN=... bms-cosim serve my.yaml --host 0.0.0.0 others may watch; whoever has the token operates

\b
The page shows cells, ports, temperatures, lights, outputs, alarms and waveforms of the running scenario. One viewer at
a time operates it: settings, engine, loads, chargers, remote, events and faults, checked as in a scenario file. What
was done is saved as a scenario that `bms-cosim run` reproduces, with the same event log. Ctrl-C ends it.

\b
Exit codes: 0 ended by Ctrl-C; 1 the run could not begin; 2 bad input, told in one line (file, field, value, what is
allowed).
"""
TOKEN_VARIABLE = "BMS_COSIM_TOKEN"


def serve(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML).")],
    speed: Annotated[float, typer.Option("--speed", help="Times real time, 1 to 1000.")] = 1.0,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the page.")] = 5006,
    host: Annotated[
        str | None, typer.Option("--host", help="Also for other machines: the address to bind to; needs the token.")
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", metavar="HOST:PORT", help="Another name of the page for browsers (a proxy)."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for what is saved; default: only downloads.")
    ] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Wait for Run on the page.")] = False,
) -> None:
    """Run a scenario with a live page: watch it, operate it, save what was done as a scenario."""
    from cosim.scenario.model import load_scenario

    loaded = load_scenario(scenario)
    from cosim.cli.app import compile_first
    from cosim.errors import InputError

    try:
        from cosim.live.server import LiveServer
    except ModuleNotFoundError as error:
        raise InputError("bms-cosim serve", "", f"{error.name} is not installed", "the extra `live`") from None
    from cosim.live.session import LiveSession
    from cosim.result import require_writable

    if output is not None:
        require_writable(output)
    compile_first()
    with LiveSession.start(loaded, speed=speed, paused=paused, folder=output) as session:
        page = LiveServer(session, host, port, os.environ.get(TOKEN_VARIABLE), origin or ())
        server = page.start()
        typer.echo(f"page: {page.address}  (Ctrl-C ends it)")
        if page.token is not None:
            typer.echo(f"control: {page.address}?token={page.token}")
        try:
            server.run_until_shutdown()
        except KeyboardInterrupt:
            server.stop()
