"""Starting ngspice without its start-up file, so that no user's setting changes a result."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def quiet_start(library: str) -> Iterator[None]:
    """Keep ngspice from reading `.spiceinit` in the home or the working directory while it initialises.

    Newer versions can be told so. ngspice 39 cannot, but it looks at home only if the working directory has
    no such file; so it is started in an empty folder that has an empty one. The working directory of the
    process is another one for these few milliseconds.
    """
    native = ctypes.CDLL(library)
    for name in ("ngSpice_nospiceinit",):
        if hasattr(native, name):
            getattr(native, name)()
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="bms-cosim-") as folder:
        (Path(folder) / ".spiceinit").write_text("* nothing\n", encoding="ascii")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
