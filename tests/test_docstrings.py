"""Docstrings of public functions: there, and saying what a reader needs. What is checked, and what is not:

- everywhere: a docstring, and the errors that the body raises are named (or 'raises' tells them in words);
- in what the site shows (`docs/`: the Python reference and the pages of models): every parameter is told, quantities
  have units, arrays their shape;
- physics in `models/`: the module says where its equations come from.

A parameter is told by the docstring, by the head of its class, module or package in backticks, or by a name that
carries its unit (`current_A`) or a type of our own. A command's docstring is its `--help`, which tells exit codes in
place of errors. Whether the words are right, no test can say.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
UNIT = re.compile(
    r"_(A|V|W|J|K|C|F|H|S|N|m|s|h|V_s|A_V|V_A|V_K|K_W|W_K|J_K|K_s|1_s|1_K|per_[A-Za-z]+|A2s|A2ms|mA|uA|mV|mW|ms|us|ns|min|mm|m2|"
    r"mm2|m_s|m_s2|ohm|mohm|degC|rpm|Ah|Wh|Hz|percent|W_m2|W_m2_K|kg)$"
)
PLAIN = re.compile(
    r"\b(float|int|str|bytes|bool|Array|NDArray|ArrayLike|Mapping|dict|list|tuple|Sequence|Iterable|Callable|object|Any|"
    r"Collection)\b"
)
"""Types that say nothing of what a parameter is; one of our own does."""
ARRAY = re.compile(r"\b(Array|NDArray|ArrayLike)\b")
SHAPE = re.compile(r"\bshapes?\b|\(n|one per|equally (long|many)|of (one|equal) length|as long as")
NUMBER_TOLD = re.compile(
    r"\[[^\]]+\]|\b(relative|[Ss]hares?|ratio|fraction|factor|part|efficiency|unit)\b"
)
SOURCE = re.compile(r"doi:|\bSource|\(ours|\bours\b|IEC \d|ISO \d|textbook|SIAM|Trans\.")
PHYSICS = {"compiled", "borrowing", "called", "vectorising", "apart", "borrowing_apart"}
CONTROL = {"NotImplementedError", "AssertionError", "KeyboardInterrupt", "Exit", "SystemExit", "StopIteration"}
"""What is no error of a caller's: left out of the rule on errors."""
TELLING = {"soc"}
"""Names without a unit that tell themselves by the contract of the project: the state of charge, 0 to 1."""


class Public(NamedTuple):
    """A public function with what may tell its parameters: its own docstring, and the heads around it."""

    module: str
    name: str
    node: ast.FunctionDef
    doc: str
    heads: str

    @property
    def where(self) -> str:
        return f"{self.module}:{self.node.lineno} {self.name}"

    @property
    def parameters(self) -> list[ast.arg]:
        given = self.node.args
        return [one for one in (*given.posonlyargs, *given.args, *given.kwonlyargs) if one.arg not in ("self", "cls")]


def module_files() -> dict[str, Path]:
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
            for package in ("bms", "models", "cosim") for path in sorted((ROOT / package).rglob("*.py"))}


FILES = module_files()
TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in FILES.items()}


def head(module: str) -> str:
    return (ast.get_docstring(TREES[module]) or "") if module in TREES else ""


def functions(module: str) -> list[Public]:
    return list(_functions(module, TREES[module], "", f"{head(module)}\n{head(module.rpartition('.')[0])}"))


def _functions(module: str, node: ast.Module | ast.ClassDef, prefix: str, heads: str) -> Iterator[Public]:
    for one in node.body:
        if isinstance(one, ast.ClassDef) and not one.name.startswith("_"):
            yield from _functions(module, one, f"{one.name}.", f"{heads}\n{ast.get_docstring(one) or ''}")
        if not isinstance(one, ast.FunctionDef) or one.name.startswith("_"):
            continue
        if not any(ast.unparse(mark).endswith(".setter") for mark in one.decorator_list):
            yield Public(module, prefix + one.name, one, ast.get_docstring(one) or "", heads)


EVERY = [one for module in TREES for one in functions(module)]


def wanted_names() -> dict[str, set[str] | None]:
    """Modules that the site shows, with the names of each that it shows; None for all."""
    pages = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))
                      if "generated" not in path.parts)
    wanted: dict[str, set[str] | None] = {}
    for module, option in re.findall(r"automodule:: (\S+)\n\s+:((?:no-)?members:[^\n]*)", pages):
        names = option.partition(":")[2].strip()
        wanted[module] = set() if option.startswith("no-") else {n.strip() for n in names.split(",")} if names else None
    for module, names in ((m, set(exported(m))) for m in ("bms", "cosim.measure", "cosim.plot")):
        wanted |= {inner: names for inner in TREES if inner.rpartition(".")[0] == module}
    wanted["cosim.scenario.model"] = {"load_scenario", "parse_scenario"}
    return wanted


