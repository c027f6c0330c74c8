"""Report of a campaign: `campaign.json` for scripts, `campaign.md` to read, and what the terminal shows."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from cosim.result import plain
from cosim.studies.campaign.campaign import FAILED, Campaign
from cosim.studies.campaign.invariants import registry
from cosim.studies.campaign.modes import mode_rows
from cosim.studies.campaign.runner import DETERMINISM

BACK_A = 1.0
"""A reverse current at the port that the table tells [A] (ours; a healthy one is below 1 mA)."""
JSON, PAGE = "campaign.json", "campaign.md"


def described(done: Campaign) -> dict[str, Any]:
    """Everything that the report says, as plain values."""
    rows = list(done.sweep.rows.values())
    asked = [o.name for o in done.sweep.plan.outputs]
    verdicts = np.array([row.outputs for row in rows])
    told = {i.name: (i.row, i.says) for i in registry()} | {DETERMINISM: ("plant", "Two runs are equal to the bit.")}
    invariants = [
        {"name": name, "row": told[name][0], "says": told[name][1],
         "judged": int(np.isfinite(verdicts[:, k]).sum()), "violated": int(np.nansum(verdicts[:, k]))}
        for k, name in enumerate(asked)
    ]
    failed = sum(bool(row.error) for row in rows)
    invariants.append({"name": FAILED, "row": "plant", "says": "Every legal scenario runs.", "judged": len(rows),
                       "violated": failed})
    return {
        "cases": len(rows), "seed": done.asked.seed, "set": dict(done.asked.changes),
        "invariants": invariants, "violations": [v._asdict() for v in done.violations],
        "failure_modes": mode_rows(done.observations),
    }


def write_report(done: Campaign) -> dict[str, Any]:
    """Write both files, each under a temporary name first; returns what they say."""
    content = plain(described(done))
    assert isinstance(content, dict)
    _write(done.asked.directory / JSON, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    _write(done.asked.directory / PAGE, page(content))
    return content


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def page(content: dict[str, Any]) -> str:
    """The report as markdown."""
    lines = [f"# Campaign of {content['cases']} scenarios, seed {content['seed']}", ""]
    if content["set"]:
        lines += ["Set in all cases: " + ", ".join(f"`{k}={v}`" for k, v in content["set"].items()), ""]
    lines += ["## Violations", ""]
    if content["violations"]:
        lines += _table(
            ("invariant", "case", "at [s]", "what", "to reproduce"),
            [(v["name"], v["case"], f"{v['time_s']:g}", v["text"], f"`{v['command']}`" if v["command"] else "as above")
             for v in content["violations"]])
    else:
        lines += ["None."]
    lines += ["", "## Invariants", ""]
    lines += _table(("row", "invariant", "says", "judged", "violated"),
                    [(i["row"], i["name"], i["says"], i["judged"], i["violated"]) for i in content["invariants"]])
    lines += ["", "## Failure modes", "",
              "Runs with one fault only. Detection: what the supervisor named first. Effect: extremes over these runs "
              "after the fault began.", ""]
    lines += _table(("fault", "runs", "detected", "detection", "median [s]", "reaction within 60 s", "effect"),
                    [_mode(m) for m in content["failure_modes"]])
    return "\n".join(lines) + "\n"


def _mode(m: dict[str, Any]) -> tuple[object, ...]:
    effect = (f"cells {m['lowest_V']:.2f} to {m['highest_V']:.2f} V, port {m['port_A']:.0f} A, "
              f"junction {m['junction_degC']:.0f} degC")
    if m["back_A"] > BACK_A:
        effect += f", up to {m['back_A']:.0f} A backwards"
    if m["fuse_blown"]:
        effect += f", fuse blown in {m['fuse_blown']}"
    if m["winding_over"]:
        effect += f", alternator above its limit in {m['winding_over']}"
    median = "" if m["median_s"] is None else f"{m['median_s']:.1f}"
    fault = m["fault"] if not m["shown_by"] else f"{m['fault']} (shown by: {m['shown_by']})"
    return (fault, m["runs"], m["detected"], "; ".join(m["detection"]), median, "; ".join(m["reaction"]), effect)


def _table(heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> list[str]:
    def line(cells: tuple[object, ...]) -> str:
        return "| " + " | ".join(" ".join(str(cell).replace("|", "/").split()) for cell in cells) + " |"

    return [line(heads), "|" + "---|" * len(heads), *(line(row) for row in rows)]


def print_summary(content: dict[str, Any]) -> None:
    """Say what was found."""
    counts = Counter(v["name"] for v in content["violations"])
    print(f"{content['cases']} cases, seed {content['seed']}: {sum(counts.values())} violations")
    for v in content["violations"]:
        if v["command"]:
            print(f"  {v['name']}, case {v['case']}: {v['text']}\n    {v['command']}")
    for name, count in counts.items():
        print(f"  {name}: {count} in all")
