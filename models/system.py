r"""Devices at System+ in parallel: one current and slope of all of them, and one step; positive current charges.

The physics of each device is in `models.loads` and `models.chargers`. Here any number of them stands in arrays of one
type, so that compiled code is the same whatever is connected. The devices share the voltage ``w`` at the end of a
cable; between them and the battery stud of the BMS lie its resistance and that of the path in the BMS::

    w = V_stud + R_path I(w),    V_stud = E + R_b (I_port + I(w))    ->    w - E' - (R_path + R_b) I(w) = 0

The left side rises strictly wherever a solution is stable (constant power: P / w^2 below 1 / R), so Newton or else a
bracket finds the root. What the gates of System+ let pass is in `models.system_port`. Source: Kirchhoff's laws around
`models.loads` and `models.chargers`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.chargers import (
    BULK,
    ChargerParameters,
    ChargerState,
    output_power_W,
    regulated,
    setpoint_V,
)
from models.chargers import step as step_charger
from models.compiled import borrowing, called
from models.loads import (
    DcLoadParameters,
    DcLoadState,
    InverterParameters,
    InverterState,
    constant_power,
    dc_load_steady_A,
    inverter_power_W,
    steady_and_resistive,
    step_dc_load,
    step_inverter,
)
from models.remote import SwitchState

INVERTER, DC_LOADS, CHARGER, CONSUMER, FAULT = 0, 1, 2, 3, 4
"""Kinds of devices; the last two are what an event puts there: a current, or a conductance."""

STATE = ("on", "waiting_s", "good", "good_waiting_s", "capacitor_V", "phase_s", "stage", "stage_s", "low_s", "energy_J")
"""Columns of the devices' state: remote switch and its delay; the inverter's switch for the voltage, its delay, and the
voltage of its input capacitance; phase of the pulses of DC loads; stage of a charger, time in it and time below
re-bulk; and for the books the energy given to System+ so far (negative: taken)."""
ON, WAITING, GOOD, GOOD_WAITING, CAPACITOR, PHASE, STAGE, STAGE_S, LOW, ENERGY = range(len(STATE))

TABLES = ("load_fraction", "efficiency")
PRECHARGE_OHM = 6.5
"""Resistor of the pre-charge (ours: 2 A at 13 V; 50 mF are within 1 V after 0.84 s, of the 2 s that S6 has here)."""
NODE_F = 1e-3
"""Capacitance at System+ besides that of inverters (ours: filters of chargers and loads, the port's own clamp)."""
CLOSE_V = 1e-13
"""Residual at which the voltage is taken [V]: some rounding errors."""


class SystemParameters(NamedTuple):
    """Parameters of everything at System+.

    Attributes
    ----------
    kind : ndarray of int64, (n,)
        Kind of each device.
    always_on : ndarray, (n,)
        1: its remote input is bridged; 0: the BMS drives it.
    numbers : ndarray, (n, 14)
        Plain parameters of each device, in the order of its own parameters.
    points : ndarray of int64, (n,)
        Lengths of its tables.
    load_fraction, efficiency : ndarray, (n, m)
        Its tables.
    path_ohm, bms_ohm, precharge_ohm : float
        Cable and path in the BMS, from the battery stud to the devices; the part of it before the System+ stud;
        resistor of the pre-charge.
    capacitance_F : ndarray, (1,)
        Of all devices together; written anew where an event connects a capacitor.
    laws : ndarray, (n, 4)
        Work space: what :func:`fill_laws` finds.
    """

    kind: NDArray[np.int64]
    always_on: NDArray[np.float64]
    numbers: NDArray[np.float64]
    points: NDArray[np.int64]
    load_fraction: NDArray[np.float64]
    efficiency: NDArray[np.float64]
    path_ohm: float
    bms_ohm: float
    precharge_ohm: float
    capacitance_F: NDArray[np.float64]
    laws: NDArray[np.float64]


class Consumer(NamedTuple):
    """A consumer that an event switches: its input is a current [A]; `capacitance_F` of its own."""

    capacitance_F: float = 0.0


class Fault(NamedTuple):
    """A short circuit: its input is a conductance [S]; `capacitance_F` of its own."""

    capacitance_F: float = 0.0


Device = InverterParameters | DcLoadParameters | ChargerParameters | Consumer | Fault


def gathered(
    devices: list[Device], always_on: list[bool], path_ohm: float, bms_ohm: float = 0.0,
    precharge_ohm: float = PRECHARGE_OHM,
) -> SystemParameters:
    """Return devices side by side as arrays; there may be none. `always_on`: whether a device heeds no remote wire."""
    n = len(devices)
    kinds = {InverterParameters: INVERTER, DcLoadParameters: DC_LOADS, ChargerParameters: CHARGER, Consumer: CONSUMER,
             Fault: FAULT}
    tables = [[np.asarray(getattr(device, name, np.zeros(1))) for name in TABLES] for device in devices]
    longest = max((pair[0].size for pair in tables), default=1)
    both = np.zeros((2, n, longest))
    numbers = np.zeros((n, 14))
    for i, device in enumerate(devices):
        plain = [float(v) for name, v in device._asdict().items() if name not in TABLES]
        numbers[i, : len(plain)] = plain
        for j in range(2):
            both[j, i, : tables[i][j].size] = tables[i][j]
    return SystemParameters(
        np.array([kinds[type(device)] for device in devices], dtype=np.int64), np.array(always_on, dtype=np.float64),
        numbers, np.array([pair[0].size for pair in tables], dtype=np.int64), both[0].copy(), both[1].copy(),
        float(path_ohm), float(bms_ohm), float(precharge_ohm),
        np.array([NODE_F + sum(d.capacitance_F for d in devices if isinstance(d, InverterParameters))]),
        np.zeros((n, 4)),
    )


def initial_state(voltage_V: float, p: SystemParameters) -> NDArray[np.float64]:
    """Return the devices' state: on, input capacitances charged, chargers in bulk, nothing in the books; (n, 10).

    At 0 V, before the port was ever on, loads are off; chargers are not, they have a source of their own.
    """
    state = np.zeros((p.kind.size, len(STATE)))
    state[:, ON] = np.where((p.kind == CHARGER) | (voltage_V > 0.0), 1.0, 0.0)
    state[:, GOOD] = 1.0 if voltage_V > 0.0 else 0.0
    state[:, CAPACITOR] = voltage_V
    state[:, STAGE] = BULK
    return state


@borrowing
def _inverter(i: int, p: SystemParameters) -> InverterParameters:
    a, n = p.numbers[i], p.points[i]
    return InverterParameters(
        a[0], a[1], a[2], p.load_fraction[i, :n], p.efficiency[i, :n], a[3], a[4], a[5], a[6], a[7], a[8], a[9]
    )


@borrowing
def _dc_loads(i: int, p: SystemParameters) -> DcLoadParameters:
    a = p.numbers[i]
    return DcLoadParameters(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7])


