"""Heat from the power devices to the air: one Cauer ladder per device, the box's heatsink, the fuse stud.

Ladder: node 0 is the junction, resistance k leads from node k to node k + 1 and the last one to the heatsink.
The time constants reach from 0.3 ms to 15 min, so the steps here are implicit: two-stage SDIRK (R. Alexander,
SIAM J. Numer. Anal. 14 (1977) 1006, doi:10.1137/0714068), second order and L-stable, fast nodes simply
settle. All flows are equal and opposite at every stage, so heat is conserved to rounding at any step.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from models import parameter_file
from models.compiled import compiled

# Alexander's coefficient: the root of x^2 - 2 x + 1/2 below 1.
GAMMA = 1.0 - math.sqrt(0.5)


class CauerParameters(NamedTuple):
    """Ladder of one power device, junction first: resistances [K/W] and capacities [J/K], equally many."""

    resistance_K_W: NDArray[np.float64]
    capacity_J_K: NDArray[np.float64]


class BoxParameters(NamedTuple):
    """The box: ladder (equal for all devices), heatsink, stud.

    Attributes
    ----------
    cauer : CauerParameters
        Ladder of each device.
    heatsink_J_K, heatsink_ambient_K_W : float
        Body of the box and its way to the air.
    terminal_J_K, terminal_heatsink_K_W, terminal_ambient_K_W : float
        Stud with busbar and lug: to the heatsink (insulated mount) and to the air (cable as a fin).
    """

    cauer: CauerParameters
    heatsink_J_K: float
    heatsink_ambient_K_W: float
    terminal_J_K: float
    terminal_heatsink_K_W: float
    terminal_ambient_K_W: float


class BoxState(NamedTuple):
    """Temperatures [degC].

    Heatsink, terminal, and ladders of shape (n_devices, n_nodes), column 0 = junction.
    """

    heatsink_degC: float
    terminal_degC: float
    junction_degC: NDArray[np.float64]


class LinearThermal(NamedTuple):
    """Exact discrete step of dx/dt = A x + B u for one fixed step: x' = phi x + gamma u."""

    phi: NDArray[np.float64]
    gamma: NDArray[np.float64]


UNITS = {
    "cauer_resistance_K_W": "K/W",
    "cauer_capacity_J_K": "J/K",
    "heatsink_J_K": "J/K",
    "heatsink_ambient_K_W": "K/W",
    "terminal_J_K": "J/K",
    "terminal_heatsink_K_W": "K/W",
    "terminal_ambient_K_W": "K/W",
}


def load_box(name_or_path: str | Path = "box_12_200") -> BoxParameters:
    """Load the box with the ladder of its devices.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file cannot be used.
    """
    file = parameter_file.load(name_or_path, "heat", UNITS)
    file.same_length("cauer_resistance_K_W", "cauer_capacity_J_K")
    cauer = CauerParameters(
        file.array("cauer_resistance_K_W", 1.0e-4, 100.0), file.array("cauer_capacity_J_K", 1.0e-5, 1.0e4)
    )
    others = (file.number(name, 1.0e-3, 1.0e5) for name in BoxParameters._fields[1:])
    return BoxParameters(cauer, *others)


def initial_box(temperature_degC: float, n_devices: int, p: BoxParameters) -> BoxState:
    """Return a box at one temperature throughout, with `n_devices` ladders."""
    ladders = np.full((n_devices, p.cauer.capacity_J_K.size), float(temperature_degC))
    return BoxState(float(temperature_degC), float(temperature_degC), ladders)


