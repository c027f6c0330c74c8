"""A folder that is written whole or not at all, and what a writer that was killed leaves beside its place."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosim.errors import InputError


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give an empty folder to write into, which takes the place of `target` at the very end.

    An older folder there stays until then. Whoever calls has made sure that it may be replaced
    (`cosim.result.require_replaceable`).

    Raises
    ------
    InputError
        The place cannot be written.
    """
    part = target.parent / f".{target.name}.{os.getpid()}.part"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(target)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        yield part
        move_into_place(part, target)
    except OSError as error:
        problem = error.strerror or str(error)
        raise InputError(str(target), "", problem, "a folder that can be written") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def move_into_place(part: Path, target: Path) -> None:
    """Put the complete folder `part` where `target` is; if that fails, the old one is put back."""
    old = part.with_suffix(".old")
    shutil.rmtree(old, ignore_errors=True)
    had_old = target.exists()
    if had_old:
        target.rename(old)
    try:
        part.rename(target)
    except BaseException:  # an interrupt here must not lose the old result either
        if had_old and not target.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def clear_leftovers(target: Path) -> None:
    """Remove folders of dead writers of a result directory; an older result that one had moved aside comes back.

    Parameters
    ----------
    target : place of the result; folders beside it are named `.NAME.PID.part`, `.old` and `.spool`
    """
    pattern = re.compile(rf"\.{re.escape(target.name)}\.(\d+)\.(part|old|spool)")
    for path in sorted(target.parent.iterdir()):
        found = pattern.fullmatch(path.name)
        if found is None or is_running(int(found[1])):
            continue
        if found[2] == "old" and not target.exists():
            path.rename(target)
        else:
            shutil.rmtree(path, ignore_errors=True)


def is_running(process: int) -> bool:
    """Whether there is a process of this number (POSIX)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
