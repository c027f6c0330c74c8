"""Parameter files: values with unit, source and status, read and validated.

File format (YAML): ``model``, ``name``, ``description`` and a mapping ``parameters`` whose entries look like
``resistance_ohm: {value: 0.0006, unit: ohm, source: "...", status: ours}``.

``value`` is a number or a (nested) list of numbers. Every entry carries all four keys. Unknown keys are
refused at both levels, and so are parameters that the model does not know or that are missing.
"""

import difflib
import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

STATUSES = ("validated", "fitted", "published", "ours")
TOP_KEYS = ("model", "name", "description", "parameters")
ENTRY_KEYS = ("value", "unit", "source", "status")
SHIPPED = Path(__file__).parent / "parameters"
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The cell's tables make files of thousands of numbers: the compiled loader reads them ten times faster."""


class ParameterError(ValueError):
    """A parameter file cannot be used; the message names file, field and what is allowed."""


@dataclass(frozen=True)
class Entry:
    """One parameter with its provenance.

    Attributes
    ----------
    value : float or ndarray
        Number or float64 array, in ``unit``.
    unit : str
        Unit as written in the file.
    source : str
        Where the value comes from.
    status : str
        ``validated``, ``fitted``, ``published`` or ``ours``.
    """

    value: float | NDArray[np.float64]
    unit: str
    source: str
    status: str


@dataclass(frozen=True, eq=False)
class ParameterFile:
    """A validated parameter file; one content of a file is one object (`load`), so that it can be a key.

    Attributes
    ----------
    path : Path
        File that was read.
    model, name, description : str
        Head of the file.
    entries : mapping of str to Entry
        Parameters with provenance.
    provenance : mapping
        What a tool that made the file says of it: data, errors. Empty for a file written by hand; no model reads it.
    cell : str
        Of a battery: name of its cell's file. Empty where the file has no such key.
    """

    path: Path
    model: str
    name: str
    description: str
    entries: Mapping[str, Entry]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    cell: str = ""

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a scalar parameter, checked to lie in [low, high].

        Raises
        ------
        ParameterError
            If the value is a list or outside the range.
        """
        value = self.entries[name].value
        if isinstance(value, np.ndarray):
            raise ParameterError(f"{self.path.name}: parameters.{name}: a list; allowed: one number")
        if not low <= value <= high:
            raise ParameterError(
                f"{self.path.name}: parameters.{name}: {value:g}; allowed: {low:g} to {high:g}"
            )
        return value

    def array(
        self, name: str, low: float = -math.inf, high: float = math.inf, rising: bool = False
    ) -> NDArray[np.float64]:
        """Return a fresh array, checked to lie in [low, high] and, if `rising`, to rise strictly; shape as in the file.

        Raises
        ------
        ParameterError
            If the value is a single number, leaves the range or does not rise.
        """
        value = self.entries[name].value
        where = f"{self.path.name}: parameters.{name}"
        if not isinstance(value, np.ndarray):
            raise ParameterError(f"{where}: {value:g}; allowed: a list of numbers")
        if value.size == 0 or value.min() < low or value.max() > high:
            raise ParameterError(f"{where}: allowed: at least one number, each in {low:g} to {high:g}")
        if rising and not np.all(np.diff(value) > 0.0):
            raise ParameterError(f"{where}: allowed: strictly rising numbers")
        return value.copy()

    def same_length(self, *names: str) -> None:
        """Check that the named lists are equally long.

        Raises
        ------
        ParameterError
            If they are not.
        """
        lengths = {name: np.asarray(self.entries[name].value).shape[0] for name in names}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise ParameterError(f"{self.path.name}: parameters: {told}; allowed: equal lengths")


def shipped_names(model: str) -> list[str]:
    """Return the names of the parameter files of one model that ship with the project, sorted."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml") if read_head(path).get("model") == model)


def read_head(path: Path) -> dict[str, Any]:
    """Return the raw content of a YAML file as a dictionary (empty if it is none)."""
    with path.open(encoding="utf-8") as stream:
        content = yaml.load(stream, Loader=LOADER)
    return content if isinstance(content, dict) else {}


def find(name_or_path: str | Path, model: str) -> Path:
    """Return the file of a model for `name_or_path`, a shipped name ('alternator_150A') or a path.

    Raises
    ------
    ParameterError
        If there is neither a shipped parameter set nor a file of that name.
    """
    text = str(name_or_path)
    direct = Path(name_or_path)
    if direct.suffix in (".yaml", ".yml"):
        if direct.is_file():
            return direct
        raise ParameterError(f"{text}: no such parameter file")
    shipped = SHIPPED / f"{text}.yaml"
    if "/" not in text and shipped.is_file():
        return shipped
    allowed = ", ".join(shipped_names(model))
    raise ParameterError(
        f"{text}: no such {model} parameter set; allowed: {allowed}, or the path of a .yaml file"
    )


