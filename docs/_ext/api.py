"""What the Python reference leaves out: noise that autodoc finds in named tuples and pydantic sections."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sphinx.application import Sphinx

ALIAS = "Alias for field number"
"""What Python itself writes as docstring of a named tuple's field; the class's own docstring tells the fields."""
PYDANTIC = "model_config"
"""Attribute of every section of a file, with words of pydantic's that say nothing here."""


def skipped(app: Sphinx, what: str, name: str, member: object, skip: bool, options: object) -> bool | None:
    """Skip fields of named tuples and pydantic's own settings; None leaves the decision to autodoc."""
    del app, what, skip, options
    is_noise = name == PYDANTIC or str(getattr(member, "__doc__", "")).startswith(ALIAS)
    return True if is_noise else None


def signature(
    app: Sphinx, what: str, name: str, member: object, options: object, told: str, returned: str
) -> tuple[str, None] | None:
    """Leave out the signature of scenario sections: their fields have a reference of their own."""
    del app, what, name, options, told, returned
    return ("", None) if isinstance(member, type) and issubclass(member, BaseModel) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Hook into autodoc."""
    app.connect("autodoc-skip-member", skipped)
    app.connect("autodoc-process-signature", signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
