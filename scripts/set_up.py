#!/usr/bin/env python3
"""Set the project up: `.venv` with the pinned packages, and libngspice.

Runs with a bare Python >= 3.11 and its standard library alone; `make setup` calls it. It may be run again
at any time and only does what is missing. libngspice is taken where it is found: installed on the machine,
else installed with apt (as root), else the Debian packages are unpacked inside `.venv` (without root).

Environment: BMS_COSIM_NO_SYSTEM_LIBRARY=1 ignores an installed libngspice and apt as root, so that the
way without root can be tried on any machine.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "bms-cosim-ready"
PRIVATE_LIBRARIES = VENV / "lib" / "bms-cosim"
MINIMUM_PYTHON = (3, 11)

PROBE = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
"""Run in a process of its own: loading ngspice here would leave it loaded."""

INSTALLED_NAMES = {
    "Darwin": ("libngspice.dylib", "/opt/homebrew/lib/libngspice.dylib", "/usr/local/lib/libngspice.dylib"),
    "Linux": ("libngspice.so.0", "libngspice.so"),
}
"""Names that the dynamic loader is asked for, per operating system."""

LIBRARY = "libngspice.so.0"
DEBIAN_PACKAGE = "libngspice0"
"""Debian and Ubuntu package that holds `LIBRARY`."""

DEPENDENCIES = {"libgomp.so.1": "libgomp1", "libstdc++.so.6": "libstdc++6", "libgcc_s.so.1": "libgcc-s1"}
"""What `LIBRARY` needs beside the C library, and the Debian packages that hold it."""


TOLD_EVERY_S = 15.0
"""Time between two lines of what takes minutes (ours)."""


class SetUpError(Exception):
    """Set-up cannot go on; the text is the one line that the user sees."""


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(f"set-up: {text}", flush=True)


def run(
    command: list[str], cwd: Path = ROOT, environment: dict[str, str] | None = None, quiet: bool = False
) -> None:
    """Run a program; its own output is shown only if it fails, and not even then if `quiet`."""
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        if not quiet:
            sys.stderr.write(done.stdout[-4000:] + done.stderr[-4000:])
        raise SetUpError(f"failed (exit code {done.returncode}): {' '.join(command)}")


def minutes(seconds: float) -> str:
    """Return a time as `0:20`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def doing(line: str) -> str:
    """Return what a line of pip's output says that it is doing; empty for the other lines."""
    word, _, rest = line.strip().partition(" ")
    if word == "Collecting":
        return "collecting " + re.split(r"[\s<>=!~;(\[]", rest)[0]
    if line.startswith("Requirement already satisfied: "):
        return "found " + re.split(r"[\s<>=!~;(\[]", line.split(": ", 1)[1])[0]
    if line.startswith("Installing collected packages:"):
        return f"unpacking {rest.count(',') + 1} packages"
    return ""


def run_told(command: list[str], every_s: float = TOLD_EVERY_S) -> None:
    """Run a program for minutes: say every now and then for how long and at what it is; then how long it took.

    Its own output is shown only if it fails, as in `run`.
    """
    begun_s = time.monotonic()
    lines: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        reader = threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True)
        reader.start()
        while True:
            reader.join(every_s)
            if not reader.is_alive():
                break
            now = next((told for line in reversed(lines) if (told := doing(line))), "")
            say(f"  {minutes(time.monotonic() - begun_s)} {now or 'at work'}")
    if process.returncode != 0:
        sys.stderr.write("".join(lines)[-4000:])
        raise SetUpError(f"failed (exit code {process.returncode}): {' '.join(command)}")
    say(f"  done in {minutes(time.monotonic() - begun_s)} min")


def is_root() -> bool:
    """Say whether apt-get can install for the whole machine."""
    return os.geteuid() == 0


def has_apt() -> bool:
    """Say whether this is a Debian-like machine."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def apt_install(package: str) -> None:
    """Install a Debian package as root, with fresh package lists if the first try fails."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    command = ["apt-get", "install", "-y", "--no-install-recommends", package]
    try:
        run(command, environment=environment, quiet=True)
    except SetUpError:
        say("refreshing the package lists")
        run(["apt-get", "update"], environment=environment)
        run(command, environment=environment)


# --- Python -------------------------------------------------------------------------------------------------


def check_python() -> None:
    """Refuse an unsuitable Python before anything is made."""
    found = sys.version_info[:2]
    if found < MINIMUM_PYTHON:
        raise SetUpError(
            f"Python {found[0]}.{found[1]} found, 3.11 or newer needed; "
            "once it is there: `make setup PYTHON=python3.11`"
        )
    try:
        import ensurepip  # noqa: F401  (only its presence matters)
    except ImportError:
        package = f"python{found[0]}.{found[1]}-venv"
        if not (has_apt() and is_root()):
            raise SetUpError(f"Python's venv module is missing: `sudo apt-get install {package}`") from None
        say(f"installing {package}")
        apt_install(package)


def venv_works() -> bool:
    """Say whether `.venv` holds a Python that runs, is new enough and has pip."""
    if not PYTHON.exists():
        return False
    code = f"import pip, sys; sys.exit(sys.version_info[:2] < {MINIMUM_PYTHON})"
    return subprocess.run([PYTHON, "-c", code], capture_output=True, check=False).returncode == 0


