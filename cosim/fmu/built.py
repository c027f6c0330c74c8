"""What a unit is built with. In the file that `cosim.fmu.build` makes, this module holds the values of that unit."""

from __future__ import annotations

from typing import Any

from bms.settings import Settings
from cosim.fmu.variables import TICK_MS, Built

SETTINGS: dict[str, Any] = {}
PERIOD_MS = TICK_MS


def built() -> Built:
    """Settings and tick of this unit."""
    return Built(Settings.from_mapping(SETTINGS), PERIOD_MS)
