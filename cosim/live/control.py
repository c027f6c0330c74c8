"""Who operates: one viewer at a time, by hand-over, and with a token where the page is not for this machine alone."""

from __future__ import annotations

import hmac
from threading import RLock

REFUSED = "this viewer does not have control"


class Control:
    """One controller among the viewers.

    Parameters
    ----------
    token : without it nobody gets control; None: everybody may (the page is bound to loopback)
    """

    def __init__(self, token: str | None = None) -> None:
        self._token, self._lock = token, RLock()
        self._holder: str | None = None
        self._asking: str | None = None
        self._trusted: set[str] = set()

    @property
    def needs_token(self) -> bool:
        """Whether a token is asked for."""
        return self._token is not None

    @property
    def holder(self) -> str | None:
        """Viewer who has control."""
        return self._holder

    @property
    def asking(self) -> str | None:
        """Viewer who wants it from the holder."""
        return self._asking

    def holds(self, viewer: str) -> bool:
        """Whether a viewer has control."""
        return self._holder == viewer

    def trust(self, viewer: str, token: str) -> bool:
        """Whether a viewer may have control at all, now that it has shown a token."""
        with self._lock:
            if self._token is None or hmac.compare_digest(token.encode(), self._token.encode()):
                self._trusted.add(viewer)
            return viewer in self._trusted

    def take(self, viewer: str) -> str:
        """Ask for control: given where it is free, else the holder is asked; says what became of it."""
        with self._lock:
            if self._token is not None and viewer not in self._trusted:
                return "control needs the token that `bms-cosim serve` printed"
            if self._holder in (None, viewer):
                self._holder, self._asking = viewer, None
                return "you have control"
            self._asking = viewer
            return "asked for; whoever has control can hand it over"

    def hand_over(self, viewer: str) -> str:
        """Give control to who asked for it, or up."""
        with self._lock:
            if self._holder != viewer:
                return REFUSED
            self._holder, self._asking = self._asking, None
            return "handed over" if self._holder else "given up"

    def leave(self, viewer: str) -> None:
        """A viewer is gone."""
        with self._lock:
            self._trusted.discard(viewer)
            if self._asking == viewer:
                self._asking = None
            if self._holder == viewer:
                self._holder, self._asking = self._asking, None
