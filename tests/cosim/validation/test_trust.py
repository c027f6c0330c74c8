"""The table of trust is complete and current."""

from __future__ import annotations

import pytest

from cosim.spice.session import SpiceSession
from cosim.validation import trust
from cosim.validation.figure import STATUSES, ValidationFigure
from cosim.validation.traces import TRACES, figure_names, printed_figures
from models import parameter_file


def test_every_printed_figure_has_one_row() -> None:
    rows = [trace.figure for trace in TRACES]
    assert len(set(rows)) == len(rows)
    assert printed_figures() == set(rows), "a figure without its row in cosim/validation/traces.py, or the reverse"


def test_names_are_found_in_every_form() -> None:
    text = "Figure('A1', 'plain', 1.0)\nFigure('A2', f'with {x:.0f} in it', 2.0)\nFigure(figsize=(1, 2))\n"
    assert figure_names(text) == {"plain", "with * in it"}


def test_rows_rest_on_what_there_is() -> None:
    models = {parameter_file.read_head(path)["model"] for path in trust.parameter_paths()}
    for trace in TRACES:
        assert trace.status in STATUSES and trace.why
        assert set(trace.rests_on) <= models | {"netlist", "firmware"}, trace.figure


def test_every_parameter_has_a_known_status() -> None:
    for path in trust.parameter_paths():
        for name, entry in trust.entries(path).items():
            assert entry["status"] in parameter_file.STATUSES, f"{path.name}: {name}"


def test_table_escapes_bars() -> None:
    assert trust.table(("a", "b"), [("x|y", "z")]) == "| a | b |\n| --- | --- |\n| x\\|y | z |\n"


def test_figures_appear_with_status_and_source() -> None:
    figure = ValidationFigure("cell_rms_25C_mV", 4.0, "mV", "at most 8 mV", True, "validated", "a paper")
    text = trust.trust_text({"cell": [figure]})
    assert "| `cell_rms_25C_mV` | at most 8 mV | validated | a paper |" in text
    assert "| `cell_high_V` | V |" in text


@pytest.mark.usefixtures("spice")
def test_the_file_is_current(spice: SpiceSession) -> None:
    """If this fails: `python -m cosim.validation.trust`."""
    assert trust.PLACE.read_text(encoding="utf-8") == trust.current_text()