@borrowing
def _charger(i: int, p: SystemParameters) -> ChargerParameters:
    a, n = p.numbers[i], p.points[i]
    return ChargerParameters(
        a[0], a[1], a[2], p.load_fraction[i, :n], p.efficiency[i, :n], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10],
        a[11], a[12], a[13],
    )


@borrowing
def _inverter_state(x: NDArray[np.float64], demand_W: float) -> InverterState:
    good, remote = SwitchState(x[GOOD], x[GOOD_WAITING]), SwitchState(x[ON], x[WAITING])
    return InverterState(demand_W, x[CAPACITOR], good, remote)


@borrowing
def _dc_state(x: NDArray[np.float64]) -> DcLoadState:
    return DcLoadState(x[PHASE], SwitchState(x[ON], x[WAITING]))


@borrowing
def _charger_state(x: NDArray[np.float64], source_W: float) -> ChargerState:
    return ChargerState(max(source_W, 0.0), x[STAGE], x[STAGE_S], x[LOW], SwitchState(x[ON], x[WAITING]))


@borrowing
def fill_laws(state: NDArray[np.float64], power_W: NDArray[np.float64], p: SystemParameters) -> None:
    """Find what each device does whatever the voltage is, into `p.laws`: call it before the currents are asked for.

    Parameters
    ----------
    state : ndarray, (n, 10)
        Devices' state.
    power_W : ndarray, (n,)
        Demand at an inverter's output, or what a charger's source offers [W]; unused for DC loads; current of a
        consumer [A], conductance of a fault [S].
    p : SystemParameters
        Parameters.
    """
    for i in range(p.kind.size):
        x, law = state[i], p.laws[i]
        if p.kind[i] == INVERTER:
            machine = _inverter(i, p)
            law[0], law[1] = inverter_power_W(_inverter_state(x, power_W[i]), machine), machine.highest_A
        elif p.kind[i] == DC_LOADS:
            loads = _dc_loads(i, p)
            on = 1.0 if x[ON] > 0.5 else 0.0
            law[0], law[1] = on * dc_load_steady_A(_dc_state(x), loads), on * loads.conductance_S
        elif p.kind[i] == CONSUMER:
            law[0], law[1] = power_W[i], 0.0
        elif p.kind[i] == FAULT:
            law[0], law[1] = 0.0, power_W[i]
        else:
            charger, now = _charger(i, p), _charger_state(x, power_W[i])
            law[0], law[1] = output_power_W(now, charger), charger.highest_A
            law[2], law[3] = setpoint_V(now, charger), charger.gain_A_V


@borrowing
def device_current_and_slope(i: int, voltage_V: float, p: SystemParameters) -> tuple[float, float]:
    """Return current [A] and dI/dV [S] of device `i` at a voltage."""
    law = p.laws[i]
    if p.kind[i] == INVERTER:
        return constant_power(voltage_V, law[0], law[1])
    if p.kind[i] != CHARGER:
        return steady_and_resistive(voltage_V, law[0], law[1])
    return regulated(voltage_V, law[0], law[2], law[1], law[3])


