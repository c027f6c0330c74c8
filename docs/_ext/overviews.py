"""Short tables of what there is: settings, notebooks, circuits, and the papers and standards behind the models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bms.describe import setting_rows, setting_table
from bms.settings import Settings
from cosim.paths import NETLISTS, ROOT
from docs._ext import text
from docs._ext.text import prose, table

DOI = re.compile(r"doi:\s?(10\.\d{4,}/[^\s,;:\")]+)")
SCANNED = ("bms/**/*.py", "models/**/*.py", "models/parameters/*.yaml", "cosim/**/*.py", "netlists/**/*.cir",
           "netlists/*.lib")


def settings_text() -> str:
    """Settings of the product, and the firmware's constants."""
    rows = [(f"`{row.name.removeprefix('firmware.')}`", f"{row.default}", row.unit, row.allowed, row.source)
            for row in setting_rows(Settings()) if row.name.startswith("firmware.")]
    firmware = table(("constant", "default", "unit", "allowed", "source"), rows)
    return ("## Product and batteries\n\n" + "\n".join(setting_table())
            + "\n\n## Constants of the firmware (`settings: {firmware: {...}}`)\n\n" + firmware)


def notebook_title(path: Path) -> str:
    """First heading of a notebook."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for line in "".join(cell["source"]).splitlines():
            if cell["cell_type"] == "markdown" and line.startswith("# "):
                return line[2:].strip()
    return path.stem


def notebooks(executed: Path) -> tuple[list[Path], list[Path]]:
    """Stored notebooks, and those of them that are not there as executed copies."""
    stored = sorted((ROOT / "notebooks").glob("*.ipynb"))
    return stored, [path for path in stored if not (executed / path.name).is_file()]


def toctree(entries: Iterable[str]) -> str:
    """Navigation to pages; none where there are no pages, for an empty one would be a warning."""
    lines = "\n".join(entries)
    return f"\n```{{toctree}}\n:maxdepth: 1\n\n{lines}\n```\n" if lines else ""


def notebooks_text(executed: Path) -> str:
    """All notebooks; those that were not executed before this build are told, not left out."""
    stored, missing = notebooks(executed)
    lines = []
    if missing:
        lines.append(f":::{{warning}}\n{len(missing)} of {len(stored)} notebooks had not been executed when these "
                     "pages were built, so their pages are missing: `make notebooks` executes them.\n:::\n")
    if not stored:
        lines.append("There are no notebooks in this checkout.\n")
    lines += [f"- `notebooks/{path.name}`: {notebook_title(path)} (not executed)" for path in missing]
    return "\n".join(lines) + "\n" + toctree(f"/notebooks/{path.stem}" for path in stored if path not in missing)


def circuit_pages(source: Path) -> list[Path]:
    """Pages that circuits have, their overview first."""
    return sorted((source / "circuits").glob("*.md"), key=lambda path: (path.stem != "index", path.stem))


def circuits_text(pages: Sequence[Path]) -> str:
    """First line of every netlist's head, and the pages that circuits have."""
    rows = []
    for path in sorted(NETLISTS.rglob("*.cir")):
        head = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("* ")
        rows.append((f"`{path.relative_to(NETLISTS)}`", prose(head.partition(" - ")[2] or head)))
    return table(("netlist", "what it is"), rows) + toctree(f"/circuits/{path.stem}" for path in pages)


def papers_text() -> str:
    """Every paper that code, netlists and parameter files name by its DOI, with the files that use it."""
    found: dict[str, list[str]] = {}
    for pattern in SCANNED:
        for file in sorted(ROOT.glob(pattern)):
            for doi in DOI.findall(file.read_text(encoding="utf-8")):
                found.setdefault(doi.rstrip("."), []).append(f"`{file.relative_to(ROOT)}`")
    rows = [(f"[{doi}](https://doi.org/{doi})", ", ".join(dict.fromkeys(files)))
            for doi, files in sorted(found.items())]
    return table(("paper (DOI)", "used in"), rows)


def plot_text() -> str:
    """Reference of the plot functions that `cosim.plot` offers."""
    import cosim.plot

    names = "\n".join(f".. autofunction:: {name}" for name in cosim.plot.__all__)
    return ("```{eval-rst}\n.. automodule:: cosim.plot\n   :no-members:\n\n.. currentmodule:: cosim.plot\n\n"
            f"{names}\n```\n")


def write(folder: Path, source: Path) -> list[Path]:
    """Write all overviews; `source` holds the executed notebooks and the pages of circuits."""
    return [
        text.write(folder / "settings.md", settings_text()),
        text.write(folder / "notebooks.md", notebooks_text(source / "notebooks")),
        text.write(folder / "circuits.md", circuits_text(circuit_pages(source))),
        text.write(folder / "papers.md", papers_text()),
        text.write(folder / "plot_functions.md", plot_text()),
    ]
