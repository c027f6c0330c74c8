"""Where the project's files are, and whether `bms` and `models` are the project's own.

The packages `bms` and `models` have short names. A folder of that name in the directory where Python was
started would be imported in their place, and fail far away with an odd message; `require_own_packages`
says it at once.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""Folder that holds the packages: the repository, or site-packages once installed."""

NETLISTS = ROOT / "netlists"
"""SPICE text: circuits and device library, as shipped; decks are built from `netlists_folder()`."""

SCENARIOS = ROOT / "scenarios"
"""Scenarios that ship with the repository (absent from an installed package)."""

NETLISTS_VARIABLE = "BMS_COSIM_NETLISTS"
"""Environment variable that names another folder of circuits: a changed copy of the shipped one."""

DATA_VARIABLE = "SMART_BMS_DATA"
"""Environment variable that names the folder of measured data, which is no part of the repository."""

OWN_PACKAGES = ("bms", "models")
"""Packages that the coupling code imports and that a user's folder could hide."""


def netlists_folder() -> Path:
    """Folder that decks are built from: `$BMS_COSIM_NETLISTS`, else the shipped one; looked up at every use.

    An environment variable, because the processes that measure a circuit must see the same one.
    """
    chosen = os.environ.get(NETLISTS_VARIABLE)
    return Path(chosen) if chosen else NETLISTS


def measured_data() -> Path | None:
    """Folder of measured data: `$SMART_BMS_DATA`, else `../shared/data`, seen from the repository; None without one."""
    folder = Path(os.environ.get(DATA_VARIABLE) or ROOT.parent / "shared" / "data")
    return folder if folder.is_dir() else None


def require_own_packages(names: tuple[str, ...] = OWN_PACKAGES, root: Path = ROOT) -> None:
    """Check that an import of `names` would find the project's own packages.

    Parameters
    ----------
    names : top-level packages to look up (they are not imported)
    root : folder they must come from

    Raises
    ------
    ImportError : a package is missing, or another folder of that name comes first on the path.
    """
    for name in names:
        spec = find_spec(name)
        if spec is None:
            raise ImportError(f"{name}: package of smart-bms-cosim not found; run `make setup`", name=name)
        places = [Path(place).resolve() for place in spec.submodule_search_locations or []]
        if not places and spec.origin:
            places = [Path(spec.origin).resolve()]
        if root / name not in places[:1]:
            raise ImportError(
                f"{name}: {places[0] if places else 'something else'} hides the package of smart-bms-cosim; "
                "rename it or start Python in another folder",
                name=name,
            )
