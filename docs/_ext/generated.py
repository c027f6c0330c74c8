"""Writes everything that pages include and nobody wrote by hand into `docs/generated/`, before pages are read."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ConfigError
from sphinx.util import logging

from cosim.paths import ROOT
from docs._ext import (
    command_reference,
    data_flow,
    model_tables,
    overviews,
    requirement_tables,
    scenario_reference,
    validation,
)

CIRCUITS = "docs._ext.circuits"
"""What draws the schematics, where it is there."""
CACHE = ROOT / "build" / "docs_cache" / "validation"

logger = logging.getLogger(__name__)


def write_all(source: Path) -> list[Path]:
    """Write all generated parts below `source`/generated; raises ValueError for what lacks a description."""
    folder = source / "generated"
    names = validation.store(CACHE, folder / "validation")
    written = [
        *scenario_reference.write(folder), *command_reference.write(folder), *model_tables.write(folder, names),
        *requirement_tables.write(folder), *overviews.write(folder, source), *data_flow.write(folder),
    ]
    if find_spec(CIRCUITS) is not None:
        written += import_module(CIRCUITS).write(source / "circuits" / "generated")
    return written


def before_reading(app: Sphinx) -> None:
    """Write the generated parts, and say which notebooks are missing."""
    source = Path(app.srcdir)
    try:
        written = write_all(source)
    except (ValueError, RuntimeError) as error:
        raise ConfigError(str(error)) from error
    logger.info("generated parts: %d files", len(written))
    stored, missing = overviews.notebooks(source / "notebooks")
    if missing:
        told = (f"{len(missing)} of {len(stored)} notebooks are not executed (make notebooks): "
                f"{', '.join(path.name for path in missing)}")
        if app.config.notebooks_required:
            raise ConfigError(told)
        logger.info("NOTE: %s", told, color="yellow")


def setup(app: Sphinx) -> dict[str, Any]:
    """Hook into the build; with `-D notebooks_required=1` a missing notebook ends it."""
    app.add_config_value("notebooks_required", False, "env", types=(bool, int, str))
    app.connect("builder-inited", before_reading)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
