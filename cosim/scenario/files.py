"""Files that a scenario names: seen from its own folder, and checked before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from cosim.circuit.deck import parameter_names
from cosim.errors import InputError, nearest
from cosim.own.netlist import own_netlist
from cosim.scenario.base import beside
from cosim.scenario.problems import listing
from models import alternator, bank, fuse, heat, starter_battery
from models.parameter_file import ParameterError, shipped_names

if TYPE_CHECKING:
    from cosim.scenario.model import Scenario

BUCK = "alternator_path_buck_avg"
"""What runs for the buck: its averaged companion, for a switching one takes seconds per millisecond."""

CONVERTERS, CONVERTER_EFFICIENCY = ("alternator_path_buck", BUCK), 0.99
"""Circuits that give out another current than they take, and what of their power they pass on, as their firmware knows
it. Fitted to the averaged netlist: behind the fuse 0.981 to 0.997, of 720 states half above 0.993 (five fuses, from a
quarter of the limit to all of it, -40 to 90 degC, 0.3 to 2 V of headroom)."""
ANY_RATING_A = 100.0
"""A rating that every fuse family has."""

Section = TypeVar("Section", bound=BaseModel)


def with_paths(scenario: Scenario, folder: Path | None) -> Scenario:
    """Every file that the scenario names, seen from the scenario's own folder."""
    if folder is None:
        return scenario
    changed: dict[str, object] = {"bank": _moved(scenario.bank, folder, "battery"),
                                  "parts": _moved(scenario.parts, folder, "fuse", "box")}
    if scenario.source.kind == "vehicle":
        changed["source"] = _moved(scenario.source, folder, "alternator", "starter_battery")
    devices = [_moved(device, folder, "parameters") for device in scenario.system.devices]
    changed["system"] = scenario.system.model_copy(update={"devices": devices})
    if scenario.drive is not None and scenario.drive.trace is not None:
        trace = scenario.drive.trace
        moved = trace.model_copy(update={"files": [str(folder / name) for name in trace.files]})
        changed["drive"] = scenario.drive.model_copy(update={"trace": moved})
    changed["netlists"] = {name: str(folder / file) for name, file in scenario.netlists.items()}
    if scenario.readout.keys is not None:
        changed["readout"] = scenario.readout.model_copy(update={"keys": str(folder / scenario.readout.keys)})
    return scenario.model_copy(update=changed)


def with_limiter(scenario: Scenario, origin: str) -> Scenario:
    """The scenario with the netlist that its limiter names; raises InputError where there is nothing to limit."""
    if scenario.limiter == "linear" or scenario.circuit.netlist == BUCK:
        return scenario
    if scenario.circuit.netlist != "alternator_path":
        allowed = f"left out with circuit.netlist {scenario.circuit.netlist}"
        raise InputError(origin, "limiter", scenario.limiter, allowed)
    return scenario.model_copy(update={"circuit": scenario.circuit.model_copy(update={"netlist": BUCK})})


def _moved(section: Section, folder: Path, *names: str) -> Section:
    return section.model_copy(update={name: beside(folder, getattr(section, name)) for name in names})


def check_parameter_files(scenario: Scenario, origin: str) -> None:
    """Every parameter file that the scenario names must be usable.

    Raises
    ------
    InputError
        With file, field, value and what is allowed.
    """
    named: list[tuple[str, str, str, Callable[[str], object]]] = [
        ("bank.battery", scenario.bank.battery, "battery", bank.load_battery),
        ("parts.fuse", scenario.parts.fuse, "fuse", lambda name: fuse.load_fuse(ANY_RATING_A, name)),
        ("parts.box", scenario.parts.box, "heat", heat.load_box),
    ]
    if scenario.source.kind == "vehicle":
        source = scenario.source
        named += [("source.alternator", source.alternator, "alternator", alternator.load_alternator),
                  ("source.starter_battery", source.starter_battery, "starter_battery",
                   starter_battery.load_starter_battery)]
    for field, name, model, load in named:
        try:
            load(name)
        except ParameterError as error:
            raise unusable(origin, field, name, model, error) from None


def unusable(origin: str, field: str, name: str, model: str, error: ParameterError) -> InputError:
    """Say what is wrong with a parameter file that a scenario names.

    Parameters
    ----------
    origin, field : scenario file and place in it
    name : what stands there, a shipped set's name or a path
    model : kind of the file, such as "alternator", for the sets that ship
    error : why it could not be used
    """
    shipped = shipped_names(model)
    if Path(name).suffix in (".yaml", ".yml"):
        allowed = f"a file, seen from the scenario's folder, or {listing(shipped, 'or')}"
        return InputError(origin, field, str(error), "" if Path(name).is_file() else allowed)
    if name in shipped:
        return InputError(origin, field, str(error), "")
    value = f"{name}, no {model.replace('_', ' ')} of that name"
    return InputError(origin, field, value, f"{listing(shipped, 'or')}, or the path of a .yaml file")


def check_circuit(scenario: Scenario, origin: str) -> None:
    """The user's own netlist must be usable, changed parameters the netlist's, physical ones positive.

    Raises
    ------
    InputError
        With file, field, value and what is allowed.
    """
    circuit = scenario.circuit
    known = parameter_names(circuit.netlist)
    for replaced, file in scenario.netlists.items():
        if replaced != circuit.netlist:
            raise InputError(origin, f"netlists.{replaced}", file, f"{circuit.netlist}, the circuit of this scenario")
        if not Path(file).exists():
            allowed = "a netlist that is there, from the scenario's folder"
            raise InputError(origin, f"netlists.{replaced}", file, allowed)
        known = own_netlist(replaced, file).parameters
    for name, value in circuit.parameters.items():
        field = f"circuit.parameters.{name}"
        if name not in known:
            raise InputError(origin, field, value, nearest(name, known))
        if value <= 0.0 and not name.startswith("dvto"):
            raise InputError(origin, field, value, "above 0")
