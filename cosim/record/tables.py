"""Tables that show themselves: as HTML in a notebook, as aligned text in a terminal."""

from __future__ import annotations

import html
from collections.abc import Sequence

Rows = Sequence[Sequence[object]]

FOLDED_FROM = 25
"""A longer table is folded below its caption until a reader opens it."""


def html_table(caption: str, header: Sequence[str], rows: Rows, marked: Sequence[bool] = ()) -> str:
    """Return an HTML table, or nothing if it has no rows.

    Parameters
    ----------
    caption : above it; a long table is folded below its caption
    header : names of the columns
    rows : cells, escaped here
    marked : rows that are told in bold (what differs, what fails); none if not given
    """
    if not rows:
        return ""
    head = "".join(f"<th>{html.escape(text)}</th>" for text in header)
    body = ""
    for place, row in enumerate(rows):
        bold = place < len(marked) and marked[place]
        cells = (html.escape(str(cell)) for cell in row)
        body += "<tr>" + "".join(f"<td><b>{cell}</b></td>" if bold else f"<td>{cell}</td>" for cell in cells) + "</tr>"
    told = html.escape(caption)
    table = f"<table><caption>{told}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    if len(rows) < FOLDED_FROM:
        return table
    return f"<details><summary>{told} ({len(rows)})</summary>{table}</details>"


def text_table(header: Sequence[str], rows: Rows, most: int = 40) -> str:
    """Return aligned columns, the first `most` rows and how many there are besides."""
    cells = [[str(cell) for cell in row] for row in (header, *rows[:most])]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    if len(rows) > most:
        lines.append(f"... and {len(rows) - most} more")
    return "\n".join(lines)
