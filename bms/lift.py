"""Permission to lift the alternator limit during a load dump (A4): given in advance, where fuse and battery allow it.

That there is a dump the circuit sees itself, within microseconds; then it goes to `lift_factor` times the limit for at
most `lift_ms`, if the permission stands. Without it the path blocks the dump. So what is asked here is whether a lift
could be borne, should one come:

- *Fuse, I2t*: its neck, as hot as the full limit makes it, takes the lift besides: ``I^2 tau + I_lift^2 t`` stays below
  a share of its melting I2t. It depends on ratings alone (`bms.plan`).
- *Fuse, temperature*: its body as estimated (A5) is far from melting. Asked of the resistance behind the limiter's
  reference, which follows the estimate in steps, so that holds need no look of their own.
- *Battery*: what System+ charges it with and the lifted current are no more than it may be charged with (B6).
- *Cells*: the highest is so far below over-voltage that the lift does not reach it.
- *Heat*: nothing derates the port (A9), and the bank does not ask for less (A11).

Charge disconnect, remote and faults end the charging, and with it the permission.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from bms.channels import Readings
from bms.firmware_parameters import FirmwareParameters
from bms.plan import Plan
from bms.thermal import Thermal


class Refusal(StrEnum):
    """Why a lift is not allowed; the first that applies."""

    CONVERTER = "a converter has no limit that can be lifted"
    FUSE_I2T = "fuse: I2t of a lift"
    FUSE_HOT = "fuse: temperature"
    DERATED = "limit lowered by heat or for the bank"
    BATTERY = "battery: charge current of a lift"
    CELLS = "battery: a cell near over-voltage"


class Lift(NamedTuple):
    """Whether a lift is allowed; if not, when that is asked again [ms]."""

    allowed: bool = False
    next_ms: int = 0


OFF, ALLOWED = Lift(), Lift(True)
"""Not charging; allowed."""
LIFTED = 1.05
"""Above this multiple of the full limit a current is a lifted one (ours: the limit itself keeps within 3 %)."""


def refusal(thermal: Thermal, cap_A: float, r: Readings, plan: Plan, f: FirmwareParameters) -> Refusal | None:
    """Why a lift is not allowed while the port charges; None if it is.

    Parameters
    ----------
    thermal : Thermal
        Estimators: fuse resistance behind the reference, limit, red LED.
    cap_A : float
        Limit for the bank's sake [A] (A11); inf if there is none.
    r : Readings
        Present readings.
    plan, f : Plan, FirmwareParameters
        Constants.
    """
    if f.converter_efficiency > 0.0:
        return Refusal.CONVERTER
    if plan.lift_fuse_share > f.lift_fuse_share:
        return Refusal.FUSE_I2T
    if thermal.reference_ohm > plan.lift_fuse_ohm:
        return Refusal.FUSE_HOT
    full_A = plan.rating.full_A
    if thermal.red or thermal.off or thermal.limit_A < full_A or cap_A < full_A:
        return Refusal.DERATED
    if r.system_lost or plan.lift_A > plan.bank_limit_A or (
        r.system_A is not None and r.system_A > plan.bank_limit_A - plan.lift_A
    ):
        return Refusal.BATTERY
    if r.cell_V is None or r.cell_V[1] > f.lift_cell_V:
        return Refusal.CELLS
    return None


def judged(
    before: Lift, was_charging: bool, charging: bool, thermal: Thermal | None, cap_A: float, r: Readings, plan: Plan,
    f: FirmwareParameters, now_ms: int,
) -> Lift:
    """State one call later: asked when charging begins, then at every sample; after a refusal when its rest is over.

    A limit for the bank's sake, which comes at any call, ends it at once. While a lift goes on the permission stays: it
    was given for that, and the cells rise by it.
    """
    if not charging or thermal is None:
        return OFF
    full_A = plan.rating.full_A
    if was_charging and not (before.allowed and cap_A < full_A):
        if now_ms % f.sample_period_ms != 0 or (not before.allowed and now_ms < before.next_ms):
            return before
        if before.allowed and r.path_A is not None and r.path_A > LIFTED * full_A:
            return before
    if refusal(thermal, cap_A, r, plan, f) is None:
        return ALLOWED
    return Lift(False, -(-(now_ms + f.lift_rest_ms) // f.sample_period_ms) * f.sample_period_ms)


def highest_system_A(plan: Plan) -> float:
    """Charge current of System+ up to which the battery can take a lift besides [A]."""
    return plan.bank_limit_A - plan.lift_A
