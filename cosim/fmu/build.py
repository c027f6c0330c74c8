"""Builds the file: pythonfmu's binaries, a copy of the supervisor under a name of its own, the model description.

The copy's package is called after its content. So a unit runs the supervisor that it was built from, also in a process
that has this project or another version of the unit loaded. Same input, same bytes: pythonfmu's archive is packed anew
in order, without times.
"""

from __future__ import annotations

import hashlib
import io
import os
import pprint
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bms
import cosim
from bms import as_mapping
from cosim.errors import InputError
from cosim.fmu.description import completed
from cosim.fmu.unit import check_tick
from cosim.fmu.variables import TICK_MS, Built, variables_of

TRAVELLING = ("__init__", "variables", "unit", "serial", "slave")
"""Modules of this package that go into the file; `built` is written for each."""
DESCRIPTION = "modelDescription.xml"
_IMPORT = re.compile(r"^(\s*(?:from|import) )(bms|cosim\.fmu)\b", re.MULTILINE)
_NAMES = re.compile(r'^(_PACKAGES = )\("bms", "cosim\.fmu"\)$', re.MULTILINE)
_SCRIPT = """\
import ctypes

from {package}.fmu.slave import BmsSupervisor  # the class that the binary looks for

# For every instance the binary runs this file and then gives up a reference to its names that it never held: without
# one more the second instance of a process would find an empty module.
ctypes.pythonapi.Py_IncRef(ctypes.py_object(globals()))
"""
"""What pythonfmu's binary (0.7.0) loads and runs."""
_PACKAGE, _MODULE = "bms_unit_", "bms_supervisor_"
"""What names of modules in the file begin with."""
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""Time of every entry: the first that the format knows."""


def build_fmu(path: Path, settings: bms.Settings, tick_ms: int = TICK_MS) -> Built:
    """Write the unit of a supervisor with these settings.

    Parameters
    ----------
    path : file to write; what is there is replaced at the end
    settings : start values of the parameters; variant and number of batteries are fixed in the file
    tick_ms : start value of the period of the supervisor's task [ms]

    Returns
    -------
    Built : what the unit was built with

    Raises
    ------
    bms.SettingsError : the tick does not divide the sample period
    InputError : the file cannot be written
    """
    check_tick(tick_ms, settings)
    made = Built(settings, tick_ms)
    data = fmu_bytes(made)
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise InputError(str(path), "", error.strerror or str(error), "a file that can be written") from error
    finally:
        part.unlink(missing_ok=True)
    return made


def fmu_bytes(made: Built) -> bytes:
    """The file as bytes."""
    sources = _sources(made)
    digest = hashlib.sha256("\0".join(f"{name}\0{text}" for name, text in sorted(sources.items())).encode()).hexdigest()
    package, script = _PACKAGE + digest[:12], _MODULE + digest[:12]
    with tempfile.TemporaryDirectory(prefix="bms-cosim-fmu-") as folder:
        top = Path(folder)
        for name, text in sources.items():
            file = top / package / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_moved(text, package), encoding="utf-8")
        main = top / f"{script}.py"
        main.write_text(_SCRIPT.format(package=package), encoding="utf-8")
        with _imports_restored():
            from pythonfmu import FmuBuilder

            packed = FmuBuilder.build_FMU(
                main, top / "packed.fmu", project_files=[top / package], canGetAndSetFMUstate=True,
                canSerializeFMUstate=True,
            )
        return _packed_anew(Path(packed).read_bytes(), made, digest)


def _sources(made: Built) -> dict[str, str]:
    """Python files of the package, by their path in it."""
    ours = Path(__file__).parent
    files = {file.name: file for file in Path(bms.__file__).parent.glob("*.py")}
    files |= {f"fmu/{name}.py": ours / f"{name}.py" for name in TRAVELLING}
    texts = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    mapping = pprint.pformat(as_mapping(made.settings), width=100, sort_dicts=False)
    built = (ours / "built.py").read_text(encoding="utf-8")
    built = built.replace("SETTINGS: dict[str, Any] = {}", f"SETTINGS: dict[str, Any] = {mapping}")
    texts["fmu/built.py"] = built.replace("PERIOD_MS = TICK_MS", f"PERIOD_MS = {made.tick_ms}")
    return texts


def _moved(text: str, package: str) -> str:
    """A module of `bms` or of this package as one of the package in the file."""
    new = {"bms": package, "cosim.fmu": f"{package}.fmu"}
    text = _IMPORT.sub(lambda found: found[1] + new[found[2]], text)
    return _NAMES.sub(rf'\g<1>("{package}",)', text)


@contextmanager
def _imports_restored() -> Iterator[None]:
    """Forget what the builder imports from its temporary folder, and the folder."""
    path, known = list(sys.path), set(sys.modules)
    quiet, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.path[:] = path
        sys.dont_write_bytecode = quiet
        for name in set(sys.modules) - known:
            if name.startswith((_PACKAGE, _MODULE)):
                del sys.modules[name]


def _packed_anew(packed: bytes, made: Built, digest: str) -> bytes:
    """The same archive in order, without times, with the completed model description."""
    settings = made.settings
    with zipfile.ZipFile(io.BytesIO(packed)) as source:
        entries = {name: source.read(name) for name in source.namelist()}
    batteries = "1 battery" if settings.battery_count == 1 else f"{settings.battery_count} batteries"
    words = f"Supervisor of a 12 V, 200 A LFP battery management system, variant {settings.variant}, {batteries}"
    entries[DESCRIPTION] = completed(
        entries[DESCRIPTION], variables_of(made), words, cosim.__version__, digest
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for name in sorted(entries, key=lambda name: (name != DESCRIPTION, name)):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = 0o644 << 16
            target.writestr(entry, entries[name])
    return stream.getvalue()