def shown() -> list[Public]:
    """Functions that the site shows: of its automodule directives, and of what the packages in question export."""
    return [one for module, names in wanted_names().items() if module in TREES for one in functions(module)
            if names is None or one.name.partition(".")[0] in names]


def exported(module: str) -> list[str]:
    for node in TREES[module].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def untold_parameters(one: Public) -> list[str]:
    """Parameters that neither words, unit nor type tell."""
    def is_told(parameter: ast.arg) -> bool:
        name, kind = parameter.arg, ast.unparse(parameter.annotation) if parameter.annotation else ""
        return (name in TELLING or UNIT.search(name) is not None or PLAIN.search(kind) is None
                or re.search(rf"\b{re.escape(name)}\b", one.doc) is not None
                or re.search(rf"`{re.escape(name)}`", one.heads) is not None)

    return [parameter.arg for parameter in one.parameters if not is_told(parameter)]


def is_without_unit(one: Public) -> bool:
    """Whether a number comes back of which neither the name nor the docstring says the unit."""
    returned = ast.unparse(one.node.returns) if one.node.returns else ""
    return returned == "float" and UNIT.search(one.name) is None and NUMBER_TOLD.search(one.doc) is None


def is_without_shape(one: Public) -> bool:
    """Whether arrays go in or out whose shape nobody tells."""
    kinds = [ast.unparse(p.annotation) for p in one.parameters if p.annotation]
    kinds += [ast.unparse(one.node.returns)] if one.node.returns else []
    return any(ARRAY.search(kind) for kind in kinds) and SHAPE.search(f"{one.doc}\n{one.heads}") is None


def unnamed_errors(one: Public) -> list[str]:
    """Errors that the body raises by name and the docstring does not tell."""
    raised = set()
    for node in ast.walk(one.node):
        if isinstance(node, ast.Raise) and node.exc is not None:
            made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = made.attr if isinstance(made, ast.Attribute) else made.id if isinstance(made, ast.Name) else ""
            raised |= {name} if name[:1].isupper() else set()
    told = one.doc + one.heads
    return [name for name in sorted(raised - CONTROL) if name not in told and "raise" not in one.doc.lower()]


def is_physics(one: Public) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id in PHYSICS for mark in one.node.decorator_list)


def test_every_public_function_has_a_docstring() -> None:
    assert len(EVERY) > 1000
    assert [one.where for one in EVERY if not one.doc] == []


def test_errors_are_named() -> None:
    judged = [one for one in EVERY if not one.module.startswith("cosim.cli")]
    assert [f"{one.where}: {unnamed_errors(one)}" for one in judged if unnamed_errors(one)] == []


def test_shown_parameters_are_told() -> None:
    assert len(shown()) > 250
    assert [f"{one.where}: {untold_parameters(one)}" for one in shown() if untold_parameters(one)] == []


def test_shown_quantities_have_units() -> None:
    assert [one.where for one in shown() if is_without_unit(one)] == []


def test_shown_arrays_have_shapes() -> None:
    assert [one.where for one in shown() if is_without_shape(one)] == []


def test_physics_names_its_source() -> None:
    found = {one.module for one in EVERY if one.module.startswith("models.") and is_physics(one)}
    assert len(found) > 12
    assert [module for module in sorted(found) if SOURCE.search(head(module)) is None] == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ('def f(x: float) -> float:\n    """Return y."""', ["parameter", "unit"]),
        ('def f(x: float) -> float:\n    """Return y [V] at `x`."""', []),
        ('def f(current_A: float) -> float:\n    """Return y [V]."""', []),
        ('def f(v: Array) -> None:\n    """Take `v`."""', ["shape"]),
        ('def f(v: Array) -> None:\n    """Take `v`, shape (n,)."""', []),
        ('def f() -> None:\n    """Fail."""\n    raise InputError("x")', ["error"]),
        ('def f() -> None:\n    """Fail; raises InputError."""\n    raise InputError("x")', []),
        ('def f(p: FuseParameters) -> float:\n    """Return a share."""', []),
    ],
)
def test_rules_see_what_is_missing(text: str, missing: list[str]) -> None:
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    one = Public("m", "f", node, ast.get_docstring(node) or "", "")
    found = [("parameter", bool(untold_parameters(one))), ("unit", is_without_unit(one)),
             ("shape", is_without_shape(one)), ("error", bool(unnamed_errors(one)))]
    assert [name for name, is_missing in found if is_missing] == missing
