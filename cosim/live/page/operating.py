"""What a person does: run and pace, settings, engine, loads, chargers, remote, events, faults; sent as requests.

Every request goes to the same checks as a scenario file, and only from the viewer who has control: widgets that are
greyed out are a courtesy, not the lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import panel as pn

from bms import RATINGS_A, PreAlarmMode, RemoteFunction, Variant
from cosim.live.control import REFUSED, Control
from cosim.live.page.forms import Form
from cosim.live.session import Answer, LiveSession
from cosim.scenario.by_hand import Look
from cosim.scenario.events import EVENT_KINDS
from cosim.scenario.model import Supply
from cosim.scenario.timeline import FAULT_KINDS

SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
REMOTE_STATES = {"on (L to H)": "on", "off (open)": "off", "L low": "l_low", "H high": "h_high"}
STEP_S = 1.0
CARD = """
:host{border:1px solid #c9ced6!important;border-radius:8px;box-shadow:none!important}
.card-header{border:none!important;background:#eef1f4!important;padding:0 8px!important;border-radius:7px}
.card-header h3,.card-title h3{font-size:14px!important;margin:7px 0!important}
"""
UNITS = {"inverter": ("W", 3000.0), "solar": ("W/m\u00b2", 1000.0)}
"""What is set on a device at System+, and where its slider ends."""


class Operating:
    """Widgets of one viewer, and the requests that they send.

    Parameters
    ----------
    session, control : the run and who may operate it
    viewer : whose widgets these are
    """

    def __init__(self, session: LiveSession, control: Control, viewer: str) -> None:
        self._session, self._control, self.viewer = session, control, viewer
        self.answer = pn.pane.Alert("", alert_type="light", visible=False, sizing_mode="stretch_width", margin=(2, 5))
        self._locked: list[Any] = []
        self._forms: list[Form] = []
        self.saved: dict[str, str] = {}
        self._follow: dict[str, Any] = {}
        self._fields: dict[str, Any] = {}
        self._known: tuple[Any, ...] = ()
        parts = (
            ("Settings of the BMS", self._settings(), True), ("Engine, loads, chargers", self._inputs(), False),
            ("Remote and reset", self._remote(), False), ("Fire an event", self._events(), True),
            ("Faults", self._faults(), False), ("Save", self._saving(), False),
        )
        cards = [pn.Card(body, title=title, collapsed=not unfolded, margin=(0, 0, 5, 0), stylesheets=[CARD],
                         sizing_mode="stretch_width") for title, body, unfolded in parts]
        self.layout = pn.Column(self._running(), self.answer, *cards, sizing_mode="stretch_width")

    # ---- asking -------------------------------------------------------------------------------------------
    def allowed(self, request: dict[str, Any]) -> Answer:
        """Ask if this viewer has control; waits for the answer."""
        if not self._control.holds(self.viewer):
            return Answer(None, REFUSED)
        return self._session.ask(request)

    async def ask(self, request: dict[str, Any]) -> Answer:
        """As `allowed`, with the answer shown; the page goes on meanwhile."""
        answer = await asyncio.to_thread(self.allowed, request)
        done = "saved" if isinstance(answer.done, dict) else str(answer.done)
        self.answer.param.update(
            object=answer.error or f"done: {done}", alert_type="danger" if answer.error else "success", visible=True,
        )
        return answer

    async def change(self, **change: Any) -> Answer:
        """Ask for a change of the scenario."""
        return await self.ask({"do": "change", "change": change})

    def enable(self, on: bool) -> None:
        """Let the widgets be used, or not."""
        for widget in self._locked:
            widget.disabled = not on
        for form in self._forms:
            form.enable(on)

    def follow(self) -> None:
        """Let fields say what is so, where somebody has changed it."""
        snapshot, speed = self._session.snapshot, round(self._session.about.speed)
        if snapshot is None or self._known == (snapshot.settings, snapshot.set_now, speed):
            return
        self._known = (snapshot.settings, snapshot.set_now, speed)
        for name, widget in self._fields.items():
            widget.value = snapshot.settings[name]
        for name, widget in self._follow.items():
            if name in snapshot.set_now:
                widget.value = snapshot.set_now[name]
        if speed not in self._speed.options:
            self._speed.options = sorted({*self._speed.options, speed})
        self._speed.value = speed

    def _set_now(self, name: str) -> Any:
        return None if self._session.snapshot is None else self._session.snapshot.set_now.get(name)

    def _button(self, name: str, do: Callable[[], Awaitable[Any]], **look: Any) -> Any:
        button = pn.widgets.Button(label=name, sizing_mode=look.pop("sizing_mode", "stretch_width"), **look)

        async def clicked(event: Any) -> None:
            del event
            await do()

        button.on_click(clicked)
        self._locked.append(button)
        return button

    def _kept(self, widget: Any) -> Any:
        self._locked.append(widget)
        return widget

    # ---- parts --------------------------------------------------------------------------------------------
    def _running(self) -> Any:
        self.run_button = self._button("Run", lambda: self.ask({"do": "run"}), color="primary")
        pause = self._button("Pause", lambda: self.ask({"do": "pause"}))
        step = self._button(f"Step {STEP_S:g} s", lambda: self.ask({"do": "step", "duration_s": STEP_S}))
        speeds = sorted({*SPEEDS, round(self._session.about.speed)})
        speed = self._kept(pn.widgets.Select(label="Speed, times real time", options=speeds,
                                             value=round(self._session.about.speed), sizing_mode="stretch_width"))

        async def chosen(event: Any) -> None:
            if event.new != round(self._session.about.speed):
                await self.ask({"do": "speed", "speed": float(event.new)})

        speed.param.watch(chosen, "value")
        self._speed = speed
        return pn.Column(pn.Row(self.run_button, pause, step, sizing_mode="stretch_width"), speed,
                         sizing_mode="stretch_width")

    def _settings(self) -> Any:
        now = self._session.scenario.supervisor_settings
        functions = [f.value for f in RemoteFunction if f is not RemoteFunction.PORTS or now.variant is Variant.NG]
        self.fuse = self._kept(pn.widgets.Select(label="Fuse rating [A]", options=list(RATINGS_A),
                                                 value=now.fuse_rating_A, sizing_mode="stretch_width"))
        alarm = self._kept(pn.widgets.Select(label="Pre-alarm", options=[m.value for m in PreAlarmMode],
                                             value=now.pre_alarm_mode.value, sizing_mode="stretch_width"))
        remote = self._kept(pn.widgets.Select(label="Remote function", options=functions,
                                              value=now.remote_function.value, sizing_mode="stretch_width"))
        readout = self._kept(pn.widgets.Checkbox(label="Instant readout", value=now.instant_readout))
        first = now.battery_thresholds[0] if now.battery_thresholds else None
        load_V = self._kept(pn.widgets.FloatInput(label="Load disconnect, all batteries [V]", step=0.01,
                                                  value=first.load_disconnect_V if first else 2.8,
                                                  sizing_mode="stretch_width"))
        alarm_V = self._kept(pn.widgets.FloatInput(label="Pre-alarm, all batteries [V]", step=0.01,
                                                   value=first.pre_alarm_V if first else 3.1,
                                                   sizing_mode="stretch_width"))

        self._fields = {"fuse_rating_A": self.fuse, "pre_alarm_mode": alarm, "remote_function": remote,
                        "instant_readout": readout}

        async def apply() -> None:
            snapshot = self._session.snapshot
            known = {} if snapshot is None else snapshot.settings
            pair = {"load_disconnect_V": load_V.value, "pre_alarm_V": alarm_V.value}
            wanted: dict[str, Any] = {
                "fuse_rating_A": self.fuse.value, "pre_alarm_mode": alarm.value, "remote_function": remote.value,
                "instant_readout": readout.value,
            }
            if known.get("battery_thresholds") or pair != {"load_disconnect_V": 2.8, "pre_alarm_V": 3.1}:
                wanted["battery_thresholds"] = [pair] * now.battery_count
            changed = {name: value for name, value in wanted.items() if known.get(name) != value}
            if changed:
                await self.change(settings=changed)

        return pn.Column(self.fuse, alarm, remote, load_V, alarm_V, readout,
                         self._button("Apply settings", apply, color="primary"), sizing_mode="stretch_width")

    def _inputs(self) -> Any:
        scenario, parts = self._session.scenario, []
        if isinstance(scenario.source, Supply):
            supply = self._kept(pn.widgets.FloatInput(label="Supply [V]", value=scenario.source.emf_V[0][1], step=0.1,
                                                      sizing_mode="stretch_width"))
            parts += [supply, self._button("Set supply", lambda: self.change(supply_V=float(supply.value)))]
        else:
            engine = self._kept(pn.widgets.RadioButtonGroup(
                label="Engine", options=["off", "idle", "city", "highway"], value=None, sizing_mode="stretch_width"))

            async def chosen(event: Any) -> None:
                if event.new != self._set_now("engine"):
                    await self.change(engine=event.new)

            engine.param.watch(chosen, "value")
            self._follow["engine"] = engine
            load = self._kept(pn.widgets.FloatInput(label="Consumers on the vehicle's bus [A]",
                                                    value=scenario.source.load_A, step=5.0,
                                                    sizing_mode="stretch_width"))
            parts += [pn.pane.Markdown("Engine", margin=(0, 10)), engine, load,
                      self._button("Set consumers", lambda: self.change(load_A=float(load.value)))]
        devices = zip(scenario.system.names, scenario.system.devices, strict=True)
        parts += [self._device(name, device.kind) for name, device in devices if device.kind != "dc_loads"]
        return pn.Column(*parts, sizing_mode="stretch_width")

    def _device(self, name: str, kind: str) -> Any:
        if kind == "mains":
            plug = self._kept(pn.widgets.Toggle(label=f"{name}: mains plugged in", sizing_mode="stretch_width"))

            async def plugged(event: Any) -> None:
                if float(event.new) != self._set_now(f"device {name}"):
                    await self.change(devices={name: float(event.new)})

            plug.param.watch(plugged, "value")
            return plug
        unit, end = UNITS[kind]
        field = self._kept(pn.widgets.FloatInput(label=f"{name} [{unit}], 0 to {end:g}", value=0.0, step=end / 10.0,
                                                 sizing_mode="stretch_width"))
        return pn.Column(field, self._button(f"Set {name}", lambda: self.change(devices={name: float(field.value)})),
                         sizing_mode="stretch_width")

    def _remote(self) -> Any:
        remote = self._kept(pn.widgets.Select(label="Remote terminals", options=REMOTE_STATES,
                                              sizing_mode="stretch_width"))
        return pn.Column(
            remote, self._button("Set remote", lambda: self.change(remote=remote.value)),
            self._button("Reset (remote off, then on)", lambda: self.ask({"do": "reset"}), color="warning"),
            sizing_mode="stretch_width",
        )

    def _events(self) -> Any:
        self.event = Form(EVENT_KINDS, "Event", {})
        self.event.kind.value = "short_circuit"
        self._forms.append(self.event)
        look = pn.widgets.FloatInput(label="Window of full SPICE now [s]", value=Look().duration_s, step=0.1,
                                     sizing_mode="stretch_width")
        return pn.Column(
            self.event.layout,
            self._button("Fire event", lambda: self.change(event=self.event.value), color="danger"),
            self._kept(look), self._button("Look", lambda: self.change(window={"duration_s": float(look.value)})),
            sizing_mode="stretch_width",
        )

    def _faults(self) -> Any:
        chargers = [name for name, device in zip(self._session.scenario.system.names,
                                                 self._session.scenario.system.devices, strict=True)
                    if device.kind in ("solar", "mains")]
        form = Form(FAULT_KINDS, "Fault", {"device": chargers or ["none"]})
        self._forms.append(form)
        return pn.Column(form.layout, self._button("Begin fault", lambda: self.change(fault=form.value)),
                         sizing_mode="stretch_width")

    def _saving(self) -> Any:
        name = self._session.scenario.name
        files = [pn.widgets.FileDownload(file=None, filename=f"{name}_live{end}", label=f"Download {words}",
                                         visible=False, sizing_mode="stretch_width", callback=lambda key=key: _file(
                                             self.saved.get(key, "")))
                 for key, end, words in (("scenario", ".yaml", "scenario"), ("events", "_events.csv", "event log"))]

        async def save() -> None:
            answer = await self.ask({"do": "save"})
            if answer.error:
                return
            self.saved = answer.done
            for file in files:
                file.visible = True
            where = self.saved.get("folder")
            self.answer.object = "saved: what was done is a scenario that `bms-cosim run` reproduces" + (
                f"; written to {where}" if where else "")

        words = "What was done by hand becomes a scenario file; `bms-cosim run` gives the same event log."
        return pn.Column(pn.pane.Markdown(words, margin=(0, 10)),
                         self._button("Save what was done", save, color="primary"), *files,
                         sizing_mode="stretch_width")


def _file(text: str) -> Any:
    import io

    return io.StringIO(text)
