"""The report as one HTML file: no script, no network, every picture inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from cosim.result import shown
from cosim.studies.conformance.requirements import requirements

STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:72em;padding:0 1em;color:#1a1a1a}
h1{font-size:1.6em}h2{font-size:1.15em;margin:2em 0 .2em;border-top:1px solid #bbb;padding-top:1em}
table{border-collapse:collapse;margin:.6em 0;font-size:13px}th,td{border:1px solid #ccc;padding:.25em .5em;
text-align:left;vertical-align:top}th{background:#f2f2f2}td.n{text-align:right;white-space:nowrap}
.yes{background:#d9f2d9}.no{background:#f6c9c9;font-weight:bold}.open{background:#f0f0f0}
img{max-width:100%;border:1px solid #ddd}p.text{color:#444;margin:.2em 0}code{font-size:12px}
"""
VERDICT = {True: ("yes", "passed"), False: ("no", "FAILED"), None: ("open", "not judged")}


def page_text(
    entries: Sequence[Mapping[str, Any]], pictures: Mapping[str, Mapping[str, str]], run: Mapping[str, Any]
) -> str:
    """Return the page; every text is escaped.

    Parameters
    ----------
    entries : of `conformance.json`
    pictures : base64 PNG by row, then by bench and corner
    run : what `run.json` holds
    """
    rows = list(dict.fromkeys(str(entry["id"]) for entry in entries))
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Conformance report</title>'
        '<link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head><body><h1>Conformance report: the datasheet, measured</h1>",
        "<p>Only measured rows count as passed; what is assumed or declared says so. A margin is the distance to the "
        "nearer limit as a share of the limit (of half the range where there are two). Trust: what a figure rests on: "
        "<i>validated</i> against measurements, <i>fitted</i> to them, or <i>ours</i> (our circuit, models and "
        "parameters, as docs/trust.md lists them).</p>",
        overview(rows, entries), *(section(row, entries, pictures.get(row, {})) for row in rows), conditions(run),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def verdict_of(row: str, entries: Sequence[Mapping[str, Any]]) -> bool | None:
    """Whether a row's measured figures hold; None where it has none."""
    judged = [entry["passed"] for entry in entries if entry["id"] == row and entry["passed"] is not None]
    return all(judged) if judged else None


def overview(rows: Sequence[str], entries: Sequence[Mapping[str, Any]]) -> str:
    """Table of all rows with verdict and least margin."""
    lines = []
    for row in rows:
        own = [entry for entry in entries if entry["id"] == row]
        kind, words = VERDICT[verdict_of(row, entries)]
        judged = [entry for entry in own if entry["margin"] is not None]
        least = min(judged, key=lambda entry: float(entry["margin"]), default=None)
        margin = "" if least is None else f"{100.0 * least['margin']:.1f} %"
        where = "" if least is None else f"{least['figure']} ({least['corner']})"
        statuses = ", ".join(dict.fromkeys(str(entry["status"]) for entry in own))
        lines.append(f'<tr><td><a href="#{escape(row)}">{escape(row)}</a></td><td>{escape(statuses)}</td>'
                     f'<td class="{kind}">{words}</td><td class="n">{margin}</td><td>{escape(where)}</td></tr>')
    return ("<table><tr><th>row</th><th>status</th><th>verdict</th><th>least margin</th><th>of</th></tr>"
            + "".join(lines) + "</table>")


def section(row: str, entries: Sequence[Mapping[str, Any]], pictures: Mapping[str, str]) -> str:
    """One row: requirement, figures, pictures, sensitivities."""
    own = [entry for entry in entries if entry["id"] == row]
    head = ("figure", "what", "bench", "corner", "measured", "unit", "limit", "margin", "verdict", "status", "trust",
            "method", "limit from", "note")
    lines = []
    for entry in own:
        kind, words = VERDICT[entry["passed"]]
        margin = "" if entry["margin"] is None else f"{100.0 * entry['margin']:.1f} %"
        corner = ", ".join(part for part in (entry["corner"], entry["variant"]) if part)
        cells = [entry["figure"], entry["what"], entry["bench"], corner, shown(entry["measured"]), entry["unit"],
                 entry["limit"], margin, words, entry["status"], entry["trust"], entry["method"], entry["source"],
                 entry["note"]]
        classes = ["", "", "", "", "n", "", "", "n", kind, "", "", "", "", ""]
        lines.append("<tr>" + "".join(f'<td class="{c}">{escape(str(cell))}</td>' if c else
                                      f"<td>{escape(str(cell))}</td>" for c, cell in zip(classes, cells, strict=True))
                     + "</tr>")
    images = "".join(f'<p>{escape(name)}<br><img alt="{escape(row)}: {escape(name)}" '
                     f'src="data:image/png;base64,{picture}"></p>' for name, picture in pictures.items())
    return (f'<h2 id="{escape(row)}">{escape(row)}</h2><p class="text">{escape(requirements().get(row, ""))}</p>'
            "<table><tr>" + "".join(f"<th>{name}</th>" for name in head) + "</tr>" + "".join(lines) + "</table>"
            + sensitivities(own) + images)


def sensitivities(own: Sequence[Mapping[str, Any]]) -> str:
    """What moves the margins of a row most; nothing where it was not varied."""
    lines = []
    for entry in own:
        for one in entry.get("sensitivity", ()):
            margins = ", ".join(f"{step}: " + ("does not work" if value is None else f"{100.0 * value:.1f} %")
                                for step, value in one["margins"].items())
            lines.append(f"<tr><td>{escape(str(entry['figure']))}</td><td>{escape(str(one['parameter']))}</td>"
                         f"<td>{escape(margins)}</td></tr>")
    if not lines:
        return ""
    return ("<table><tr><th>figure</th><th>parameter</th><th>margin with it changed</th></tr>" + "".join(lines)
            + "</table>")


def conditions(run: Mapping[str, Any]) -> str:
    """What was run with what, at the end of the page."""
    told: list[tuple[str, str]] = []
    for name, value in run.items():
        if isinstance(value, Mapping):
            told += [(f"{name}: {inner}", str(one)) for inner, one in value.items() if not isinstance(one, Mapping)]
        else:
            told.append((name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    lines = "".join(f"<tr><td>{escape(name)}</td><td><code>{escape(value)}</code></td></tr>" for name, value in told)
    return f"<h2>Conditions</h2><table>{lines}</table>"
