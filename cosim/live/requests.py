"""What can be asked of a live run, checked before anything happens: anything else is answered in one line."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from cosim.errors import InputError
from cosim.live.pace import FASTEST, SLOWEST
from cosim.scenario.base import STRICT
from cosim.scenario.by_hand import Change
from cosim.scenario.problems import one_line

QUIT = ("quit",)
"""What ends the process of a run; nothing that a page could send."""
MOST_STEP_S = 3600.0
"""Longest single step [simulated s] (ours)."""


class _Request(BaseModel):
    model_config = STRICT


class ChangeRequest(_Request):
    """A change of the scenario, as an entry of `changes` without its time."""

    do: Literal["change"]
    change: dict[str, Any]

    def at(self, time_s: float) -> Change:
        """The change at a time; raises `InputError`."""
        if "time_s" in self.change:
            raise InputError("page", "change.time_s", self.change["time_s"], "left out: a change acts now")
        try:
            return Change.model_validate({**self.change, "time_s": time_s})
        except ValidationError as error:
            found = one_line(error, "page", Change)
            raise InputError("page", f"change.{found.field}".rstrip("."), found.value, found.allowed) from None


class RunRequest(_Request):
    """Go on, or pause."""

    do: Literal["run", "pause", "reset", "save", "end"]


class StepRequest(_Request):
    """Go on by a time, then pause."""

    do: Literal["step"]
    duration_s: Annotated[float, Field(gt=0.0, le=MOST_STEP_S)]


class SpeedRequest(_Request):
    """Another speed, times real time."""

    do: Literal["speed"]
    speed: Annotated[float, Field(ge=SLOWEST, le=FASTEST)]


Request = Annotated[ChangeRequest | RunRequest | StepRequest | SpeedRequest, Field(discriminator="do")]
_ADAPTER: TypeAdapter[ChangeRequest | RunRequest | StepRequest | SpeedRequest] = TypeAdapter(Request)


def parsed(given: object) -> ChangeRequest | RunRequest | StepRequest | SpeedRequest:
    """A request; raises `InputError` with what is wrong and what is allowed."""
    if not isinstance(given, dict):
        raise InputError("page", "", type(given).__name__, "a mapping with `do`")
    try:
        return _ADAPTER.validate_python(given)
    except ValidationError as error:
        raise one_line(error, "page", Request) from None
