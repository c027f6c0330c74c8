"""A file that is whole, or as it was before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosim.errors import InputError


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give an empty file beside `path` to write into, which takes its place at the end.

    Raises
    ------
    InputError : the place cannot be written
    """
    temporary = ""
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "is a folder")
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".part")
        os.close(handle)
        yield Path(temporary)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(str(path), "", error.strerror or str(error), "a file that can be written") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    """Mode bits that new files of this process lack; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
