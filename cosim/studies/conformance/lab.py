"""What all benches of one process share: the one ngspice, a design changed on purpose, runs that several rows need."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.circuit.cache import cache_folder, content_key
from cosim.circuit.defaults import circuit_file, with_default
from cosim.own.netlist import own_texts
from cosim.paths import NETLISTS, NETLISTS_VARIABLE, SCENARIOS, netlists_folder

if TYPE_CHECKING:
    from pydantic import BaseModel

    from cosim.result import Result
    from cosim.scenario.model import Scenario
    from cosim.spice.session import SpiceSession
    from cosim.studies.conformance.entry import Changes, Corner

KEPT_RUNS = 4
"""Runs that a lab keeps; a bench that needs more runs them again (memory: an hour's run is some 20 MB)."""
COLDEST_BATTERY_DEGC, HOTTEST_BATTERY_DEGC = 10.0, 45.0
"""A battery that may be charged at every ambient of the BMS (B5: 5..50 degC, 5 K inside; ours)."""


class Lab:
    """One per process. `applied` changes the design for what runs inside it; `run` runs a scenario once."""

    def __init__(self) -> None:
        self._session: SpiceSession | None = None
        self._changes: Changes | None = None
        self._runs: OrderedDict[str, Result] = OrderedDict()

    @property
    def session(self) -> SpiceSession:
        """The one ngspice of this process, opened at the first use."""
        if self._session is None:
            from cosim.spice.session import SpiceSession

            self._session = SpiceSession.open()
        return self._session

    # ---- changed designs ----------------------------------------------------------------------------------------
    @contextmanager
    def applied(self, changes: Changes) -> Iterator[None]:
        """Inside, every deck and every run has these changes: netlists come from a changed copy of their folder.

        Raises
        ------
        ValueError : a change that does not hit anything
        """
        before, variable = self._changes, os.environ.get(NETLISTS_VARIABLE)
        with ExitStack() as stack:
            if changes.text or changes.circuits:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bms-cosim-netlists-"))
                write_changed_netlists(Path(folder), changes)
                os.environ[NETLISTS_VARIABLE] = folder
            self._changes = changes
            try:
                yield
            finally:
                self._changes = before
                os.environ.pop(NETLISTS_VARIABLE, None)
                if variable is not None:
                    os.environ[NETLISTS_VARIABLE] = variable

    # ---- scenarios ----------------------------------------------------------------------------------------------
    def scenario(self, source: str | Mapping[str, Any], corner: Corner, **updates: object) -> Scenario:
        """Return a scenario in a corner; `source`: one of `scenarios/` by name (`benches/limiter`), or a mapping.

        The corner's ambient is that of engine bay and BMS; the battery stays where it may be charged, unless the
        updates say otherwise. Of a nominal ambient the scenario's own three stay. updates : top keys of the scenario.
        Raises InputError for what is no legal scenario.
        """
        from cosim.scenario.model import load_scenario, parse_scenario

        if isinstance(source, str):
            file = SCENARIOS / f"{source}.yaml"
            content: dict[str, Any] = load_scenario(file).model_dump(exclude_unset=True)
        else:
            content = dict(source)
        content = {**content, "variant": corner.variant}
        if corner.fuse_A != 100.0:
            content["settings"] = {**content.get("settings", {}), "fuse_rating_A": round(corner.fuse_A)}
        if corner.ambient_degC != 25.0:
            battery_degC = min(max(corner.ambient_degC, COLDEST_BATTERY_DEGC), HOTTEST_BATTERY_DEGC)
            content["ambient"] = {"engine_bay_degC": corner.ambient_degC, "bms_degC": corner.ambient_degC,
                                  "battery_degC": battery_degC}
        return parse_scenario({**content, **updates}, str(content.get("name", "bench")))

    def run(self, scenario: Scenario, *, windows: bool = True) -> Result:
        """Return a scenario's run with the changes that are applied, with `windows`; the latest ones are kept.

        Raises what `Simulation.run` does: InputError, ParameterError, IdentificationFailed.
        """
        from cosim.simulation import Simulation

        changed = scenario if self._changes is None else changed_scenario(scenario, self._changes)
        own = own_texts(changed.netlists.items())
        key = content_key(changed.model_dump_json(), netlists_key(), repr(windows), *own)
        if key not in self._runs:
            identify_alone(changed, self.session)
            self._runs[key] = Simulation(changed, session=self.session, windows=windows).run()
            while len(self._runs) > KEPT_RUNS:
                self._runs.popitem(last=False)
        self._runs.move_to_end(key)
        return self._runs[key]


def identify_alone(scenario: Scenario, session: SpiceSession) -> None:
    """Measure a scenario's circuit where the cache does not have it, one process of all at a time.

    Two benches that begin together would else both measure the same circuit, with all cores each.
    """
    from cosim.circuit.identify import IdentifiedCircuit, identify
    from cosim.slow.plant import load_parameters
    from cosim.windows.deck import circuit_parameters

    if scenario.netlists:  # the process of such a run measures it
        return
    netlist = scenario.circuit.netlist
    plant = load_parameters(scenario, IdentifiedCircuit.nominal(netlist).coefficients)
    with one_at_a_time("identify"):
        identify(netlist, circuit_parameters(netlist, scenario.circuit.parameters, plant), session)


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Hold a lock that all processes with this cache share; without a place for it, go on without one."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        stream = (cache_folder() / f".{name}.lock").open("w", encoding="utf-8")
    except OSError:
        yield
        return
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def netlists_key() -> str:
    """SHA-256 over all netlists that decks are built from now."""
    folder = netlists_folder()
    files = sorted(file for file in folder.rglob("*") if file.suffix in (".cir", ".lib"))
    return content_key(*(part for file in files for part in (str(file.relative_to(folder)), file.read_text("utf-8"))))


def write_changed_netlists(folder: Path, changes: Changes) -> None:
    """Copy the netlists into a folder and change them: pieces of text, and defaults of subcircuit parameters.

    Raises
    ------
    ValueError : a piece of text or a parameter that is not there; a change that hits nothing would prove nothing
    """
    shutil.copytree(NETLISTS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for name, pieces in changes.text.items():
        file = folder / name
        text = file.read_text(encoding="utf-8")
        for old, new in pieces:
            if old not in text:
                raise ValueError(f"{name}: there is no {old!r} to change")
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
    for circuit, values in changes.circuits.items():
        file = circuit_file(circuit, folder)
        text = file.read_text(encoding="utf-8")
        for parameter, value in values.items():
            text = with_default(text, circuit, parameter, value)
        file.write_text(text, encoding="utf-8")


def changed_scenario(scenario: Scenario, changes: Changes) -> Scenario:
    """Return a scenario with changed settings, firmware, circuit parameters and plant (validated again)."""
    from cosim.scenario.model import parse_scenario

    content = scenario.model_dump(exclude_unset=True)
    if changes.settings or changes.firmware:
        settings = {**scenario.settings, **changes.settings}
        if changes.firmware:
            settings["firmware"] = {**settings.get("firmware", {}), **changes.firmware}
        content["settings"] = settings
    own = {name: value for name, value in changes.circuits.get(scenario.circuit.netlist, {}).items()}
    if own:
        circuit = scenario.circuit.model_dump()
        content["circuit"] = {**circuit, "parameters": {**circuit["parameters"], **own}}
    for path, factor in changes.plant.items():
        _scale(content, scenario, path.split("."), factor)
    return parse_scenario(content, scenario.name)


def _scale(content: dict[str, Any], scenario: Scenario, path: list[str], factor: float) -> None:
    """Multiply one number of a scenario, by its path; a path of another bench is passed over."""
    model: BaseModel | None = scenario
    for name in path[:-1]:
        model = getattr(model, name, None)
        if model is None:
            return
        content = content.setdefault(name, model.model_dump())
    value = getattr(model, path[-1], None)
    if isinstance(value, int | float):
        content[path[-1]] = type(value)(value * factor)