@borrowing
def current_and_slope(voltage_V: float, p: SystemParameters) -> tuple[float, float]:
    """Return current [A] and dI/dV [S] of all devices at a voltage."""
    current_A, slope_S = 0.0, 0.0
    for i in range(p.kind.size):
        one_A, one_S = device_current_and_slope(i, voltage_V, p)
        current_A += one_A
        slope_S += one_S
    return current_A, slope_S


@called
def voltage_V(start_V: float, emf_V: float, ohm: float, p: SystemParameters) -> float:
    """Return the devices' voltage behind a source of `ohm` [ohm], w - E - R I(w) = 0: what Newton finds from a start.

    Where Newton does not halve the residual (a knee, or no solution near), bisection between the start and a bound on
    the side to which the residual drives the voltage: beyond what the chargers can reach, or below 0 V. So a node whose
    chargers give more than its loads take rises, though a root where the load has broken it down exists too; where a
    load asks for more than the source can give, the voltage breaks down to where the load fades.
    """
    here_V = start_V
    current_A, slope_S = current_and_slope(here_V, p)
    error_V = here_V - emf_V - ohm * current_A
    start_error_V = error_V
    for _ in range(20):
        if abs(error_V) < CLOSE_V:
            return here_V
        rise = 1.0 - ohm * slope_S
        if rise <= 0.0:
            break
        next_V = here_V - error_V / rise
        current_A, slope_S = current_and_slope(next_V, p)
        next_error_V = next_V - emf_V - ohm * current_A
        if not abs(next_error_V) < 0.5 * abs(error_V):
            if abs(error_V) < 10.0 * CLOSE_V:
                return here_V
            break
        here_V, error_V = next_V, next_error_V
    most_A = 0.0
    for i in range(p.kind.size):
        most_A += p.laws[i, 1] if p.kind[i] == CHARGER else 0.0
    low_V, high_V = min(emf_V, 0.0) - 1.0, max(emf_V, 0.0) + ohm * most_A + 1.0
    if start_error_V < 0.0:
        low_V = start_V
    else:
        high_V = start_V
    for _ in range(200):
        middle_V = 0.5 * (low_V + high_V)
        if middle_V <= low_V or middle_V >= high_V:
            break
        current_A, _ = current_and_slope(middle_V, p)
        if middle_V - emf_V - ohm * current_A > 0.0:
            high_V = middle_V
        else:
            low_V = middle_V
    return 0.5 * (low_V + high_V)


@borrowing
def step_in_place(
    state: NDArray[np.float64], voltage_V: float, power_W: NDArray[np.float64], charge_remote: float,
    load_remote: float, dt_s: float, p: SystemParameters,
) -> None:
    """Devices after ``dt_s`` at a voltage; `state` is written over.

    Parameters
    ----------
    state : ndarray, (n, 10)
        Devices' state.
    voltage_V : float
        Voltage at the devices.
    power_W : ndarray, (n,)
        As for :func:`fill_laws`.
    charge_remote, load_remote : float
        1: the BMS lets chargers, or loads, work (O2, O1); 0: that output floats.
    dt_s : float
        Step [s].
    p : SystemParameters
        Parameters.
    """
    fill_laws(state, power_W, p)
    for i in range(p.kind.size):
        x = state[i]
        bridged = p.always_on[i] > 0.5
        current_A, _ = device_current_and_slope(i, voltage_V, p)
        x[ENERGY] += voltage_V * current_A * dt_s
        if p.kind[i] == INVERTER:
            allowed = 1.0 if bridged else load_remote
            after = step_inverter(_inverter_state(x, power_W[i]), voltage_V, allowed, dt_s, _inverter(i, p))
            x[GOOD], x[GOOD_WAITING], x[CAPACITOR] = after.voltage_good.on, after.voltage_good.waiting_s, voltage_V
            x[ON], x[WAITING] = after.remote.on, after.remote.waiting_s
        elif p.kind[i] == DC_LOADS:
            allowed = 1.0 if bridged else load_remote
            loads = step_dc_load(_dc_state(x), voltage_V, allowed, dt_s, _dc_loads(i, p))
            x[PHASE], x[ON], x[WAITING] = loads.phase_s, loads.remote.on, loads.remote.waiting_s
        elif p.kind[i] == CHARGER:
            remote = 1.0 if bridged else charge_remote
            charger = step_charger(_charger_state(x, power_W[i]), voltage_V, remote, dt_s, _charger(i, p))
            x[STAGE], x[STAGE_S], x[LOW] = charger.stage, charger.stage_s, charger.low_s
            x[ON], x[WAITING] = charger.remote.on, charger.remote.waiting_s
