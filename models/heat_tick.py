"""The box over a fixed step: `models.heat.step_box` with everything prepared that does not depend on temperatures."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.compiled import borrowing, compiled
from models.heat import GAMMA, BoxParameters


class BoxTick(NamedTuple):
    """Elimination of one implicit stage of a fixed step: what does not depend on temperatures.

    inertia, pivot, link : (n,) capacity / h, 1 / eliminated diagonal, 1 / resistance of each node of a ladder
    heatsink_inertia, to_air, heatsink_pivot, stud_inertia, stud_air, stud_pivot, stud_link : the same of the rest
    right : (n_devices, n), stage : (n_devices, n) work space
    """

    inertia: NDArray[np.float64]
    pivot: NDArray[np.float64]
    link: NDArray[np.float64]
    heatsink_inertia: float
    to_air: float
    heatsink_pivot: float
    stud_inertia: float
    stud_air: float
    stud_pivot: float
    stud_link: float
    right: NDArray[np.float64]
    stage: NDArray[np.float64]


@compiled
def prepare_box(n_devices: int, dt_s: float, p: BoxParameters) -> BoxTick:
    """Return the constants of a fixed step (> 0) of :func:`step_box`."""
    h_s = GAMMA * dt_s
    n = p.cauer.capacity_J_K.size
    inertia = p.cauer.capacity_J_K / h_s
    link = 1.0 / p.cauer.resistance_K_W
    pivot = np.empty(n)
    for k in range(n):
        diagonal = inertia[k] + link[k]
        if k > 0:
            diagonal += link[k - 1] - link[k - 1] * link[k - 1] * pivot[k - 1]
        pivot[k] = 1.0 / diagonal
    last = link[n - 1]
    stud_link = 1.0 / p.terminal_heatsink_K_W
    stud_air = 1.0 / p.terminal_ambient_K_W
    to_air = 1.0 / p.heatsink_ambient_K_W
    stud = p.terminal_J_K / h_s + stud_link + stud_air
    own = p.heatsink_J_K / h_s + to_air + stud_link + n_devices * (last - last * last * pivot[n - 1])
    return BoxTick(
        inertia, pivot, link, p.heatsink_J_K / h_s, to_air, 1.0 / (own - stud_link * stud_link / stud),
        p.terminal_J_K / h_s, stud_air, 1.0 / stud, stud_link, np.empty((n_devices, n)), np.empty((n_devices, n)),
    )


@borrowing
def _stage_in_place(
    heatsink_degC: float, terminal_degC: float, ladders: NDArray[np.float64], device_power_W: NDArray[np.float64],
    fuse_power_W: float, ambient_degC: float, k: BoxTick,
) -> tuple[float, float]:
    """Advance one implicit Euler stage; ladders in place, heatsink and terminal returned. As `_euler_box`."""
    n_devices, n = ladders.shape
    rights, inertia, link, pivot = k.right, k.inertia, k.link, k.pivot
    source = k.heatsink_inertia * heatsink_degC + k.to_air * ambient_degC
    for d in range(n_devices):
        carry = device_power_W[d]
        for i in range(n):
            right = inertia[i] * ladders[d, i] + carry
            rights[d, i] = right
            carry = link[i] * pivot[i] * right
        source += carry
    stud_source = k.stud_inertia * terminal_degC + k.stud_air * ambient_degC + fuse_power_W
    heatsink = (source + k.stud_link * k.stud_pivot * stud_source) * k.heatsink_pivot
    for d in range(n_devices):
        below = heatsink
        for i in range(n - 1, -1, -1):
            below = (rights[d, i] + link[i] * below) * pivot[i]
            ladders[d, i] = below
    return heatsink, (stud_source + k.stud_link * heatsink) * k.stud_pivot


@borrowing
def step_box_in_place(
    heatsink_degC: float, terminal_degC: float, ladders: NDArray[np.float64], device_power_W: NDArray[np.float64],
    fuse_power_W: float, ambient_degC: float, k: BoxTick,
) -> tuple[float, float]:
    """Advance the box by the fixed step of ``k``; ladders in place. As :func:`step_box`, to rounding."""
    ahead = (1.0 - GAMMA) / GAMMA
    n_devices, n = ladders.shape
    stage = k.stage
    for d in range(n_devices):
        for i in range(n):
            stage[d, i] = ladders[d, i]
    heatsink, terminal = _stage_in_place(
        heatsink_degC, terminal_degC, ladders, device_power_W, fuse_power_W, ambient_degC, k
    )
    for d in range(n_devices):
        for i in range(n):
            ladders[d, i] = stage[d, i] + ahead * (ladders[d, i] - stage[d, i])
    return _stage_in_place(
        heatsink_degC + ahead * (heatsink - heatsink_degC), terminal_degC + ahead * (terminal - terminal_degC),
        ladders, device_power_W, fuse_power_W, ambient_degC, k,
    )


@borrowing
def step_ladders_in_place(
    ladders: NDArray[np.float64], power_W: float, heatsink_degC: float, k: BoxTick
) -> None:
    """Advance a few ladders, all with one power, over a heatsink of fixed temperature; as `models.heat.step_cauer`.

    There may be no more of them than `k` has devices: its work space is used.
    """
    ahead = (1.0 - GAMMA) / GAMMA
    n_ladders, n = ladders.shape
    for d in range(n_ladders):
        for stage in range(2):
            carry = power_W
            for i in range(n):
                here = ladders[d, i]
                if stage == 0:
                    k.stage[d, i] = here
                else:
                    here = k.stage[d, i] + ahead * (here - k.stage[d, i])
                k.right[d, i] = k.inertia[i] * here + carry
                carry = k.link[i] * k.pivot[i] * k.right[d, i]
            below = heatsink_degC
            for i in range(n - 1, -1, -1):
                below = (k.right[d, i] + k.link[i] * below) * k.pivot[i]
                ladders[d, i] = below
