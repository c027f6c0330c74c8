"""The plant as one explicit, copyable state, and everything that its equations need.

The physics lives in `models`; here it is put together and loaded from a scenario.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.characteristic import FUSE_BLOWN, Characteristic, Controls
from cosim.circuit.deck import DEVICES
from cosim.scenario.bank import bank_parameters, initial_bank
from cosim.scenario.events import event_devices
from cosim.scenario.model import Scenario, Vehicle
from cosim.scenario.system import system_parameters
from cosim.slow.sensors import NOT_FITTED, Sensors, product_sensors
from models import alternator, bank, cable, fuse, heat, starter_battery, system
from models.compiled import borrowing

Array = NDArray[np.float64]


PLANT_LIMITS = ("fuse blown", "alternator winding above its limit", "alternator rectifier above its limit")
"""What `plant_flags` tells, bit by bit; each change is an event of the plant."""


class PlantParameters(NamedTuple):
    """Parameters of every model (`battery`: the LFP bank), the circuit's terminal characteristic and the sensors.

    `remote_V` is what the remote terminals L and H have now [V], not fitted where the scenario has no remote;
    `has_vehicle` is 1 with alternator and starter battery, 0 where a laboratory supply stands in their place;
    then `source_resistance_ohm` is the supply's. `stuck` is what the charge and the discharge gate of System+ do
    whatever is commanded: 1 on, -1 off, 0 as commanded. `alternator_lead_ohm`, `_H` are the lead from alternator to
    starter battery, at the engine bay's temperature. `field_lag` is the alternator field's lag over one tick.
    """

    battery: bank.BankParameters
    starter: starter_battery.StarterParameters
    alternator: alternator.AlternatorParameters
    fuse: fuse.FuseParameters
    box: heat.BoxParameters
    input_cable: cable.CableParameters
    battery_cable: cable.CableParameters
    characteristic: Characteristic
    sensors: Sensors
    has_vehicle: float
    source_resistance_ohm: float
    alternator_lead_ohm: float
    alternator_lead_H: float
    field_lag: alternator.FieldLag
    system: system.SystemParameters
    remote_V: Array
    stuck: Array


class PlantState(NamedTuple):
    """Everything that the plant remembers; `bus_voltage_V` only starts the next network solution.

    `field_A` and `law_A` are the alternator's current and its static law one tick ago: the field follows with a lag.
    `system` is the state of the devices at System+, one row each (`models.system`), `system_V` their voltage.
    `latched` is 1 while the hardware latch of System+ keeps both of its gates closed; `switch_degC` (2, n) are the
    ladders of a device of its discharge and of its charge bank, junction first (temperatures stay where nothing is
    connected).
    """

    battery: bank.BankState
    starter: starter_battery.StarterState
    alternator: alternator.AlternatorState
    fuse: fuse.FuseState
    box: heat.BoxState
    input_cable_degC: float
    battery_cable_degC: float
    bus_voltage_V: float
    field_A: float
    law_A: float
    system: Array
    system_V: float
    latched: float
    switch_degC: Array


def load_parameters(scenario: Scenario, characteristic: Characteristic) -> PlantParameters:
    """Read the parameter files that a scenario names; raises `models.parameter_file.ParameterError`."""
    vehicle = scenario.source if isinstance(scenario.source, Vehicle) else Vehicle()
    cell_bank = bank_parameters(scenario.bank, scenario.seed)
    cables = scenario.cables
    lead = cable.load_cable(cables.alternator.length_m, cables.alternator.area_mm2)
    return PlantParameters(
        battery=cell_bank,
        starter=starter_battery.load_starter_battery(vehicle.starter_battery),
        alternator=alternator.load_alternator(vehicle.alternator),
        fuse=_fitted_fuse(scenario),
        box=heat.load_box(scenario.parts.box),
        input_cable=cable.load_cable(cables.input.length_m, cables.input.area_mm2),
        battery_cable=cable.load_cable(cables.battery.length_m, cables.battery.area_mm2),
        characteristic=characteristic,
        sensors=product_sensors(
            cell_bank.capacity_factor.size, bool(scenario.system_names), bool(scenario.remote)
        ),
        has_vehicle=1.0 if isinstance(scenario.source, Vehicle) else 0.0,
        source_resistance_ohm=0.0 if isinstance(scenario.source, Vehicle) else scenario.source.resistance_ohm,
        alternator_lead_ohm=cable.resistance_ohm(scenario.ambient.engine_bay_degC, lead),
        alternator_lead_H=lead.inductance_H,
        field_lag=_field_lag(vehicle.alternator, scenario.tick_s),
        system=system_parameters(
            scenario.system, scenario.ambient.bms_degC, [device for _, device in event_devices(scenario.events)]
        ),
        remote_V=np.full(2, NOT_FITTED),
        stuck=np.zeros(2),
    )


def _field_lag(name: str, tick_s: float) -> alternator.FieldLag:
    return alternator.field_lag(float(alternator.load_alternator(name).field_tau_s), tick_s)


def _fitted_fuse(scenario: Scenario) -> fuse.FuseParameters:
    """The fuse that is fitted: the rated one, with what the scenario changes of it in the circuit."""
    rated = fuse.load_fuse(scenario.supervisor_settings.fuse_rating_A, scenario.parts.fuse)
    changed = scenario.circuit.parameters
    return rated._replace(
        resistance_25_ohm=changed.get("rf25", rated.resistance_25_ohm),
        alpha_per_K=changed.get("alphaf", rated.alpha_per_K),
        inductance_H=changed.get("lf", rated.inductance_H),
    )


def initial_state(scenario: Scenario, p: PlantParameters) -> PlantState:
    """The plant at rest at the scenario's ambients and charges; the run begins as the BMS is powered up.

    So System+ was off before: its node is empty, and loads are off until it is pre-charged.
    """
    ambient = scenario.ambient
    vehicle = scenario.source if isinstance(scenario.source, Vehicle) else Vehicle()
    starter = starter_battery.initial_state(vehicle.starter_soc, ambient.engine_bay_degC, p.starter)
    emf_V, _ = starter_battery.thevenin(starter, p.starter)
    cells = initial_bank(scenario.bank, scenario.seed, p.battery)
    bank_V, _ = bank.thevenin(cells, p.battery)
    return PlantState(
        battery=cells,
        starter=starter,
        alternator=alternator.initial_state(ambient.engine_bay_degC),
        fuse=fuse.initial_state(ambient.bms_degC),
        box=heat.initial_box(ambient.bms_degC, len(DEVICES), p.box),
        input_cable_degC=ambient.engine_bay_degC,
        battery_cable_degC=ambient.battery_degC,
        bus_voltage_V=emf_V,
        field_A=0.0,
        law_A=0.0,
        system=system.initial_state(0.0, p.system),
        system_V=0.0 if p.system.kind.size else bank_V,
        latched=0.0,
        switch_degC=np.full((2, p.box.cauer.capacity_J_K.size), float(ambient.bms_degC)),
    )


@borrowing
def controls_of(state: PlantState, enable: float, reference_mV: float) -> Controls:
    """What the terminal law depends on, from the plant's temperatures and the commands; a blown fuse blocks."""
    if fuse.blown(state.fuse):
        enable = FUSE_BLOWN
    ladders = state.box.junction_degC
    pass_degC = 0.25 * (ladders[1, 0] + ladders[2, 0] + ladders[3, 0] + ladders[4, 0])
    return Controls(enable, reference_mV, state.fuse.temperature_degC, ladders[0, 0], pass_degC)


