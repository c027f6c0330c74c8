"""What ngspice prints: a bounded log, and what it says about success (its return codes say nothing)."""

from __future__ import annotations

import re
from collections import deque

_KEPT_LINES = 400
_TIME = re.compile(r"time = ([0-9.eE+-]+)")
_NODE = re.compile(r"(?:trouble with node|check node|trouble with \S+:? ?instance|node) \"?([\w.#+-]+)\"?")
_CAUSE = re.compile(r"trouble with ([\w-]+?)(?:-instance|:)? \"?([\w.#+-]+)\"?")
_LOAD_PROBLEMS = (
    "error",
    "could not find",
    "can't find model",
    "unknown subckt",
    "too few parameters",
    "too many parameters",
    "no circuit loaded",
    "fatal",
)
_FAILURES = (
    "aborted",
    "not started",
    "circuit not parsed",
    "there aren't any circuits",
    "no such vector",
    "fatal error",
)


class RunLog:
    """Lines of one analysis; important ones are recognised on arrival, so none is lost to the bound."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._lines.clear()
        self.title: str | None = None
        self.first_error: str | None = None
        self.failure: str | None = None
        self.failed_time_s: float | None = None
        self.failed_node: str | None = None
        self.transient_op = False
        self.nothing_saved = False
        self._load_problem: str | None = None

    def add(self, line: str) -> None:
        """Take one line."""
        line = line.rstrip()
        self._lines.append(line)
        lower = line.lower()
        if lower.startswith("circuit:"):
            self.title = lower[len("circuit:") :].strip()
        elif lower.startswith("doing analysis"):
            return
        if "transient op" in lower and "started" in lower:
            self.transient_op = True
        if "no data saved" in lower:
            self.nothing_saved = True
        if self._load_problem is None and any(word in lower for word in _LOAD_PROBLEMS):
            self._load_problem = line
        if self.first_error is None and ("undefined" in lower or "error" in lower or "not found" in lower):
            self.first_error = line.strip()
        if "doanalyses" in lower and "pause" not in lower:
            self.failure = line.split(":", 1)[1].strip()
            self._read_cause(line)
        elif any(word in lower for word in _FAILURES):
            self.failure = self.failure or line.strip()
        if "check node" in lower:
            self._read_cause(line)

    def load_problem(self, marker: str) -> str | None:
        """Why the deck with this title is not loaded, or None."""
        if self._load_problem is not None:
            return self._with_the_culprit(self._load_problem)
        if self.title != marker.lower():
            return f"it does not answer with the deck's title ({self.title!r})"
        return None

    def tail(self) -> tuple[str, ...]:
        """The last lines."""
        return tuple(self._lines)

    def _with_the_culprit(self, problem: str) -> str:
        """Messages like 'Error on line 3' carry their reason on the lines that follow."""
        lines = list(self._lines)
        try:
            first = lines.index(problem)
        except ValueError:
            return problem
        return " / ".join(line.strip() for line in lines[first : first + 3] if line.strip())

    def _read_cause(self, line: str) -> None:
        time = _TIME.search(line)
        if time:
            self.failed_time_s = float(time.group(1).rstrip("."))
        cause = _CAUSE.search(line) or _NODE.search(line)
        if cause:
            self.failed_node = cause.group(cause.lastindex or 1)
