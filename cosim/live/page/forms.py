"""Input fields from the scenario's own models: one per field, with its default; so a page knows what a file knows."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any, Literal, Union, get_args, get_origin

import panel as pn
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

NOT_ASKED = ("kind", "time_s")
STARTS: dict[str, Any] = {
    "current_A": 60.0, "lead": "input", "pulse": "2a", "measurement": "heatsink_degC", "duration_s": 5.0,
}
"""What a field without a default starts at, and the duration of what would never end."""
LASTING_S = 1e6


class Form:
    """Fields for one of several kinds of a thing: events, faults.

    Parameters
    ----------
    kinds : models, each with a literal field `kind`
    label : of the choice between them
    choices : what texts with a free choice may be here, by field, such as a device's name
    """

    def __init__(self, kinds: Sequence[type[BaseModel]], label: str, choices: dict[str, list[str]]) -> None:
        self._models = {
            kind: model for model in kinds for kind in get_args(model.model_fields["kind"].annotation)
        }
        self._choices = choices
        self.kind = pn.widgets.Select(label=label, options=list(self._models), sizing_mode="stretch_width")
        self._fields: dict[str, Any] = {}
        self._box = pn.FlexBox(sizing_mode="stretch_width")
        self.kind.param.watch(lambda event: self._fill(), "value")
        self._fill()
        self.layout = pn.Column(self.kind, self._box, sizing_mode="stretch_width")

    def _fill(self) -> None:
        model = self._models[self.kind.value]
        self._fields = {}
        for name, field in model.model_fields.items():
            if name not in NOT_ASKED:
                default = STARTS.get(name) if field.default is PydanticUndefined else field.default
                if name == "duration_s" and default is not None and default > LASTING_S:
                    default = STARTS[name]
                self._fields[name] = _widget(name, field.annotation, default, self._choices.get(name))
        self.enable(not self.kind.disabled)
        self._box.objects = list(self._fields.values())

    def field(self, name: str) -> Any:
        """The field of a name, for the kind that is chosen."""
        return self._fields[name]

    @property
    def value(self) -> dict[str, Any]:
        """What is filled in, as a scenario file would say it; empty fields are left out."""
        given = {name: widget.value for name, widget in self._fields.items()}
        return {"kind": self.kind.value, **{k: v for k, v in given.items() if v is not None and v != ""}}

    def enable(self, on: bool) -> None:
        """Let the fields be used, or not."""
        for widget in (self.kind, *self._fields.values()):
            widget.disabled = not on


def _widget(name: str, annotation: Any, default: Any, choices: list[str] | None) -> Any:
    """A field for a type: a number, a choice, a text."""
    options = list(get_args(annotation)) if get_origin(annotation) is Literal else choices
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        literal = next((get_args(part) for part in inner if get_origin(part) is Literal), None)
        options = list(literal) if literal is not None else options
        annotation = inner[0]
    if options:
        start = default if default in options else options[0]
        return pn.widgets.Select(label=name, options=options, value=start, width=150)
    if annotation is int or (get_args(annotation) and get_args(annotation)[0] is int):
        return pn.widgets.IntInput(label=name, value=default, width=150)
    if annotation is str:
        return pn.widgets.TextInput(label=name, value=default or "", width=150)
    return pn.widgets.FloatInput(label=name, value=default, format="0[.]0[00000]", width=150)
