"""Reference of the command line: what `--help` of each command prints, taken from the command itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docs._ext import text

COLUMNS = 100


def helps() -> dict[str, str]:
    """Help of `bms-cosim` and of each of its commands, by what one types."""
    import typer

    from cosim.cli.app import app

    group: Any = typer.main.get_command(app)
    found = {"bms-cosim": help_of(group, "bms-cosim")}
    for name, command in sorted(group.commands.items()):
        found[f"bms-cosim {name}"] = help_of(command, f"bms-cosim {name}")
    return found


def help_of(command: Any, name: str) -> str:
    """What `name --help` prints, at a width of its own."""
    with command.make_context(name, [], resilient_parsing=True, terminal_width=COLUMNS) as context:
        return str(command.get_help(context)).rstrip() + "\n"


def write(folder: Path) -> list[Path]:
    """Write the reference."""
    parts = [f"## {name}\n\n```text\n{told}```\n" for name, told in helps().items()]
    return [text.write(folder / "command_line.md", "\n".join(parts))]
