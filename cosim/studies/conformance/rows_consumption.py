"""Consumption rows C1 to C3: what all circuits together draw, and how long a battery lasts after a shutdown."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cosim import measure
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Influence, Lab
from cosim.studies.conformance.look import RESTING, evidence, looked, trace
from cosim.studies.conformance.reading import entry

BATTERY_V = 13.3
SETTLED_S = 0.25
"""The hold-up is charged and the filters are settled."""
SHARES = {"supply": "i(vs)", "outputs": "i(vo)", "remote": "i(vr)", "System+": "i(vsy)", "alternator port": "i(val)"}
"""Circuits at the battery stud, each behind a 0 V source."""


class State(NamedTuple):
    """A state of the product: figure, remote function and whether remote is on, wiring, gates and outputs on."""

    figure: str
    function: str
    remote_on: bool
    wiring: str
    gates_on: bool


STATES = (
    State("C1.on_mA", "alternator", True, "rj l h 1", True),
    State("C2.active_mA", "alternator", False, "", True),
    State("C2.disabled_mA", "system", False, "", False),
)


def commanded_A(lab: Lab, state: State, corner: Corner) -> float:
    """What the supervisor has the supply draw in a state [A], settled."""
    content = {"name": "c_state", "bank": {"soc": 0.6}, "source": RESTING, "duration_s": 20.0,
               "settings": {"remote_function": state.function}, "recording": {"period_s": 0.1},
               "remote": [{"time_s": 0, "state": "on" if state.remote_on else "off"}]}
    return float(looked(lab, content, corner).wave("supply_current_A")[-1])


def whole_deck(state: State, draw_A: float, degC: float, path: str = "alternator_path") -> str:
    """Every circuit of the product at one battery: outputs on but open, System+ open, a resting starter battery.

    `path` is the circuit of the alternator port.
    """
    on = "pwl(0 0 1m 0 1.01m 1)" if state.gates_on else "0"
    return f"""* consumption of the whole product
