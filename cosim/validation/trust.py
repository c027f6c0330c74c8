"""Table of trust: what every printed figure and every parameter rests on. `python -m cosim.validation.trust` writes it.

The file is made from the parameter files, the firmware's constants, the traces and the validations that need no
measured data; a test compares. Values are left out on purpose: they stand in `validation.json` of a run.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bms.firmware_parameters import FirmwareParameters
from cosim.paths import ROOT
from cosim.validation.figure import ValidationFigure
from cosim.validation.register import MODELS, check_of
from cosim.validation.traces import TRACES
from models import parameter_file

PLACE = ROOT / "docs" / "trust.md"

HEAD = """# Table of trust

Made by `python -m cosim.validation.trust` (a test checks that it is current); do not edit by hand.

Status of a figure: **validated** - compared with something that the model was not made from; **fitted** - compared with
what it was made from; **ours** - an engineering choice or estimate. A figure of a run has the status of what decides it
(last column); circuit and firmware are the design under study. Status of a parameter: **published** - read in a source;
**fitted**; **validated**; **ours**.
Measured values and whether they pass: `bms-cosim validate` (`validation.json`).
"""

Row = tuple[str, ...]
"""Cells of one row of a table."""


def trust_text(figures: dict[str, list[ValidationFigure]]) -> str:
    """Return the whole file.

    Parameters
    ----------
    figures : figures of each validated model that needs no measured data
    """
    parts = [HEAD, "## Figures of a run (`summary.json`)\n", traces_table(), "## Figures of a validation\n",
             *(validation_part(name, own) for name, own in figures.items()), measured_part(), "## Parameters\n",
             counts_table(), *(parameter_part(path) for path in parameter_paths()), firmware_part()]
    return "\n".join(parts)


def table(heading: Row, rows: Sequence[Row]) -> str:
    """Return a Markdown table; bars inside a cell are escaped."""
    lines = [heading, tuple("---" for _ in heading), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines) + "\n"


def traces_table() -> str:
    """Return every printed figure with what it rests on."""
    rows = [(trace.figure, ", ".join(trace.rests_on), trace.status, trace.why) for trace in TRACES]
    rows += [
        ("charge balance, energy balance, worst window", "all", "ours",
         "bookkeeping over the solution; shows that nothing is lost, not that a model is right"),
    ]
    return table(("figure", "rests on", "status", "what decides"), rows)


def validation_part(name: str, figures: list[ValidationFigure]) -> str:
    """Return the figures of one model."""
    rows = [(f"`{f.name}`", f.limit, f.status, f.source) for f in figures]
    return f"### {name}\n\n" + table(("figure", "limit", "status", "compared with"), rows)


def measured_part() -> str:
    """Name the models whose figures need measured data."""
    names = [f"`{model.name}`" for model in MODELS if model.needs_data]
    told = ", ".join(names) if names else "none"
    return f"Needing measured data, so not listed here: {told}. Their status and source stand in `validation.json`.\n"


def parameter_paths() -> list[Path]:
    """Return all shipped parameter files."""
    return sorted(parameter_file.SHIPPED.glob("*.yaml"))


def entries(path: Path) -> dict[str, dict[str, Any]]:
    """Return the entries of a parameter file as they stand there."""
    return dict(parameter_file.read_head(path)["parameters"])


def counts_table() -> str:
    """Return how many parameters of each file have which status."""
    rows = []
    for path in parameter_paths():
        counts = Counter(str(entry["status"]) for entry in entries(path).values())
        rows.append((f"`{path.stem}`", *(str(counts.get(status, 0)) for status in parameter_file.STATUSES)))
    return table(("file", *parameter_file.STATUSES), rows)


def parameter_part(path: Path) -> str:
    """Return the parameters of one file with status and source."""
    rows = [(f"`{name}`", str(entry["unit"]), str(entry["status"]), " ".join(str(entry["source"]).split()))
            for name, entry in entries(path).items()]
    return f"### {path.stem}\n\n" + table(("parameter", "unit", "status", "source"), rows)


def firmware_part() -> str:
    """Return the firmware's constants with unit and source."""
    rows = [(f"`{field.name}`", str(field.metadata["unit"]), str(field.metadata["source"]))
            for field in dataclasses.fields(FirmwareParameters) if "source" in field.metadata]
    return "### firmware (`bms/firmware_parameters.py`)\n\n" + table(("constant", "unit", "source"), rows)


def current_text() -> str:
    """Validate what needs no measured data and return what the file should hold."""
    shown = [model for model in MODELS if model.quick and not model.needs_data]
    return trust_text({model.name: check_of(model)(None).figures for model in shown})


if __name__ == "__main__":
    PLACE.parent.mkdir(exist_ok=True)
    PLACE.write_text(current_text(), encoding="utf-8")
    print(f"written: {PLACE.relative_to(ROOT)}")
