"""How every YAML file is read: safely, strictly, and with one line that says in which line what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cosim.errors import InputError
from cosim.scenario.base import UniqueKeyLoader
from cosim.scenario.problems import shown

A_MAPPING = "`name: value` lines, a mapping of keys to values"
WELL_FORMED = "well-formed YAML"

KINDS = {
    "scenario": ({"source", "drive"}, "a scenario, for `bms-cosim run`", "scenarios/road_hour.yaml"),
    "study": ({"parameters", "outputs", "method"}, "a study, for `bms-cosim sweep`",
              "scenarios/studies/fuse_and_charging.yaml"),
    "system": ({"alternator", "vehicle_load_A"}, "a system, for `bms-cosim size`", "scenarios/systems/van.yaml"),
}
"""Kinds of files: keys that only they have, what they are, and one that ships."""
HINTS = (
    ("found character '\\t'", "a tab", f"spaces; {WELL_FORMED} is indented with them alone"),
    ("mapping values are not allowed", "': ' inside a text, or an indented line below a value",
     f"{WELL_FORMED}: a text that holds ': ' stands in quotes"),
    ("could not find expected ':'", "a line without ': '",
     f"{WELL_FORMED}: `name: value`, with a space after the colon"),
    ("expected <block end>", "does not fit the lines above",
     f"{WELL_FORMED}: the same indentation for all keys of a section and all '-' of a list"),
    ("expected ',' or", "a bracket is not closed, or a comma is missing", f"{WELL_FORMED}: [1, 2] and {{a: 1, b: 2}}"),
    ("could not determine a constructor", "a tag that begins with '!'", f"{WELL_FORMED}: plain values without tags"),
)
"""What the parser says begins so -> what a user calls it, and what is allowed."""


def read_mapping(file: Path) -> dict[str, Any]:
    """Content of a YAML file that holds a mapping.

    A byte order mark and line ends of Windows are taken as they come; a key given twice is refused.

    Parameters
    ----------
    file : path of the file

    Raises
    ------
    InputError : unreadable, no YAML, or something other than keys and values; one line with file and line.
    """
    try:
        content: object = yaml.load(file.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)
    except IsADirectoryError:
        raise InputError(str(file), "", "a folder", f"a YAML file{_inside(file)}") from None
    except OSError as error:
        problem = (error.strerror or "unreadable").lower()
        raise InputError(str(file), "", problem, f"a readable file{_near(file)}") from None
    except UnicodeDecodeError:
        raise InputError(str(file), "", "", "UTF-8 text") from None
    except RecursionError:
        raise InputError(str(file), "", "nested too deeply", "plain values") from None
    except ValueError as error:
        allowed = "plain values (quote a text that looks like a date)"
        raise InputError(str(file), "", str(error).splitlines()[0], allowed) from None
    except yaml.YAMLError as error:
        raise InputError(str(file), *_told(error)) from None
    if not isinstance(content, dict):
        value = "an empty file" if content is None else shown(content)
        raise InputError(str(file), "", value, A_MAPPING)
    return content


def require_kind(content: Mapping[str, object], kind: str, origin: str) -> None:
    """Refuse a file that is plainly of another kind; `kind` is one of `KINDS`, `origin` names the file.

    Raises
    ------
    InputError : one line that says what it is and which command takes it
    """
    if KINDS[kind][0] & content.keys():
        return
    for keys, what, _ in KINDS.values():
        if keys & content.keys():
            raise InputError(origin, "", f"this is {what}", f"a {kind} file, such as {KINDS[kind][2]}")


def _told(error: yaml.YAMLError) -> tuple[str, str, str]:
    """Line, problem and what is allowed."""
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}" if mark else ""
    problem = str(getattr(error, "problem", None) or "not YAML")
    for start, told, allowed in HINTS:
        if problem.startswith(start):
            return where, told, allowed
    return where, problem, WELL_FORMED


def _near(file: Path) -> str:
    """Name the YAML file beside the missing `file` that was probably meant; or say that its folder is not there."""
    if not file.parent.is_dir():
        return f"; the folder {file.parent} is not there, seen from {Path.cwd()}"
    beside = [path.name for path in sorted(file.parent.glob("*.yaml"))]
    close = difflib.get_close_matches(file.name, [*beside, *(Path(name).stem for name in beside)], n=1, cutoff=0.7)
    if not close:
        return ""
    name = close[0] if close[0] in beside else f"{close[0]}.yaml"
    return f"; did you mean {file.parent / name}?"


def _inside(folder: Path) -> str:
    """Name the first YAML files of a folder that was given in place of one."""
    names = [str(path) for path in sorted(folder.glob("*.yaml"))[:3]]
    return f", such as {', '.join(names)}" if names else ""
