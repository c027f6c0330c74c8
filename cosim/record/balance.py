"""Charge and energy balance of windows and of the run: nothing is believed that does not add up."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.deck import DEVICES
from cosim.slow.loop import LIMITING

Array = NDArray[np.float64]

SMALLEST_CHARGE_C = 1e-2
SMALLEST_ENERGY_J = 1e-2
"""Below these a relative balance says nothing (a blocked port); they bound the denominators (ours)."""


@dataclass(frozen=True)
class Balance:
    """Balance of a window.

    charge_C : charge through the battery's sensor; charge_error_C : its difference from the change of the cells'
    charge; energy_in_J : net energy into the circuit's terminals; dissipated_J : in devices, fuse and resistors;
    stored_J : change of the energy in its capacitors and inductors; *_relative : error over charge moved (the
    integral of the current's magnitude) and over dissipation, not below `SMALLEST_*`.
    """

    charge_C: float
    charge_error_C: float
    charge_relative: float
    energy_in_J: float
    dissipated_J: float
    stored_J: float
    energy_error_J: float
    energy_relative: float

    def as_dict(self) -> dict[str, float]:
        """Plain numbers for `summary.json`."""
        return asdict(self)


def integral(time_s: Array, value: Array) -> float:
    """Trapezoid over the accepted points."""
    return float(np.trapezoid(value, time_s))


def window_balance(
    time_s: Array, waves: dict[str, Array], cell_charge_C: float, lead_ohm: float, battery_cable_ohm: float,
    system_ohm: float = 0.0, supply_A: float = 0.0,
) -> tuple[Balance, dict[str, float]]:
    """Balance of a window from its waveforms, and the energies that the run's ledger takes over.

    Parameters
    ----------
    time_s, waves : accepted points from the window's start on; with `ground_V` [V] where the ground lead can open
    cell_charge_C : change of the cells' charge over the window [C]
    lead_ohm, battery_cable_ohm : alternator lead, and cable to the bank [ohm]
    system_ohm : between battery stud and the devices at System+ [ohm]; where System+ is a circuit of the deck, its own
        waves count, up to its stud
    supply_A : what the BMS itself draws from its stud [A]
    """
    port, output = waves["port_current_A"], waves["output_current_A"]
    moved_C = integral(time_s, waves["battery_current_A"])
    traffic_C = integral(time_s, np.abs(waves["battery_current_A"]))
    entering_J = integral(time_s, waves["input_voltage_V"] * port)
    leaving_J = integral(time_s, waves["battery_voltage_V"] * output)
    # Where the ground lead is open the return stands at volts, and what goes in there is no longer nothing.
    ground_V = waves.get("ground_V", np.zeros(time_s.size))
    by_ground_J = integral(time_s, ground_V * (output - port))
    resistive = waves["power_fuse_W"] + waves["power_other_W"] + waves["power_clamp_W"]
    power = sum((waves[f"power_{d}_W"] for d in DEVICES), resistive)
    burnt_J = integral(time_s, power)
    stored_J = float(waves["stored_J"][-1] - waves["stored_J"][0])
    taken_J = entering_J - leaving_J + by_ground_J
    bus = waves["starter_voltage_V"]
    cable_J = integral(time_s, battery_cable_ohm * waves["battery_current_A"] ** 2)
    system_A = waves.get("system_current_A", np.zeros(1))
    at_stud_J = integral(time_s, waves["battery_voltage_V"] * system_A) if system_A.size == time_s.size else 0.0
    on_the_way_J = integral(time_s, system_ohm * system_A**2) if system_A.size == time_s.size else 0.0
    if "port_stored_J" in waves:
        into_bank_A = waves["battery_current_A"] - output + supply_A
        at_stud_J = integral(time_s, waves["battery_voltage_V"] * into_bank_A)
        on_the_way_J = integral(time_s, waves["system_voltage_V"] * system_A) - at_stud_J
        by_ground_J = integral(time_s, ground_V * (into_bank_A - system_A))
        names = ("power_discharge_bank_W", "power_charge_bank_W", "power_port_W", "power_port_clamp_W")
        port_J = integral(time_s, sum((waves[name] for name in names), np.zeros(time_s.size)))
        kept_J = float(waves["port_stored_J"][-1] - waves["port_stored_J"][0])
        burnt_J, stored_J, taken_J = burnt_J + port_J, stored_J + kept_J, taken_J + on_the_way_J + by_ground_J
    supply_J = supply_A * integral(time_s, waves["battery_voltage_V"])
    load = waves["alternator_current_A"] - waves["starter_battery_current_A"] - port
    error_J = taken_J - burnt_J - stored_J
    balance = Balance(
        charge_C=moved_C,
        charge_error_C=moved_C - cell_charge_C,
        charge_relative=abs(moved_C - cell_charge_C) / max(traffic_C, SMALLEST_CHARGE_C),
        energy_in_J=taken_J,
        dissipated_J=burnt_J,
        stored_J=stored_J,
        energy_error_J=error_J,
        energy_relative=abs(error_J) / max(burnt_J, SMALLEST_ENERGY_J),
    )
    energies = {
        "charge_C": moved_C,
        "lead_J": integral(time_s, lead_ohm * waves["alternator_current_A"] ** 2),
        "source_J": integral(time_s, (bus + lead_ohm * waves["alternator_current_A"]) * waves["alternator_current_A"]),
        "load_J": integral(time_s, bus * load),
        "starter_battery_J": integral(time_s, bus * waves["starter_battery_current_A"]),
        "input_cable_J": integral(time_s, (bus - waves["input_voltage_V"]) * port),
        "circuit_J": entering_J - leaving_J,
        "battery_cable_J": cable_J,
        "battery_J": leaving_J + at_stud_J - cable_J - supply_J,
        "system_J": at_stud_J + on_the_way_J,
        "system_cable_J": on_the_way_J,
        "supply_J": supply_J,
        "limit_s": integral(time_s, (waves["sense_mV"] > LIMITING * waves["reference_mV"]) * waves["enable"]),
    }
    return balance, energies
