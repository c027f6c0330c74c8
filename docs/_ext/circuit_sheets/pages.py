"""Fragments of Markdown that the pages about the circuits include: made from the netlists, never typed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from cosim.studies.conformance.limits import FILE as LIMITS_FILE
from cosim.studies.conformance.limits import Limit, limits
from cosim.studies.conformance.requirements import requirements
from docs._ext.circuit_sheets import loops, overview, waves
from docs._ext.circuit_sheets.cards import cards, library
from docs._ext.circuit_sheets.check import Drawn
from docs._ext.circuit_sheets.draw import draw
from docs._ext.circuit_sheets.parameters import parameters
from docs._ext.circuit_sheets.reader import Netlist, read_netlist
from docs._ext.circuit_sheets.register import Circuit
from docs._ext.circuit_sheets.sheet import Sheet
from models import parameter_file

SCALE = 1.15
"""Width of a sheet on a page over its own, in pixels; pages narrow it where they must."""


def write_circuit(circuit: Circuit, folder: Path) -> list[Path]:
    """Write everything that the page of a circuit includes; returns what was written.

    Margins and the picture of the bench are shown where the folder has current ones (`measure`).

    Parameters
    ----------
    circuit : which
    folder : where to
    """
    netlist = read_netlist(circuit.file)
    drawn = circuit.drawn()
    sheets = [sheet for one in drawn for sheet in one.sheets]
    written = [draw(sheet, folder / f"{sheet.name}.svg") for sheet in sheets]
    picture, margins = waves.kept(circuit.name, folder), loops.kept(circuit.name, folder) or []
    fragments = {
        "sheets": sheets_text(drawn),
        "parameters": parameters_text(netlist, circuit),
        "design": table(("quantity", "how it follows", "value"), [
            (row.quantity, f"`{row.equation}`", unbroken(row.value)) for row in circuit.design(netlist)]),
        "head": head_text(netlist),
        "rows": rows_text(circuit.rows),
        "parts": parts_text(netlist),
        "bench": bench_text(circuit, picture, margins),
    }
    for name, text in fragments.items():
        path = folder / f"{circuit.name}_{name}.inc"
        written.append(replace_text(path, text))
    return [*written, *([picture] if picture else [])]


def is_measured(circuit: Circuit, folder: Path) -> bool:
    """Whether a folder has all that SPICE says of a circuit, current."""
    drawn = circuit.name not in waves.PICTURES or waves.kept(circuit.name, folder) is not None
    return drawn and loops.kept(circuit.name, folder) is not None


def measure(circuit: Circuit, folder: Path) -> None:
    """Run the benches of a circuit for its picture and its margins, where those in the folder are not current."""
    waves.measure(circuit.name, folder)
    loops.measure(circuit.name, folder)


def write_common(folder: Path) -> list[Path]:
    """Write the overview, and what the page about the device library includes."""
    sheet = overview.overview()
    used = sorted(library())
    head = "\n".join(line.rstrip() for line in overview.devices_head())
    return [
        draw(sheet, folder / "overview.svg"),
        replace_text(folder / "overview.inc",
            figure_text("overview.svg", sheet.title, round(SCALE * 36.0 * _width(sheet)))),
        replace_text(folder / "devices_cards.inc", table(("card", "type", "values"), [
            (f"`{name}`", kind, f"`{values}`") for name, kind, values in overview.devices_cards()])),
        replace_text(folder / "devices_ratings.inc", ratings_text(used)),
        replace_text(folder / "devices_head.inc", f"```text\n{head}\n```\n"),
    ]


def replace_text(path: Path, text: str) -> Path:
    """Write a file under another name first, so that nobody reads half of it."""
    temporary = path.with_suffix(".part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
    return path


def table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars inside a cell are escaped."""
    rows = [tuple(heading), tuple("---" for _ in heading), *(tuple(line) for line in lines)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows) + "\n"


def figure_text(file: str, caption: str, width: int) -> str:
    """A figure for a page beside the folder of what is generated."""
    return f"```{{figure}} generated/{file}\n:alt: {caption}\n:width: {width}px\n\n{caption}\n```\n"


def sheets_text(drawn: Sequence[Drawn]) -> str:
    """Figures of the sheets, and what is not drawn with its reason."""
    sheets = [sheet for one in drawn for sheet in one.sheets]
    parts = [figure_text(f"{sheet.name}.svg", sheet.title, round(SCALE * 36.0 * _width(sheet))) for sheet in sheets]
    parts.append(
        "Grey boxes are behavioural sources, with their designators above; names in blue join nets of the same "
        "name; a circle with a wave is a test point for AC. Values are the defaults of the netlist.\n")
    if any(one.alike for one in drawn):
        parts.append("Channels b, c and d are drawn as channel a: a test compares their lines.\n")
    reasons = []
    for one in drawn:
        for pattern, reason in one.left_out.items():
            names = [name for name in one.circuit.elements if re.fullmatch(pattern, name)]
            reasons.append((", ".join(f"`{name}`" for name in names), reason))
    if reasons:
        parts.append("Not drawn:\n\n" + table(("designators", "why"), dict.fromkeys(reasons)))
    return "\n".join(parts)


