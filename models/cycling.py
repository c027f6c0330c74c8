"""Charging and discharging a bank on the bench: constant current to a voltage, constant voltage to a current.

What a capacity or efficiency test does. The same steps as `models.bank.step`, in one compiled loop.
Source of the equations: `models.bank`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import bank_tick, bank_work
from models.bank_types import BankParameters, BankState
from models.compiled import apart

Array = NDArray[np.float64]


class Run(NamedTuple):
    """One stretch of a test; arrays hold one entry per step.

    Attributes
    ----------
    state : BankState
        At the end.
    time_s : ndarray
        Start of each step.
    charge_Ah : ndarray
        Charge into the battery since the start, negative on discharge.
    voltage_V, current_A : ndarray
        Terminal voltage at the start of the step (the current already flows), and current, charging positive.
    total_Ah, energy_Wh : float
        Through the terminals, charging positive; the last step counts up to the moment when the end was reached.
    """

    state: BankState
    time_s: Array
    charge_Ah: Array
    voltage_V: Array
    current_A: Array
    total_Ah: float
    energy_Wh: float


@apart
def _started(state: BankState, dt_s: float, p: BankParameters) -> bank_work.Work:
    """Return work space that holds the state, ready to step by ``dt_s``."""
    w = bank_work.empty(p)
    bank_work.load(w, state)
    bank_work.set_cooling(w, dt_s, p)
    return w


@apart
def _look(w: bank_work.Work, p: BankParameters) -> tuple[float, float]:
    """Read the tables and return the Thevenin equivalent now."""
    bank_work.refresh(w, p)
    return bank_tick.look(w)


@apart
def _advance(
    w: bank_work.Work, emf_V: float, current_A: float, dt_s: float, ambient_degC: float, p: BankParameters
) -> None:
    """Step with a current after `_look`."""
    bank_tick.divide(w, emf_V, current_A)
    bank_work.retime(w, dt_s, p)
    bank_tick.advance(w, dt_s, ambient_degC, p)


@apart
def hold_current(
    state: BankState, current_A: float, end_V: float, dt_s: float, ambient_degC: float, most_steps: int,
    p: BankParameters,
) -> Run:
    """Hold a current until the terminal voltage crosses ``end_V``: from above on discharge, from below on charge.

    Parameters
    ----------
    state : BankState
        State at the start; not changed.
    current_A : float
        Current [A], charging positive, not 0.
    end_V : float
        Terminal voltage that ends it [V].
    dt_s : float
        Step [s].
    ambient_degC : float
        Air around the battery.
    most_steps : int
        Ends after so many steps at the latest.
    p : BankParameters
        Parameters.

    Returns
    -------
    Run
        State at its end, and the way there: times, charge, voltage, current, shapes (n,).

    Notes
    -----
    Charge and energy end at the crossing, by linear interpolation over the last step; the state is that of its end.
    """
    volts, sign = np.empty(most_steps + 1), 1.0 if current_A > 0.0 else -1.0
    n, energy_Wh, total_Ah = 0, 0.0, 0.0
    per_step_Ah = current_A * dt_s / 3600.0
    w = _started(state, dt_s, p)
    emf_V, ohm = _look(w, p)
    volts[0] = emf_V + ohm * current_A
    while n < most_steps and sign * (volts[n] - end_V) < 0.0:
        _advance(w, emf_V, current_A, dt_s, ambient_degC, p)
        emf_V, ohm = _look(w, p)
        volts[n + 1] = emf_V + ohm * current_A
        part = 1.0
        if sign * (volts[n + 1] - end_V) >= 0.0:
            part = (end_V - volts[n]) / (volts[n + 1] - volts[n])
        total_Ah += part * per_step_Ah
        energy_Wh += part * per_step_Ah * (volts[n] + 0.5 * part * (volts[n + 1] - volts[n]))
        n += 1
    steps = np.arange(n + 1).astype(np.float64)
    return Run(bank_work.stored(w), steps * dt_s, steps * per_step_Ah, volts[: n + 1].copy(),
               np.full(n + 1, current_A), total_Ah, energy_Wh)


@apart
def hold_voltage(
    state: BankState, voltage_V: float, tail_A: float, dt_s: float, ambient_degC: float, most_steps: int,
    p: BankParameters,
) -> Run:
    """Hold a terminal voltage above the battery's until the charge current falls below ``tail_A``.

    Each step carries the current at its start, which falls within the step: first order in ``dt_s``. It ends after
    `most_steps` at the latest. Returns what :func:`hold_current` does.
    """
    current = np.empty(most_steps)
    charge_Ah = np.empty(most_steps)
    n, total_Ah = 0, 0.0
    w = _started(state, dt_s, p)
    while n < most_steps:
        emf_V, ohm = _look(w, p)
        current_A = (voltage_V - emf_V) / ohm
        if current_A < tail_A:
            break
        current[n], charge_Ah[n] = current_A, total_Ah
        total_Ah += current_A * dt_s / 3600.0
        _advance(w, emf_V, current_A, dt_s, ambient_degC, p)
        n += 1
    steps = np.arange(n).astype(np.float64)
    return Run(bank_work.stored(w), steps * dt_s, charge_Ah[:n].copy(), np.full(n, voltage_V), current[:n].copy(),
               total_Ah, voltage_V * total_Ah)


@apart
def round_trip(
    state: BankState, current_A: float, empty_V: float, full_V: float, tail_A: float, dt_s: float,
    ambient_degC: float, p: BankParameters,
) -> float:
    """Return energy out over energy in of one cycle: discharge, then charge and discharge that count.

    Parameters
    ----------
    state : BankState
        A full battery.
    current_A : float
        Size of the current of both directions [A].
    empty_V, full_V, tail_A : float
        End of discharge [V]; charging voltage [V] and the current that ends it [A].
    dt_s, ambient_degC, p : see `hold_current`
    """
    most = int(2.0 * 3600.0 * p.capacity_Ah / (current_A * dt_s)) + int(20.0 * 3600.0 / dt_s)
    empty = hold_current(state, -current_A, empty_V, dt_s, ambient_degC, most, p)
    rising = hold_current(empty.state, current_A, full_V, dt_s, ambient_degC, most, p)
    full = hold_voltage(rising.state, full_V, tail_A, dt_s, ambient_degC, most, p)
    out = hold_current(full.state, -current_A, empty_V, dt_s, ambient_degC, most, p)
    return -out.energy_Wh / (rising.energy_Wh + full.energy_Wh)
