"""The bank's own books in the summary: energy between terminals, chemistry and heat, and how its batteries ended."""

from __future__ import annotations

from typing import Any

import numpy as np

from models import bank


def bank_summary(
    start: bank.BankState, end: bank.BankState, terminals_J: float, p: bank.BankParameters
) -> dict[str, Any]:
    """Energy balance of the bank over a run, and the spread of its batteries at the end.

    Parameters
    ----------
    start, end, p : states and parameters
    terminals_J : energy into the bank's terminals by the network's books
    """
    chemical_J, heat_J, cables_J, bled_C = (
        float((getattr(end, name) - getattr(start, name)).sum())
        for name in ("chemical_J", "heat_J", "cable_J", "bled_C")
    )
    error_J = terminals_J - chemical_J - heat_J - cables_J
    soc = end.soc.mean(axis=1)
    return {
        "batteries": int(end.soc.shape[0]), "terminals_J": terminals_J, "chemical_J": chemical_J, "heat_J": heat_J,
        "cables_J": cables_J, "error_J": error_J,
        "relative": abs(error_J) / max(abs(chemical_J) + abs(heat_J) + abs(cables_J), 1.0),
        "bled_Ah": bled_C / 3600.0, "lowest_soc": float(soc.min()), "highest_soc": float(soc.max()),
        "coldest_degC": float(np.min(end.temperature_degC)), "hottest_degC": float(np.max(end.temperature_degC)),
    }
