#!/usr/bin/env python3
"""Fetch the programs that `make bench` compares the project with, each into an environment of its own in `build/peers`.

None of them is a dependency: what cannot be fetched is told, and the benchmark leaves it out. Runs with a bare Python;
`make bench-peers` calls it. It may be run again at any time and only does what is missing.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "build" / "peers"
PACKAGES = {"pybamm": ["pybamm"], "liionpack": ["liionpack", "pybamm<=25.4", "pandas<3"]}
"""liionpack 0.4 does not run with later versions of PyBaMM, nor with the read-only arrays of pandas 3."""


class Unavailable(Exception):
    """A peer that cannot be had here; the text says why."""


def run(command: list[str], cwd: Path = ROOT) -> None:
    """Run a program; the last line of what it said if it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unavailable(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(said[-1] if said else f"{command[0]} failed")


def fetch_ngspice() -> None:
    """Unpack Debian's program ngspice, without root; one that is installed is left as it is."""
    if shutil.which("ngspice"):
        return
    with tempfile.TemporaryDirectory(prefix="bms-cosim-peers-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        run(["apt-get", "download", "ngspice"], folder)
        archive = next(folder.glob("*.deb"))
        run(["dpkg-deb", "-x", str(archive), str(folder / "ngspice")])
        shutil.move(str(folder / "ngspice"), PLACE / "ngspice")


def make_environment(name: str) -> None:
    """Make a virtual environment with a peer's packages; it gets its name when it is whole."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=PLACE) as temporary:
        folder = Path(temporary) / name
        venv.create(folder, with_pip=True)
        run([str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *PACKAGES[name]])
        # Only its Python is used, and that finds its packages wherever it lies.
        folder.rename(PLACE / name)


def main() -> int:
    """Fetch what is missing; the exit code is 0 also where a peer cannot be had."""
    peers: dict[str, Callable[[], None]] = {
        "ngspice": fetch_ngspice, **{name: lambda n=name: make_environment(n) for name in PACKAGES}  # type: ignore[misc]
    }
    parser = argparse.ArgumentParser(description="Fetch what the benchmark compares with.")
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"those alone: {', '.join(peers)}")
    wanted = parser.parse_args().peers
    unknown = [name for name in wanted if name not in peers]
    if unknown:
        parser.error(f"no such peer: {unknown[0]}; known: {', '.join(peers)}")
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in wanted or peers:
        if (PLACE / name).exists():
            print(f"{name}: there")
            continue
        try:
            peers[name]()
        except Unavailable as error:
            print(f"{name}: cannot be had here, and is left out: {error}")
        else:
            print(f"{name}: ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
