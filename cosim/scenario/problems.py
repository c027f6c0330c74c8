"""What pydantic found wrong, as the one line that a user reads: file, field, value and what is allowed.

Where a key belongs is read from the models themselves, so that a new section or kind needs no list here; so are the
keys that a section needs, the ends of a range, and what a key means. How a problem is told depends on its kind alone:
one function per kind, in `TOLD`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from cosim.errors import InputError, nearest
from cosim.scenario.base import PATTERNS, WrongKey

NO_TEXT = "a number, without quotes and unit"
UNITS = {
    "_s": "seconds", "_ms": "milliseconds", "_A": "ampere", "_Ah": "ampere hours", "_V": "volt", "_W": "watt",
    "_ohm": "ohm", "_H": "henry", "_F": "farad", "_m": "metres", "_mm2": "square millimetres",
    "_degC": "degrees Celsius", "_W_m2": "watt per square metre",
}
"""End of a key -> the unit that its number is in."""
PREFIXES = {"n": "e-9", "u": "e-6", "µ": "e-6", "m": "e-3", "k": "e3", "M": "e6"}
"""SI prefixes as they stand behind numbers in netlists."""
CHOOSERS = ("kind", "do")
"""Keys that choose what an entry of a list is."""
MOST_LISTED = 8
"""Names that a line lists; of more it names the nearest (ours)."""
A_NUMBER = re.compile(
    r"(?P<digits>[-+]?[0-9]+(?:[.,][0-9]+)?(?:e[-+]?[0-9]+)?|[-+]?[.][0-9]+)\s*"
    r"(?P<rest>[nuµmkM]?(?:A|Ah|V|W|s|m|H|F|ohm)|[nuµmkM]|h|min|d|mm2|degC|°C|%)?",
)


class Place(NamedTuple):
    """Where a problem stands, as the user wrote it.

    `owners` are the models among whose keys the last one is, `here` those that may stand at the place itself, and
    `field` is the last key of a model on the way.
    """

    path: list[str]
    owners: tuple[type[BaseModel], ...]
    here: tuple[type[BaseModel], ...]
    field: FieldInfo | None

    @property
    def keys(self) -> list[str]:
        """Valid keys beside the last one."""
        return list(dict.fromkeys(key for model in self.owners for key in fields_of(model)))


class Problem(NamedTuple):
    """One entry of pydantic's list, and its place."""

    place: Place
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
    problems = sorted(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    first = problems[0]  # a misspelt key first: it mostly explains the missing one
    place = located(first["loc"], start)
    problem = Problem(place, first.get("input"), _plain(first["msg"]), first.get("ctx", {}))
    told = TOLD.get(first["type"], _as_it_says)(problem)
    field = ".".join([*place.path, told.below] if told.below else place.path)
    others = len({one["loc"][: len(first["loc"])] for one in problems}) - 1
    hint = f"{others} more {'mistake' if others == 1 else 'mistakes'} in it" if others else ""
    return InputError(origin, field, told.value, told.allowed, hint)


def located(loc: Sequence[int | str], start: object) -> Place:
    """Place of a problem by pydantic's path.

    That path also holds the tags of unions (`events.0.load_step.time_s`), which nobody has written there.
    """
    path: list[str] = []
    owners: tuple[type[BaseModel], ...] = ()
    found: FieldInfo | None = None
    here = models_in(start)
    for part in loc:
        fields = [fields_of(model)[str(part)] for model in here if part in fields_of(model)]
        tagged = tuple(model for model in here if part in _tags(model))
        if tagged and len(here) > 1:
            here = tagged
            continue
        path.append(str(part))
        if not isinstance(part, int):
            owners = here
        if fields:  # else a place in a list, a key of a mapping, or the unknown key
            found = fields[0]
            here = tuple(dict.fromkeys(model for field in fields for model in models_in(field.annotation)))
    return Place(path, owners, here, found)


def models_in(annotation: object) -> tuple[type[BaseModel], ...]:
    """Models that an annotation may hold: itself, or those of a list, a mapping or a union."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return (annotation,) if issubclass(annotation, BaseModel) else ()
    found = [model for inner in get_args(annotation) for model in models_in(inner)]
    return tuple(dict.fromkeys(found))


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields of a section by the keys that a file has for them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def needed(model: type[BaseModel]) -> list[str]:
    """Keys that a section cannot do without."""
    return [key for key, field in fields_of(model).items() if field.is_required()]


def _tags(model: type[BaseModel]) -> list[str]:
    """Values that may choose this model out of a union: those of its fields that are literals."""
    return [value for field in model.model_fields.values() for value in _literals(field.annotation)]


def _literals(annotation: object) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def shown(value: object) -> object:
    """A value as a line shows it: sections and lists by what they are."""
    if value is None:
        return "nothing"
    return "a section" if isinstance(value, dict) else "a list" if isinstance(value, list) else value


def _plain(message: str) -> str:
    message = message.removeprefix("Value error, ").removeprefix("Input should be ")
    return message[0].lower() + message[1:]


def listing(names: Sequence[object], last: str = "and") -> str:
    """Names as a sentence holds them: `a, b and c`; `last` is the word before the last one."""
    words = [str(name) for name in names]
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _meaning(place: Place) -> str:
    """What the key means, to follow what is allowed; empty where it says nothing."""
    text = (place.field.description or "").replace("`", "").strip().rstrip(".") if place.field else ""
    name = next((part for part in reversed(place.path) if not part.isdigit()), "")
    return f"; {name}: {text}" if text else ""


# ---- one function per kind of problem -----------------------------------------------------------------------------

def _as_it_says(problem: Problem) -> Told:
    return Told(shown(problem.value), problem.message)


def _by_a_check(problem: Problem) -> Told:
    """One of our own checks: of one value, of a key that it names, or of the section, whose content shows nothing."""
    error = problem.context.get("error")
    if isinstance(error, WrongKey):
        return Told(error.value, error.allowed, error.key)
    return Told("" if isinstance(problem.value, dict) else shown(problem.value), problem.message)


def _unknown_key(problem: Problem) -> Told:
    return Told("unknown key", nearest(problem.place.path[-1], problem.place.keys))


def _missing(problem: Problem) -> Told:
    """Say which section or entry needs it, and what else it needs."""
    place = problem.place
    model = place.owners[0]
    above = [part for part in place.path[:-1] if not part.isdigit()]
    listed = len(place.path) > 1 and place.path[-2].isdigit()
    needs = "the file needs" if not above else f"each entry of {above[-1]} needs" if listed else f"{above[-1]} needs"
    keys = needed(model)
    if kind := _chosen(place, problem.value):
        needs, keys = f"{kind} needs", [key for key in keys if key not in CHOOSERS]
    values = () if place.field is None else _literals(place.field.annotation)
    meaning = f"; {place.path[-1]} is {listing([repr(value) for value in values], 'or')}"
    meaning = meaning if 0 < len(values) <= MOST_LISTED else _meaning(place)
    return Told("missing", f"must be given: {needs} {listing(keys)}{meaning}")


def _chosen(place: Place, entry: object) -> str:
    """The kind of an entry, as its section says it; empty where nothing was chosen."""
    kinds = [entry[key] for key, field in place.owners[0].model_fields.items()
             if isinstance(entry, dict) and entry.get(key) in _literals(field.annotation) and key in CHOOSERS]
    return str(kinds[0]) if kinds else ""


def _unknown_kind(problem: Problem) -> Told:
    """Pydantic points at the whole entry; what is wrong is the key that chooses its kind."""
    kinds = [tag.strip("' ") for tag in str(problem.context["expected_tags"]).split(",")]
    return Told(problem.context["tag"], nearest(str(problem.context["tag"]), kinds), _chooser(problem))


def _no_kind(problem: Problem) -> Told:
    key = _chooser(problem)
    return Told("missing", f"must be given: {_kinds(problem.place, key)}", key)


def _kinds(place: Place, key: str) -> str:
    kinds = [value for model in place.here for value in _literals(model.model_fields[key].annotation)]
    return "one of " + ", ".join(dict.fromkeys(map(str, kinds)))


def _chooser(problem: Problem) -> str:
    return str(problem.context["discriminator"]).strip("'")


def _no_section(problem: Problem) -> Told:
    """A single value or a list where a section belongs."""
    place = problem.place
    choosers = [key for key in CHOOSERS if len(place.here) > 1 and all(key in m.model_fields for m in place.here)]
    if choosers:
        allowed = f"a section with {choosers[0]}: {_kinds(place, choosers[0])}"
    else:
        model = place.here[0] if place.here else None
        keys = list(fields_of(model)) if model else []
        must = needed(model) if model else []
        allowed = f"a section, such as {{{', '.join(f'{key}: ...' for key in must or keys[:3])}}}"
        more = [key for key in keys if key not in must] if must else keys[3:]
        allowed += f", which may have {listing(more)}" if more else ""
        if problem.value is None and place.path[-1].isdigit() and not must:  # an entry of a list cannot be left out
            return Told("nothing", f"{{}} for an entry without values of its own, or {allowed}")
    return Told(shown(problem.value), allowed + _or_left_out(problem.value))


def _no_list(problem: Problem) -> Told:
    """A section or a single value where a list belongs."""
    if isinstance(problem.value, dict):
        return Told("a section", "a list: '- ' before the first key of each entry" + _meaning(problem.place))
    items = get_args(problem.place.field.annotation) if problem.place.field else ()
    plain = bool(items) and (_literals(items[0]) or items[0] in (str, float, int))
    allowed = f"a list, such as [{problem.value}]" if plain and problem.value is not None else "a list"
    return Told(shown(problem.value), allowed + _meaning(problem.place) + _or_left_out(problem.value))


def _no_mapping(problem: Problem) -> Told:
    allowed = "a section of `name: value` lines, without '-'" if isinstance(problem.value, list) else "a section"
    return Told(shown(problem.value), allowed + _meaning(problem.place) + _or_left_out(problem.value))


def _no_pair(problem: Problem) -> Told:
    return Told(shown(problem.value), "two numbers in brackets, in a list of such pairs" + _meaning(problem.place))


def _or_left_out(value: object) -> str:
    return "; or leave the key out" if value is None else ""


def _literal(problem: Problem) -> Told:
    allowed = str(problem.context["expected"])
    if isinstance(problem.value, bool):
        allowed += "; in quotes: YAML reads a bare on, off, yes or no as true or false"
    names = re.findall(r"'([^']*)'", allowed)
    if len(names) > MOST_LISTED and isinstance(problem.value, str):  # a long list hides the one that was meant
        allowed = nearest(problem.value, names)
    return Told(shown(problem.value), allowed)


def _no_text(problem: Problem) -> Told:
    if isinstance(problem.value, bool | int | float):
        return Told(problem.value, f"text; in quotes: '{problem.value}'")
    return Told(shown(problem.value), "text" + _or_left_out(problem.value))


def _not_these_letters(problem: Problem) -> Told:
    allowed = PATTERNS.get(str(problem.context["pattern"]), problem.message)
    text = str(problem.value)
    return Told(text if text.split() == [text] else repr(text), allowed)


def _no_number(problem: Problem) -> Told:
    """A text, a section or nothing where a number belongs."""
    value, key = problem.value, problem.place.path[-1] if problem.place.path else ""
    found = A_NUMBER.fullmatch(value) if isinstance(value, str) else None
    if found:
        unit = next((word for end, word in sorted(UNITS.items(), key=lambda u: -len(u[0])) if key.endswith(end)), "")
        allowed = NO_TEXT + (f"; {key} is in {unit}" if unit else "")
        digits, rest = found["digits"].replace(",", "."), found["rest"] or ""
        if "," in found.string:
            allowed += f"; with a point: {digits}"
        elif rest in PREFIXES and "e" not in digits:
            allowed += f"; {digits}{PREFIXES[rest]}"
        elif rest == "%":
            allowed += _meaning(problem.place)
        return Told(quoted(value), allowed)
    return Told(shown(value), f"a number{_meaning(problem.place)}{_or_left_out(value)}")


def _no_whole_number(problem: Problem) -> Told:
    if isinstance(problem.value, str):
        return _no_number(problem)
    return Told(shown(problem.value), f"a whole number{_meaning(problem.place)}{_or_left_out(problem.value)}")


def _no_key(problem: Problem) -> Told:
    return Told("a number for a key", "a key in words; a decimal number is written with a point, not with a comma")


def _bound(problem: Problem) -> Told:
    """Both ends of the range, where the model gives both."""
    given = {name: problem.context[name] for name in SIGNS if name in problem.context}
    name, limit = next(iter(given.items()))
    ends = dict(_ends(problem.place.field.annotation, problem.place.field.metadata)) if problem.place.field else {}
    if ends.get(name) != limit:  # the limit of something inside, such as the second number of a pair
        ends = given
    if "ge" in ends and "le" in ends:
        allowed = f"{ends['ge']:g} to {ends['le']:g}"
    else:
        allowed = ", ".join(f"{SIGNS[end]} {ends[end]:g}" for end in SIGNS if end in ends)
    return Told(problem.value, allowed + _meaning(problem.place))


SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
"""Pydantic's names of a range's ends, and how they are written."""


def _ends(annotation: object, metadata: Sequence[object]) -> Iterator[tuple[str, float]]:
    """Ends of the range of a number, or of an optional one."""
    for part in (*metadata, *(getattr(inner, "__metadata__", ()) for inner in get_args(annotation))):
        for one in part if isinstance(part, tuple) else (part,):
            for inside in (one, *getattr(one, "metadata", ())):
                yield from ((end, getattr(inside, end)) for end in SIGNS if getattr(inside, end, None) is not None)


TOLD: Mapping[str, Callable[[Problem], Told]] = {
    "extra_forbidden": _unknown_key, "missing": _missing, "invalid_key": _no_key, "value_error": _by_a_check,
    "union_tag_invalid": _unknown_kind, "union_tag_not_found": _no_kind,
    "model_type": _no_section, "model_attributes_type": _no_section, "dict_type": _no_mapping,
    "list_type": _no_list, "tuple_type": _no_pair, "string_type": _no_text,
    "string_pattern_mismatch": _not_these_letters, "literal_error": _literal, "enum": _literal,
    "float_type": _no_number, "int_type": _no_whole_number, "int_from_float": _no_whole_number,
    "greater_than_equal": _bound, "less_than_equal": _bound, "greater_than": _bound, "less_than": _bound,
}
"""Pydantic's name of a problem -> how it is told; all others as pydantic says it."""


def number_as_text(value: object) -> bool:
    """Tell whether `value` is a text that a reader takes for a number: `'60'`, or `60 A` with a common unit."""
    return isinstance(value, str) and A_NUMBER.fullmatch(value) is not None


def quoted(value: object) -> object:
    """Show such a text in quotes: without them the line would show the very number that is allowed in `value`."""
    return repr(value) if number_as_text(value) else value
