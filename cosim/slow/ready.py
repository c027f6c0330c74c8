"""Whether the physics is compiled for this machine, and compiling it before a command's own work begins.

Left to itself the first run after an installation or an edit compiles while it runs: for a minute it seems to hang, a
sweep's processes each do it for themselves, and two processors are not used. A stamp beside the machine code says that
all of it was made.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import llvmlite.binding as llvm
from numba.core import config

from cosim.paths import ROOT


def stamp() -> Path:
    """File that says so; its folder is named by the sources, its name by Python and the processor."""
    return Path(config.CACHE_DIR) / f"ready-{sys.implementation.cache_tag}-{llvm.get_host_cpu_name()}"


def mark() -> None:
    """Note that all is compiled; where nothing can be written the next run looks again."""
    try:
        stamp().touch()
    except OSError:
        return


def compile_first(say: Callable[[str], None], check: Callable[[], object] = bool) -> None:
    """Compile what is missing, in two processes, and say so: one line before, one after.

    Parameters
    ----------
    say : is given each line
    check : called before, where something is missing: what is wrong with the input is told before the minute

    Notes
    -----
    A process that fails is no matter: the run compiles what it needs itself, and says what is wrong.
    """
    if config.DISABLE_JIT or stamp().exists():
        return
    check()
    say("compiling the physics: about a minute, once after an installation or an edit")
    start_s = time.monotonic()
    # From the project's folder: `-m` looks into the folder it is started in, which may hold other `models`.
    command = [sys.executable, "-m", "cosim.slow.warm_up"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    took = f"{time.monotonic() - start_s:.0f} s"
    say(f"compiled in {took}" if done.returncode == 0 else f"not compiled after {took}: the run does it on its way")
