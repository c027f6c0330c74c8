"""One run that is operated while it goes on: requests at its ticks, what it shows, and what was done as a scenario.

No clock and no process: `advance_to` is told how far to go. The run is `cosim.run.Run`, as for a file.
"""

from __future__ import annotations

import copy
import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cosim.errors import InputError
from cosim.inputs.drive import build_inputs
from cosim.intervene import failing_parts, identified, take_change
from cosim.live.saved import as_text
from cosim.live.view import Snapshot, snapshot_of
from cosim.record.finish import finished
from cosim.result import LoggedEvent, Result
from cosim.run import Run
from cosim.scenario.by_hand import Change, check_change
from cosim.scenario.model import Scenario
from cosim.scenario.timeline import Remote
from cosim.spice.session import SpiceSession

RESET_S = 2.0
"""How long a reset switches the remote off (ours: longer than the supervisor's filter)."""
SCENARIO, RESULT = "scenario.yaml", "result"
"""What a saved run holds: the scenario that reproduces it, and its result."""
Progress = Callable[[float, str], None]


def operable(scenario: Scenario) -> Scenario:
    """The scenario with what a person needs to operate it: remote terminals, no benches after the end.

    Raises
    ------
    InputError
        Where a scenario cannot be operated.
    """
    if scenario.engine != "two_scale":
        raise InputError(scenario.name, "engine", scenario.engine, "two_scale for a live run")
    if scenario.netlists:
        raise InputError(scenario.name, "netlists", ", ".join(scenario.netlists), "left out for a live run")
    changed: dict[str, object] = {"figures": []} if scenario.figures else {}
    if not scenario.remote:
        changed["remote"] = [Remote(time_s=0.0, state="on")]
    return scenario.model_copy(update=changed)


class LiveEngine:
    """A run in progress.

    Parameters
    ----------
    scenario : validated; see `operable`
    session : SPICE session of this process
    report : called with the fraction done and what is going on
    """

    def __init__(self, scenario: Scenario, session: SpiceSession, report: Progress) -> None:
        self.scenario = operable(scenario)
        inputs, duration_s = build_inputs(self.scenario.model_copy(update={"changes": []}))
        circuit, failing = identified(self.scenario, session, report), failing_parts(self.scenario, session, report)
        self.run = Run(self.scenario, session, circuit, inputs, duration_s, False, report, failing=failing)
        self.run.begin()
        self._later: list[tuple[int, dict[str, Any]]] = []
        self._seen_events, self._seen_windows, self._saved = 0, 0, 0

    @property
    def time_s(self) -> float:
        """Simulated time that is reached."""
        return self.run.seconds(self.run.tick)

    @property
    def duration_s(self) -> float:
        """Where the run ends."""
        return self.run.seconds(self.run.n_ticks)

    @property
    def ended(self) -> bool:
        """Whether the run is at its end."""
        return self.run.tick >= self.run.n_ticks

    def advance_to(self, time_s: float) -> None:
        """Go on to a time, or a little further where a window is open."""
        until = int(time_s / self.run.tick_s + 1e-9)
        while self._later and self._later[0][0] <= until:
            self.run.advance(self._later[0][0])
            if not self.ended:
                self._take(self._later.pop(0)[1])
            else:
                self._later.clear()
        self.run.advance(until)

    # ---- requests -----------------------------------------------------------------------------------------
    def change(self, given: Mapping[str, Any]) -> str:
        """Take a change now; says what was taken.

        Raises
        ------
        InputError
            With what is wrong and what is allowed; then nothing has changed.
        """
        return self._take({**given})

    def reset(self) -> str:
        """Switch the remote off for `RESET_S`: the reset of a latched System+ port."""
        self._take({"remote": "off"})
        self._later.append((self.run.tick + round(RESET_S / self.run.tick_s), {"remote": "on"}))
        self._later.sort(key=lambda pair: pair[0])
        spacing_s = self.run.supervision.settings.firmware.output_spacing_ms * 1e-3
        return f"remote off, on again in {RESET_S:g} s (the BMS switches on once per {spacing_s:g} s at most)"

    def _take(self, given: dict[str, Any]) -> str:
        from cosim.live.requests import ChangeRequest

        if self.ended:
            raise InputError("page", "change", "the run has ended", "before its end")
        change = ChangeRequest(do="change", change=given).at(self.time_s)
        check_change(self.run.asked, self.run.taken, change, "page", "change")
        self._check_now(change)
        take_change(self.run, change)
        return change.told() or ", ".join(name for name in change.as_mapping() if name != "time_s")

    def _check_now(self, change: Change) -> None:
        """What depends on the moment: everything but settings acts a tick later, which must still be in the run."""
        if self.run.tick + 1 >= self.run.n_ticks and not (change.settings or change.note):
            raise InputError("page", "change", f"{self.time_s:g} s", "two ticks before the end of the run, or earlier")

    def save(self, folder: Path | None) -> dict[str, str]:
        """What was done so far, as a scenario file and its event log; the run goes on.

        Parameters
        ----------
        folder : where to write `scenario.yaml` and the result as well; None: nowhere
        """
        if not self.ended:
            self._take({"note": "saved"})
        changes = list(self.run.taken)
        if not self.ended:
            changes[-1] = Change(time_s=self.time_s, stop=True)
        text = as_text(self.scenario.model_copy(update={"changes": []}), changes)
        result = self.result()
        answer = {"scenario": text, "events": events_text(result.events)}
        if folder is not None:
            self._saved += 1
            place = folder / f"{self.scenario.name}_{self._saved:03d}"
            while place.exists():
                self._saved += 1
                place = folder / f"{self.scenario.name}_{self._saved:03d}"
            answer["folder"] = str(written(place, text, result))
        return answer

    def result(self) -> Result:
        """Result of the run up to here; the run is left as it is."""
        whole = copy.copy(self.run)
        whole.events, whole.budget = list(self.run.events), copy.deepcopy(self.run.budget)
        whole.n_ticks = max(1, self.run.tick)
        return finished(whole)

    # ---- what is shown ------------------------------------------------------------------------------------
    def snapshot(self) -> Snapshot:
        """Everything that is shown of this moment."""
        return snapshot_of(self.run)

    def new_events(self) -> list[LoggedEvent]:
        """Events since the last call."""
        found = self.run.events[self._seen_events :]
        self._seen_events = len(self.run.events)
        return found

    def new_windows(self) -> list[str]:
        """Names of the windows since the last call."""
        names = list(self.run.windows)
        found = names[self._seen_windows :]
        self._seen_windows = len(names)
        return found


def events_text(events: list[LoggedEvent]) -> str:
    """The event log as `events.csv` has it."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(LoggedEvent._fields)
    writer.writerows((repr(float(e.time_s)), e.source, e.event, e.detail) for e in events)
    return stream.getvalue()


def written(place: Path, text: str, result: Result) -> Path:
    """Scenario and result in a folder of their own, which appears when both are whole."""
    part = place.with_name(f".{place.name}.part")
    try:
        part.mkdir(parents=True)
        (part / SCENARIO).write_text(text, encoding="utf-8")
        result.save(part / RESULT, picture=False)
        part.rename(place)
    except OSError as error:
        raise InputError(str(place), "", error.strerror or str(error), "a folder that can be written") from None
    return place
