"""A bank of 12.8 V batteries in parallel, each of cells in series behind its own cable; pure functions of its state.

Battery b with the sum E_b of its cells' voltages without current and R_b of its resistances::

    V = E_b + R_b I_b  for all b,   sum of I_b = I
    =>  V = E + R I,   1/R = sum of 1/R_b,   E = R sum of E_b / R_b,   I_b = (V - E_b) / R_b

so the rest of the network sees one EMF behind one resistance, whatever the batteries' number, age and charge; only the
EMF and its slope are exchanged with SPICE, the resistance stays in the circuit.

A full cell bleeds: `balancing` current flows past it, through a resistor on the battery that heats it. The cell's own
current is that of its battery less what it bleeds. Source: Kirchhoff's laws around `models.cell`; balancing and heat
paths are ours.
"""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import bank_tick, bank_work, cell, parameter_file
from models.bank_types import BankParameters, BankState
from models.compiled import apart

__all__ = [
    "BankParameters", "BankState", "cell_voltages_V", "derivatives", "emf_slope_V_s", "heat_W", "initial_state",
    "load_battery", "of_batteries", "shares", "step", "stored_charge_C", "terminal_energy_J", "thevenin",
]

UNITS = {
    "capacity_factor": "1",
    "resistance_factor": "1",
    "terminal_resistance_ohm": "ohm",
    "cell_to_ambient_K_W": "K/W",
    "cell_to_cell_K_W": "K/W",
    "balancing_start_V": "V",
    "balancing_full_V": "V",
    "balancing_A": "A",
}


def load_battery(
    name_or_path: str | Path = "battery_lfp_12V8_200Ah", cell_name_or_path: str | Path | None = None
) -> BankParameters:
    """Load a battery and its cell: a bank of one without a cable of its own.

    Parameters
    ----------
    name_or_path : str or Path
        Battery.
    cell_name_or_path : str or Path, optional
        Its cell; by default the one that the battery's file names (``cell``): a shipped set, or a file
        (.yaml), seen from the battery's own.

    Raises
    ------
    models.parameter_file.ParameterError
        If a file cannot be used.
    """
    file = parameter_file.load(name_or_path, "battery", UNITS)
    file.same_length("capacity_factor", "resistance_factor")
    if cell_name_or_path is None and not file.cell:
        raise parameter_file.ParameterError(f"{file.path.name}: missing cell; allowed: the name of a cell's file")
    own = file.path.parent / file.cell if file.cell.endswith((".yaml", ".yml")) else file.cell
    nominal = cell.load_cell(cell_name_or_path or own)
    start_V = file.number("balancing_start_V", 2.0, 5.0)
    return BankParameters(
        cell=nominal,
        capacity_Ah=nominal.capacity_Ah,
        capacity_factor=file.array("capacity_factor", 0.1, 2.0)[np.newaxis],
        resistance_factor=file.array("resistance_factor", 0.1, 10.0)[np.newaxis],
        terminal_resistance_ohm=file.number("terminal_resistance_ohm", 1.0e-6, 0.1),
        cable_ohm=np.zeros(1),
        cell_to_ambient_K_W=file.number("cell_to_ambient_K_W", 1.0e-3, 1.0e3),
        cell_to_cell_K_W=file.number("cell_to_cell_K_W", 1.0e-3, 1.0e6),
        balancing_start_V=start_V,
        balancing_full_V=file.number("balancing_full_V", start_V + 1.0e-3, 5.0),
        balancing_A=file.number("balancing_A", 0.0, 100.0),
    )


def of_batteries(
    battery: BankParameters, capacity_factor: NDArray[np.float64], resistance_factor: NDArray[np.float64],
    cable_ohm: NDArray[np.float64],
) -> BankParameters:
    """Return a bank of batteries of one type.

    Parameters
    ----------
    battery : BankParameters
        The type, a bank of one.
    capacity_factor, resistance_factor : ndarray, shape (n_batteries, n_cells) or (n_batteries, 1)
        Of each cell, relative to the type's.
    cable_ohm : ndarray, shape (n_batteries,)
        Each battery's own cable.
    """
    shape = (cable_ohm.size, battery.capacity_factor.shape[1])
    return battery._replace(
        capacity_factor=np.ascontiguousarray(np.broadcast_to(capacity_factor * battery.capacity_factor, shape)),
        resistance_factor=np.ascontiguousarray(np.broadcast_to(resistance_factor * battery.resistance_factor, shape)),
        cable_ohm=np.asarray(cable_ohm, dtype=np.float64).copy(),
    )


