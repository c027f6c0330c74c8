"""The circuits that are drawn: netlist, sheets, and what a page about each needs besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from circuit_sheets import alternator_path, around, buck, signals, system_path
from circuit_sheets.check import Drawn
from circuit_sheets.reader import Netlist, read_netlist


@dataclass(frozen=True)
class Circuit:
    """A netlist that has a page."""

    name: str
    file: str
    sheets: Callable[[Netlist], tuple[Drawn, ...]]

    def drawn(self) -> tuple[Drawn, ...]:
        """Sheets of its subcircuits."""
        return self.sheets(read_netlist(self.file))


CIRCUITS = (
    Circuit("alternator_path", "alternator_path", alternator_path.sheets),
    Circuit("alternator_path_buck", "alternator_path_buck", buck.switching),
    Circuit("alternator_path_buck_avg", "alternator_path_buck_avg", buck.averaged),
    Circuit("system_path", "system_path", system_path.sheets),
    Circuit("disconnect_output", "disconnect_output", signals.disconnect),
    Circuit("prealarm_output", "prealarm_output", signals.prealarm),
    Circuit("remote_input", "remote_input", signals.remote),
    Circuit("supply", "supply", signals.supply),
    Circuit("direct_connection", "direct_connection", around.direct),
    Circuit("pass_common_gate", "pass_common_gate", around.pass_devices),
    Circuit("plant", "plant", around.plant),
    Circuit("alternator", "alternator", around.alternator),
    Circuit("pulses_iso16750", "pulses/iso16750", around.load_dump),
    Circuit("pulses_iso7637", "pulses/iso7637", around.transients),
)
