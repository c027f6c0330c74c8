"""Runs validations and writes them: `validation.json` and one picture per model, all or nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cosim.record.leftovers import written_whole
from cosim.result import plain, require_replaceable, shown
from cosim.validation.figure import STATUSES, ValidationFigure, as_table
from cosim.validation.register import MODELS, Checked, Model, check_of

REPORT = "validation.json"

Progress = Callable[[float, str], None]


def run_checks(models: list[Model], data: Path | None, report: Progress) -> dict[str, Checked]:
    """Validate the models one after the other."""
    checked: dict[str, Checked] = {}
    for index, model in enumerate(models):
        report(index / max(len(models), 1), model.name)
        checked[model.name] = check_of(model)(data)
    return checked


def own_files() -> frozenset[str]:
    """Names of the files that a validation directory may hold."""
    return frozenset({REPORT, *(f"{model.name}.png" for model in MODELS)})


def require_place(target: Path) -> None:
    """Refuse a place where writing would destroy something else; raises `InputError`."""
    require_replaceable(target, own_files(), "an older validation")


def save(checked: dict[str, Checked], directory: Path) -> None:
    """Write `validation.json` and the pictures; an older validation there is replaced only at the very end.

    Raises
    ------
    InputError
        If the place is taken by something else or cannot be written.
    """
    target = directory.resolve()
    require_place(target)
    with written_whole(target) as part:
        table = plain(as_table(figure for model in checked.values() for figure in model.figures))
        (part / REPORT).write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for name, model in checked.items():
            model.picture.savefig(part / f"{name}.png", format="png")


def print_figures(checked: dict[str, Checked], left_out: list[Model]) -> None:
    """Print the figures as a table, how many of each status hold, and what was left out."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table(title="validation", title_justify="left")
    for heading in ("figure", "value", "unit", "limit", "passed", "status"):
        table.add_column(heading, justify="right" if heading == "value" else "left", no_wrap=heading == "figure")
    for model in checked.values():
        for figure in model.figures:
            cells = (figure.name, shown(figure.value), figure.unit, figure.limit, "yes" if figure.passed else "NO",
                     figure.status)
            table.add_row(*(escape(cell) for cell in cells))
        table.add_section()
    console.print(table)
    figures = [figure for model in checked.values() for figure in model.figures]
    console.print(escape(counted(figures)), highlight=False)
    for missing in left_out:
        console.print(f"left out: {missing.name}: needs measured data (--data DIR)", highlight=False)


def counted(figures: list[ValidationFigure]) -> str:
    """Say how many figures hold, in all and of each status."""
    parts = []
    for status in STATUSES:
        own = [figure for figure in figures if figure.status == status]
        parts.append(f"{status} {sum(figure.passed for figure in own)} of {len(own)}")
    return f"within limits: {sum(f.passed for f in figures)} of {len(figures)} ({', '.join(parts)})"
