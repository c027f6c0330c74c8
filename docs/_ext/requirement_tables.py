"""The requirements row by row: text, what conformance measures, its limits with their source, and on which bench."""

from __future__ import annotations

import inspect
from pathlib import Path

from cosim.studies.conformance.entry import Bench
from cosim.studies.conformance.limits import Limit, limits
from cosim.studies.conformance.register import benches
from cosim.studies.conformance.requirements import requirements
from docs._ext import text
from docs._ext.text import prose, table

GROUPS = {
    "A": "Alternator and starter-battery port", "S": "System+ port", "B": "Batteries", "O": "Outputs",
    "R": "Remote on/off", "C": "Consumption", "K": "Configuration and monitoring", "G": "General",
}
"""Headings of the groups, by the letter that their rows begin with."""


def row_limits(row: str) -> dict[str, Limit]:
    """Limits of one row by the name of their figure."""
    return {name: one for name, one in limits().items() if name.partition(".")[0] == row}


def bench_line(bench: Bench) -> str:
    """One bench in words: name, what it does, the conditions that `--full` adds."""
    told = (inspect.getdoc(bench.measure) or "").partition("\n\n")[0]
    corners = "; ".join(corner.name for corner in bench.corners)
    varied = f". Varied by 5 %: {', '.join(f'`{one.told}`' for one in bench.influences)}" if bench.influences else ""
    return f"- `{bench.name}`: {prose(told)} Corners: {corners}{varied}."


def row_text(row: str, words: str) -> str:
    """One row: text, figures with their limits, benches."""
    figures = row_limits(row)
    own = [bench for bench in benches() if row in bench.rows]
    parts = [f"(row-{row.lower()})=\n### {row}\n\n{prose(words)}\n"]
    if figures:
        rows = [(f"`{name}`", one.text, one.told(), one.source) for name, one in figures.items()]
        parts.append(table(("figure", "what is measured", "limit", "source of the limit"), rows))
    else:
        parts.append("No figure is measured for this row.\n")
    if own:
        parts.append("Measured by\n\n" + "\n".join(bench_line(bench) for bench in own) + "\n")
    return "\n".join(parts)


def overview() -> str:
    """How many rows, figures and benches there are."""
    rows = requirements()
    measured = [row for row in rows if row_limits(row)]
    return (f"{len(rows)} rows, {len(measured)} of them with measured figures; {len(limits())} limits; "
            f"{len(benches())} benches.\n")


def write(folder: Path) -> list[Path]:
    """Write the rows under the headings of their groups; raises ValueError for a group without a heading."""
    rows = requirements()
    if unknown := sorted({row[0] for row in rows} - set(GROUPS)):
        raise ValueError(f"rows {unknown[0]}: the page has no heading for them")
    parts = [overview()]
    for letter, heading in GROUPS.items():
        parts.append(f"## {letter}. {heading}\n")
        parts += [row_text(row, words) for row, words in rows.items() if row[0] == letter]
    return [text.write(folder / "requirements.md", "\n".join(parts))]
