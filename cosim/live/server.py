"""The page on a port: loopback unless a host is named; then nothing is changed without the token.

Watching needs no token: what a run shows is no secret of whoever opened the port to others on purpose. Requests from
pages of other origins are refused by the websocket's check of origins, and every page loads its resources from here.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import panel as pn

from cosim.errors import InputError
from cosim.live.control import Control
from cosim.live.page.page import UPDATE_MS, LivePage
from cosim.live.session import LiveSession

LOOPBACK = "127.0.0.1"
MOST_VIEWERS = 40
"""Viewers at a time; more are told to come later (ours)."""
TOKEN_BYTES = 16
MOST_MESSAGE_BYTES = 1_000_000
"""Longest message of a browser (ours: they send clicks)."""

TEMPLATE = """{% extends base %}
{% block preamble %}<meta name="viewport" content="width=device-width, initial-scale=1">{% endblock %}
{% block contents %}{{ embed(roots.page) }}{% endblock %}
"""
"""Phones show it at their own width, not a desktop's shrunk."""


class LiveServer:
    """The page of a session on a port.

    Parameters
    ----------
    session : the run
    host, port : where; None: loopback
    token : for control from a named host; made here if not given
    origins : further names under which browsers reach the page (a proxy's)
    """

    def __init__(
        self, session: LiveSession, host: str | None, port: int, token: str | None = None,
        origins: Sequence[str] = (),
    ) -> None:
        self.session, self.host, self.port = session, host or LOOPBACK, port
        self.token = None if host is None else token or secrets.token_urlsafe(TOKEN_BYTES)
        self.control = Control(self.token)
        self._viewers: set[str] = set()
        self._lock = Lock()
        self._origins = [*origins, *(f"{name}:{port}" for name in names_of(host))]

    @property
    def viewers(self) -> int:
        """How many there are."""
        return len(self._viewers)

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        name = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}/"

    def start(self) -> Any:
        """Open the port; returns the server, whose loop is the caller's to start and stop.

        Raises
        ------
        InputError : the address or the port cannot be used
        """
        pn.extension()
        try:
            return pn.serve(
                {"/": self._page}, port=self.port, address=self.host, websocket_origin=self._origins, show=False,
                start=False, title=f"{self.session.scenario.name}: BMS live", verbose=False,
                websocket_max_message_size=MOST_MESSAGE_BYTES, check_unused_sessions_milliseconds=2000,
                unused_session_lifetime_milliseconds=5000, autoreload=False,
            )
        except (OSError, socket.gaierror) as error:
            problem = f"{self.host}:{self.port}, {(error.strerror or 'not usable').lower()}"
            allowed = "a free port of this machine, such as --port 5007"
            raise InputError("--port, --host", "", problem, allowed) from None

    def _page(self) -> Any:
        """A page for a new viewer."""
        return pn.Template(TEMPLATE, items={"page": self._view()})

    def _view(self) -> Any:
        viewer = secrets.token_hex(8)
        with self._lock:
            if len(self._viewers) >= MOST_VIEWERS:
                return pn.pane.Markdown(f"There are {MOST_VIEWERS} viewers already; try again later.")
            self._viewers.add(viewer)
        page = LivePage(self.session, self.control, viewer, lambda: self.viewers)
        given = pn.state.session_args.get("token", [b""])[0].decode(errors="replace")
        if self.control.holder is None and (not self.control.needs_token or self.control.trust(viewer, given)):
            page.take_control(given)
        pn.state.add_periodic_callback(page.update, UPDATE_MS)
        pn.state.on_session_destroyed(self._gone(viewer))
        return page.layout

    def _gone(self, viewer: str) -> Callable[[Any], None]:
        def leave(context: Any) -> None:
            del context
            with self._lock:
                self._viewers.discard(viewer)
            self.control.leave(viewer)

        return leave


def names_of(host: str | None) -> list[str]:
    """Names under which browsers may come to a host: what their address line says."""
    if host is None:
        return ["localhost", LOOPBACK]
    if host not in ("0.0.0.0", "::"):
        return [host, "localhost", LOOPBACK]
    name = socket.gethostname()
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(name, None)}
    except OSError:
        found = set()
    return sorted({name, "localhost", LOOPBACK, *found})
