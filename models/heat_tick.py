r"""The box over a fixed step: `models.heat.step_box` as what it is, one linear map of temperatures and heat.

The ladders are equal, so of the map's 700 numbers few differ. A ladder ends up where it would alone over a cold
heatsink, plus what heatsink, stud, air and all ladders together send up to it, which is the same for each:

    T'[d] = T[d] K + P[d] k + c,     c = (sum T, sum P, T_heatsink, T_stud, P_stud, T_air) G

The last two columns of G give heatsink and stud themselves. K, k and G are read off `step_box` at unit inputs.
Source of the equations: `models.heat`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import heat
from models.compiled import borrowing, compiled
from models.heat import BoxParameters, BoxState

USUAL = (5, 4)
"""Devices and nodes of the box that ships: with these as constants the loops become straight code."""


class BoxTick(NamedTuple):
    """The map of a fixed step, for `devices` ladders of `nodes`.

    own : (nodes + 1, nodes) K, then k
    shared : (nodes + 5, nodes + 2) G
    known, sent : (nodes + 5,), (nodes + 2,) work space: what G acts on, and c
    """

    own: NDArray[np.float64]
    shared: NDArray[np.float64]
    known: NDArray[np.float64]
    sent: NDArray[np.float64]


@compiled
def prepare_box(n_devices: int, dt_s: float, p: BoxParameters) -> BoxTick:
    """Return the map of a fixed step (> 0) of :func:`models.heat.step_box`."""
    n = p.cauer.capacity_J_K.size
    own, shared = np.zeros((n + 1, n)), np.zeros((n + 5, n + 2))
    for i in range(n + 5):
        # What is put into the first ladder reaches the last one only by way of the heatsink, as it reaches all.
        ladders, power_W = np.zeros((n_devices, n)), np.zeros(n_devices)
        rest = np.zeros(4)
        if i < n:
            ladders[0, i] = 1.0
        elif i == n:
            power_W[0] = 1.0
        else:
            rest[i - n - 1] = 1.0
        after = heat.step_box(BoxState(rest[0], rest[1], ladders), power_W, rest[2], rest[3], dt_s, p)
        for j in range(n):
            shared[i, j] = after.junction_degC[n_devices - 1, j]
            if i <= n:
                own[i, j] = after.junction_degC[0, j] - shared[i, j]
        shared[i, n], shared[i, n + 1] = after.heatsink_degC, after.terminal_degC
    return BoxTick(own, shared, np.zeros(n + 5), np.zeros(n + 2))


@borrowing
def _step(
    heatsink_degC: float, terminal_degC: float, ladders: NDArray[np.float64], device_power_W: NDArray[np.float64],
    fuse_power_W: float, ambient_degC: float, k: BoxTick, devices: int, n: int,
) -> tuple[float, float]:
    own, shared, known, sent = k.own, k.shared, k.known, k.sent
    for i in range(n):
        known[i] = 0.0
        for d in range(devices):
            known[i] += ladders[d, i]
    known[n] = 0.0
    for d in range(devices):
        known[n] += device_power_W[d]
    known[n + 1], known[n + 2], known[n + 3], known[n + 4] = heatsink_degC, terminal_degC, fuse_power_W, ambient_degC
    for j in range(n + 2):
        total = 0.0
        for i in range(n + 5):
            total += known[i] * shared[i, j]
        sent[j] = total
    for d in range(devices):
        for j in range(n):
            known[j] = ladders[d, j]
        for j in range(n):
            total = sent[j] + device_power_W[d] * own[n, j]
            for i in range(n):
                total += known[i] * own[i, j]
            ladders[d, j] = total
    return sent[n], sent[n + 1]


@borrowing
def step_box_in_place(
    heatsink_degC: float, terminal_degC: float, ladders: NDArray[np.float64], device_power_W: NDArray[np.float64],
    fuse_power_W: float, ambient_degC: float, k: BoxTick,
) -> tuple[float, float]:
    """Advance the box by the fixed step of ``k``; ladders in place. As :func:`models.heat.step_box`, to rounding."""
    devices, n = ladders.shape
    if devices == USUAL[0] and n == USUAL[1]:
        return _step(
            heatsink_degC, terminal_degC, ladders, device_power_W, fuse_power_W, ambient_degC, k, USUAL[0], USUAL[1]
        )
    return _step(
        heatsink_degC, terminal_degC, ladders, device_power_W, fuse_power_W, ambient_degC, k, devices, n
    )


@borrowing
def step_ladders_in_place(
    ladders: NDArray[np.float64], power_W: float, heatsink_degC: float, k: BoxTick
) -> None:
    """Advance a few ladders, all with one power, over a heatsink of fixed temperature; as `models.heat.step_cauer`.

    Above such a heatsink a ladder moves as alone: T' - T_heatsink = (T - T_heatsink) K + P k.
    """
    n_ladders, n = ladders.shape
    for d in range(n_ladders):
        for i in range(n):
            k.known[i] = ladders[d, i] - heatsink_degC
        for j in range(n):
            value = heatsink_degC + power_W * k.own[n, j]
            for i in range(n):
                value += k.known[i] * k.own[i, j]
            ladders[d, j] = value


@borrowing
def step_banks_in_place(
    ladders: NDArray[np.float64], in_bank: int, power_W: float, heatsink_degC: float, dt_s: float,
    p: heat.CauerParameters, k: BoxTick,
) -> float:
    """Advance the ladder of one device of each bank and return the heat that all banks give to the heatsink [J].

    Parameters
    ----------
    ladders : ndarray, (banks, nodes)
        One device of each bank, all of them alike; written over.
    in_bank : int
        Devices in a bank.
    power_W : float
        Power of each bank.
    heatsink_degC : float
        Held over the step: at 0.1 s and 20 W it moves by 1.3 mK.
    dt_s : float
        The fixed step of ``k``.
    p, k : CauerParameters, BoxTick
        The ladder, and its map.

    Returns
    -------
    float
        What was put in less what the ladders keep, so that no heat is lost or made, whatever the step.
    """
    banks = ladders.shape[0]
    kept_J = -stored_J(ladders, p)
    step_ladders_in_place(ladders, power_W / in_bank, heatsink_degC, k)
    kept_J += stored_J(ladders, p)
    given_J: float = banks * power_W * dt_s - in_bank * kept_J
    return given_J


@borrowing
def stored_J(ladders: NDArray[np.float64], p: heat.CauerParameters) -> float:
    """Return the heat in some ladders above 0 degC [J]."""
    total = 0.0
    for d in range(ladders.shape[0]):
        for j in range(ladders.shape[1]):
            total += p.capacity_J_K[j] * ladders[d, j]
    return total