@borrowing
def carried_A(state: PlantState, p: PlantParameters) -> float:
    """Part of the alternator's current at this tick that the last tick decides."""
    return p.field_lag.before * state.law_A + p.field_lag.carried * state.field_A


def with_alternator_at(
    state: PlantState, current_A: float, voltage_V: float, alternator_rpm: float, p: PlantParameters
) -> PlantState:
    """State whose network solution at this same tick and voltage has the alternator at `current_A`.

    It hands the field of a SPICE window over to the slow engine: as if the law had been the same a tick ago.
    """
    if p.has_vehicle < 0.5:
        return state
    capability_A = alternator.capability_A(alternator_rpm, state.alternator.winding_degC, p.alternator)
    setpoint_V = alternator.setpoint_V(state.alternator.case_degC, p.alternator)
    law_A = float(alternator.regulated_current_A(voltage_V, capability_A, setpoint_V, p.alternator))
    lead_A = (current_A - law_A) / p.field_lag.carried if p.field_lag.carried > 1e-3 else 0.0
    return state._replace(field_A=law_A + lead_A, law_A=law_A)


@borrowing
def source_thevenin(state: PlantState, supply_emf_V: float, p: PlantParameters) -> tuple[float, float]:
    """EMF [V] and resistance [ohm] of what holds the bus: starter battery, or laboratory supply."""
    if p.has_vehicle > 0.5:
        return starter_battery.thevenin(state.starter, p.starter)
    return supply_emf_V, p.source_resistance_ohm


@borrowing
def fuse_current_A(port_current_A: float, p: PlantParameters) -> float:
    """Current that heats the fuse [A]; a plain link has none."""
    return 0.0 if p.characteristic.kind == 1.0 else port_current_A


@borrowing
def plant_flags(state: PlantState, p: PlantParameters) -> int:
    """What of the plant is beyond its limit, one bit each, in the order of `PLANT_LIMITS`."""
    flags = 1 if fuse.blown(state.fuse) else 0
    if state.alternator.winding_degC > p.alternator.winding_limit_degC:
        flags += 2
    if state.alternator.rectifier_degC > p.alternator.rectifier_limit_degC:
        flags += 4
    return flags


def stored_charge_C(state: bank.BankState, p: bank.BankParameters) -> float:
    """Charge in the bank [C], as it came through the terminals (see `models.bank.stored_charge_C`)."""
    return bank.stored_charge_C(state, p)
