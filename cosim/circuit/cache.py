"""Content-addressed cache on disk: a key that names all that a value depends on, a file that is whole or absent."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def cache_folder() -> Path:
    """`$BMS_COSIM_CACHE`, else the user's cache folder by the XDG convention."""
    chosen = os.environ.get("BMS_COSIM_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "bms-cosim"


def content_key(*parts: str) -> str:
    """SHA-256 over parts; their borders count."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def load(kind: str, key: str) -> dict[str, Any] | None:
    """Value stored under a key; None if absent, half-written, foreign or changed by hand."""
    path = cache_folder() / f"{kind}-{key}.json"
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
        value = entry["value"]
        if entry["key"] == key and entry["check"] == _check(value) and isinstance(value, dict):
            return value
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def store(kind: str, key: str, value: dict[str, Any]) -> None:
    """Store a value; written under a temporary name and renamed. A cache that cannot be written is no error."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{kind}-", suffix=".tmp")
    except OSError:
        return
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"key": key, "check": _check(value), "value": value}, file)
        os.replace(temporary, folder / f"{kind}-{key}.json")
    except OSError:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def made_once(kind: str, key: str) -> Iterator[None]:
    """Hold what is about to be made and stored under a key; another process that wants the same waits meanwhile.

    Look with `load` again inside. Where the cache cannot be written to, or the system has no such locks, nobody waits.
    """
    path = cache_folder() / f".{kind}-{key}.lock"
    try:
        import fcntl

        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except (ImportError, OSError):
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        # Who waits on the file that goes here has it open; who comes later makes another and finds the value stored.
        path.unlink(missing_ok=True)
        os.close(handle)


def _check(value: object) -> str:
    return content_key(json.dumps(value, sort_keys=True))
