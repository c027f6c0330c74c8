"""The command `bms-cosim`."""

from cosim.cli.app import main

__all__ = ["main"]
