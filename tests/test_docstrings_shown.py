"""Docstrings of what the site shows, closer than `test_docstrings` looks at everything public:

- errors that a caller meets (`CALLERS`) are named wherever they come from: calls are followed through our packages;
- numbers and arrays among the parameters have a unit: in the name, in brackets, or as the words of `TOLD` say it;
- a docstring that begins with what is done ('Run ...') also says what comes back;
- fields of classes are told: by unit or type, by the class's docstring, or by a docstring below the field;
- modules of physics say where they come from: all of `models/` but those in `NO_PHYSICS`.

Words of parameters are looked for in the docstring's entry of that name, else in the whole docstring and the heads.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache

import pytest

from tests.test_docstrings import EVERY, PLAIN, SOURCE, TELLING, TREES, UNIT, Public, head, shown, wanted_names

CALLERS = {"InputError", "MeasureError", "RunFailed", "WaveformError", "SettingsError", "IdentificationFailed",
           "OwnNetlistFailed", "ParameterError", "DataError"}
"""Errors that a caller is expected to meet; what a bug of ours or of ngspice raises is left out."""
BASES = {node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
         for tree in TREES.values() for node in tree.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = {module: {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
             for module, tree in TREES.items()}
METHODS = {module: {(node.name, one.name): one for node in tree.body if isinstance(node, ast.ClassDef)
                    for one in node.body if isinstance(one, ast.FunctionDef)} for module, tree in TREES.items()}
IMPORTS = {module: {alias.asname or alias.name: (node.module, alias.name) for node in ast.walk(tree)
                    if isinstance(node, ast.ImportFrom) and node.module for alias in node.names}
           for module, tree in TREES.items()}
NUMBERS = re.compile(r"^(float|Array|NDArray\[.*|ArrayLike|Sequence\[float\])( \| None)?$")
TOLD = re.compile(
    r"\[[^\]]+\]|\b(shares?|ratio|fraction|factor|relative|efficiency|units?|widths|number of|0 to 1|1 on)\b|0\.\.1|"
    r"\b1:", re.IGNORECASE,
)
DOING = {"Run", "Compare", "Compile", "Hold", "Write", "Put", "Import", "Build", "Judge", "Draw", "Move", "Change",
         "Choose", "Fit", "Apply", "Execute", "Collect", "Compute", "Open", "Step"}
"""First words that say what is done and not what it gives."""
GIVEN = re.compile(r"\b([Rr]eturns?|[Gg]ives?|Yields?)\b|\bas text\b")
NO_PHYSICS = {
    "models", "models.compiled", "models.compiling", "models.parameter_file", "models.identify.__main__",
    "models.identify.parameter_text", "models.identify.records", "models.scaling_text", "models.bank_types",
    "models.bank_rows",
}
"""Modules of `models/` that read, write, compile or arrange, and compute no physics of their own."""


def resolved(module: str, name: str, depth: int = 5) -> tuple[str, str] | None:
    """Module and name of the function of ours that a name in a module means."""
    if name in FUNCTIONS.get(module, {}):
        return module, name
    found = IMPORTS.get(module, {}).get(name)
    return resolved(*found, depth - 1) if found and depth else None


def raised_by(module: str, node: ast.FunctionDef, owner: str = "", above: frozenset[str] = frozenset()) -> set[str]:
    """Names of `CALLERS` that a function raises, by itself or by what it calls; what it catches is taken out."""
    place = f"{module}:{node.lineno}"
    if place in above:
        return set()
    above |= {place}
    found: set[str] = set()
    caught = {name.id for one in ast.walk(node) if isinstance(one, ast.ExceptHandler) and one.type
              for name in ast.walk(one.type) if isinstance(name, ast.Name)}
    for one in ast.walk(node):
        if isinstance(one, ast.Raise) and isinstance(one.exc, ast.Call):
            found |= {ast.unparse(one.exc.func).rpartition(".")[2]} & CALLERS
        elif isinstance(one, ast.Call):
            for place, called, its_owner in called_by(module, one, owner):
                found |= raised_by(place, called, its_owner, above) - caught
    return found


def called_by(module: str, call: ast.Call, owner: str) -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """Module, node and class of the function of ours that a call means, if it is one."""
    if isinstance(call.func, ast.Name) and (found := resolved(module, call.func.id)):
        yield found[0], FUNCTIONS[found[0]][found[1]], ""
    if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in ("self", "cls"):
        method = METHODS[module].get((owner, call.func.attr))
        if method is not None:
            yield module, method, owner


def with_bases(name: str) -> set[str]:
    return {name}.union(*(with_bases(base) for base in BASES.get(name, set())))


def unnamed_callers(one: Public) -> list[str]:
    """Errors a caller meets that the docstring does not tell, by name, by a base class or by 'raises' in a sentence."""
    owner = one.name.rpartition(".")[0]
    text = one.doc + one.heads
    in_words = "raise" in one.doc.lower() and "Raises\n" not in one.doc
    return [name for name in sorted(raised_by(one.module, one.node, owner))
            if not in_words and not any(re.search(rf"\b{each}\b", text) for each in with_bases(name))]


def entry_of(doc: str, name: str) -> str:
    """The docstring's entry of a parameter (`a, b : words`), with the lines that belong to it; empty without one."""
    lines = doc.splitlines()
    for place, line in enumerate(lines):
        if re.match(rf"\s*([\w, *]*\b)?{re.escape(name)}\b[\w, ]* : ", line + " "):
            depth = len(line) - len(line.lstrip())
            rest = [each for each in lines[place + 1:] if each.strip()]
            below = next((n for n, each in enumerate(rest) if len(each) - len(each.lstrip()) <= depth), len(rest))
            return " ".join([line, *rest[:below]])
    return ""


