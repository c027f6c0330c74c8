"""From a base scenario and some values at dotted paths to the scenario of a case.

A path leads into the scenario file, or as `models.FILE.PARAMETER` into a parameter file that the scenario uses. Such a
file is copied, changed, and named by the scenario of the case; it is never changed in its place.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cosim.errors import InputError
from cosim.scenario.model import Scenario, parse_scenario
from cosim.scenario.reading import read_mapping
from cosim.studies.sweep.spec import Study
from models import parameter_file
from models.parameter_file import ParameterError

MODELS = "models"
"""First part of a path into a parameter file."""
DUMPER: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The compiled writer: a cell's tables are thousands of numbers."""


class Setting(NamedTuple):
    """A value for a dotted path; `relative`: a factor on what stands there."""

    path: str
    value: Any
    relative: bool = False


@dataclass(frozen=True)
class Base:
    """The scenario that a study changes: content of its file, the folder that it names files from, and its name."""

    content: dict[str, Any]
    folder: Path
    origin: str

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Everything that the scenario says or leaves at its default, as plain values; files as it names them."""
        return Scenario.model_validate(self.content).model_dump(mode="json")


class CaseFiles(NamedTuple):
    """A case's scenario and the changed parameter files that it names, by their names beside it."""

    content: dict[str, Any]
    copies: dict[str, dict[str, Any]]


def load_base(study: Study, study_file: Path) -> Base:
    """Read a study's scenario; raises `InputError`."""
    if isinstance(study.scenario, dict):
        base = Base(study.scenario, study_file.resolve().parent, f"{study_file}: scenario")
    else:
        file = study_file.parent / study.scenario
        base = Base(read_mapping(file), file.resolve().parent, str(file))
    parse_scenario(base.content, base.origin, base.folder)
    return base


def case_files(base: Base, settings: Iterable[Setting]) -> CaseFiles:
    """Scenario of a case as plain values; raises `InputError` where a path leads nowhere."""
    content = copy.deepcopy(base.content)
    in_models: list[Setting] = []
    for setting in settings:
        if setting.path.split(".")[0] == MODELS:
            in_models.append(setting)
        else:
            set_in_scenario(content, base, setting)
    if not in_models:
        return CaseFiles(content, {})
    copies = changed_files(content, base, in_models)
    return CaseFiles(content, copies)


def scenario_of(files: CaseFiles, base: Base, folder: Path | None) -> Scenario:
    """Checked scenario of a case; its copies are written into `folder`.

    Raises
    ------
    InputError
        With field, value and what is allowed.
    """
    content = files.content
    if files.copies:
        assert folder is not None
        write_copies(files.copies, folder)
        content = copy.deepcopy(content)
        for path in uses_of_copies(files):
            _put(content, path, str(folder / _get(content, path)))
    return parse_scenario(content, base.origin, base.folder)


def write_copies(copies: Mapping[str, dict[str, Any]], folder: Path) -> None:
    """Write changed parameter files into an existing folder."""
    for name, content in copies.items():
        text = yaml.dump(content, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=120)
        (folder / name).write_text(text, encoding="utf-8")


def uses_of_copies(files: CaseFiles) -> list[str]:
    """Paths of the scenario that name a copy."""
    places = [path for path, _ in _used(files.content)]
    return [path for path in places if _get(files.content, path) in files.copies]


# ---- scenario -----------------------------------------------------------------------------------------------------

def set_in_scenario(content: dict[str, Any], base: Base, setting: Setting) -> None:
    """Set one entry (else InputError raises); sections that the file leaves out get their defaults on the way."""
    parts = setting.path.split(".")
    here: Any = content
    default: Any = base.defaults
    for depth, part in enumerate(parts[:-1]):
        default = _child(default, part)
        if isinstance(here, dict) and here.get(part) is None:
            here[part] = copy.deepcopy(default) if isinstance(default, dict | list) else {}
        here = _step(here, part, base, setting, ".".join(parts[:depth]))
    last = parts[-1]
    value = setting.value
    if setting.relative:
        standing = _child(here, last)
        value = _scaled(standing if standing is not None else _child(default, last), setting, base.origin)
    if isinstance(here, list):
        _step(here, last, base, setting, ".".join(parts[:-1]))
        here[int(last)] = value
    elif isinstance(here, dict):
        here[last] = value
    else:
        raise InputError(base.origin, setting.path, "no such entry", f"{'.'.join(parts[:-1])} is a single value")


def _step(here: Any, part: str, base: Base, setting: Setting, above: str) -> Any:
    if isinstance(here, list):
        if not part.isdigit() or int(part) >= len(here):
            allowed = f"a place in {above}, 0 to {len(here) - 1}" if here else f"none: {above} is empty in the scenario"
            raise InputError(base.origin, setting.path, part, allowed)
        return here[int(part)]
    if isinstance(here, dict):
        return here[part]
    raise InputError(base.origin, setting.path, "no such entry", f"{above} is a single value")


def _child(here: Any, part: str) -> Any:
    if isinstance(here, dict):
        return here.get(part)
    if isinstance(here, list) and part.isdigit() and int(part) < len(here):
        return here[int(part)]
    return None


def _scaled(standing: Any, setting: Setting, origin: str) -> Any:
    """What stands there times the factor, element by element."""
    if isinstance(standing, list):
        return [_scaled(item, setting, origin) for item in standing]
    if isinstance(standing, bool) or not isinstance(standing, int | float):
        told = "nothing" if standing is None else f"a {type(standing).__name__}"
        raise InputError(origin, setting.path, f"{told} stands there", "a number, if it is to be changed by a factor")
    if isinstance(setting.value, bool) or not isinstance(setting.value, int | float):
        raise InputError(origin, setting.path, setting.value, "a number as a factor")
    return standing * setting.value


