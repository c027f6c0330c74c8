"""What all parts of a scenario share: strict sections, names, parameter files, and how the YAML is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import ConfigDict, Field

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$"
PARAMETER_NAME = r"^([A-Za-z0-9][A-Za-z0-9_.+-]*|[^\x00-\x1f]+\.ya?ml)$"
PROBE_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
NODE = r"^[A-Za-z0-9_][A-Za-z0-9_.]*$"
DOTTED_PATH = r"^[A-Za-z_][\w-]*(\.[\w+-]+)*$"
PATTERNS = {
    NAME: "letters a to z, digits and . _ + -, without spaces and accents (folders and files are named by it)",
    PARAMETER_NAME: "a name of a shipped parameter set, or the path of a .yaml file",
    PROBE_NAME: "a letter, then letters a to z, digits and _",
    DOTTED_PATH: "keys and places in lists (from 0) with points between them, such as bank.each.0.soc",
    NODE: "a node's name as ngspice writes it, such as xpath.ga",
}
"""What texts must look like -> how a message says so."""
Name = Annotated[str, Field(pattern=NAME, max_length=80)]
ParameterName = Annotated[str, Field(pattern=PARAMETER_NAME, max_length=300)]
"""A parameter set that ships with the project, or the path of a file (.yaml) from the scenario's own folder."""
YAML_1_2_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$")
"""`1e6` and `1.5e-3` are numbers to whoever writes them; YAML 1.1, which the parser speaks, takes them for text."""


STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)
"""Of every section: unknown keys are refused, and so is what only resembles a number (`true`, `"5"`).

A field that is a tuple needs `Field(strict=False)`, because YAML knows lists only; its numbers stay strict.
"""


def beside(folder: Path | None, name: str) -> str:
    """Path of a parameter file, seen from the scenario's folder; the name of a shipped set stays as it is."""
    if folder is None or Path(name).suffix not in (".yaml", ".yml"):
        return name
    return str(folder / name)


class WrongKey(ValueError):
    """A check of a whole section found one of its keys wrong; the message then names that key.

    Parameters
    ----------
    key : which, dotted if it is deeper
    value : what was found there, such as `missing`
    allowed : what would be accepted, in words
    """

    def __init__(self, key: str, value: object, allowed: str) -> None:
        self.key, self.value, self.allowed = key, value, allowed
        super().__init__(f"{key}: {value} ({allowed})")


class UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice (YAML would silently keep the last) and reads `1e6` as a number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Check the keys, then build the mapping; raises ConstructorError."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            try:
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {key!r} is given twice", key_node.start_mark
                    )
                seen.add(key)
            except TypeError:
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a plain word", key_node.start_mark
                ) from None
        return super().construct_mapping(node, deep=deep)


UniqueKeyLoader.add_implicit_resolver("tag:yaml.org,2002:float", YAML_1_2_FLOAT, list("-+0123456789."))