def unbroken(text: str) -> str:
    """Values whose number and unit stay on one line."""
    return re.sub(r"(?<=\d) (?=\S)", "\N{NO-BREAK SPACE}", text)


def _width(sheet: Sheet) -> float:
    """Width of a sheet in grid units."""
    left = [symbol.room[0] for symbol in sheet.symbols] + [text.box[0] for text in sheet.texts]
    right = [symbol.room[2] for symbol in sheet.symbols] + [text.box[2] for text in sheet.texts]
    return max(right) - min(left) + 0.5


def parameters_text(netlist: Netlist, circuit: Circuit) -> str:
    """Tables of the parameters of a netlist's subcircuits."""
    parts = []
    for name in circuit.told or (netlist.name,):
        rows = parameters(netlist, netlist.subcircuits[name], circuit.like)
        if not rows:
            continue
        if len(circuit.told) > 1:
            parts.append(f"`{name}`:\n")
        lines = []
        for text in dict.fromkeys(row.told for row in rows):
            same = [row for row in rows if row.told == text]
            names, defaults = [f"`{row.name}`" for row in same], [unbroken(row.default) for row in same]
            lines.append((", ".join(names), ", ".join(defaults), text))
        parts.append(table(("parameter", "default", "what the netlist says"), lines))
    return "\n".join(parts)


def head_text(netlist: Netlist) -> str:
    """What the netlist's own head says, word for word."""
    lines = "\n".join(line.rstrip() for line in netlist.head).strip("\n")
    return f"```text\n{lines}\n```\n"


def rows_text(rows: Sequence[str]) -> str:
    """Requirement rows that the circuit serves, with the figures that are measured and their limits."""
    if not rows:
        return "No row of the requirements asks for this circuit.\n"
    texts = requirements()
    known: dict[str, Limit] = limits(LIMITS_FILE)
    parts = ["\n".join(f"- [**{row}**](#row-{row.lower()}) {texts[row].strip()}" for row in rows), ""]
    lines = []
    for name, limit in known.items():
        row = name.split(".")[0]
        if row in rows:
            lines.append((row, limit.text, unbroken(limit.told()), limit.source.split(":")[0].split(";")[0]))
    lines.sort(key=lambda line: rows.index(line[0]))
    parts.append(table(("row", "figure that is measured", "limit", "from"), lines))
    parts.append(f"Measured anew, with margins and plots: `bms-cosim conformance --rows {','.join(rows)}`\n")
    return "\n".join(parts)


def parts_text(netlist: Netlist) -> str:
    """Model cards that the circuit uses, and the ratings of their classes with status and source."""
    used = sorted({word for circuit in netlist.subcircuits.values() for element in circuit.elements.values()
                   if element.kind in "mdq" for word in element.rest.split()[:1]})
    if not used:
        return "No semiconductors: nothing here stands for a part that is bought.\n"
    known = cards(netlist)
    parts = [table(("card", "type", "stands in"), [
        (f"`{name}`", known[name].split()[0], "this netlist" if name in netlist.models else "`devices.lib`")
        for name in used])]
    ratings = ratings_text(used)
    if ratings:
        parts.append("Ratings of the classes, against which every window and every bench is judged:\n")
        parts.append(ratings)
    return "\n".join(parts)


def ratings_text(used: Sequence[str]) -> str:
    """Ratings of the classes of these cards with status and source; empty where none has a file."""
    lines = []
    for name in used:
        path = parameter_file.SHIPPED / f"ratings_{name.lower()}.yaml"
        if path.is_file():
            entries = parameter_file.read_head(path)["parameters"]
            lines += [(f"`{name}`", key, _value(entry["value"], entry["unit"]), entry["status"],
                entry["source"].strip())
                      for key, entry in entries.items()]
    return table(("card", "rating", "value", "status", "source"), lines) if lines else ""


def _value(value: object, unit: str) -> str:
    values = value if isinstance(value, (list, tuple)) else [value]
    return ", ".join(f"{v:g}" if isinstance(v, (int, float)) else str(v) for v in values) + f" {unit}"


def bench_text(circuit: Circuit, picture: Path | None, margins: Sequence[loops.Row]) -> str:
    """Picture of the bench and margins of the loops, as they were run for this page."""
    parts = []
    if picture is not None:
        parts.append(figure_text(picture.name, circuit.bench, 800))
    if margins:
        parts.append("Margins of the loops, by AC analysis at the test points (`cosim.benches`), run for this page:\n")
        corners = list(dict.fromkeys(row[0] for row in margins))
        parts.append(table(("corner", "loop", "phase margin", "crosses at", "gain margin"), [
            (str(corners.index(row[0]) + 1), *row[1:]) for row in margins]))
        parts.append("\n".join(f"{k}. {corner}" for k, corner in enumerate(corners, 1)) + "\n")
    return "\n".join(parts) or "Not run for this page.\n"