def without_unit(one: Public) -> list[str]:
    """Parameters that are numbers of which nobody says the unit."""
    bare = [p.arg for p in one.parameters if p.annotation and NUMBERS.match(ast.unparse(p.annotation))
            and not UNIT.search(p.arg) and p.arg not in TELLING]
    heads = {name: " ".join(line for line in one.heads.splitlines() if f"`{name}`" in line) for name in bare}
    return [name for name in bare if not TOLD.search(f"{entry_of(one.doc, name) or one.doc}\n{heads[name]}")]


def is_silent_of_what_it_gives(one: Public) -> bool:
    gives = one.node.returns is not None and ast.unparse(one.node.returns) != "None"
    return gives and one.doc.split(" ")[0] in DOING and GIVEN.search(one.doc) is None


def is_of_a_family(name: str, doc: str) -> bool:
    """Whether a docstring tells a field with others: `share_*` for `share_a`, `*_t1` for `pass_t1`."""
    return any(fnmatchcase(name, each) for each in re.findall(r"\b\w+_\*|\*_\w+\b", doc))


def untold_fields(module: str, node: ast.ClassDef) -> list[str]:
    doc, marked = ast.get_docstring(node) or "", head(module)
    found = []
    for one, below in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and not one.target.id.startswith("_"):
            name, kind = one.target.id, ast.unparse(one.annotation)
            is_told = (UNIT.search(name) or name in TELLING or not PLAIN.search(kind) or isinstance(below, ast.Expr)
                       or re.search(rf"\b{name}\b", doc) or f"`{name}`" in marked or is_of_a_family(name, doc))
            found += [] if is_told else [name]
    return found


@cache
def shown_classes() -> list[tuple[str, ast.ClassDef]]:
    return [(module, node) for module, names in wanted_names().items() if module in TREES
            for node in TREES[module].body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
            and (names is None or node.name in names)]


def test_errors_that_come_from_further_down_are_named() -> None:
    met = {one.where: unnamed_callers(one) for one in shown()}
    assert {where: names for where, names in met.items() if names} == {}
    assert sum(bool(raised_by(one.module, one.node, one.name.rpartition(".")[0])) for one in shown()) > 30


def test_shown_numbers_have_units() -> None:
    assert {one.where: without_unit(one) for one in shown() if without_unit(one)} == {}


def test_what_is_done_also_says_what_comes_back() -> None:
    assert [one.where for one in shown() if is_silent_of_what_it_gives(one)] == []


def test_public_classes_have_a_docstring_and_shown_fields_are_told() -> None:
    public = [(module, node) for module, tree in TREES.items() for node in tree.body
              if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    assert len(public) > 300 and len(shown_classes()) > 80
    assert [f"{module} {node.name}" for module, node in public if not ast.get_docstring(node)] == []
    assert {f"{module} {node.name}": untold_fields(module, node) for module, node in shown_classes()
            if untold_fields(module, node)} == {}


def test_modules_of_physics_say_where_they_come_from() -> None:
    computing = {one.module for one in EVERY if one.module.startswith("models.")} - NO_PHYSICS
    assert len(computing) > 20
    assert [module for module in sorted(computing) if SOURCE.search(head(module)) is None] == []


LISTED = 'def f(x: float) -> None:\n    """Set.\n\n    Parameters\n    ----------\n    y : [V]\n    x : what\n%s    """'


@pytest.mark.parametrize(("text", "missing"), [
    ('def f(x: float) -> None:\n    """Set `x`."""', ["unit"]),
    (LISTED % "", ["unit"]),
    (LISTED % "        it is [V]\n", []),
    ('def f(x_V: Array) -> int:\n    """Run it."""', ["return"]),
    ('def f(x_V: Array) -> int:\n    """Run it, and give how often."""', []),
])
def test_rules_see_what_is_missing(text: str, missing: list[str]) -> None:
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    one = Public("m", "f", node, ast.get_docstring(node) or "", "")
    found = [("unit", bool(without_unit(one))), ("return", is_silent_of_what_it_gives(one))]
    assert [name for name, is_missing in found if is_missing] == missing


def test_rules_on_errors_and_fields_see_what_is_missing() -> None:
    """`load_scenario` raises nothing itself; what it calls does."""
    load = next(one for one in EVERY if (one.module, one.name) == ("cosim.scenario.model", "load_scenario"))
    assert unnamed_callers(load) == []
    assert unnamed_callers(load._replace(doc="Read a scenario.", heads="")) == ["InputError"]
    fields = "    a: float\n    b: float\n    c_V: float\n    e_1: int\n    d: int\n"
    node = ast.parse(f'class C:\n    """One: a, e_*."""\n{fields}    """Told."""').body[0]
    assert isinstance(node, ast.ClassDef)
    assert untold_fields("m", node) == ["b"]