def linear_thermal(a: NDArray[np.float64], b: NDArray[np.float64], dt_s: float) -> LinearThermal:
    """Return the exact step for inputs held over ``dt_s`` (set-up only): `a` of shape (n, n), `b` of shape (n, m).

    Matrix exponential of the augmented system:

    exp([[A, B], [0, 0]] dt) = [[phi, gamma], [0, 1]].
    """
    n, m = b.shape
    augmented = np.zeros((n + m, n + m))
    augmented[:n, :n] = a
    augmented[:n, n:] = b
    whole = np.asarray(expm(augmented * dt_s), dtype=np.float64)
    return LinearThermal(np.ascontiguousarray(whole[:n, :n]), np.ascontiguousarray(whole[:n, n:]))


@compiled
def step_linear_thermal(
    state_degC: NDArray[np.float64], inputs: NDArray[np.float64], step: LinearThermal
) -> NDArray[np.float64]:
    """Return phi x + gamma u, with the state x [degC], shape (n,), and `inputs` u [W, degC], shape (m,)."""
    return step.phi @ state_degC + step.gamma @ inputs


@compiled
def _eliminate(
    start: NDArray[np.float64],
    power_W: float,
    resistance: NDArray[np.float64],
    capacity: NDArray[np.float64],
    h_s: float,
    diagonal: NDArray[np.float64],
    right: NDArray[np.float64],
) -> None:
    """Eliminate an implicit Euler ladder from the junction down; fills ``diagonal`` and ``right``.

    (C/h) (T - T0) = P - flows. Afterwards diagonal[k] T[k] - T[k+1] / R[k] = right[k].
    """
    for k in range(start.size):
        inertia = capacity[k] / h_s
        diagonal[k] = inertia + 1.0 / resistance[k]
        right[k] = inertia * start[k]
        if k == 0:
            right[k] += power_W
        else:
            coupling = 1.0 / resistance[k - 1]
            diagonal[k] += coupling - coupling * coupling / diagonal[k - 1]
            right[k] += coupling * right[k - 1] / diagonal[k - 1]


@compiled
def _euler_ladder(
    start: NDArray[np.float64],
    power_W: float,
    sink_degC: float,
    resistance: NDArray[np.float64],
    capacity: NDArray[np.float64],
    h_s: float,
) -> NDArray[np.float64]:
    """Return one implicit Euler step of a ladder over a sink of fixed temperature."""
    n = start.size
    diagonal = np.empty(n)
    right = np.empty(n)
    _eliminate(start, power_W, resistance, capacity, h_s, diagonal, right)
    end = np.empty(n)
    below = sink_degC
    for k in range(n - 1, -1, -1):
        end[k] = (right[k] + below / resistance[k]) / diagonal[k]
        below = end[k]
    return end


@compiled
def step_cauer(
    nodes_degC: NDArray[np.float64],
    power_W: float,
    heatsink_degC: float,
    resistance_K_W: NDArray[np.float64],
    capacity_J_K: NDArray[np.float64],
    dt_s: float,
) -> NDArray[np.float64]:
    """Return the ladder after ``dt_s`` with power and heatsink temperature held.

    Any step; L-stable, second order.

    Parameters
    ----------
    nodes_degC : ndarray, shape (n,)
        Temperatures, junction first; not changed.
    power_W : float
        Power into the junction.
    heatsink_degC : float
        Temperature below the last resistance.
    resistance_K_W, capacity_J_K : ndarray
        The ladder.
    dt_s : float
        Step [s].

    Returns
    -------
    ndarray
        New temperatures.
    """
    if dt_s <= 0.0:
        return nodes_degC.copy()
    h_s = GAMMA * dt_s
    stage_1 = _euler_ladder(nodes_degC, power_W, heatsink_degC, resistance_K_W, capacity_J_K, h_s)
    # Second stage starts from y0 + (1 - gamma) dt k1 with k1 = (y1 - y0) / (gamma dt).
    start_2 = nodes_degC + (1.0 - GAMMA) / GAMMA * (stage_1 - nodes_degC)
    return _euler_ladder(start_2, power_W, heatsink_degC, resistance_K_W, capacity_J_K, h_s)


