"""Run one notebook from top to bottom in a fresh kernel of this Python; `scripts.notebooks` calls it as a process.

The kernel is this interpreter, whatever kernels are installed, sees the packages of this checkout first, and starts in
an empty folder of its own, which is removed afterwards. The executed copy appears at once, whole, or not at all.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
LONGEST_LINE = 300


class NotebookFailed(Exception):
    """A notebook did not run to its end; the text names the cell and says why, in one line."""


def cell_name(cell: NotebookNode, place: int) -> str:
    """What a cell is called in messages: its place among all cells, and its id."""
    return f"cell {place + 1} ({cell.get('id', 'without id')})"


def kernel_manager() -> AsyncKernelManager:
    """Manager of a kernel that is this very interpreter: no folder of installed kernels is looked into."""
    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))


def kernel_environment(folder: Path) -> dict[str, str]:
    """Environment of a kernel: this checkout's packages first, whatever Jupyter and IPython write below `folder`.

    Linear algebra in one thread, unless asked otherwise: where notebooks run beside each other, threads that share out
    small matrices wait for a processor (the fit of notebook 09 took seven times as long).
    """
    others = os.environ.get("PYTHONPATH")
    return {
        "OPENBLAS_NUM_THREADS": "1", **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *([others] if others else [])]),
        "IPYTHONDIR": str(folder / "ipython"), "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"), "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


async def executed(notebook: NotebookNode, limit_s: float, folder: Path) -> NotebookNode:
    """Run all cells; `folder` is where the kernel may write.

    Raises
    ------
    NotebookFailed
        A cell raises, writes to stderr, ends the kernel, or is running when the limit is over.
    """
    here, end_s = "before the first cell", math.inf

    def begun(cell: NotebookNode, cell_index: int) -> None:
        nonlocal here, end_s
        here, end_s = cell_name(cell, cell_index), min(end_s, time.monotonic() + limit_s)

    started = folder / "start"
    started.mkdir()
    client = NotebookClient(
        notebook, km=kernel_manager(), timeout_func=lambda cell: max(end_s - time.monotonic(), 1e-3),
        on_cell_start=begun, record_timing=False, shutdown_kernel="immediate", coalesce_streams=True,
    )
    try:
        # A manager from outside would be left running: we say that it is the client's.
        await client.async_execute(cwd=str(started), env=kernel_environment(folder), cleanup_kc=True)
    except CellTimeoutError:
        raise NotebookFailed(f"{here}: still running {limit_s:g} s after the first cell began, the limit") from None
    except CellExecutionError as error:
        raise NotebookFailed(f"{here}: {error.ename}: {error.evalue}") from None
    except DeadKernelError:
        raise NotebookFailed(f"{here}: the kernel died") from None
    for place, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":  # a warning that every reader would see
                raise NotebookFailed(f"{cell_name(cell, place)}: writes to stderr: {output['text']}")
    return notebook


def run(source: Path, target: Path, limit_s: float) -> None:
    """Run a notebook and write its executed copy; an older copy is gone if it fails, for it would be out of date."""
    target.unlink(missing_ok=True)
    notebook = nbformat.read(source, as_version=4)
    with tempfile.TemporaryDirectory(prefix="notebook-") as name:
        # The runtime folder is where the manager, which lives in this process, puts the connection file.
        os.environ["JUPYTER_RUNTIME_DIR"] = str(Path(name) / "runtime")
        asyncio.run(executed(notebook, limit_s, Path(name)))
    part = target.with_name(f".{target.name}.part")
    try:
        nbformat.write(notebook, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


if __name__ == "__main__":
    try:
        run(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
    except NotebookFailed as failure:
        sys.exit(" ".join(str(failure).split())[:LONGEST_LINE])
