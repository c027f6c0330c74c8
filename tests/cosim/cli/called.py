"""The command called in this process: what tests of it share."""

from __future__ import annotations

from cosim.cli import app as cli


def code_of(*arguments: str) -> int:
    """Exit code of `bms-cosim ARGUMENTS`."""
    try:
        cli.main(arguments)
    except SystemExit as stop:
        assert isinstance(stop.code, int)
        return stop.code
    return 0
