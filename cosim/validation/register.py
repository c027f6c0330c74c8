"""The models that can be validated. A model that is not here does not exist for `bms-cosim validate`.

To add one: a module with a function that takes the data directory (None if the user gave none) and returns its figures
and its picture, and a line in `models`. Its module is imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from cosim.errors import InputError
from cosim.validation.figure import ValidationFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Checked(NamedTuple):
    """What validating one model gave: its figures and its picture."""

    figures: list[ValidationFigure]
    picture: Figure


Check = Callable[[Path | None], Checked]


class Model(NamedTuple):
    """One model: its name on the command line, whether it `needs_data` (measured), and the module with `check`.

    What is not quick (a minute of SPICE) is left out of docs/trust.md, which a test writes anew.
    """

    name: str
    needs_data: bool
    module: str
    quick: bool = True


MODELS: tuple[Model, ...] = (
    Model("cell", True, "cosim.validation.cell"),
    Model("battery", False, "cosim.validation.battery"),
    Model("alternator", False, "cosim.validation.alternator"),
    Model("fuse", False, "cosim.validation.fuse"),
    Model("starter", False, "cosim.validation.starter"),
    Model("cable", False, "cosim.validation.cable"),
    Model("box", False, "cosim.validation.box"),
    Model("circuits", False, "cosim.validation.circuits", quick=False),
)
"""All models, in the order of the report."""


def chosen(names: list[str], data: Path | None) -> tuple[list[Model], list[Model]]:
    """Return the models to validate, and those that are left out because they need data that nobody gave.

    Parameters
    ----------
    names : models that the user asked for by name; all if empty
    data : directory with measured data, None if not given

    Raises
    ------
    InputError
        For an unknown model, a data directory that is none, and for a model asked for by name without its data.
    """
    known = {model.name: model for model in MODELS}
    for name in names:
        if name not in known:
            raise InputError("validate", "model", name, ", ".join(known))
    if data is not None and not data.is_dir():
        raise InputError(str(data), "--data", "is not a directory", "a directory with measured data")
    wanted = [model for model in MODELS if not names or model.name in names]
    missing = [model for model in wanted if model.needs_data and data is None]
    if names and missing:
        raise InputError("validate", missing[0].name, "needs measured data", "--data DIR")
    return [model for model in wanted if model not in missing], missing


def check_of(model: Model) -> Check:
    """Return the function that validates a model, from the module that the register names."""
    return cast(Check, import_module(model.module).check)