.include devices.lib
.include supply.cir
.include disconnect_output.cir
.include prealarm_output.cir
.include remote_input.cir
.include system_path.cir
.include {path}.cir
vb b 0 {BATTERY_V!r}
vidd idd 0 {draw_A!r}
vs b bs 0
xsup bs 0 ret idd vin vdd ok supply
vo b bo 0
von on 0 {on}
xo1 bo o1 0 on disconnect_output tdegC={degC!r}
xo2 bo o2 0 on disconnect_output tdegC={degC!r}
voff off 0 0
xo3 bo o3 0 off po prealarm_output tdegC={degC!r}
vr b br 0
xrem br l h 0 ron lo hi remote_input
{state.wiring}
vsy b bsy 0
vg gates 0 {on}
vt tj 0 {degC!r}
xp bsy sys 0 gates gates off off tj tj isense latch cs pqd pqc psy csy esy system_path
val b bal 0
vab ab 0 12.5
vref vref 0 67.5
xa ab bal 0 off vref tj tj tj tj tj tj
+ fb mid sense pq1 pq2a pq2b pq2c pq2d pfu pal eal ovp off cal lifted {path}
"""


def draws(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """C1, C2: current out of the battery in each state, the supply as commanded and all other circuits beside it."""
    del changes
    entries = []
    for state in STATES:
        draw_A = commanded_A(lab, state, corner)
        waves = lab.session.transient(
            whole_deck(state, draw_A, corner.ambient_degC), tstop_s=0.3, tmax_s=2e-4,
            signals=["i(vb)", *SHARES.values()],
        )
        current_mA = 1e3 * -waves["i(vb)"]
        total_mA = measure.steady(waves.time_s, current_mA, 5e-3, share=(0.3 - SETTLED_S) / 0.3)
        own = {name: 1e6 * measure.mean(waves.time_s, waves[signal], SETTLED_S) for name, signal in SHARES.items()}
        told = ", ".join(f"{name} {value:.0f}" for name, value in own.items())
        late = waves.time_s > 0.1
        ms = 1e3 * waves.time_s[late]
        seen = evidence(
            trace("out of the battery", "mA", ms, current_mA[late]),
            *(trace(name, "uA", ms, 1e6 * waves[signal][late]) for name, signal in SHARES.items() if name != "supply"),
            marks=[(300.0, total_mA, f"{total_mA:.3f} mA")], x_label="time [ms]",
        )
        method = f"SPICE: all circuits at one battery, outputs open; shares [uA]: {told}"
        entries.append(entry(corner, state.figure, total_mA, method, seen))
    return entries


# ---- C3 -------------------------------------------------------------------------------------------------------------

HOUR_S, DAY_S = 3600.0, 86_400.0
BATTERY_AH = 200.0
OFF_S = 4.0 * HOUR_S
"""Remote goes off when the battery has been cut off and has come to rest."""


def stored(residual_A: float | None, duration_s: float) -> dict[str, Any]:
    """A heater empties a 200 Ah battery to 2.6 V per cell; then remote is off, function 'system'."""
    firmware = {} if residual_A is None else {"firmware": {"supply_disabled_A": residual_A}}
    return {
        "name": "c3_storage", "tick_s": 1.0, "bank": {"soc": 0.10, "temperature_degC": 20}, "source": RESTING,
        "settings": {"remote_function": "system", **firmware,
                     "battery_thresholds": [{"load_disconnect_V": 2.6, "pre_alarm_V": 2.85}]},
        "ambient": {"engine_bay_degC": 20, "bms_degC": 20, "battery_degC": 20}, "duration_s": duration_s,
        "remote": [{"time_s": 0, "state": "on"}, {"time_s": OFF_S, "state": "off"}],
        "system": {"devices": [{"kind": "inverter", "name": "heater", "demand_W": [[0, 1050]]}]},
        "recording": {"period_s": 60.0},
    }


def storage(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """C3: what the shutdown leaves; loss per day at the BMS's own draw; days until 10 mA have emptied the battery."""
    del changes
    own = looked(lab, stored(None, OFF_S + DAY_S + HOUR_S), corner)
    cut_s, charge = own.when("load disconnected"), BATTERY_AH * own.wave("soc")
    left_Ah = own.at(charge, cut_s + 60.0) / (BATTERY_AH / 100.0)
    start_s = OFF_S + 0.5 * HOUR_S
    loss_Ah = own.at(charge, start_s) - own.at(charge, start_s + DAY_S)
    hours = own.time_s / HOUR_S
    seen = evidence(trace("charge left", "Ah", hours, charge),
                    trace("lowest cell", "V", hours, own.lowest_cell_V()),
                    marks=[(cut_s / HOUR_S, 2.0 * left_Ah, f"{left_Ah:.2f} Ah per 100 Ah")], limit=False,
                    x_label="time [h]")
    kept = own.time_s > OFF_S
    daily = evidence(trace("charge left, remote off", "Ah", hours[kept], charge[kept]), limit=False, x_label="time [h]")
    method = "scenario: heater empties a 200 Ah battery to 2.6 V per cell, then remote off, function 'system'"
    entries = [
        entry(corner, "C3.left_Ah", left_Ah, f"{method}; charge a minute after the cut, per 100 Ah", seen,
              trust="fitted"),
        entry(corner, "C3.loss_per_day_Ah", loss_Ah, f"{method}; charge lost in a day", daily),
    ]
    residual = looked(lab, stored(0.010, OFF_S + 10.0 * DAY_S), corner)
    left = BATTERY_AH * residual.wave("soc")
    days = (residual.time_s - OFF_S) / DAY_S
    empty = np.flatnonzero(left <= 0.0)
    value = float(days[empty[0]]) if empty.size else np.nan
    seen = evidence(trace("charge left, 10 mA", "Ah", days, left),
                    trace("lowest cell", "V", days, residual.lowest_cell_V()),
                    marks=[(value, 0.0, f"empty after {value:.1f} days")], limit=False, x_label="days since remote off")
    entries.append(entry(corner, "C3.days_at_10mA", value,
                         "the same with 10 mA of residual current; days from remote off until the battery is empty",
                         seen, trust="fitted"))
    return entries


BENCHES: tuple[Bench, ...] = (
    Bench("consumption", ("C1", "C2"), draws, 1.5,
          (Corner(), Corner("-40 degC", ambient_degC=-40.0), Corner("60 degC", ambient_degC=60.0)),
          (Influence("firmware", "supply_on_A"), Influence("firmware", "supply_off_A"),
           Influence("firmware", "supply_disabled_A"), Influence("circuit", "rbsys", "system_path"),
           Influence("circuit", "rbleed", "alternator_path"))),
    Bench("consumption_storage", ("C3",), storage, 6.0, (Corner(),), (Influence("firmware", "supply_disabled_A"),)),
)
