"""A run: scenario in, result out.

scenario -> parameters + terminal characteristic -> Run (tick loop <-> windows) -> figures -> Result
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cosim.circuit.identify import IdentifiedCircuit
from cosim.continuous.mode import ContinuousRun
from cosim.errors import InputError
from cosim.inputs.drive import build_inputs
from cosim.inputs.intervene import identified
from cosim.own.process import run_apart
from cosim.record.figures import measured_figures
from cosim.result import Result
from cosim.run import Run
from cosim.scenario.model import MAX_TICKS, Scenario
from cosim.slow.failing import failing_of
from cosim.spice.session import SpiceSession

if TYPE_CHECKING:
    from cosim.supervisor.listening import Listener

Progress = Callable[[float, str], None]


class Simulation:
    """One scenario, ready to run.

    Parameters
    ----------
    scenario : validated scenario
    session : SPICE session; the process-wide one if not given
    every_tick : call the supervisor on every tick, to check that its holds are sound
    windows : open windows; without them the slow picture stands alone (studies of days, benchmarks)
    listener : is told about every call of the supervisor (test vectors, instant readout)

    Raises
    ------
    InputError : something other than a scenario
    """

    def __init__(
        self, scenario: Scenario, *, session: SpiceSession | None = None, every_tick: bool = False,
        windows: bool = True, listener: Listener | None = None,
    ) -> None:
        if not hasattr(scenario, "netlists"):  # a path, mostly
            raise InputError("Simulation", "scenario", repr(scenario), "a scenario, such as load_scenario('my.yaml')")
        self.scenario = scenario
        self._session = session
        self._every_tick = every_tick
        self._windows = windows
        self._listener = listener

    def run(self, progress: Progress | None = None) -> Result:
        """Run from start to end, then the benches of the figures that the scenario asks for; return the result.

        Parameters
        ----------
        progress : called with the fraction done and what is going on

        Raises
        ------
        InputError : a trace or netlist that the scenario names is missing or wrong
        ParameterError : a parameter file is
        IdentificationFailed, SpiceError : the circuit could not be measured
        OwnNetlistFailed : the user's own netlist does not converge, or ran into its time limit
        """
        report = progress or _silent
        if self.scenario.netlists:  # nobody vouches for them: not in this process
            if self._listener is not None:
                allowed = "left out with test vectors or the instant readout, which a process of its own cannot write"
                raise InputError(self.scenario.name, "netlists", ", ".join(self.scenario.netlists), allowed)
            return run_apart(self.scenario, every_tick=self._every_tick, windows=self._windows, report=report)
        session = self._session or SpiceSession.open()
        share = 0.7 if self.scenario.figures else 1.0
        result = run_scenario(
            self.scenario, session, self._every_tick, lambda f, text: report(share * f, text), self._windows,
            self._listener,
        )

        def bench(asked: Scenario) -> Result:
            return run_scenario(asked, session, False, lambda f, text: report(share, f"{asked.name}: {text}"))

        figures = measured_figures(self.scenario, bench)
        result.summary["figures"] += [f.as_dict() for f in figures]
        report(1.0, "done")
        return result


def run_scenario(
    scenario: Scenario, session: SpiceSession, every_tick: bool, report: Progress, windows: bool = True,
    listener: Listener | None = None,
) -> Result:
    """One scenario without its benches; raises InputError for one that is too long."""
    inputs, duration_s = build_inputs(scenario.model_copy(update={"changes": []}))
    if duration_s / scenario.tick_s > MAX_TICKS:
        raise InputError(scenario.name, "drive", f"{duration_s:g} s", f"at most {MAX_TICKS * scenario.tick_s:g} s")
    if scenario.engine == "continuous":
        nominal = IdentifiedCircuit.nominal(scenario.circuit.netlist)
        return ContinuousRun(scenario, session, nominal, inputs, duration_s, every_tick, report, listener=listener).go()
    circuit = identified(scenario, session, report)
    failing = failing_of(scenario, lambda part: identified(scenario, session, report, part))
    return Run(scenario, session, circuit, inputs, duration_s, every_tick, report, windows, listener, failing).go()


def _silent(fraction: float, text: str) -> None:
    del fraction, text
