"""The bank by a general integrator: scipy's `solve_ivp` on `models.bank.derivatives`, at tight tolerance.

Slow (a thousand times the compiled step) and independent of it: nothing is held but the bank's current, the batteries'
shares, all coefficients, balancing and temperatures follow continuously. What the compiled loop is measured against.

Source of the integrator: Dormand and Prince, J. Comput. Appl. Math. 6 (1980), doi:10.1016/0771-050X(80)90013-3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from models.bank import derivatives, shares
from models.bank_types import BankParameters, BankState

Array = NDArray[np.float64]

RTOL = 1.0e-9
ATOL = BankState(
    np.array(1e-12), np.array(1e-9), np.array(1e-8), np.array(1e-9), np.array(1e-6), np.array(1e-5), np.array(1e-6),
    np.array(1e-6),
)
"""Absolute tolerances of the state's fields, in their units (ours: a thousandth of what the comparison asks for)."""


class IntegrationFailed(RuntimeError):
    """`solve_ivp` gave up; the message is its own."""


def packed(state: BankState) -> Array:
    """Return all fields as one vector, shape (n,): n numbers in all."""
    return np.concatenate([np.ravel(item) for item in state])


def unpacked(vector: Array, like: BankState) -> BankState:
    """Return a vector, its parts in the units of the state's fields, as a state with the shapes of ``like``."""
    fields, first = [], 0
    for item in like:
        fields.append(np.ascontiguousarray(vector[first : first + item.size]).reshape(item.shape))
        first += item.size
    return BankState(*fields)


def step(
    state: BankState, current_A: float, dt_s: float, ambient_degC: float, p: BankParameters, rtol: float = RTOL
) -> BankState:
    """Return the state after ``dt_s`` with the bank's current held; as `models.bank.step`, by `solve_ivp` (RK45).

    Parameters
    ----------
    state, current_A, dt_s, ambient_degC, p : see `models.bank.step`
    rtol : float
        Relative tolerance; absolute ones are `ATOL`.

    Raises
    ------
    IntegrationFailed
        If the integrator gives up.
    """

    def rates(_: float, vector: Array) -> Array:
        now = unpacked(vector, state)
        return packed(derivatives(now, shares(now, current_A, p), ambient_degC, p))

    atol = np.concatenate([np.full(item.size, float(a)) for item, a in zip(state, ATOL, strict=True)])
    found = solve_ivp(rates, (0.0, dt_s), packed(state), method="RK45", rtol=rtol, atol=atol, first_step=dt_s)
    if not found.success:
        raise IntegrationFailed(str(found.message))
    return unpacked(found.y[:, -1], state)
