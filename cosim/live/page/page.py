"""The page of one viewer: overview, curves, windows and log on one side, what a person does on the other."""

from __future__ import annotations

import secrets
from typing import Any

import panel as pn

from cosim.live.control import Control
from cosim.live.page.operating import Operating
from cosim.live.page.overview import log, overview
from cosim.live.page.waves import SPANS_S, RecordPlots, WindowPlots
from cosim.live.session import LiveSession

UPDATE_MS = 500
"""From one look of a page at its session to the next (ours)."""
NEWEST = "newest that tells something"


class LivePage:
    """What one viewer sees.

    Parameters
    ----------
    session, control : the run, and who may operate it
    viewer : name of this viewer, unique
    count : gives the number of viewers
    """

    def __init__(self, session: LiveSession, control: Control, viewer: str, count: Any = lambda: 1) -> None:
        self.session, self.control, self.viewer = session, control, viewer
        self._count = count
        self._drawn: dict[str, Any] = {"rows": -1, "events": -1, "window": ("", False), "control": ()}
        self._turn = 0
        self.operating = Operating(session, control, viewer)
        self.overview = pn.pane.HTML("", sizing_mode="stretch_width", margin=(4, 8))
        self._log = pn.pane.HTML("", sizing_mode="stretch_width")
        self._who = pn.pane.HTML("", sizing_mode="stretch_width", margin=(4, 10))
        self._token = pn.widgets.PasswordInput(label="Token", placeholder="token", sizing_mode="stretch_width",
                                               visible=control.needs_token)
        self._take = pn.widgets.Button(label="Take control", color="primary", sizing_mode="stretch_width")
        self._give = pn.widgets.Button(label="Hand over control", sizing_mode="stretch_width", visible=False)
        self._take.on_click(self._taken)
        self._give.on_click(self._given)
        self._span = pn.widgets.Select(label="Last", options=list(SPANS_S), value="5 min", width=110)
        self._follow = pn.widgets.Checkbox(label="follow", value=True, margin=(28, 10, 0, 10))
        snapshot = session.snapshot
        values = {} if snapshot is None else snapshot.values
        cells = values.get("cell_voltage_V")
        self._record = RecordPlots(list(values), 0 if cells is None else len(cells))
        self._window_plots = WindowPlots()
        self._window = pn.widgets.Select(label="Window", options=[NEWEST], value=NEWEST, width=260)
        self._whole = pn.widgets.Checkbox(label="whole window", value=False, margin=(28, 10, 0, 10))
        self._about_window = pn.pane.HTML("no SPICE window yet", sizing_mode="stretch_width", margin=(0, 10))
        self.tabs = pn.Tabs(
            ("Curves", pn.Column(pn.Row(self._span, self._follow), *map(_plot, self._record.figures),
                                 sizing_mode="stretch_width")),
            ("Window", pn.Column(pn.Row(self._window, self._whole), self._about_window,
                                 *map(_plot, self._window_plots.figures), sizing_mode="stretch_width")),
            ("Event log", self._log), sizing_mode="stretch_width",
        )
        side = pn.Column(self._who, self._token, self._take, self._give, self.operating.layout,
                         sizing_mode="stretch_width", css_classes=["live-side"], stylesheets=[SIDE])
        main = pn.Column(self.tabs, sizing_mode="stretch_width", css_classes=["live-main"], stylesheets=[MAIN])
        self.layout = pn.Column(self.overview, pn.FlexBox(main, side, flex_wrap="wrap", align_items="flex-start",
                                                          sizing_mode="stretch_width"),
                                sizing_mode="stretch_width", max_width=1500)
        self.update()

    # ---- control ------------------------------------------------------------------------------------------
    def take_control(self, token: str = "") -> str:
        """Ask for control, with the token where one is needed; says what became of it."""
        if self.control.needs_token:
            self.control.trust(self.viewer, token)
        told = self.control.take(self.viewer)
        self._show_control()
        return told

    def _taken(self, event: Any) -> None:
        del event
        told = self.take_control(self._token.value or "")
        self.operating.answer.param.update(object=told, alert_type="light", visible=True)

    def _given(self, event: Any) -> None:
        del event
        self.control.hand_over(self.viewer)
        self._show_control()

    def _show_control(self) -> None:
        state = (self.control.holder, self.control.asking)
        if self._drawn["control"] == state:
            return
        self._drawn["control"] = state
        mine, holder = self.control.holds(self.viewer), self.control.holder
        asked = mine and self.control.asking is not None
        words = "<b>You have control.</b>" if mine else (
            "You are watching; nobody has control." if holder is None else "You are watching; somebody has control.")
        if asked:
            words += " <b>Another viewer asks for it.</b>"
        if not mine and self.control.asking == self.viewer:
            words += " You have asked for it."
        self._who.object = words
        self._take.visible, self._give.visible = not mine, mine
        self._token.visible = not mine and self.control.needs_token
        self._give.color = "warning" if asked else "default"
        self.operating.enable(mine)

    # ---- looking ------------------------------------------------------------------------------------------
    def update(self) -> None:
        """Show what is new."""
        session = self.session
        with session.lock:
            now, about = session.snapshot, session.about
        if now is None:
            return
        self._show_control()
        self.operating.follow()
        self.overview.object = overview(session.scenario.name, now, about, self._count())
        self._turn += 1
        if self.tabs.active == 0 and (self._turn % 2 or self._drawn["rows"] == -1):
            with session.lock:
                self._record.update(session.history, now.time_s, SPANS_S[self._span.value], self._follow.value)
            self._drawn["rows"] = session.rows_version
        if self.tabs.active == 1:
            self._show_window()
        if self.tabs.active == 2 and self._drawn["events"] != session.events_version:
            with session.lock:
                self._drawn["events"], events = session.events_version, list(session.events)
            self._log.object = log(events)

    def _show_window(self) -> None:
        with self.session.lock:
            windows = list(self.session.windows)
        if not windows:
            return
        names = [NEWEST, *(f"{w.name} at {w.start_s:.1f} s" for w in reversed(windows))]
        if names != self._window.options:
            chosen = self._window.value
            self._window.options = names
            self._window.value = chosen if chosen in names else NEWEST
        place = names.index(self._window.value)
        telling = next((w for w in reversed(windows) if w.telling), windows[-1])
        window = windows[-place] if place else telling
        if self._drawn["window"] == (window.name, self._whole.value):
            return
        self._drawn["window"] = (window.name, self._whole.value)
        self._window_plots.show(window, self._whole.value)
        self._about_window.object = (
            f"<b>{window.name}</b>: {window.reason}; {window.start_s:.1f} to {window.end_s:.1f} s of the run, "
            f"{window.points} points"
        )


SIDE = ":host(.live-side){flex:1 1 300px;max-width:360px;min-width:280px}" \
       "@media (max-width:820px){:host(.live-side){max-width:none}}"
MAIN = ":host(.live-main){flex:3 1 480px;min-width:300px}"


def _plot(figure: Any) -> Any:
    return pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=(0, 4))


def live_view(session: LiveSession) -> Any:
    """The page for a notebook cell, or for `.servable()`: one viewer, who has control.

    It looks at the session twice a second while the cell lives.
    """
    pn.extension()
    page = LivePage(session, Control(), secrets.token_hex(4))
    page.take_control()
    pn.state.add_periodic_callback(page.update, UPDATE_MS)
    return page.layout
