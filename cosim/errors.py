"""Errors that every part of the coupling code shares."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


class InputError(Exception):
    """Something that the user gave is not usable; the command line turns it into one line and exit code 2.

    Parameters
    ----------
    file : where it stands (a file, a folder or an option)
    field : the entry inside it, dotted; empty if the file itself is the problem
    value : what was found; empty if there is nothing to show
    allowed : what would be accepted, in words
    hint : what else helps, such as how many more mistakes there are; it follows at the end
    """

    def __init__(self, file: str, field: str, value: object, allowed: str, hint: str = "") -> None:
        self.file = file
        self.field = field
        self.value = value
        self.allowed = allowed
        self.hint = hint
        super().__init__(str(self))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str, str, str]]:
        # Exceptions of several arguments do not survive a process boundary by themselves; the value may be anything.
        return InputError, (self.file, self.field, str(self.value), self.allowed, self.hint)

    def __str__(self) -> str:
        """Return `file: field: value (allowed: ...); hint` on one line, without empty parts."""
        value = "" if self.value == "" else str(self.value)
        parts = [part for part in (self.file, self.field, value) if part]
        text = ": ".join(parts)
        if self.allowed:
            text += f" (allowed: {self.allowed})"
        if self.hint:
            text += f"; {self.hint}"
        return " ".join(text.split())


class RunFailed(Exception):
    """The input was good but the simulation could not be carried out; one line and exit code 1.

    The text says what was being done and why it failed.
    """


def nearest(name: str, valid: Sequence[str]) -> str:
    """Say which of the `valid` names was probably meant by `name`; the first ones of all where none is near."""
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return "one of " + ", ".join(valid[:12]) + (f" and {len(valid) - 12} more" if len(valid) > 12 else "")
