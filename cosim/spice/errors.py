"""Typed errors of the SPICE session; each says which deck, when, where, and what to do about it."""

from __future__ import annotations


class SpiceError(Exception):
    """Base of everything that the SPICE session raises, except an interruption.

    Parameters
    ----------
    message : what happened, one line
    deck : title of the deck
    time_s : simulated time at which it happened [s], None where there is none
    node : node, signal or source it is about
    hint : what the reader can do
    log : last lines that ngspice printed
    """

    def __init__(
        self,
        message: str,
        *,
        deck: str | None = None,
        time_s: float | None = None,
        node: str | None = None,
        hint: str | None = None,
        log: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.deck = deck
        self.time_s = time_s
        self.node = node
        self.hint = hint
        self.log = log

    def __str__(self) -> str:
        where = [f"deck {self.deck!r}"] if self.deck else []
        where += [f"t = {self.time_s:.9g} s"] if self.time_s is not None else []
        where += [f"at {self.node!r}"] if self.node else []
        text = self.message + (f" [{', '.join(where)}]" if where else "")
        return f"{text}; {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword-only arguments do not survive a process boundary by themselves.
        return _rebuild, (type(self), self.message, self.deck, self.time_s, self.node, self.hint, self.log)


def _rebuild(
    kind: type[SpiceError],
    message: str,
    deck: str | None,
    time_s: float | None,
    node: str | None,
    hint: str | None,
    log: tuple[str, ...],
) -> SpiceError:
    return kind(message, deck=deck, time_s=time_s, node=node, hint=hint, log=log)


class LibraryMissing(SpiceError):
    """No libngspice was found or it does not load."""


class LibraryUnsuitable(SpiceError):
    """The library fails the self-test: its device laws are not those that the netlists are written for."""


class LibraryPoisoned(SpiceError):
    """A deck left the library in a state in which nothing can be trusted; only a new process helps."""


class SessionBusy(SpiceError):
    """The session was called from inside one of its own hooks; ngspice cannot be entered twice."""


class DeckRejected(SpiceError):
    """The deck could run commands, read or write files, or crash the library, and was not loaded."""


class DeckInvalid(SpiceError):
    """The deck does not describe a circuit: missing model, subcircuit, parameter, source or signal."""


class OperatingPointFailed(SpiceError):
    """No operating point was found, or only by the 'Transient op' fallback, whose answers are often wrong."""


class InsaneOperatingPoint(OperatingPointFailed):
    """An operating point 'converged' to values that the circuit cannot have."""


class TransientAborted(SpiceError):
    """The transient ended before its stop time (time step too small, singular matrix, NaN)."""


class SweepFailed(SpiceError):
    """A DC sweep or AC analysis ended early or gave no data."""


class PointBudgetExceeded(SpiceError):
    """The transient took more accepted points than allowed; a limit cycle never returns by itself."""


class CallbackFailed(SpiceError):
    """A hook or a source raised; the original exception is the `__cause__`."""


class WorkerFailed(SpiceError):
    """The worker process of an untrusted deck crashed or exceeded its time limit."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a run: the run was ended cleanly and the session is usable again.

    Attributes
    ----------
    deck : title of the deck
    time_s : last accepted time [s]
    """

    def __init__(self, deck: str, time_s: float) -> None:
        super().__init__(f"interrupted [deck {deck!r}, t = {time_s:.9g} s]")
        self.deck = deck
        self.time_s = time_s
