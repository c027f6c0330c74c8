"""`docs/supervisor.md` says what the code does: tables by text, diagrams by the transitions that can happen."""

import itertools
import re
from pathlib import Path

import pytest

import bms
from bms import describe, readout, vectors
from bms.alternator_port import AlternatorMode, next_mode
from bms.plan import SOURCE_LOW, SOURCE_READY, SOURCE_WEAK
from bms.readout import Flag
from bms.system_port import System, SystemInputs, SystemMode, advance, heat_limit_A2ms

TEXT = (Path(__file__).parents[2] / "docs" / "supervisor.md").read_text(encoding="utf-8")
DIAGRAMS = re.findall(r"```mermaid\n(.*?)```", TEXT, flags=re.DOTALL)


def edges(diagram: str) -> set[tuple[str, str]]:
    found = re.findall(r"^\s+(\w+) --> (\w+)", diagram, flags=re.MULTILINE)
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize("table", ["predicate_table", "reaction_table", "range_table", "setting_table"])
def test_tables(table: str) -> None:
    make = getattr(describe, table)
    lines = make() if table in ("reaction_table", "setting_table") else make(bms.Settings())
    assert len(lines) > 10
    assert "\n".join(lines) + "\n" in TEXT, f"regenerate with bms.describe.{table}"


def test_diagram_of_the_alternator_port() -> None:
    found = set()
    actives = [set(), {SOURCE_READY}, {SOURCE_LOW}, {SOURCE_WEAK}]
    for mode, active, block, stopped_ms in itertools.product(
        AlternatorMode, actives, (None, bms.Fault.BROWN_OUT), (None, 0, 90_000)
    ):
        if mode is AlternatorMode.CHARGING and SOURCE_READY not in active and not active and block is None:
            continue
        after, _ = next_mode(mode, stopped_ms, active, block, 100_000, 20_000)
        if after is not mode and not (mode is AlternatorMode.WAITING and stopped_ms == 90_000):
            found.add((str(mode), str(after)))
    assert edges(DIAGRAMS[0]) == found


def test_diagram_of_system_plus() -> None:
    f, found = bms.FirmwareParameters(), {("locked", "off")}  # the reset by remote is the supervisor's
    for mode, wanted, over_V, latched, removed, fitted, trips, level_A, heat in itertools.product(
        SystemMode, (False, True), (0.0, -9.0), (False, True), (False, True), (False, True), (0, 3), (150, 405),
        (0, heat_limit_A2ms(f)),
    ):
        inputs = SystemInputs(wanted, bms.Cause.WANTED, 0.0, over_V, latched, removed, fitted, True)
        after, _ = advance(System(mode, 0, None, trips, level_A, heat), inputs, 50_000, f)
        if after.mode is not mode:
            found.add((str(mode), str(after.mode)))
    assert edges(DIAGRAMS[1]) == found


def test_diagram_of_the_load_names_what_is_reported() -> None:
    assert edges(DIAGRAMS[2]) == {
        ("connected", "alarm"), ("alarm", "connected"), ("alarm", "disconnected"), ("disconnected", "connected"),
    }
    assert len(DIAGRAMS) == 3


def test_vectors_and_readout_in_the_text() -> None:
    names = vectors.columns(4, 4)
    groups = re.findall(r"^\| (`.*?) \|", TEXT.split("## Test vectors")[1].split("\n## ")[0], re.MULTILINE)
    told = [name for cell in groups for name in re.findall(r"`([^`]+)`", cell)]
    stems = list(dict.fromkeys(re.sub(r"\[\d+\]", "[i]", name) for name in names))
    assert told == stems
    section = TEXT.split("## Instant readout")[1].split("\n## ")[0]
    assert {name.strip("`") for name in re.findall(r"`[a-z ]+ (?:alarm|warning|failure|allowed)`", section)} == {
        str(flag.name).lower().replace("_", " ") for flag in Flag}
    assert f"0x{readout.RECORD_BATTERY:02X}" in section and f"0x{readout.RECORD_BMS_EXPERIMENTAL:02X}" in section


def test_figures_in_the_text() -> None:
    f = bms.FirmwareParameters()
    assert (f.output_spacing_ms, f.rearm_ms, f.alarm_lead_ms, f.load_rest_ms) == (30_000, 20_000, 30_000, 60_000)
    assert f"{(f.system_peak_A**2 - f.system_continuous_A**2) * 5 / (300**2 - f.system_continuous_A**2):.1f}" == "12.6"
    assert (f.system_retries, f.system_rest_ms, f.system_settled_ms, f.load_rearm_V) == (3, 20_000, 60_000, 3.2)
