"""What changes of a running scenario (`cosim.scenario.by_hand`) make of its inputs: new pieces put onto old signals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cosim.inputs.signals import PiecewiseLinear
from cosim.scenario.by_hand import Change
from cosim.scenario.model import Scenario
from cosim.scenario.system import Solar
from models import chargers, engine

STEP_S = 1e-3
"""Time in which a changed input reaches its new value (ours, as `cosim.inputs.system.PLUG_S`)."""


def effect_s(change: Change, tick_s: float) -> float:
    """When a change acts on the inputs: a tick after it was taken."""
    return round((change.time_s + tick_s) * 1000.0) / 1000.0


def stepped(signal: PiecewiseLinear, value: float, time_s: float) -> PiecewiseLinear:
    """A signal that leaves what it was to do at a time, for one value for ever."""
    before = signal.time_s < time_s
    return PiecewiseLinear(
        np.concatenate([signal.time_s[before], [time_s, time_s + STEP_S]]),
        np.concatenate([signal.value[before], [float(signal.at(time_s)), float(value)]]),
    )


def changed_profile(
    profile: engine.DriveProfile, changes: Sequence[Change], tick_s: float, p: engine.EngineParameters
) -> engine.DriveProfile:
    """Drive profile with what a person made the engine do; each goes on to the end of the drive, an hour at least."""
    for change in changes:
        if change.engine is not None:
            at_s = effect_s(change, tick_s)
            rest_s = max(float(profile.time_s[-1]) - at_s, 3600.0)
            profile = engine.continued(profile, change.engine, at_s, rest_s, p)
    return profile


def changed_load(signal: PiecewiseLinear, changes: Sequence[Change], tick_s: float) -> PiecewiseLinear:
    """Current of the vehicle's consumers."""
    for change in changes:
        if change.load_A is not None:
            signal = stepped(signal, change.load_A, effect_s(change, tick_s))
    return signal


def changed_supply(signal: PiecewiseLinear, changes: Sequence[Change], tick_s: float) -> PiecewiseLinear:
    """EMF of the laboratory supply."""
    for change in changes:
        if change.supply_V is not None:
            signal = stepped(signal, change.supply_V, effect_s(change, tick_s))
    return signal


def changed_devices(signals: Sequence[PiecewiseLinear], scenario: Scenario) -> tuple[PiecewiseLinear, ...]:
    """Powers of the devices at System+ [W]: demand, array power at an irradiance, what mains offer."""
    found = list(signals)
    for change in scenario.changes:
        for name, value in change.devices.items():
            place = scenario.system.names.index(name)
            device = scenario.system.devices[place]
            power_W = value
            if isinstance(device, Solar):
                power_W = chargers.array_power_W(value, device.air_degC, chargers.load_charger(device.parameters))
            elif device.kind == "mains":
                charger = chargers.load_charger(device.parameters)
                power_W = value * charger.rated_W * float(charger.load_fraction[-1])
            found[place] = stepped(found[place], power_W, effect_s(change, scenario.tick_s))
    return tuple(found)