def _get(content: dict[str, Any], path: str) -> Any:
    here: Any = content
    for part in path.split("."):
        here = _child(here, part)
    return here


def _put(content: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    here: Any = content
    for part in way:
        here = here.setdefault(part, {}) if isinstance(here, dict) else here[int(part)]
    here[last] = value


# ---- parameter files ----------------------------------------------------------------------------------------------

def _used(defaults: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Where a scenario names parameter files, and what it names there."""
    plain = dict(defaults)
    places = ["bank.battery", "source.alternator", "source.starter_battery", "parts.fuse", "parts.box"]
    devices = _get(plain, "system.devices") or []
    places += [f"system.devices.{i}.parameters" for i in range(len(devices))]
    return [(place, _get(plain, place)) for place in places if isinstance(_get(plain, place), str)]


def changed_files(content: dict[str, Any], base: Base, settings: list[Setting]) -> dict[str, dict[str, Any]]:
    """Changed copies of the parameter files; `content` names them instead of the originals from now on.

    Raises InputError for a file that the scenario does not use.
    """
    parse_scenario(content, base.origin, base.folder)  # for its message, if a value before has spoilt the scenario
    used = _used(Scenario.model_validate(content).model_dump(mode="json"))
    batteries = [(place, name, *_cell_of(name, base)) for place, name in used if place == "bank.battery"]
    copies: dict[str, dict[str, Any]] = {}
    for setting in settings:
        _, stem, *way = setting.path.split(".")
        if not way:
            raise InputError(base.origin, setting.path, "a whole file", f"{MODELS}.FILE.PARAMETER")
        if len({name for _, name in used if Path(name).stem == stem}) > 1:
            raise InputError(base.origin, setting.path, stem, "a name that only one file of the scenario has")
        found = False
        for place, name in used:
            if Path(name).stem == stem:
                found = True
                copies.setdefault(f"{stem}.yaml", _raw(name, base))
                set_in_scenario(content, base, Setting(place, f"{stem}.yaml"))
        for place, name, cell, cell_file in batteries:
            if cell == stem:
                found = True
                copies.setdefault(f"{stem}.yaml", parameter_file.read_head(cell_file))
                copies.setdefault(f"{Path(name).stem}.yaml", _raw(name, base))["cell"] = f"{stem}.yaml"
                set_in_scenario(content, base, Setting(place, f"{Path(name).stem}.yaml"))
        if not found:
            known = sorted({*(Path(name).stem for _, name in used), *(cell for _, _, cell, _ in batteries)})
            raise InputError(base.origin, setting.path, stem, f"a parameter file of this scenario: {', '.join(known)}")
        _set_parameter(copies[f"{stem}.yaml"], way, setting, base.origin)
    return copies


def _raw(name: str, base: Base) -> dict[str, Any]:
    """Content of a parameter file, named as in the scenario; a cell beside it is named from anywhere."""
    direct = base.folder / name
    shipped = parameter_file.SHIPPED / f"{name}.yaml"
    path = direct if direct.suffix in (".yaml", ".yml") else shipped
    content = parameter_file.read_head(path)
    cell = content.get("cell")
    if isinstance(cell, str) and Path(cell).suffix in (".yaml", ".yml"):
        content["cell"] = str((path.parent / cell).resolve())
    return content


def _cell_of(battery: str, base: Base) -> tuple[str, Path]:
    """Name and file of a battery's cell."""
    cell = str(_raw(battery, base).get("cell", ""))
    try:
        return Path(cell).stem, parameter_file.find(cell, "cell")
    except ParameterError as error:
        raise InputError(base.origin, "bank.battery", battery, f"a battery with a cell ({error})") from None


def _set_parameter(content: dict[str, Any], way: list[str], setting: Setting, origin: str) -> None:
    table = content.get("parameters", {})
    entry = table.get(way[0])
    if not isinstance(entry, dict):
        raise InputError(origin, setting.path, "unknown parameter", ", ".join(table))
    here: Any = entry
    last: Any = "value"
    for part in way[1:]:
        here = here[last]
        if not isinstance(here, list) or not part.isdigit() or int(part) >= len(here):
            size = f"a place in a table of {len(here)}" if isinstance(here, list) else "nothing below a single number"
            raise InputError(origin, setting.path, part, size)
        last = int(part)
    here[last] = _scaled(here[last], setting, origin) if setting.relative else setting.value
    entry["status"] = "ours"
    entry["source"] = f"set by a study; before: {' '.join(str(entry.get('source', '')).split())}"


def seen_from(content: dict[str, Any], base: Base, folder: Path, copies: Iterable[str]) -> dict[str, Any]:
    """Scenario for a file in `folder`: what it names beside the base scenario is named from there."""
    moved = copy.deepcopy(content)
    kept = set(copies)

    def from_here(name: str) -> str:
        return name if name in kept else os.path.relpath(base.folder / name, folder)

    for place, name in _used(moved):
        if Path(name).suffix in (".yaml", ".yml"):
            _put(moved, place, from_here(name))
    for place in ("drive.trace.files", "readout.keys"):
        named = _get(moved, place)
        if isinstance(named, list):
            _put(moved, place, [from_here(str(name)) for name in named])
        elif isinstance(named, str):
            _put(moved, place, from_here(named))
    return moved
