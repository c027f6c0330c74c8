"""Input fields made from the scenario's own models say what a file would say."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

pytest.importorskip("panel", reason="the extra `live` is not installed")

from cosim.live.page.forms import Form  # after the skip
from cosim.scenario.by_hand import Change
from cosim.scenario.events import EVENT_KINDS, EVENT_TAGS
from cosim.scenario.timeline import FAULT_KINDS


@pytest.mark.parametrize("kind", EVENT_TAGS)
def test_every_event_can_be_fired_as_it_stands(kind: str) -> None:
    form = Form(EVENT_KINDS, "Event", {})
    form.kind.value = kind
    change = TypeAdapter(Change).validate_python({"time_s": 3.0, "event": form.value})
    assert change.event is not None and change.event.kind == kind and change.event.time_s == 3.0
    if kind == "short_circuit":
        form.field("resistance_ohm").value = 0.05
        assert form.value == {"kind": kind, "resistance_ohm": 0.05, "inductance_H": 1e-6, "duration_s": 0.1}


@pytest.mark.parametrize(("kind", "value"), [("offset", 0.5), ("stuck", 90.0), ("frozen", None), ("open", None),
                                             ("cable", None), ("no_voltage_limit", None)])
def test_every_fault_can_begin(kind: str, value: float | None) -> None:
    form = Form(FAULT_KINDS, "Fault", {"device": ["mppt"]})
    form.kind.value = kind
    if value is not None:
        form.field("value").value = value
    change = TypeAdapter(Change).validate_python({"time_s": 3.0, "fault": form.value})
    assert change.fault is not None and change.fault.kind == kind and change.fault.duration_s == 5.0


def test_fields_can_be_locked() -> None:
    form = Form(EVENT_KINDS, "Event", {})
    form.enable(False)
    assert form.kind.disabled and all(widget.disabled for widget in form._fields.values())
    form.kind.value = "open_cable"
    assert form._fields and all(widget.disabled for widget in form._fields.values())