def make_venv() -> None:
    """Make `.venv`, or make it again if its Python has gone."""
    if venv_works():
        return
    say(f"making .venv with Python {platform.python_version()}")
    run([sys.executable, "-m", "venv", "--clear", str(VENV)])


def install_packages() -> None:
    """Install the project (editable) with what it needs, at the pinned versions."""
    say("installing Python packages (a few minutes the first time)")
    run_told([str(PYTHON), "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check",
              "--constraint", "constraints.txt", "--editable", ".[dask,dev,docs,files,fmi,interactive,live,notebook]"])


def compile_physics() -> None:
    """Compile the physics once, so that the first run does not wait for it."""
    say("compiling the physics (about a minute the first time)")
    run_told([str(PYTHON), "-m", "cosim.slow.warm_up"])


# --- libngspice ---------------------------------------------------------------------------------------------


def loads(library: str, search: Path | None = None) -> bool:
    """Say whether the dynamic loader can load a library, in a process of its own."""
    environment = dict(os.environ)
    if search is not None:
        environment["LD_LIBRARY_PATH"] = str(search)
    command = [str(PYTHON), "-c", PROBE, library]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


def installed_library() -> str | None:
    """Return the name or path of an installed libngspice, or None."""
    if os.environ.get("BMS_COSIM_NO_SYSTEM_LIBRARY"):
        return None
    names = list(INSTALLED_NAMES.get(platform.system(), ()))
    if "CONDA_PREFIX" in os.environ:
        folder = Path(os.environ["CONDA_PREFIX"]) / "lib"
        names = [str(folder / Path(name).name) for name in names] + names
    return next((name for name in names if loads(name)), None)


def apt_download(packages: list[str], folder: Path) -> None:
    """Download Debian packages without root, with package lists of our own if the machine has none."""
    command = ["apt-get", "download", *packages]
    try:
        run(command, cwd=folder, quiet=True)
    except SetUpError:
        say("no usable package lists; fetching them for this set-up alone")
        lists, cache = folder / "lists", folder / "cache"
        (lists / "partial").mkdir(parents=True)
        (cache / "archives" / "partial").mkdir(parents=True)
        private = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}"]
        run(["apt-get", *private, "update"], cwd=folder)
        run(["apt-get", *private, "download", *packages], cwd=folder)


def unpack_library() -> None:
    """Put libngspice and those of its dependencies that the machine lacks into `PRIVATE_LIBRARIES`.

    The files lie flat there under the names that the loader asks for. `cosim.spice.library` loads the dependencies
    before libngspice, so that no LD_LIBRARY_PATH is needed.
    """
    missing = {name: package for name, package in DEPENDENCIES.items() if not loads(name)}
    wanted = {LIBRARY: DEBIAN_PACKAGE, **missing}
    with tempfile.TemporaryDirectory(prefix="bms-cosim-") as temporary:
        folder = Path(temporary)
        apt_download(list(wanted.values()), folder)
        for archive in folder.glob("*.deb"):
            run(["dpkg-deb", "-x", str(archive), str(folder / "unpacked")])
        shutil.rmtree(PRIVATE_LIBRARIES, ignore_errors=True)
        PRIVATE_LIBRARIES.mkdir(parents=True)
        for name in wanted:
            found = next(iter((folder / "unpacked").rglob(name)), None)
            if found is None:
                raise SetUpError(f"{name} is not in the Debian package {wanted[name]}")
            shutil.copyfile(found.resolve(), PRIVATE_LIBRARIES / name)


def private_library() -> str | None:
    """Return the path of the libngspice inside `.venv`, or None if it is absent or does not load."""
    path = PRIVATE_LIBRARIES / LIBRARY
    return str(path) if path.exists() and loads(str(path), PRIVATE_LIBRARIES) else None


def provide_library() -> str:
    """Find libngspice or provide it; return where it is."""
    found = installed_library() or private_library()
    if found is not None:
        return found
    if platform.system() == "Darwin":
        raise SetUpError("libngspice is missing: `brew install libngspice`, then `make setup` again")
    if "CONDA_PREFIX" in os.environ:
        raise SetUpError("libngspice is missing: `conda install -c conda-forge ngspice`")
    if not has_apt():
        raise SetUpError("libngspice is missing: install your system's package of the ngspice shared library")
    if is_root() and not os.environ.get("BMS_COSIM_NO_SYSTEM_LIBRARY"):
        say(f"installing {DEBIAN_PACKAGE} with apt")
        apt_install(DEBIAN_PACKAGE)
    else:
        say(f"unpacking {DEBIAN_PACKAGE} into .venv (no root needed)")
        unpack_library()
    found = installed_library() or private_library()
    if found is None:
        raise SetUpError(f"libngspice does not load; `sudo apt-get install {DEBIAN_PACKAGE}`")
    return found


def main() -> int:
    """Set everything up; return the exit code."""
    try:
        check_python()
        make_venv()
        install_packages()
        library = provide_library()
        compile_physics()
    except SetUpError as error:
        print(f"set-up stopped: {error}", file=sys.stderr)
        return 1
    STAMP.write_text(f"{library}\n", encoding="utf-8")
    say(f"ready (libngspice: {library})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
