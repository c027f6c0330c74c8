"""The class that pythonfmu's binary makes an instance of; all it does is in `cosim.fmu.unit`."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from pythonfmu import Boolean, DefaultExperiment, Fmi2Causality, Fmi2Slave, Fmi2Variability, Integer, Real
from pythonfmu.enums import Fmi2Status

from bms.errors import SettingsError
from cosim.fmu import built, serial
from cosim.fmu.unit import Snapshot, Told, Unit, UnitError
from cosim.fmu.variables import BOOLEAN, OUTPUT, REAL, Built, Value, Variable, variables_of

EVENTS = "logEvents"


class BmsSupervisor(Fmi2Slave):  # type: ignore[misc]  # pythonfmu has no types
    """FMI 2.0 co-simulation slave of the supervisor.

    Parameters
    ----------
    instance_name, resources, visible, logger
        As pythonfmu gives them; `logger` is its own and not used here.
    """

    author = "smart-bms-cosim"
    license = "GPL-3.0-or-later"
    log_categories = {  # noqa: RUF012  # pythonfmu's own way
        **Fmi2Slave.log_categories, EVENTS: "Transitions of the supervisor, each with its cause.",
    }

    def __init__(
        self, instance_name: str, resources: str | None = None, visible: bool = False, logger: object = None
    ) -> None:
        super().__init__(instance_name=instance_name, resources=resources, visible=visible)
        made: Built = built.built()
        self.default_experiment = DefaultExperiment(start_time=0.0, stop_time=60.0, step_size=made.tick_ms / 1000)
        self._unit = Unit(made)
        self._start_s = 0.0
        for variable in variables_of(made):
            self.register_variable(_registered(variable, self._unit), nested=False)

    def setup_experiment(self, start_time: float, stop_time: float | None, tolerance: float | None) -> None:
        """Keep the start time [s]: the supervisor's power-up."""
        self._start_s = start_time

    def exit_initialization_mode(self) -> None:
        """Check the parameters; a wrong one is refused."""
        self._do(lambda: self._unit.begin(self._start_s))

    def do_step(self, current_time: float, step_size: float) -> bool:
        """Run the ticks in [current_time, current_time + step_size)."""
        self._do(lambda: self._unit.advance(current_time, step_size))
        return True

    def _do(self, work: Callable[[], list[Told]]) -> None:
        try:
            told = work()
        except (SettingsError, UnitError) as error:
            self._refuse(error)
        for line in told:
            if line.warning:
                self.log(line.text, Fmi2Status.warning)
            else:
                self.log(line.text, Fmi2Status.ok, EVENTS)

    def _refuse(self, error: Exception) -> NoReturn:
        """Say in one line what is wrong, and end: an exception is pythonfmu's only way to a status that ends a run.

        Its binary gives its references up when a call fails, and once more when the tool frees the instance after it,
        as many do: without one reference more of each, that would be memory which is no longer theirs.
        """
        self.log(str(error), Fmi2Status.error)
        if sys.stderr is not None:
            # The binary hands the line on only where the tool has asked for logging.
            print(f"{self.instance_name}: {error}", file=sys.stderr, flush=True)
        for kept in (self, self.log_queue, type(self)):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
        raise error

    def _get_fmu_state(self) -> Snapshot:
        return self._unit.snapshot()

    def _set_fmu_state(self, state: Snapshot) -> None:
        try:
            self._unit.restore(state)
        except UnitError as error:
            self._refuse(error)

    @staticmethod
    def _fmu_state_to_bytes(state: Snapshot) -> bytes:
        return serial.to_bytes(state)

    @staticmethod
    def _fmu_state_from_bytes(state: bytes) -> Snapshot:
        return serial.from_bytes(state)


def _registered(variable: Variable, unit: Unit) -> Any:
    """The variable as pythonfmu registers it; enumerations are integers to it."""
    name = variable.name

    def get() -> Value:
        return unit.get(name)

    def put(value: Value) -> None:
        unit.set(name, value)

    kind = {REAL: Real, BOOLEAN: Boolean}.get(variable.kind, Integer)
    return kind(
        name, causality=Fmi2Causality[variable.causality], variability=Fmi2Variability[variable.variability],
        description=variable.text, getter=get, setter=None if variable.causality == OUTPUT else put,
    )
