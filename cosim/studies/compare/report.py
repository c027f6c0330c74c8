"""Write a comparison: `compare.json` (numbers), `compare.html` (self-contained) and `compare.png` (overlay)."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cosim.record.leftovers import written_whole
from cosim.record.tables import html_table
from cosim.result import plain, require_replaceable
from cosim.studies.compare.comparison import Comparison, SignalVerdict
from cosim.studies.compare.picture import overlay

JSON, HTML, PICTURE = "compare.json", "compare.html", "compare.png"
FILES = (JSON, HTML, PICTURE)

_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1500px;padding:0 1em;color:#111}
table{border-collapse:collapse;margin:.6em 0 1.6em}td,th{border:1px solid #ccc;padding:.25em .6em;text-align:left}
th{background:#f2f2f2}td.n{text-align:right;font-variant-numeric:tabular-nums}
.failed{background:#fbe3d6}.verdict{font-size:1.3em;font-weight:600}img{max-width:100%}
"""


def require_place(target: Path) -> None:
    """Refuse a place where writing would destroy something else; raises InputError."""
    require_replaceable(target, FILES, "an older comparison")


def save(comparison: Comparison, directory: Path, notes: Iterable[str] = (), fit: dict[str, Any] | None = None) -> None:
    """Write all files; an older comparison there is replaced only at the very end.

    Parameters
    ----------
    notes : lines that the page shows (alignment, what was fitted)
    fit : goes into the JSON as it is

    Raises
    ------
    InputError
        The place is taken by something else or cannot be written.
    """
    target = directory.resolve()
    require_place(target)
    with written_whole(target) as part:
        picture = png(comparison)
        (part / PICTURE).write_bytes(picture)
        (part / HTML).write_text(page(comparison, picture, list(notes)), encoding="utf-8")
        content = as_dict(comparison) | ({"fit": fit} if fit else {})
        text = json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False)
        (part / JSON).write_text(text + "\n", encoding="utf-8")


def png(comparison: Comparison, verdicts: list[SignalVerdict] | None = None, title: str = "") -> bytes:
    """The overlay as PNG."""
    buffer = io.BytesIO()
    overlay(comparison, verdicts, title).savefig(buffer, format="png")
    return buffer.getvalue()


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """What a script checks: verdict, each signal with its tolerance and worst point, events."""
    log = comparison.events
    return {
        "passed": comparison.passed, "golden": comparison.golden.origin, "result": comparison.result.origin,
        "shift_s": comparison.shift_s, "common_stretch_only": comparison.overlap,
        "signals": {one.name: _signal(one) for one in comparison.verdicts},
        "only_in_result": comparison.extra, "ignored": comparison.ignored,
        "events": None if log is None else {
            "golden": log.events, "time_s": log.time_s, "ignored": log.ignored,
            "differences": [str(one) for one in log.differences],
        },
    }


def _signal(verdict: SignalVerdict) -> dict[str, Any]:
    out: dict[str, Any] = {"passed": verdict.status == "passed", "unit": verdict.unit}
    if verdict.reason:
        out["reason"] = verdict.reason
    if verdict.stated is not None:
        tolerance = verdict.stated.tolerance
        out["tolerance"] = {"absolute": tolerance.absolute, "relative": tolerance.relative, "time_s": tolerance.time_s,
                            "span_s": verdict.stated.span_s, "origin": verdict.stated.origin}
    if verdict.worst is not None:
        worst = verdict.worst
        out["worst"] = {"used": worst.used, "time_s": worst.time_s, "value": worst.value, "bound": worst.bound,
                        "outside_s": worst.outside_s, "of": "golden" if verdict.golden_in_result else "result"}
    return out


def lines(comparison: Comparison, most: int = 12) -> list[str]:
    """What the command line says: verdict, what failed, what was left out."""
    failed = comparison.failed
    told = [f"FAILED {one.name}: {one.reason}" for one in failed[:most]]
    if len(failed) > most:
        told.append(f"and {len(failed) - most} more signals")
    if comparison.events is not None:
        differences = comparison.events.differences
        told += [f"FAILED event {one}" for one in differences[:most]]
        if len(differences) > most:
            told.append(f"and {len(differences) - most} more events")
    worst = comparison.worst
    inside = len(comparison.verdicts) - len(failed)
    told.append(f"{inside} of {len(comparison.verdicts)} signals agree" + _events_told(comparison))
    if worst is not None and not failed:
        told.append(f"nearest to its tolerance: {worst.name}, {worst.used:.3g} of it at {_at(worst)}")
    if comparison.extra:
        told.append(f"only in the result, not compared: {_some(comparison.extra)}")
    if comparison.ignored:
        told.append(f"ignored by the tolerance file: {_some(comparison.ignored)}")
    return told