def load(name_or_path: str | Path, model: str, units: Mapping[str, str]) -> ParameterFile:
    """Read and validate a parameter file.

    Parameters
    ----------
    name_or_path : str or Path
        Shipped name without suffix, or the path of a YAML file.
    model : str
        Model that the file must be for.
    units : mapping of str to str
        Expected parameters and the unit each must be given in.

    Returns
    -------
    ParameterFile
        Values with provenance.

    Raises
    ------
    ParameterError
        With file, field, value and what is allowed.
    """
    path = find(name_or_path, model)
    return _validated(path, path.read_text(encoding="utf-8"), model, tuple(units.items()))


@functools.lru_cache(maxsize=64)
def _validated(path: Path, text: str, model: str, expected: tuple[tuple[str, str], ...]) -> ParameterFile:
    """`load` for a text; remembered, because a run asks for its battery's tables half a dozen times.

    A caller gets numbers, and fresh copies of arrays.
    """
    units = dict(expected)
    try:
        content = yaml.load(text, Loader=LOADER)
    except yaml.YAMLError as error:
        raise ParameterError(f"{path.name}: not readable as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ParameterError(f"{path.name}: allowed: a mapping with {', '.join(TOP_KEYS)}")
    content = dict(content)
    provenance = content.pop("provenance", {})
    if not isinstance(provenance, dict):
        raise ParameterError(f"{path.name}: provenance: allowed: a mapping")
    cell = content.pop("cell", "") if model == "battery" else ""
    if not isinstance(cell, str):
        raise ParameterError(f"{path.name}: cell: {cell}; allowed: the name of a cell's parameter file")
    _same_keys(path.name, content, TOP_KEYS)
    for key in TOP_KEYS[:3]:
        if not isinstance(content[key], str) or not content[key].strip():
            raise ParameterError(f"{path.name}: {key}: allowed: text")
    if content["model"] != model:
        raise ParameterError(f"{path.name}: model: {content['model']}; allowed here: {model}")
    table = content["parameters"]
    if not isinstance(table, dict):
        raise ParameterError(f"{path.name}: parameters: allowed: a mapping")
    _same_keys(f"{path.name}: parameters", table, tuple(units))
    entries = {name: _entry(f"{path.name}: parameters.{name}", table[name], units[name]) for name in units}
    return ParameterFile(path, content["model"], content["name"], content["description"], entries, provenance, cell)


def _same_keys(where: str, table: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Refuse unknown and missing keys, naming the nearest valid one."""
    names = tuple(allowed)
    for key in table:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise ParameterError(f"{where}: unknown key {key!r}; {hint}allowed: {', '.join(names)}")
    missing = [name for name in names if name not in table]
    if missing:
        raise ParameterError(f"{where}: missing {', '.join(missing)}")


def _entry(where: str, raw: Any, unit: str) -> Entry:
    """Validate one entry."""
    if not isinstance(raw, dict):
        raise ParameterError(f"{where}: allowed: a mapping with {', '.join(ENTRY_KEYS)}")
    _same_keys(where, raw, ENTRY_KEYS)
    if raw["unit"] != unit:
        raise ParameterError(f"{where}.unit: {raw['unit']!r}; allowed: {unit!r}")
    if raw["status"] not in STATUSES:
        raise ParameterError(f"{where}.status: {raw['status']!r}; allowed: {', '.join(STATUSES)}")
    if not isinstance(raw["source"], str) or not raw["source"].strip():
        raise ParameterError(f"{where}.source: allowed: a source in words")
    return Entry(_numbers(where, raw["value"]), unit, raw["source"], raw["status"])


def _numbers(where: str, raw: Any) -> float | NDArray[np.float64]:
    """Convert a number or nested list of numbers.

    YAML's 1e-3 without a point arrives as text and is refused.
    """
    if isinstance(raw, list):
        parts = [_numbers(where, item) for item in raw]
        if len({np.shape(part) for part in parts}) > 1:
            raise ParameterError(f"{where}.value: allowed: rows of equal length")
        return np.asarray(parts, dtype=np.float64)
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not math.isfinite(raw):
        raise ParameterError(
            f"{where}.value: {raw!r}; allowed: finite numbers (write 1.0e-3 or 1.0e+4, not 1e-3 or 1.0e4)"
        )
    return float(raw)
