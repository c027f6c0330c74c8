"""Parameters of the models as tables, from `models/parameters/*.yaml`, and how well each model is validated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from docs._ext import text
from docs._ext.text import number, prose, table
from models import parameter_file

LISTED = 12
"""Longest list that stands in a table value by value; of a longer one its ends stand there."""


def models() -> dict[str, list[Path]]:
    """Parameter files of each model, by the model's name."""
    found: dict[str, list[Path]] = {}
    for path in sorted(parameter_file.SHIPPED.glob("*.yaml")):
        found.setdefault(str(parameter_file.read_head(path)["model"]), []).append(path)
    return found


def shown(value: Any) -> str:
    """A parameter's value: a number, a short list, or shape and range of a table."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return number(float(array))
    if array.ndim == 1 and array.size <= LISTED:
        return ", ".join(number(float(one)) for one in array)
    shape = " x ".join(str(length) for length in array.shape)
    return f"{shape} values, {number(float(array.min()))} to {number(float(array.max()))}"


def file_table(path: Path) -> str:
    """Description of a parameter file, and its parameters with value, unit, status and source."""
    content = parameter_file.read_head(path)
    rows = [(f"`{name}`", shown(entry["value"]), str(entry["unit"]), str(entry["status"]), prose(str(entry["source"])))
            for name, entry in content["parameters"].items()]
    heading = ("parameter", "value", "unit", "status", "source")
    return f"{prose(str(content['description']))}\n\n{table(heading, rows)}"


def parameters_text(paths: Sequence[Path]) -> str:
    """Parameter files of one model: the only one as it is, several as tabs."""
    if len(paths) == 1:
        return f"Shipped parameter file: `{paths[0].stem}`.\n\n{file_table(paths[0])}"
    tabs = [f":::{{tab-item}} {path.stem}\n\n{file_table(path)}\n:::\n" for path in paths]
    return "::::{tab-set}\n\n" + "\n".join(tabs) + "\n::::\n"


def validation_text(name: str, folder: Path) -> str:
    """Picture and figures of one model as measured for this build; says so where there is none."""
    picture, report = folder / f"{name}.png", folder / "validation.json"
    if not picture.is_file():
        return (f"Validation of this model needs measured data, which no repository holds: "
                f"`bms-cosim validate {name} --data DIR`.\n")
    figures: Mapping[str, Mapping[str, Any]] = json.loads(report.read_text(encoding="utf-8"))
    own = {key: one for key, one in figures.items() if key.startswith(f"{name}_")}
    rows = [(f"`{key}`", number(float(one["value"])), str(one["unit"]), str(one["limit"]),
             "yes" if one["passed"] else "**NO**", str(one["status"]), prose(str(one["source"])))
            for key, one in own.items()]
    held = sum(bool(one["passed"]) for one in own.values())
    heading = ("figure", "value", "unit", "limit", "within", "status", "compared with")
    return (f"```{{image}} /generated/validation/{name}.png\n:alt: validation of the model\n:width: 100%\n```\n\n"
            f"{held} of {len(own)} figures lie within their limits.\n\n"
            f":::{{dropdown}} All figures of `bms-cosim validate {name}`\n\n"
            f"{{.figures}}\n{table(heading, rows)}\n:::\n")


def write(folder: Path, validated: Sequence[str]) -> list[Path]:
    """Write a table per model, and what validating each of `validated` gave (`validation.store`)."""
    written = [text.write(folder / "parameters" / f"{model}.md", parameters_text(paths))
               for model, paths in models().items()]
    written += [text.write(folder / "validation" / f"{name}.md", validation_text(name, folder / "validation"))
                for name in validated]
    return written