def initial_state(
    soc: float | NDArray[np.float64], temperature_degC: float | NDArray[np.float64], p: BankParameters, h: float = 0.0
) -> BankState:
    """Return a rested bank: no polarisation, empty books.

    Parameters
    ----------
    soc, temperature_degC : float or ndarray
        One value, or one per battery (n_batteries, 1) or cell (n_batteries, n_cells).
    p : BankParameters
        Parameters.
    h : float
        Hysteresis of all cells, as a share of its full size: -1 (discharged) to 1; 0 is the mean of both.
    """
    shape = p.capacity_factor.shape
    soc, degC = (np.array(np.broadcast_to(x, shape), dtype=np.float64) for x in (soc, temperature_degC))
    pairs = p.cell.pair_tau_s.shape[1]
    return BankState(
        soc, np.full(shape, float(h)), degC, np.zeros((pairs, *shape)), np.zeros(shape), np.zeros(shape),
        np.zeros(shape), np.zeros(shape[0]),
    )


@apart
def _looked_at(state: BankState, p: BankParameters) -> tuple[bank_work.Work, float, float]:
    """Return work space that holds the state, and the Thevenin equivalent."""
    w = bank_work.empty(p)
    bank_work.load(w, state)
    bank_work.refresh(w, p)
    emf_V, ohm = bank_tick.look(w)
    return w, emf_V, ohm


@apart
def thevenin(state: BankState, p: BankParameters) -> tuple[float, float]:
    """Return (emf_V, resistance_ohm).

    The terminal voltage is emf + resistance x current (charging positive).
    """
    _, emf_V, ohm = _looked_at(state, p)
    return emf_V, ohm


@apart
def shares(state: BankState, current_A: float, p: BankParameters) -> NDArray[np.float64]:
    """Return the current of each battery [A], shape (n_batteries,), when the bank carries ``current_A``."""
    w, emf_V, _ = _looked_at(state, p)
    bank_tick.divide(w, emf_V, current_A)
    return w.battery_A.copy()


@apart
def emf_slope_V_s(state: BankState, current_A: float, p: BankParameters) -> float:
    """Return d(emf)/dt [V/s] at this current, for a first-order hold of the source in SPICE.

    Coefficients held: what the temperature does to U (some uV/s) is left out.
    """
    w, emf_V, _ = _looked_at(state, p)
    bank_tick.divide(w, emf_V, current_A)
    return bank_tick.emf_slope_V_s(w, p)


@apart
def cell_voltages_V(state: BankState, current_A: float, p: BankParameters) -> NDArray[np.float64]:
    """Return the voltage of each cell [V] without the connections, shape (n_batteries, n_cells)."""
    batteries, cells = state.soc.shape
    w, emf_V, _ = _looked_at(state, p)
    bank_tick.divide(w, emf_V, current_A)
    voltages_V = np.empty((batteries, cells))
    for b in range(batteries):
        for c in range(cells):
            i = c * batteries + b
            voltages_V[b, c] = w.emf_V[i] + w.ohm[i] * w.battery_A[b]
    return voltages_V


@apart
def heat_W(state: BankState, current_A: float, p: BankParameters) -> float:
    """Return the heat made in cells, balancing and connections now [W], without the batteries' cables."""
    rates = derivatives(state, shares(state, current_A, p), 25.0, p)
    return float(rates.heat_J.sum())


@apart
def step(
    state: BankState, current_A: float, dt_s: float, ambient_degC: float, p: BankParameters
) -> BankState:
    """Return the state after ``dt_s`` with the (mean) current of the bank held.

    Parameters
    ----------
    state : BankState
        State at the start; not changed.
    current_A : float
        Mean current of the bank over the step [A], charging positive.
    dt_s : float
        Step [s].
    ambient_degC : float
        Air around the batteries.
    p : BankParameters
        Parameters.

    Returns
    -------
    BankState
        Shares, coefficients and bleeding are those of the start and held. Charge: soc + I dt / (3600 Q), coulombic
        efficiency 1. Polarisation, hysteresis: exponential. Temperature: exact at the step's mean heat.

    Notes
    -----
    soc is not clipped: the table's end slopes (below 2 V, above 3.6 V) stop any sensible source, and a clip would break
    the charge balance. First order in dt through what is held, exact in everything else.
    """
    w, emf_V, _ = _looked_at(state, p)
    bank_tick.divide(w, emf_V, current_A)
    bank_work.retime(w, dt_s, p)
    bank_work.set_cooling(w, dt_s, p)
    bank_tick.advance(w, dt_s, ambient_degC, p)
    return bank_work.stored(w)


