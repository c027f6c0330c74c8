"""The circuits that have a page: netlist, sheets, calculations, requirement rows, and what their bench shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from docs._ext.circuit_sheets import alternator_path, around, buck, design, design_signals, signals, system_path
from docs._ext.circuit_sheets.check import Drawn
from docs._ext.circuit_sheets.design import Row
from docs._ext.circuit_sheets.reader import Netlist, read_netlist


@dataclass(frozen=True)
class Circuit:
    """A netlist that has a page.

    Attributes
    ----------
    name : str
        Of the page, and the beginning of the names of what is generated.
    file : str
        Netlist below `netlists`, without ``.cir``.
    sheets, design : callable
        Its sheets, and its design calculations.
    rows : tuple of str
        Rows of the requirements that it serves.
    bench : str
        Caption of the picture of its bench.
    like : tuple of str
        Netlists whose heads tell parameters that its own does not.
    told : tuple of str
        Subcircuits whose parameters are told; default the one of the netlist's name.
    """

    name: str
    file: str
    sheets: Callable[[Netlist], tuple[Drawn, ...]]
    design: Callable[[Netlist], list[Row]]
    rows: tuple[str, ...] = ()
    bench: str = ""
    like: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    def drawn(self) -> tuple[Drawn, ...]:
        """Sheets of its subcircuits."""
        return self.sheets(read_netlist(self.file))


PORT_ROWS = ("A2", "A3", "A4", "A5", "A7", "A8", "A9")
CIRCUITS = (
    Circuit(
        "alternator_path", "alternator_path", alternator_path.sheets, design.alternator_path, PORT_ROWS,
        "The path is enabled with a stiff source, rises softly to its limit, and blocks when the source falls",
    ),
    Circuit(
        "alternator_path_buck", "alternator_path_buck", buck.switching, design.buck, PORT_ROWS,
        "A few periods of the switching circuit, shortly after it has come to its limit", ("alternator_path",),
    ),
    Circuit(
        "alternator_path_buck_avg", "alternator_path_buck_avg", buck.averaged, design.buck, (),
        "The averaged circuit is enabled: Q0 charges the input bank, then the soft start runs to the limit",
        ("alternator_path_buck", "alternator_path"),
    ),
    Circuit(
        "system_path", "system_path", system_path.sheets, design.system_path, ("S1", "S2", "S3", "S4", "S5", "S6"),
        "A short circuit at the live port: the current rises to the latch, and the banks open",
    ),
    Circuit(
        "disconnect_output", "disconnect_output", signals.disconnect, design_signals.disconnect, ("O1", "O2"),
        "Characteristic of the output: a source with a current limit",
    ),
    Circuit(
        "prealarm_output", "prealarm_output", signals.prealarm, design_signals.prealarm, ("O3", "O4"),
        "A relay coil is driven, and cut off",
    ),
    Circuit(
        "remote_input", "remote_input", signals.remote, design_signals.remote, ("R1", "R2", "R3", "R4"),
        "Thresholds of both terminals",
    ),
    Circuit(
        "supply", "supply", signals.supply, design_signals.supply, ("C1", "C2", "G3"),
        "A short dip of the battery port is held, a long one ends in a brown-out",
    ),
    Circuit("direct_connection", "direct_connection", around.direct, design_signals.direct, ("A6",)),
    Circuit(
        "pass_common_gate", "pass_common_gate", around.pass_devices, design_signals.pass_devices, ("A8",),
        "Four devices whose thresholds differ by a tenth of a volt to either side",
    ),
    Circuit("plant", "plant", around.plant, design_signals.plant, told=("battery", "cable")),
    Circuit(
        "alternator", "alternator", around.alternator, design_signals.alternator, ("A6", "A7"),
        "The load of a running alternator is cut off",
    ),
    Circuit(
        "pulses_iso16750", "pulses/iso16750", around.load_dump, design_signals.load_dump, ("A7",),
        "The generator without load, and into its own impedance", told=("iso16750_load_dump",),
    ),
    Circuit(
        "pulses_iso7637", "pulses/iso7637", around.transients, design_signals.transients, ("A7",),
        "The generators without load, and into their own impedance (2b into ten times its own)",
        told=("iso7637_1", "iso7637_2a", "iso7637_3a", "iso7637_3b", "iso7637_2b"),
    ),
)
