"""Compiled loops over the samples of a test. Each stands alone: numba's cache looks at this file only.

``.py_func`` of each is the same loop in plain Python (used in tests). Source of the equations: `models.cell`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled


@compiled
def hysteresis(
    mean_A: NDArray[np.float64], dt_s: NDArray[np.float64], rate: float, capacity_Ah: float, first: float
) -> NDArray[np.float64]:
    """Return h at each sample: dh/dt = rate |I| / (3600 Q) (sgn(I) - h), exact for held currents."""
    out = np.empty(mean_A.size)
    h = first
    for i in range(mean_A.size):
        target = 1.0 if mean_A[i] > 0.0 else -1.0
        h = target + (h - target) * math.exp(-rate * abs(mean_A[i]) * dt_s[i] / (3600.0 * capacity_Ah))
        out[i] = h
    return out


@compiled
def pair_columns(
    place: NDArray[np.int64], share: NDArray[np.float64], drive: NDArray[np.float64], dt_s: NDArray[np.float64],
    tau_s: float, n_nodes: int, keep: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the voltage of a pair whose resistance is 1 ohm at one node of charge and 0 at the others, for each node.

    Parameters
    ----------
    place, share : ndarray
        Node left of each sample's charge, and the weight of the node right of it.
    drive : ndarray
        g(I) / R [A], held over the interval before the sample.
    dt_s, tau_s : ndarray, float
        Intervals and time constant.
    n_nodes : int
        Number of nodes.
    keep : ndarray
        Rising indices of the samples that are wanted.

    Returns
    -------
    ndarray, shape (keep.size, n_nodes)
        The pair's voltage is this times its resistances at the nodes.
    """
    state = np.zeros(n_nodes)
    out = np.empty((keep.size, n_nodes))
    row = 0
    decay, before_s = 1.0, 0.0
    for i in range(drive.size):
        if dt_s[i] != before_s:
            before_s = dt_s[i]
            decay = math.exp(-before_s / tau_s)
        for j in range(n_nodes):
            state[j] *= decay
        rise = (1.0 - decay) * drive[i]
        state[place[i]] += rise * (1.0 - share[i])
        state[place[i] + 1] += rise * share[i]
        if row < keep.size and keep[row] == i:
            for j in range(n_nodes):
                out[row, j] = state[j]
            row += 1
    return out


@compiled
def voltage(
    source_V: NDArray[np.float64], current_A: NDArray[np.float64], mean_A: NDArray[np.float64],
    dt_s: NDArray[np.float64], r0_ohm: NDArray[np.float64], pair_ohm: NDArray[np.float64],
    tau_s: NDArray[np.float64], scale_A: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the terminal voltage of the cell model [V].

    Parameters
    ----------
    source_V : ndarray, shape (n,)
        U + M h.
    current_A, mean_A, dt_s : ndarray, shape (n,)
        Current now, its mean over the interval before, and the length of that.
    r0_ohm, pair_ohm : ndarray, shape (n,), (n_pairs, n)
        Resistances at each sample.
    tau_s, scale_A : ndarray, shape (n_pairs,)
        Time constants, and current scales of charge-transfer pairs (0: linear).
    """
    out = np.empty(current_A.size)
    pair_V = np.zeros(tau_s.size)
    for i in range(current_A.size):
        total = source_V[i] + r0_ohm[i] * current_A[i]
        for k in range(tau_s.size):
            drive_A = mean_A[i]
            if scale_A[k] > 0.0:
                drive_A = scale_A[k] * math.asinh(drive_A / scale_A[k])
            target = pair_ohm[k, i] * drive_A
            pair_V[k] = target + (pair_V[k] - target) * math.exp(-dt_s[i] / tau_s[k])
            total += pair_V[k]
        out[i] = total
    return out
