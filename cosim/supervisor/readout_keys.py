"""Keys of the instant readout: from the scenario's seed, or from a file that the user keeps.

They are in no log, no summary and no result: a result can be handed on, whoever has the keys can read its stream. Keys
from a seed are for repeatable runs and protect nothing, as the seed is no secret. A message about a key file names file
and line and shows nothing of it. The format itself sends the first byte of a key in clear.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from bms.readout import ReadoutKey, keys_from_seed
from cosim.errors import InputError
from cosim.scenario.model import Scenario

_KEY = re.compile(r"[0-9A-Fa-f]{32}")
LONGEST_FILE = 10_000
"""Bytes; fifty keys with comments are less (ours)."""


def keys_of(scenario: Scenario) -> tuple[ReadoutKey, ...]:
    """Keys of a scenario's batteries.

    Raises
    ------
    InputError : the key file that it names cannot be used
    """
    count = scenario.bank.batteries
    if scenario.readout.keys is None:
        return keys_from_seed(scenario.seed, count)
    keys = read_keys(Path(scenario.readout.keys))
    if len(keys) != count:
        raise InputError(scenario.readout.keys, "", f"{len(keys)} keys", f"one line per battery ({count})")
    return keys


def read_keys(path: Path) -> tuple[ReadoutKey, ...]:
    """Read a key file: a key per line and battery, 32 hexadecimal digits; lines that begin with # are for the reader.

    Raises
    ------
    InputError : with file and line, without a word of what stands there
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8") if len(content) <= LONGEST_FILE else "\n"
    except OSError as error:
        raise InputError(str(path), "", error.strerror or "unreadable", "a key file") from None
    except UnicodeDecodeError:
        text = "\n"
    keys = []
    for number, line in enumerate(text.splitlines(), start=1):
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        if _KEY.fullmatch(word) is None:
            raise InputError(str(path), f"line {number}", "not a key", "32 hexadecimal digits per line and battery")
        key = bytes.fromhex(word)
        keys.append(ReadoutKey(key, int.from_bytes(hashlib.sha256(b"first nonce " + key).digest()[:2], "little")))
    if not keys:
        raise InputError(str(path), "", "no keys", "32 hexadecimal digits per line and battery")
    return tuple(keys)


def save_keys(path: Path, keys: tuple[ReadoutKey, ...]) -> None:
    """Write a new key file that only its owner may read (mode 0600); an existing file is never touched.

    Raises
    ------
    InputError : there is such a file, or it cannot be written
    """
    lines = ["# Keys of the instant readout, one per battery. Keep them apart from the result."]
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write("\n".join([*lines, *(key.key.hex() for key in keys)]) + "\n")
    except OSError as error:
        raise InputError(str(path), "", error.strerror or "not writable", "a new file") from None


def require_new(path: Path, target: Path, scenario: Scenario) -> None:
    """Refuse a place for keys that is taken, or that a result would hand on or destroy; before the run, not after it.

    Raises
    ------
    InputError : with what is allowed
    """
    if not scenario.supervisor_settings.instant_readout:
        raise InputError("--save-keys", "", path, "left out, or a scenario with settings: {instant_readout: true}")
    place, result = path.resolve(), target.resolve()
    if path.exists() or path.is_symlink() or not place.parent.is_dir():
        raise InputError(str(path), "", "exists" if path.exists() else "no such folder", "a new file")
    if result == place or result in place.parents:
        raise InputError(str(path), "", "inside the result", "a place outside, so that the result can be handed on")
