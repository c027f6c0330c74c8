"""What the regression of the circuits sees: values of the netlists changed, benches run, compared with golden files.

    python -m cosim.studies.regression.sensitivity tests/cosim/studies/regression/golden/test_shipped_waveforms KEPT

prints the tables of docs/regression.md: the influential values, each changed by 2 % up and down, with the bench that
notices most of the change that is noticed less; and which of all values in the netlists are not noticed even at +20 %.
A value is changed in a copy of the netlists, where it is set (`name=value` in a `.subckt` line or a `.model`).
Every answer is appended to the file KEPT at once; a second run goes on with those that were found with the same
netlists, benches, tolerances and golden files, so that the whole table may be made in pieces.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cosim.errors import InputError
from cosim.paths import NETLISTS
from cosim.spice.errors import SpiceError
from cosim.spice.session import SpiceSession
from cosim.studies.compare.comparison import compare
from cosim.studies.compare.tolerances import parse_tolerances
from cosim.studies.regression import golden
from cosim.studies.regression.cases import Case, cases, run

SMALL, LARGE = 0.02, 0.20
NOTHING = 1e-5
"""A change that means nothing: what a bench makes of it is numerical noise, and must stay inside the tolerance."""
HARMLESS = (
    ("alternator_path.cir", "alternator_path", "rbleed"), ("system_path.cir", "system_path", "rbsys"),
    ("disconnect_output.cir", "disconnect_output", "cout"),
)
"""Values that are changed by `NOTHING`."""
NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(meg|[fpnumkg]?)", re.IGNORECASE)
PAIR = re.compile(r"(?<![\w.{(*/+-])([a-z]\w*)=([-+]?[\d.][\w.]*(?:[-+]\d+)?)(?=[\s)]|$)", re.IGNORECASE)
SUFFIX = {"": 1.0, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "meg": 1e6, "g": 1e9}


class Value(NamedTuple):
    """One value of a netlist: file, subcircuit or model that sets it, name."""

    file: str
    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner} {self.name}"


INFLUENTIAL: tuple[Value, ...] = (
    *(Value("alternator_path.cir", "alternator_path", name)
      for name in ("rs2", "v1", "vov", "kq", "xb", "cdab", "rdab", "cdlb", "vlift", "klift")),
    *(Value("system_path.cir", "system_path", name) for name in ("itrip", "rsh", "rpre")),
    *(Value("disconnect_output.cir", "disconnect_output", name) for name in ("rsense", "rref")),
)
"""Fifteen values that decide what the product does: losses, loop, trips, filters, lift, pre-charge, output limit."""
WATCHED = ("alternator_path.cir", "system_path.cir", "disconnect_output.cir", "devices.lib")
"""Netlists that the benches are built from."""
BENCHES = {"alternator_path.cir": "port_", "system_path.cir": "system_", "disconnect_output.cir": "output_"}
"""Netlist -> benches that contain it, by the beginning of their names; a model is in those whose netlist uses it."""


class Seen(NamedTuple):
    """What came of one change: bench and signal that notice most, part of their tolerance used (above 1: caught)."""

    value: Value
    change: float
    bench: str
    signal: str
    used: float

    @property
    def caught(self) -> bool:
        """Whether the regression fails."""
        return self.used > 1.0


def statements(text: str) -> Iterator[tuple[str, int, int]]:
    """Owner, begin and end of every `.subckt` head and `.model` of a netlist, continuation lines included."""
    for found in re.finditer(r"(?im)^\.(?:subckt|model)[ \t]+(\w+)[^\n]*(?:\n\+[^\n]*)*", text):
        yield found[1], found.start(), found.end()


def values_of(file: str, folder: Path = NETLISTS) -> list[Value]:
    """All plain numbers that a netlist sets by name, other than 0."""
    text = (folder / file).read_text(encoding="utf-8")
    found = []
    for owner, begin, end in statements(text):
        for name, number in PAIR.findall(text[begin:end]):
            if number_of(number) not in (None, 0.0):
                found.append(Value(file, owner, name))
    return list(dict.fromkeys(found))


def number_of(text: str) -> float | None:
    """A SPICE number; None for what is none."""
    found = NUMBER.fullmatch(text)
    return None if found is None else float(found[1]) * SUFFIX[found[2].lower()]


@contextmanager
def changed(value: Value, factor: float) -> Iterator[Path]:
    """Folder of netlists in which one value is multiplied by a factor.

    Raises
    ------
    InputError
        No such value.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "netlists"
        shutil.copytree(NETLISTS, copy)
        path = copy / value.file
        path.write_text(with_factor(path.read_text(encoding="utf-8"), value, factor), encoding="utf-8")
        yield copy


def with_factor(text: str, value: Value, factor: float) -> str:
    """Netlist text with one value multiplied; raises InputError where it is not set."""
    for owner, begin, end in statements(text):
        if owner != value.owner:
            continue
        for pair in PAIR.finditer(text, begin, end):
            number = number_of(pair[2])
            if pair[1] == value.name and number is not None:
                return f"{text[:pair.start(2)]}{factor * number!r}{text[pair.end(2):]}"
    raise InputError(value.file, value.owner, value.name, "a value that the netlist sets")


