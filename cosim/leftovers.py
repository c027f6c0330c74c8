"""What a run that was killed while it wrote its result leaves beside the result's place, and how it goes away."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path


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