@compiled
def _euler_box(
    state: BoxState,
    device_power_W: NDArray[np.float64],
    fuse_power_W: float,
    ambient_degC: float,
    h_s: float,
    p: BoxParameters,
) -> BoxState:
    """Return one implicit Euler step of the whole box.

    Ladders eliminated onto the heatsink, then a 2 x 2 system.
    """
    n_devices, n = state.junction_degC.shape
    resistance = p.cauer.resistance_K_W
    diagonal = np.empty((n_devices, n))
    right = np.empty((n_devices, n))
    link = 1.0 / p.terminal_heatsink_K_W
    to_air = 1.0 / p.heatsink_ambient_K_W
    own = p.heatsink_J_K / h_s + to_air + link
    source = p.heatsink_J_K / h_s * state.heatsink_degC + to_air * ambient_degC
    last = 1.0 / resistance[n - 1]
    for d in range(n_devices):
        _eliminate(
            state.junction_degC[d],
            device_power_W[d],
            resistance,
            p.cauer.capacity_J_K,
            h_s,
            diagonal[d],
            right[d],
        )
        own += last - last * last / diagonal[d, n - 1]
        source += last * right[d, n - 1] / diagonal[d, n - 1]
    stud_air = 1.0 / p.terminal_ambient_K_W
    stud = p.terminal_J_K / h_s + link + stud_air
    stud_source = p.terminal_J_K / h_s * state.terminal_degC + stud_air * ambient_degC + fuse_power_W
    heatsink_degC = (source + link * stud_source / stud) / (own - link * link / stud)
    terminal_degC = (stud_source + link * heatsink_degC) / stud
    ladders = np.empty((n_devices, n))
    for d in range(n_devices):
        below = heatsink_degC
        for k in range(n - 1, -1, -1):
            ladders[d, k] = (right[d, k] + below / resistance[k]) / diagonal[d, k]
            below = ladders[d, k]
    return BoxState(heatsink_degC, terminal_degC, ladders)


@compiled
def step_box(
    state: BoxState,
    device_power_W: NDArray[np.float64],
    fuse_power_W: float,
    ambient_degC: float,
    dt_s: float,
    p: BoxParameters,
) -> BoxState:
    """Return the box after ``dt_s`` with powers and air temperature held.

    Parameters
    ----------
    state : BoxState
        Temperatures at the start; not changed.
    device_power_W : ndarray, shape (n_devices,)
        Power of each device.
    fuse_power_W : float
        Heat that the fuse gives to the stud.
    ambient_degC : float
        Air at the box.
    dt_s : float
        Step [s], any length.
    p : BoxParameters
        Parameters.

    Returns
    -------
    BoxState
        L-stable, second order; stored heat + heat to the air = heat in, to rounding (the mean temperature of
        the step in that balance is (1 - gamma) x stage 1 + gamma x end).
    """
    if dt_s <= 0.0:
        return BoxState(state.heatsink_degC, state.terminal_degC, state.junction_degC.copy())
    h_s = GAMMA * dt_s
    stage = _euler_box(state, device_power_W, fuse_power_W, ambient_degC, h_s, p)
    ahead = (1.0 - GAMMA) / GAMMA
    start_2 = BoxState(
        state.heatsink_degC + ahead * (stage.heatsink_degC - state.heatsink_degC),
        state.terminal_degC + ahead * (stage.terminal_degC - state.terminal_degC),
        state.junction_degC + ahead * (stage.junction_degC - state.junction_degC),
    )
    return _euler_box(start_2, device_power_W, fuse_power_W, ambient_degC, h_s, p)


@compiled
def heatsink_flow_W(nodes_degC: NDArray[np.float64], heatsink_degC: float, p: CauerParameters) -> float:
    """Return the heat that one device gives to the heatsink now [W]; its ladder's temperatures have shape (n,)."""
    last = p.resistance_K_W.size - 1
    return float((nodes_degC[last] - heatsink_degC) / p.resistance_K_W[last])