@apart
def derivatives(
    state: BankState, battery_A: NDArray[np.float64], ambient_degC: float, p: BankParameters
) -> BankState:
    """Return the time derivatives of the state at the batteries' currents, straight from the model's equations.

    Nothing is held, nothing comes from `models.bank_tick`: the right-hand side for a general integrator
    (`models.reference`), and with it the check on the fast steps.

    Parameters
    ----------
    state : BankState
        State.
    battery_A : ndarray, shape (n_batteries,)
        Current of each battery (see `shares`).
    ambient_degC : float
        Air around the batteries.
    p : BankParameters
        Parameters.
    """
    c = p.cell
    batteries, cells = state.soc.shape
    d = BankState(
        np.zeros(state.soc.shape), np.zeros(state.soc.shape), np.zeros(state.soc.shape), np.zeros(state.v_V.shape),
        np.zeros(state.soc.shape), np.zeros(state.soc.shape), np.zeros(state.soc.shape), np.zeros(batteries),
    )
    for b in range(batteries):
        d.cable_J[b] = p.cable_ohm[b] * battery_A[b] ** 2
        for i in range(cells):
            soc, h, degC = state.soc[b, i], state.h[b, i], state.temperature_degC[b, i]
            aged_ohm, aged = p.resistance_factor[b, i], p.capacity_factor[b, i]
            own_V = cell.coefficient(cell.HYSTERESIS, soc, degC, c) * h
            for k in range(state.v_V.shape[0]):
                own_V += state.v_V[k, b, i]
            ocv_V = cell.open_circuit_voltage_V(soc, degC, c)
            bleed_A = bank_work.bleed_A(ocv_V + own_V, p)
            current_A = battery_A[b] - bleed_A
            over_V = own_V + aged_ohm * cell.resistance_ohm(soc, degC, c) * current_A
            entropic_V = (degC + cell.ZERO_CELSIUS_K) * cell.entropic_V_K(soc, c)
            rate_1_s = current_A / (3600.0 * c.capacity_Ah * aged)
            d.soc[b, i] = rate_1_s
            d.h[b, i] = c.hysteresis_rate * abs(rate_1_s) * (math.copysign(1.0, current_A) - h)
            for k in range(state.v_V.shape[0]):
                target_V = cell.pair_target_V(k, soc, degC, current_A, aged_ohm, aged, c)
                tau_s = cell.at_temperature(c.pair_tau_s, k, degC, c)
                d.v_V[k, b, i] = (target_V - state.v_V[k, b, i]) / tau_s
            d.bled_C[b, i] = bleed_A
            d.chemical_J[b, i] = current_A * (ocv_V - entropic_V)
            heat_W = current_A * (over_V + entropic_V) + bleed_A * (ocv_V + over_V)
            d.heat_J[b, i] = heat_W + p.terminal_resistance_ohm / cells * battery_A[b] ** 2
            flow_W = d.heat_J[b, i] - (degC - ambient_degC) / p.cell_to_ambient_K_W
            if i > 0:
                flow_W -= (degC - state.temperature_degC[b, i - 1]) / p.cell_to_cell_K_W
            if i < cells - 1:
                flow_W -= (degC - state.temperature_degC[b, i + 1]) / p.cell_to_cell_K_W
            d.temperature_degC[b, i] = flow_W / c.heat_capacity_J_K
    return d


def stored_charge_C(state: BankState, p: BankParameters) -> float:
    """Charge in the bank [C], and what was bled: over any stretch it changes by the charge through the terminals.

    Each battery counts with the mean over its cells, which carry the same current but for what they bleed.
    """
    own_C = state.soc * p.capacity_factor * (p.cell.capacity_Ah * 3600.0) + state.bled_C
    return float(own_C.mean(axis=1).sum())


def terminal_energy_J(state: BankState) -> float:
    """Energy that came in through the bank's terminals, by the books [J]: chemistry, heat and cables."""
    return float(state.chemical_J.sum() + state.heat_J.sum() + state.cable_J.sum())
