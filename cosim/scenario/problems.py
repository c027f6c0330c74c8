"""What pydantic found wrong, as the one line that a user reads: file, field, value and what is allowed.

Where a key belongs is read from the models themselves, so that a new section or kind needs no list here. How a problem
is told depends on its kind alone: one function per kind, in `TOLD`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError

from cosim.errors import InputError, nearest

NO_TEXT = "a number, without quotes and unit"


class Problem(NamedTuple):
    """One entry of pydantic's list: the path to it without tags of unions, and the keys that are valid there."""

    path: Sequence[str]
    keys: Sequence[str]
    value: object
    message: str
    context: Mapping[str, Any]


class Told(NamedTuple):
    """Value and what is allowed; `below` is the key inside the entry that pydantic points at."""

    value: object
    allowed: str
    below: str = ""


def one_line(error: ValidationError, origin: str, start: object) -> InputError:
    """Turn pydantic's list into the one line of the first problem.

    Parameters
    ----------
    error : what pydantic raised
    origin : the file, or another place that the user knows
    start : model, or union of models, that was validated
    """
    problems = error.errors(include_url=False)
    first = problems[0]
    path, keys = located(first["loc"], start)
    problem = Problem(path, keys, _shown(first.get("input")), _plain(first["msg"]), first.get("ctx", {}))
    told = TOLD.get(first["type"], _as_it_says)(problem)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    field = ".".join([*path, told.below] if told.below else path)
    return InputError(origin, field, told.value, told.allowed + more)


def located(loc: Sequence[int | str], start: object) -> tuple[list[str], list[str]]:
    """Path as the user wrote it, and the valid keys beside its last part.

    Pydantic's path also holds the tags of unions (`events.0.load_step.time_s`), which nobody has written there.
    """
    path: list[str] = []
    keys: list[str] = []
    here = models_in(start)
    for part in loc:
        fields = [model.model_fields[str(part)] for model in here if part in model.model_fields]
        tagged = tuple(model for model in here if part in _tags(model))
        if tagged and len(here) > 1:
            here = tagged
            continue
        path.append(str(part))
        if not isinstance(part, int):
            keys = list(dict.fromkeys(key for model in here for key in model.model_fields))
        if fields:  # else a place in a list, a key of a mapping, or the unknown key
            here = tuple(model for field in fields for model in models_in(field.annotation))
    return path, keys


def models_in(annotation: object) -> tuple[type[BaseModel], ...]:
    """Models that an annotation may hold: itself, or those of a list, a mapping or a union."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return (annotation,) if issubclass(annotation, BaseModel) else ()
    found = [model for inner in get_args(annotation) for model in models_in(inner)]
    return tuple(dict.fromkeys(found))


def _tags(model: type[BaseModel]) -> set[object]:
    """Values that may choose this model out of a union: those of its fields that are literals."""
    kinds = [field.annotation for field in model.model_fields.values() if get_origin(field.annotation) is Literal]
    return {value for kind in kinds for value in get_args(kind)}


def _shown(value: object) -> object:
    return type(value).__name__ if isinstance(value, dict | list) else value


def _plain(message: str) -> str:
    message = message.removeprefix("Value error, ").removeprefix("Input should be ")
    return message[0].lower() + message[1:]


# ---- one function per kind of problem -----------------------------------------------------------------------------

def _as_it_says(problem: Problem) -> Told:
    return Told(problem.value, problem.message)


def _unknown_key(problem: Problem) -> Told:
    return Told("unknown key", nearest(problem.path[-1], problem.keys))


def _missing(problem: Problem) -> Told:
    return Told("missing", "must be given")


def _unknown_kind(problem: Problem) -> Told:
    """Pydantic points at the whole entry; what is wrong is the key that chooses its kind."""
    kinds = [tag.strip("' ") for tag in str(problem.context["expected_tags"]).split(",")]
    return Told(problem.context["tag"], nearest(str(problem.context["tag"]), kinds), _chooser(problem))


def _no_kind(problem: Problem) -> Told:
    return Told("missing", "must be given", _chooser(problem))


def _chooser(problem: Problem) -> str:
    return str(problem.context["discriminator"]).strip("'")


def _literal(problem: Problem) -> Told:
    allowed = str(problem.context["expected"])
    if isinstance(problem.value, bool):
        allowed += "; in quotes: YAML reads a bare on, off, yes or no as true or false"
    return Told(problem.value, allowed)


def _no_number(problem: Problem) -> Told:
    if number_as_text(problem.value):
        return Told(quoted(problem.value), NO_TEXT)
    return _as_it_says(problem)


def _bound(sign: str, name: str) -> Callable[[Problem], Told]:
    def told(problem: Problem) -> Told:
        return Told(problem.value, f"{sign} {problem.context[name]}")

    return told


TOLD: Mapping[str, Callable[[Problem], Told]] = {
    "extra_forbidden": _unknown_key, "missing": _missing,
    "union_tag_invalid": _unknown_kind, "union_tag_not_found": _no_kind,
    "literal_error": _literal, "enum": _literal, "float_type": _no_number, "int_type": _no_number,
    "greater_than_equal": _bound(">=", "ge"), "less_than_equal": _bound("<=", "le"),
    "greater_than": _bound(">", "gt"), "less_than": _bound("<", "lt"),
}
"""Pydantic's name of a problem -> how it is told; all others as pydantic says it."""


def number_as_text(value: object) -> bool:
    """Tell whether `value` is a text that a reader takes for a number: `'60'`, or `60 A` with a common unit."""
    pattern = r"[-+]?[0-9.]+(e[-+]?[0-9]+)?\s*(A|Ah|V|W|s|ms|degC|%)?"
    return isinstance(value, str) and re.fullmatch(pattern, value, re.IGNORECASE) is not None


def quoted(value: object) -> object:
    """Show such a text in quotes: without them the line would show the very number that is allowed in `value`."""
    return repr(value) if number_as_text(value) else value
