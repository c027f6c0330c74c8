"""What a scenario file holds, with other values at dotted paths: one base, many variants."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from cosim.errors import InputError


def with_value(content: Mapping[str, Any], path: str, value: object, origin: str) -> dict[str, Any]:
    """What a scenario file holds, with another value at a dotted path.

    Parameters
    ----------
    content : content of the file; not changed
    path : names of keys and places in lists (from 0), such as `bank.each.0.soc`; missing sections are made
    value : what shall stand there, as in a file
    origin : file, for messages

    Raises
    ------
    InputError : the path leads through a single value, or to a place that the list does not have
    """
    out = copy.deepcopy(dict(content))
    place: Any = out
    *parents, last = path.split(".")
    for part in parents:
        if isinstance(place, list):
            place = place[_index(place, part, path, origin)]
        elif isinstance(place, dict):
            place = place.setdefault(part, {})
        else:
            raise InputError(origin, path, type(place).__name__, f"a section above {part!r}")
    if isinstance(place, list):
        place[_index(place, last, path, origin)] = value
    elif isinstance(place, dict):
        place[last] = value
    else:
        raise InputError(origin, path, type(place).__name__, f"a section that holds {last!r}")
    return out


def _index(place: list[Any], part: str, path: str, origin: str) -> int:
    if not part.isdigit() or int(part) >= len(place):
        raise InputError(origin, path, part, f"0 to {len(place) - 1}")
    return int(part)
