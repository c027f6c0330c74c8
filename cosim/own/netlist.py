"""A user's own netlist in place of a shipped circuit: read, made self-contained, and checked before anything runs.

The deck around it stays ours, so that all it may do is to be a circuit between the documented ports: no element outside
a subcircuit, no name of ours defined again, no command, no file but those below its own folder. What no check of text
can tell (convergence, a library that crashes) is left to the process that such a run has (`cosim.own.process`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, NoReturn

from cosim.circuit.characteristic import limiter_start
from cosim.circuit.parts import transistors
from cosim.circuit.trips import with_trips
from cosim.errors import InputError, RunFailed
from cosim.paths import netlists_folder
from cosim.spice.errors import SpiceError
from cosim.spice.expressions import FUNCTIONS, check_expressions
from cosim.spice.guard import MAX_CHARACTERS, check_deck, logical_lines, with_includes
from models.parameter_file import ParameterError
from models.ratings import load_mosfet

PASSED = ("rf25", "lf", "alphaf")
"""Parameters that the program sets: cold resistance, inductance and temperature coefficient of the fitted fuse."""
AROUND = ("devices.lib", "plant.cir", "alternator.cir", "system_path.cir")
"""Texts that may stand in the same deck; their names are taken."""
DRIVEN = ("gn", "en", "vref", "tfuse", "tq1", "tq2a", "tq2b", "tq2c", "tq2d", "lift")
"""Ports that the deck around drives; a circuit may leave them open."""
OUTSIDE = (".model", ".param", ".func")
"""Cards that may stand outside a subcircuit, beside definitions of subcircuits."""
MOST_ELEMENTS, MOST_SUBCIRCUITS = 5_000, 200
"""Elements of a circuit with all its subcircuits written out, and subcircuits of a file (ours; the largest shipped
circuit has 150 elements)."""
RATED = re.compile(r"q0|q1|q2[a-d]|hs|ls")
"""Transistors whose ratings windows watch (`cosim.windows.safety.PLACES`); their class must have ratings."""
BUILT_IN = re.compile(r"\{[^{}]*\}|'[^']*'")


class OwnNetlist(NamedTuple):
    """A netlist that passed: its text with includes written out, and its parameters."""

    text: str
    parameters: tuple[str, ...]


class _Subcircuit(NamedTuple):
    name: str
    ports: tuple[str, ...]
    parameters: tuple[str, ...]
    lines: tuple[str, ...]


def own_netlist(circuit: str, file: str | Path) -> OwnNetlist:
    """Read and check the netlist that is to replace a circuit.

    Parameters
    ----------
    circuit : name of the shipped circuit, and of the subcircuit that the file must define
    file : path of the netlist

    Raises
    ------
    InputError : one line that names the file and what is wrong with it
    """
    path = Path(file)
    text = _read(path)
    try:
        text = with_includes(text, path.parent)
        check_deck(text, netlists=path.parent)
        lines = [line.lower() for line in logical_lines(text)]
        outside, found = _split(lines, path)
        _check_names(outside, found, path)
        top = _head_checked(circuit, found, path)
        _check_instances(circuit, found, path)
        for one in found.values():
            head = f".subckt {one.name} params: " + " ".join(f"{name}=0" for name in one.parameters)
            check_expressions([head, *outside, *one.lines], None)
    except SpiceError as error:
        _refuse(path, "", error.message, "")
    _check_head_lines(circuit, text, path)
    return OwnNetlist(text, top.parameters)


def own_texts(netlists: Iterable[tuple[str, str]], folder: Path | None = None) -> tuple[str, ...]:
    """What a scenario's own netlists hold, includes written out: part of every key of what was made with them.

    Parameters
    ----------
    netlists : circuit and file, the items of `Scenario.netlists`
    folder : from which the files are seen; left out: they are seen from here
    """
    return tuple(
        part for circuit, file in sorted(netlists)
        for part in (circuit, own_netlist(circuit, (folder or Path()) / file).text)
    )


def _refuse(path: Path, field: str, value: object, allowed: str) -> NoReturn:
    raise InputError(str(path), field, value, allowed) from None


def _read(path: Path) -> str:
    """Text of a file; nothing that never ends (a device, a pipe) is opened."""
    try:
        if not path.is_file():
            _refuse(path, "", "", "a netlist that can be read")
        if path.stat().st_size > MAX_CHARACTERS:
            _refuse(path, "", f"{path.stat().st_size} bytes", f"at most {MAX_CHARACTERS}")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        _refuse(path, "", getattr(error, "strerror", None) or "not UTF-8", "a netlist that can be read")


# ---- structure --------------------------------------------------------------------------------------------------

def _words(line: str) -> list[str]:
    """Words of a line, with each assignment one word and each expression 0."""
    return re.sub(r"\s*=\s*", "=", BUILT_IN.sub("0", line)).split()


def _subcircuit(head: str, lines: Sequence[str] = ()) -> _Subcircuit:
    words = _words(head)[1:]
    plain = [word for word in words if "=" not in word and word != "params:"]
    given = tuple(word.split("=")[0] for word in words if "=" in word)
    return _Subcircuit(plain[0] if plain else "", tuple(plain[1:]), given, tuple(lines))


def _split(lines: Sequence[str], path: Path) -> tuple[list[str], dict[str, _Subcircuit]]:
    """Cards outside, and subcircuits by name; only what cannot reach the deck around is let through."""
    outside: list[str] = []
    found: dict[str, _Subcircuit] = {}
    head, inside = "", list[str]()
    for line in lines:
        word = line.split(None, 1)[0]
        if head and word == ".ends":
            one = _subcircuit(head, inside)
            if one.name in found:
                _refuse(path, f".subckt {one.name}", "defined twice", "once")
            found[one.name], head, inside = one, "", []
        elif word == ".subckt":
            if head:
                _refuse(path, line[:60], "inside another subcircuit", "one after the other")
            head = line
        elif word in (".global", ".temp"):
            _refuse(path, line[:60], "reaches the deck around", "nothing but what the ports connect")
        elif head:
            inside.append(line)
        elif word in OUTSIDE:
            outside.append(line)
        else:
            _refuse(path, line[:60], "outside a subcircuit", f"{', '.join(OUTSIDE)} and subcircuits there")
    return outside, found


@lru_cache(maxsize=8)
def _around(folder: Path) -> tuple[frozenset[str], Mapping[str, int]]:
    """Names of models and subcircuits that are taken, and the number of ports of each subcircuit."""
    text = "\n".join((folder / name).read_text(encoding="utf-8") for name in AROUND)
    cards = [line.lower() for line in logical_lines(text)]
    known = {one.name: len(one.ports) for one in map(_subcircuit, (c for c in cards if c.startswith(".subckt")))}
    return frozenset({*known, *(c.split()[1] for c in cards if c.startswith(".model"))}), known


def _check_names(outside: Sequence[str], found: Mapping[str, _Subcircuit], path: Path) -> None:
    """No name of the deck around may be defined again, no function of ngspice; no source waits for Python."""
    if len(found) > MOST_SUBCIRCUITS:
        _refuse(path, ".subckt", f"{len(found)} of them", f"at most {MOST_SUBCIRCUITS}")
    taken, _ = _around(netlists_folder())
    every = [*outside, *(line for one in found.values() for line in one.lines)]
    models = [words[1] for line in every if (words := line.split())[0] == ".model" and len(words) > 1]
    functions = [re.split(r"[\s(]", line.split(None, 1)[1])[0] for line in every if line.startswith(".func ")]
    for name in (*found, *models):
        if name in taken:
            _refuse(path, name, "defined again", "another name; this one is the program's")
    for name in functions:
        if name in FUNCTIONS:
            _refuse(path, f".func {name}", "defined again", "another name; this one is ngspice's")
    for line in every:
        if line[0] in "vi" and "external" in line.split():
            _refuse(path, line[:60], "external source", "sources with values; what drives the circuit are its ports")


def _head_checked(circuit: str, found: Mapping[str, _Subcircuit], path: Path) -> _Subcircuit:
    """The subcircuit that replaces the shipped one, with its ports and parameters."""
    shipped = (netlists_folder() / f"{circuit}.cir").read_text(encoding="utf-8")
    wanted = _subcircuit(next(c for c in map(str.lower, logical_lines(shipped)) if c.startswith(f".subckt {circuit} ")))
    if circuit not in found:
        names = ", ".join(found) or "none"
        _refuse(path, ".subckt", names, f".subckt {circuit} with the ports of netlists/{circuit}.cir")
    top = found[circuit]
    field = f".subckt {circuit}"
    if "gnd" in top.ports:
        _refuse(path, field, "port gnd, which ngspice takes for node 0 whatever it is connected to", "the name gn")
    missing = [port for port in wanted.ports if port not in top.ports]
    extra = [port for port in top.ports if port not in wanted.ports]
    if missing:
        _refuse(path, field, f"missing port {', '.join(missing)}", f"ports {' '.join(wanted.ports)}")
    if extra:
        _refuse(path, field, f"unknown port {', '.join(extra)}", f"ports {' '.join(wanted.ports)}")
    if top.ports != wanted.ports:
        _refuse(path, field, f"order of ports {' '.join(top.ports)}", f"{' '.join(wanted.ports)}")
    absent = [name for name in PASSED if name not in top.parameters]
    if absent:
        allowed = f"params: {' '.join(f'{name}=...' for name in PASSED)}"
        _refuse(path, field, f"missing parameter {', '.join(absent)}", allowed)
    nodes = set(re.findall(r"[\w.]+", " ".join(top.lines)))
    idle = [port for port in top.ports if port not in nodes and port not in DRIVEN]
    if idle:
        _refuse(path, field, f"port {', '.join(idle)} connected to nothing", "each output driven (0 V at least)")
    return top


def _check_instances(circuit: str, found: Mapping[str, _Subcircuit], path: Path) -> None:
    """Every instance names a known subcircuit with its number of nodes; the whole is finite and not too large."""
    _, around = _around(netlists_folder())
    parts: dict[str, Counter[str]] = {}
    for one in found.values():
        parts[one.name] = Counter()
        for line in one.lines:
            if line[0] != "x":
                continue
            plain = [word for word in _words(line)[1:] if "=" not in word and word != "params:"]
            name, nodes = (plain[-1], len(plain) - 1) if plain else ("", 0)
            if name not in found and name not in around:
                _refuse(path, line[:60], f"unknown subcircuit {name}", ", ".join(found))
            ports = len(found[name].ports) if name in found else around[name]
            if nodes != ports:
                _refuse(path, line[:60], f"{nodes} nodes", f"{ports}, as .subckt {name} has")
            if name in found:
                parts[one.name][name] += 1
    sizes: dict[str, int] = {}

    def size(name: str, above: tuple[str, ...]) -> int:
        if name in above:
            _refuse(path, f".subckt {name}", "contains itself", "a circuit that ends")
        if name not in sizes:
            inner = sum(count * size(part, (*above, name)) for part, count in parts[name].items())
            sizes[name] = sum(line[0] not in ".x" for line in found[name].lines) + inner
        return sizes[name]

    if size(circuit, ()) > MOST_ELEMENTS:
        many = f"{min(sizes[circuit], 10**9)} elements or more"
        _refuse(path, f".subckt {circuit}", many, f"at most {MOST_ELEMENTS}")


# ---- what the program reads in comments and names ---------------------------------------------------------------

def _check_head_lines(circuit: str, text: str, path: Path) -> None:
    """TRIP and RATING lines can be followed, and watched transistors have ratings."""
    try:
        with_trips(limiter_start(), text, {})
    except RunFailed as error:
        _refuse(path, "", error, "")
    for line in re.findall(r"(?im)^\*[ \t]*RATING\b.*$", text):
        if not re.fullmatch(r"\* RATING \w+ [\d.]+ V .+", line):
            _refuse(path, line[:60], "cannot be followed", "* RATING node 35 V what endures it")
    try:
        for one in transistors(text):
            if RATED.fullmatch(one.name):
                load_mosfet(f"ratings_{one.model.lower()}")
    except (ValueError, ParameterError) as error:
        _refuse(path, f".subckt {circuit}", error, "class of netlists/devices.lib, or a name other than Q0, Q1, Q2a..d")
