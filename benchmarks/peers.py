"""The programs that the project is compared with, where they are; none of them is a dependency.

`make bench-peers` (`scripts/bench_peers.py`) puts them below `build/peers`, each in an environment of its own. A
variable names another place: ``BMS_COSIM_NGSPICE`` a program, ``BMS_COSIM_PYBAMM_PYTHON`` and
``BMS_COSIM_LIIONPACK_PYTHON`` the Python of an environment. What is absent is left out, with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from cosim.paths import ROOT

PLACE = ROOT / "build" / "peers"
"""Where `make bench-peers` puts them."""
NOT_INSTALLED = 3
"""Exit code of a peer's script whose package is absent."""
HINT = "`make bench-peers` fetches it"

Figures = dict[str, float]


class PeerMissing(RuntimeError):
    """A peer that there is nothing to compare with; the message says why."""


def ngspice_program() -> Path:
    """Return the program ngspice: the one named, the one installed, or the one fetched.

    Raises
    ------
    PeerMissing : there is none
    """
    named = os.environ.get("BMS_COSIM_NGSPICE") or shutil.which("ngspice")
    program = Path(named) if named else PLACE / "ngspice" / "usr" / "bin" / "ngspice"
    if not program.is_file():
        raise PeerMissing(f"ngspice: {program} is not there; {HINT}")
    return program


def python_of(peer: str) -> Path:
    """Return the Python of a peer's environment (`pybamm`, `liionpack`).

    Raises
    ------
    PeerMissing : there is none
    """
    named = os.environ.get(f"BMS_COSIM_{peer.upper()}_PYTHON")
    python = Path(named) if named else PLACE / peer / "bin" / "python"
    if not python.exists():
        raise PeerMissing(f"{peer}: {python} is not there; {HINT}")
    return python


def told_by(peer: str, script: str, *arguments: str) -> dict[str, str | float]:
    """Run a peer's script in its environment; what it printed last, as JSON.

    Raises
    ------
    PeerMissing : no environment, no package in it, or the script failed
    """
    command = [str(python_of(peer)), str(Path(__file__).parent / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == NOT_INSTALLED:
        raise PeerMissing(f"{peer}: the package is not in {command[0]}")
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise PeerMissing(f"{peer}: {lines[-1] if lines else 'failed'}")
    found: dict[str, str | float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def figures_of(peer: str, script: str, *arguments: str) -> Figures:
    """Return the numbers of `told_by`."""
    return {name: float(value) for name, value in told_by(peer, script, *arguments).items() if name != "version"}
