"""Report of a study: `report.html` with its picture inside, `report.png`, and the results in `study.json`."""

from __future__ import annotations

import base64
import html
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cosim.result import shown
from cosim.studies.sweep import store
from cosim.studies.sweep.pictures import draw, label
from cosim.studies.sweep.statistics import Table, distribution, summary_of, table_of
from cosim.studies.sweep.study import Sweep
from cosim.studies.sweep.worst import Worst, write_worst

HTML, PICTURE = "report.html", "report.png"
MOST_ERRORS = 50

STYLE = """
body { font-family: sans-serif; margin: 2em auto; max-width: 1400px; color: #222; }
table { border-collapse: collapse; margin: 0.6em 0 1.6em; font-size: 0.92em; }
th, td { border-bottom: 1px solid #ccc; padding: 0.25em 0.8em; text-align: right; }
th:first-child, td:first-child, td.text { text-align: left; }
img { max-width: 100%; } code { background: #f3f3f3; padding: 0.1em 0.3em; }
"""


def write_report(sweep: Sweep) -> tuple[Table, list[Worst]]:
    """Write report, picture, worst cases, and the results into `study.json`; return the table and the worst cases.

    Raises
    ------
    InputError : a worst case cannot be written as a scenario (a file that it names has gone)
    """
    table = table_of(sweep.study, sweep.values, sweep.rows)
    worst = write_worst(sweep, table)
    image = io.BytesIO()
    draw(sweep.study, table).savefig(image, format="png")
    _replace(sweep.directory / PICTURE, image.getvalue())
    _replace(sweep.directory / HTML, page(sweep, table, worst, image.getvalue()).encode("utf-8"))
    path = sweep.directory / store.STUDY
    content = json.loads(path.read_text(encoding="utf-8"))
    content["results"] = summary_of(sweep.study, table)
    content["cost"] = cost(sweep)
    store.write_json(path, content)
    return table, worst


def cost(sweep: Sweep) -> dict[str, float]:
    """What the cases took: time and processor time [s] per case, and the most memory of a worker [MB]."""
    rows = [row for row in sweep.rows.values() if row.wall_s > 0.0]
    if not rows:
        return {}
    wall, cpu = np.array([r.wall_s for r in rows]), np.array([r.cpu_s for r in rows])
    return {
        "wall_s_median": float(np.median(wall)), "wall_s_sum": float(wall.sum()), "cpu_s_median": float(np.median(cpu)),
        "cpu_s_sum": float(cpu.sum()), "memory_MB_most": max(r.memory_MB for r in rows),
    }


def page(sweep: Sweep, table: Table, worst: Sequence[Worst], image: bytes) -> str:
    """HTML page that needs no other file."""
    study = sweep.study
    parts = [
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(study.name)}</title>"
        f"<style>{STYLE}</style></head><body><h1>{html.escape(study.name)}</h1>",
        f"<p>{html.escape(study.description)}</p>",
        f"<p>{study.count} cases, {html.escape(study.method.replace('_', ' '))}"
        + (f", seed {study.seed}" if study.seed is not None else "")
        + (", slow engine without windows" if not study.windows else "")
        + f"; {len(table.case)} succeeded, {len(table.failed)} failed. Scenario: "
        f"{html.escape(str(sweep.base.content.get('name', '')))}.</p>",
        f"<img alt='curves, distributions and influences' src='data:image/png;base64,"
        f"{base64.b64encode(image).decode()}'>",
        _outputs_table(sweep, table), _worst_table(sweep, worst), _failed_table(sweep, table), _cost_table(sweep),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def tables(sweep: Sweep) -> str:
    """Distributions of the outputs and the failed cases, as a notebook shows them."""
    table = table_of(sweep.study, sweep.values, sweep.rows)
    return f"<h3>{html.escape(repr(sweep))}</h3>" + _outputs_table(sweep, table) + _failed_table(sweep, table)


def _outputs_table(sweep: Sweep, table: Table) -> str:
    keys = ("count", "mean", "deviation", "min", "p5", "p50", "p95", "max")
    units = {output.name: output.unit for output in sweep.study.outputs}
    rows = []
    for name, value in table.outputs.items():
        told = distribution(value)
        rows.append([label(name, units[name]), *(shown(told.get(key)) for key in keys)])
    return _table("Outputs", ["output", "cases", *keys[1:]], rows)


def _worst_table(sweep: Sweep, worst: Sequence[Worst]) -> str:
    if not worst:
        return ""
    names = sweep.study.parameter_names
    rows = [[f"{label(w.output)}, {w.side}", shown(w.value), str(w.case),
             ", ".join(f"{label(n)} {shown(v)}" for n, v in zip(names, sweep.values[w.case], strict=True)), w.command]
            for w in worst]
    return _table("Worst cases, and the command that repeats each", ["output", "value", "case", "with", "command"],
                  rows, text_from=3)


def _failed_table(sweep: Sweep, table: Table) -> str:
    if not table.failed:
        return ""
    names = sweep.study.parameter_names
    rows = [[str(case), ", ".join(f"{label(n)} {shown(v)}" for n, v in zip(names, sweep.values[case], strict=True)),
             error] for case, error in list(table.failed.items())[:MOST_ERRORS]]
    title = f"Failed cases ({len(table.failed)})" + (f", the first {MOST_ERRORS}" if len(table.failed) > MOST_ERRORS
                                                     else "")
    return _table(title, ["case", "with", "error"], rows, text_from=1)


def _cost_table(sweep: Sweep) -> str:
    told = cost(sweep)
    return _table("Cost", ["figure", "value"], [[label(name), shown(value)] for name, value in told.items()])


def _table(caption: str, header: list[str], rows: list[list[str]], text_from: int = 99) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in header)
    body = ""
    for row in rows:
        cells = "".join(f"<td{' class=text' if i >= text_from else ''}>{html.escape(cell)}</td>"
                        for i, cell in enumerate(row))
        body += f"<tr>{cells}</tr>"
    return f"<h2>{html.escape(caption)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def print_summary(sweep: Sweep, table: Table, worst: Sequence[Worst]) -> None:
    """Print the outputs' distributions, the worst cases and where everything is."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as Shown

    console = Console(width=None if sys.stdout.isatty() else 120)
    keys = ("min", "p5", "p50", "p95", "max")
    printed = Shown(title=f"{sweep.study.name}: {len(table.case)} cases", title_justify="left")
    for heading in ("output", *keys):
        printed.add_column(heading, justify="left" if heading == "output" else "right")
    for output in sweep.study.outputs:
        told: dict[str, Any] = distribution(table.outputs[output.name])
        cells = [escape(label(output.name, output.unit)), *(shown(told.get(key)) for key in keys)]
        printed.add_row(*cells)
    console.print(printed)
    for one in worst:
        console.print(f"{one.side} {label(one.output)}: case {one.case}: {one.command}", highlight=False,
                      markup=False, soft_wrap=True)
    for case, error in list(table.failed.items())[:5]:
        console.print(f"failed: case {case}: {error}", highlight=False, markup=False, soft_wrap=True)