def _events_told(comparison: Comparison) -> str:
    log = comparison.events
    if log is None:
        return "; event logs not compared"
    return f"; {log.events} events, {len(log.differences)} of them different"


def _at(verdict: SignalVerdict) -> str:
    return "" if verdict.worst is None else f"{verdict.worst.time_s:.6g} s"


def _some(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def worst_first(comparison: Comparison) -> list[SignalVerdict]:
    """Verdicts of all signals: those that failed, then those nearest to their tolerance."""
    order = {one.name: k for k, one in enumerate(comparison.failed)}
    return sorted(comparison.verdicts, key=lambda one: (order.get(one.name, len(order)), -one.used))


def tables(comparison: Comparison) -> str:
    """Verdict, signals and events as a notebook shows them."""
    rows = [
        (one.name, one.unit, one.status, f"{one.used:.3g}", _at(one), one.reason) for one in worst_first(comparison)
    ]
    marked = [one.status == "failed" for one in worst_first(comparison)]
    differences = comparison.events.differences if comparison.events is not None else ()
    return "".join((
        f"<h3>The result {'agrees' if comparison.passed else 'DOES NOT AGREE'}</h3>",
        "<ul>", *(f"<li>{html.escape(line)}</li>" for line in lines(comparison)), "</ul>",
        html_table("Signals", ("signal", "unit", "verdict", "tolerance used", "at", "reason"), rows, marked),
        html_table("Events", ("difference",), [(str(one),) for one in differences]),
    ))


def page(comparison: Comparison, picture: bytes, notes: list[str]) -> str:
    """The whole page; picture and style are inside it."""
    passed = "agrees" if comparison.passed else "DOES NOT AGREE"
    image = base64.b64encode(picture).decode("ascii")
    verdicts = worst_first(comparison)
    parts = [
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>compare: {passed}</title>"
        f"<style>{_STYLE}</style></head><body><h1>Comparison</h1><p class='verdict'>The result {passed}.</p>",
        _table(("golden", "result"), [(comparison.golden.origin, comparison.result.origin)]),
        *(f"<p>{html.escape(note)}</p>" for note in notes),
        "<ul>", *(f"<li>{html.escape(line)}</li>" for line in lines(comparison)), "</ul>",
        f"<img alt='overlay of golden and result' src='data:image/png;base64,{image}'>",
        "<h2>Signals</h2><p>used: part of the tolerance at the worst point, above 1 is outside (below 1 an upper "
        "bound). A value may differ by absolute + relative x |value| from any value within the time tolerance; both "
        "waveforms are judged in the tube of the other. Where each number comes from stands beside it; defaults are "
        "ours.</p>",
        _signal_table(verdicts),
    ]
    if comparison.events is not None:
        log = comparison.events
        parts.append(f"<h2>Events</h2><p>{log.events} events of golden; each may move by {log.time_s:g} s.</p>")
        parts.append(_table(("difference",), [(str(one),) for one in log.differences]) if log.differences
                     else "<p>No difference.</p>")
    return "".join((*parts, "</body></html>\n"))


def _signal_table(verdicts: list[SignalVerdict]) -> str:
    head = ("signal", "unit", "verdict", "used", "at [s]", "value", "edge of the tube", "outside [s]", "absolute",
            "relative", "time [s]", "from", "reason")
    rows = []
    for one in verdicts:
        worst, stated = one.worst, one.stated
        place = () if worst is None else (worst.used, worst.time_s, worst.value, worst.bound, worst.outside_s)
        numbers = [f"{value:.6g}" for value in place] or [""] * 5
        if stated is not None:
            tolerance = stated.tolerance
            numbers += [f"{value:g}" for value in (tolerance.absolute, tolerance.relative, tolerance.time_s)]
        origin = "" if stated is None else "; ".join(dict.fromkeys(stated.origin.values()))
        cells = [one.name, one.unit, one.status, *numbers, origin, one.reason]
        kind = " class='failed'" if one.status == "failed" else ""
        rows.append(f"<tr{kind}>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    return "<table><tr>" + "".join(f"<th>{text}</th>" for text in head) + "</tr>" + "".join(rows) + "</table>"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table><tr>" + "".join(f"<th>{text}</th>" for text in head) + f"</tr>{body}</table>"
