"""One 12.8 V battery: cells in series, connections, temperature.

Seen from outside it is E + R I with slow E (polarisation inside E) and R = sum of R0 plus connections, which
is what the coupling to SPICE needs: R stays in the circuit, only E and its slope are exchanged.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import cell, parameter_file
from models.cell import CellParameters
from models.compiled import borrowing, compiled
from models.linear import hermite, interpolate, relax


class BatteryParameters(NamedTuple):
    """Parameters of one battery.

    Attributes
    ----------
    cell : CellParameters
        The nominal cell.
    capacity_Ah : float
        Nominal capacity (that of the nominal cell).
    capacity_factor, resistance_factor : ndarray, shape (n_cells,)
        Spread of the cells around the nominal one (1 = nominal).
    terminal_resistance_ohm : float
        Busbars, terminals and bolts of the whole battery.
    cell_to_ambient_K_W : float
        Thermal resistance of each cell to the air around the battery.
    """

    cell: CellParameters
    capacity_Ah: float
    capacity_factor: NDArray[np.float64]
    resistance_factor: NDArray[np.float64]
    terminal_resistance_ohm: float
    cell_to_ambient_K_W: float


class BatteryState(NamedTuple):
    """State of every cell, each an array of shape (n_cells,).

    Attributes
    ----------
    soc : ndarray
        State of charge (0..1).
    v1_V, v2_V : ndarray
        Polarisation of the RC pairs, positive after charging [V].
    temperature_degC : ndarray
        Cell temperature.
    """

    soc: NDArray[np.float64]
    v1_V: NDArray[np.float64]
    v2_V: NDArray[np.float64]
    temperature_degC: NDArray[np.float64]


UNITS = {
    "capacity_factor": "1",
    "resistance_factor": "1",
    "terminal_resistance_ohm": "ohm",
    "cell_to_ambient_K_W": "K/W",
}


def load_battery(
    name_or_path: str | Path = "battery_lfp_12V8_200Ah", cell_name_or_path: str | Path = "cell_lfp_200Ah"
) -> BatteryParameters:
    """Load a battery and its cell.

    Raises
    ------
    models.parameter_file.ParameterError
        If a file cannot be used.
    """
    file = parameter_file.load(name_or_path, "battery", UNITS)
    file.same_length("capacity_factor", "resistance_factor")
    nominal = cell.load_cell(cell_name_or_path)
    return BatteryParameters(
        cell=nominal,
        capacity_Ah=nominal.capacity_Ah,
        capacity_factor=file.array("capacity_factor", 0.1, 2.0),
        resistance_factor=file.array("resistance_factor", 0.1, 10.0),
        terminal_resistance_ohm=file.number("terminal_resistance_ohm", 0.0, 0.1),
        cell_to_ambient_K_W=file.number("cell_to_ambient_K_W", 1.0e-3, 1.0e3),
    )


def initial_state(soc: float, temperature_degC: float, p: BatteryParameters) -> BatteryState:
    """Return a rested battery: every cell at ``soc`` and temperature, no polarisation."""
    n = p.capacity_factor.size
    return BatteryState(np.full(n, float(soc)), np.zeros(n), np.zeros(n), np.full(n, float(temperature_degC)))


@borrowing
def thevenin(state: BatteryState, p: BatteryParameters) -> tuple[float, float]:
    """Return (emf_V, resistance_ohm).

    The terminal voltage is emf + resistance x current (charging positive).
    """
    emf_V = 0.0
    total_ohm = p.terminal_resistance_ohm
    for i in range(state.soc.size):
        emf_V += cell.open_circuit_voltage_V(state.soc[i], p.cell) + state.v1_V[i] + state.v2_V[i]
        total_ohm += p.resistance_factor[i] * cell.resistance_ohm(
            state.soc[i], state.temperature_degC[i], p.cell
        )
    return emf_V, total_ohm


@borrowing
def emf_slope_V_s(state: BatteryState, current_A: float, p: BatteryParameters) -> float:
    """Return d(emf)/dt [V/s] at this current, for a first-order hold of the source in SPICE."""
    slope_V_s = 0.0
    c = p.cell
    for i in range(state.soc.size):
        factor = p.resistance_factor[i] * cell.temperature_factor(state.temperature_degC[i], c)
        rate_1_s = current_A / (3600.0 * c.capacity_Ah * p.capacity_factor[i])
        slope_V_s += cell.ocv_slope_V(state.soc[i], c) * rate_1_s
        slope_V_s += (factor * c.r1_ohm * current_A - state.v1_V[i]) / c.tau1_s
        slope_V_s += (factor * c.r2_ohm * current_A - state.v2_V[i]) / c.tau2_s
    return slope_V_s


@compiled
def cell_voltages_V(state: BatteryState, current_A: float, p: BatteryParameters) -> NDArray[np.float64]:
    """Return the voltage of each cell [V], without the connections."""
    voltages_V = np.empty(state.soc.size)
    for i in range(state.soc.size):
        ohmic = p.resistance_factor[i] * cell.resistance_ohm(state.soc[i], state.temperature_degC[i], p.cell)
        emf_V = cell.open_circuit_voltage_V(state.soc[i], p.cell) + state.v1_V[i] + state.v2_V[i]
        voltages_V[i] = emf_V + ohmic * current_A
    return voltages_V


@borrowing
def heat_W(state: BatteryState, current_A: float, p: BatteryParameters) -> float:
    """Return the heat made in cells and connections now [W]."""
    total_W = current_A * current_A * p.terminal_resistance_ohm
    for i in range(state.soc.size):
        total_W += _cell_heat_W(state, i, current_A, 0.0, p)
    return total_W


@borrowing
def _cell_heat_W(state: BatteryState, i: int, current_A: float, dt_s: float, p: BatteryParameters) -> float:
    """Return the heat of cell i.

    The mean over ``dt_s`` at held current (temperature held in the coefficients).
    """
    c = p.cell
    degC = state.temperature_degC[i]
    factor = p.resistance_factor[i] * cell.temperature_factor(degC, c)
    ohmic_W = current_A * current_A * p.resistance_factor[i] * cell.resistance_ohm(state.soc[i], degC, c)
    pairs_W = 0.0
    if c.r1_ohm > 0.0:
        r1_ohm = c.r1_ohm * factor
        pairs_W += cell.mean_square_V2(state.v1_V[i], r1_ohm * current_A, c.tau1_s, dt_s) / r1_ohm
    if c.r2_ohm > 0.0:
        r2_ohm = c.r2_ohm * factor
        pairs_W += cell.mean_square_V2(state.v2_V[i], r2_ohm * current_A, c.tau2_s, dt_s) / r2_ohm
    return float(ohmic_W + pairs_W + cell.entropic_heat_W(state.soc[i], degC, current_A, c))


class CellsNow(NamedTuple):
    """What the cells' state means now, each an array of shape (n_cells,): computed once, used by all.

    emf_V : open-circuit voltage and polarisation; ohm : R0 of each cell; factor : R(T) / R(25 degC) with the
    cell's spread.
    """

    emf_V: NDArray[np.float64]
    ohm: NDArray[np.float64]
    factor: NDArray[np.float64]


class BatteryTick(NamedTuple):
    """What :func:`step` needs of a fixed step ``dt_s`` and of the parameters only.

    decay_1, decay_2 : exp(-dt / tau) of the RC pairs
    mean_1, mean_2, square_1, square_2 : means over the step of exp(-t / tau) and of its square
    gain_K : temperature rise per K/s of (rate T + source); rate_1_s : of the cell to the air
    soc_per_A : (n_cells,) change of soc per ampere
    """

    decay_1: float
    decay_2: float
    mean_1: float
    mean_2: float
    square_1: float
    square_2: float
    gain_K: float
    rate_1_s: float
    soc_per_A: NDArray[np.float64]


@compiled
def prepare(dt_s: float, p: BatteryParameters) -> BatteryTick:
    """Return the constants of a fixed step."""
    c = p.cell
    rate_1_s = -1.0 / (p.cell_to_ambient_K_W * c.heat_capacity_J_K)
    z1 = dt_s / c.tau1_s
    z2 = dt_s / c.tau2_s
    return BatteryTick(
        math.exp(-z1), math.exp(-z2), -math.expm1(-z1) / z1, -math.expm1(-z2) / z2,
        -math.expm1(-2.0 * z1) / (2.0 * z1), -math.expm1(-2.0 * z2) / (2.0 * z2),
        relax(0.0, rate_1_s, 1.0, dt_s), rate_1_s, dt_s / (3600.0 * c.capacity_Ah * p.capacity_factor),
    )


@compiled
def empty_now(n_cells: int) -> CellsNow:
    """Return work space for :func:`look`."""
    return CellsNow(np.empty(n_cells), np.empty(n_cells), np.empty(n_cells))


@borrowing
def look(state: BatteryState, p: BatteryParameters, now: CellsNow) -> tuple[float, float]:
    """Fill ``now`` and return (emf_V, resistance_ohm), equal to :func:`thevenin`."""
    c, spread = p.cell, p.resistance_factor
    soc, v1_V, v2_V, degC = state.soc, state.v1_V, state.v2_V, state.temperature_degC
    emf_V, ohm, factor = now.emf_V, now.ohm, now.factor
    ocv_soc, ocv_V, ocv_slope_V = c.ocv_soc, c.ocv_V, c.ocv_slope_V
    grid, values = c.resistance_soc, c.resistance_25_ohm
    total_V = 0.0
    total_ohm = p.terminal_resistance_ohm
    for i in range(soc.size):
        warm = cell.temperature_factor(degC[i], c)
        factor[i] = spread[i] * warm
        ohm[i] = spread[i] * (interpolate(soc[i], grid, values) * warm)
        emf_V[i] = hermite(soc[i], ocv_soc, ocv_V, ocv_slope_V)[0] + v1_V[i] + v2_V[i]
        total_V += emf_V[i]
        total_ohm += ohm[i]
    return total_V, total_ohm


@borrowing
def _pair_heat_W(v_V: float, ohm: float, current_A: float, mean: float, square: float) -> float:
    """Return the mean heat of an RC pair over the step, as `cell.mean_square_V2` / R."""
    if ohm <= 0.0:
        return 0.0
    target_V = ohm * current_A
    away_V = v_V - target_V
    return (target_V * target_V + 2.0 * target_V * away_V * mean + away_V * away_V * square) / ohm


@borrowing
def step_in_place(
    state: BatteryState, current_A: float, ambient_degC: float, now: CellsNow, k: BatteryTick, p: BatteryParameters
) -> None:
    """Advance ``state`` by the fixed step of ``k``; ``now`` is :func:`look` of it. As :func:`step`, to rounding."""
    c = p.cell
    soc, v1_V, v2_V, degC = state.soc, state.v1_V, state.v2_V, state.temperature_degC
    ohm, factor, soc_per_A = now.ohm, now.factor, k.soc_per_A
    grid, values = c.entropic_soc, c.entropic_V_K
    shared_W = current_A * current_A * p.terminal_resistance_ohm / soc.size
    for i in range(soc.size):
        r1_ohm, r2_ohm = c.r1_ohm * factor[i], c.r2_ohm * factor[i]
        heat = shared_W + current_A * current_A * ohm[i]
        heat += current_A * (degC[i] + cell.ZERO_CELSIUS_K) * interpolate(soc[i], grid, values)
        heat += _pair_heat_W(v1_V[i], r1_ohm, current_A, k.mean_1, k.square_1)
        heat += _pair_heat_W(v2_V[i], r2_ohm, current_A, k.mean_2, k.square_2)
        soc[i] += current_A * soc_per_A[i]
        v1_V[i] = r1_ohm * current_A + (v1_V[i] - r1_ohm * current_A) * k.decay_1
        v2_V[i] = r2_ohm * current_A + (v2_V[i] - r2_ohm * current_A) * k.decay_2
        degC[i] += k.gain_K * (k.rate_1_s * (degC[i] - ambient_degC) + heat / c.heat_capacity_J_K)


@compiled
def step(
    state: BatteryState, current_A: float, dt_s: float, ambient_degC: float, p: BatteryParameters
) -> BatteryState:
    """Return the state after ``dt_s`` with the (mean) current held.

    Parameters
    ----------
    state : BatteryState
        State at the start; not changed.
    current_A : float
        Mean current over the step [A], charging positive.
    dt_s : float
        Step [s].
    ambient_degC : float
        Air around the battery.
    p : BatteryParameters
        Parameters.

    Returns
    -------
    BatteryState
        Charge: soc + I dt / (3600 Q), coulombic efficiency 1. Polarisation: exact exponential. Temperature:
        exact exponential of C dT/dt = heat - (T - ambient) / R with the mean heat of the step; the
        connections' heat is shared by the cells.

    Notes
    -----
    soc is not clipped: the table's end slopes (below 2 V, above 3.6 V) stop any sensible source, and a clip
    would break the charge balance. First order in dt through R(T), exact in everything else.
    """
    n = state.soc.size
    soc = np.empty(n)
    v1_V = np.empty(n)
    v2_V = np.empty(n)
    temperature_degC = np.empty(n)
    c = p.cell
    shared_W = current_A * current_A * p.terminal_resistance_ohm / n
    rate_1_s = -1.0 / (p.cell_to_ambient_K_W * c.heat_capacity_J_K)
    for i in range(n):
        factor = p.resistance_factor[i] * cell.temperature_factor(state.temperature_degC[i], c)
        soc[i] = state.soc[i] + current_A * dt_s / (3600.0 * c.capacity_Ah * p.capacity_factor[i])
        v1_V[i] = cell.step_polarisation(state.v1_V[i], current_A, c.r1_ohm * factor, c.tau1_s, dt_s)
        v2_V[i] = cell.step_polarisation(state.v2_V[i], current_A, c.r2_ohm * factor, c.tau2_s, dt_s)
        heat = _cell_heat_W(state, i, current_A, dt_s, p) + shared_W
        source_K_s = heat / c.heat_capacity_J_K - rate_1_s * ambient_degC
        temperature_degC[i] = relax(state.temperature_degC[i], rate_1_s, source_K_s, dt_s)
    return BatteryState(soc, v1_V, v2_V, temperature_degC)