def see(
    session: SpiceSession, value: Value, change: float, known: Mapping[str, golden.Golden], benches: Mapping[str, Case],
    all_benches: bool = True,
) -> Seen:
    """Run the benches that contain a value with that value changed; a bench that does not run notices infinitely.

    Without `all_benches` the first that notices ends it.
    """
    worst = Seen(value, change, "", "", 0.0)
    with changed(value, 1.0 + change) as folder:
        inside = benches_with(value)
        for name, case in benches.items():
            if not name.startswith(inside):
                continue
            try:
                found = compare(known[name].recording, run(session, case, folder), parse_tolerances(case.tolerances))
            except SpiceError:
                return Seen(value, change, name, "does not run", float("inf"))
            signal = found.worst
            if signal is not None and signal.used > worst.used:
                worst = Seen(value, change, name, signal.name, signal.used)
            if not found.passed and worst.used <= 1.0:
                worst = Seen(value, change, name, "ends at another time", float("inf"))
            if worst.caught and not all_benches:
                break
    return worst


def both_ways(
    session: SpiceSession, value: Value, change: float, known: Mapping[str, golden.Golden], benches: Mapping[str, Case]
) -> Seen:
    """The less noticed of a change up and one down."""
    return min((see(session, value, sign * change, known, benches) for sign in (1.0, -1.0)), key=lambda one: one.used)


def benches_with(value: Value) -> tuple[str, ...]:
    """Beginnings of the names of benches that contain a value: its netlist's, or those whose netlist uses its model."""
    if value.file in BENCHES:
        return (BENCHES[value.file],)
    found = []
    for file, bench in BENCHES.items():
        lines = (NETLISTS / file).read_text(encoding="utf-8").splitlines()
        code = "\n".join(line for line in lines if not line.startswith("*"))
        if re.search(rf"(?i)\b{value.owner}\b", code):
            found.append(bench)
    return tuple(found)


class Kept:
    """Answers that an earlier run found with the same netlists, benches and golden files, by what was asked."""

    def __init__(self, path: Path | None, golden_folder: Path) -> None:
        self._path, self._digest = path, _digest(golden_folder)
        self._known: dict[str, Seen] = {}
        if path is not None and path.exists():
            text = path.read_text(encoding="utf-8")
            for line in text.splitlines():
                self._take(line)
            if not text.endswith("\n"):  # killed while it was written: the next answer gets a line of its own
                path.write_text(text + "\n", encoding="utf-8")

    def _take(self, line: str) -> None:
        """One line of the file; what is not whole (a kill while it was written) or of other netlists is passed over."""
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            return
        if row.pop("digest") == self._digest:
            asked = row.pop("asked")
            self._known[asked] = Seen(**{**row, "value": Value(*row["value"])})

    def seen(self, asked: str, find: Callable[[], Seen]) -> Seen:
        """The answer to a question, found now if it is not known."""
        if asked not in self._known:
            self._known[asked] = found = find()
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"digest": self._digest, "asked": asked, **found._asdict()}) + "\n")
        return self._known[asked]


def _digest(golden_folder: Path) -> str:
    """Digest of all that an answer depends on besides the value: netlists, golden files, benches."""
    digest = hashlib.sha256()
    here = Path(__file__).parents[2]
    benches = (Path(__file__).with_name("cases.py"), here / "benches", here / "validation" / "port_bench.py")
    for place in (NETLISTS, golden_folder, *benches):
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in (".cir", ".lib", ".npz", ".py"):
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def load_known(folder: Path) -> dict[str, golden.Golden]:
    """Golden files of the benches."""
    return {name: golden.read(folder / f"test_bench_{name}.npz") for name in cases()}


def table(rows: list[Seen]) -> str:
    """Rows as Markdown."""
    head = ("| value | change | noticed most by | signal | tolerance used | caught |", "|---|---|---|---|---|---|")
    body = (
        f"| `{row.value}` | {100.0 * row.change:+g} % | {row.bench} | {row.signal} | {row.used:.3g} | "
        f"{'yes' if row.caught else 'NO'} |" for row in rows
    )
    return "\n".join((*head, *body))


def main() -> int:
    """Print all tables; 1 if an influential value escapes at 2 %, or noise does not."""
    if len(sys.argv) not in (2, 3):
        print("usage: python -m cosim.studies.regression.sensitivity GOLDEN_FOLDER [KEPT]", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    known, benches, session = load_known(folder), cases(), SpiceSession.open()
    kept = Kept(Path(sys.argv[2]) if len(sys.argv) == 3 else None, folder)

    def noise_of(value: Value) -> Seen:
        return kept.seen(f"{value} {NOTHING}", lambda: see(session, value, NOTHING, known, benches))

    def small(value: Value) -> Seen:
        return kept.seen(f"{value} {SMALL} both", lambda: both_ways(session, value, SMALL, known, benches))

    def large(value: Value) -> Seen:
        return kept.seen(
            f"{value} {LARGE}", lambda: see(session, value, LARGE, known, benches, all_benches=False))

    noise = [noise_of(Value(*value)) for value in HARMLESS]
    print("Numerical noise, a value changed by 1e-5 (a tenth of the tolerance is the thinning of the golden files):\n")
    print(table(noise), "\n", flush=True)
    first = [small(value) for value in INFLUENTIAL]
    print(table(first), flush=True)
    rest = [value for file in WATCHED for value in values_of(file) if value not in INFLUENTIAL]
    used = [value for value in rest if benches_with(value)]
    unused = ", ".join(sorted({value.owner for value in rest} - {value.owner for value in used}))
    print(f"\nNot noticed at {100.0 * LARGE:+.0f} %, of {len(used)} other values (models in no bench: {unused}):\n")
    print(table([]), flush=True)
    escaped = 0
    for value in used:
        row = large(value)
        if not row.caught:
            escaped += 1
            print(table([row]).splitlines()[-1], flush=True)
    print(f"\n{len(used) - escaped} of {len(used)} are noticed.")
    return 0 if all(row.caught for row in first) and not any(row.caught for row in noise) else 1


if __name__ == "__main__":
    raise SystemExit(main())
