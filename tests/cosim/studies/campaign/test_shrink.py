"""The shrinker on rules that need no run: what matters stays, the rest goes, and the budget is kept."""

from __future__ import annotations

from cosim.studies.campaign.draw import drawn
from cosim.studies.campaign.scenario import Case
from cosim.studies.campaign.shrink import shrunk

CONTENT = {
    "name": "x", "seed": 3, "variant": "12-200 NG", "duration_s": 900.0, "settings": {"fuse_rating_A": 60},
    "bank": {"batteries": 3, "soc": 0.5, "temperature_degC": 20.0},
    "drive": {"segments": [{"kind": "crank", "duration_s": 1.0}, {"kind": "idle", "duration_s": 899.0}]},
    "system": {"devices": [{"kind": "inverter"}, {"kind": "mains"}, {"kind": "solar"}]},
    "faults": [{"kind": "no_voltage_limit", "device": "mains"}, {"kind": "no_voltage_limit", "device": "solar"}],
    "events": [{"kind": "load_step"}],
}


def kinds(case: Case) -> list[str]:
    return [device["kind"] for device in case.content.get("system", {}).get("devices", [])]


def test_only_what_matters_is_left() -> None:
    def fails(case: Case) -> float | None:
        broken = any(f["device"] == "mains" for f in case.content.get("faults", []))
        return 100.0 if broken and "inverter" in kinds(case) and case.content["duration_s"] >= 100.0 else None

    small = shrunk(Case(CONTENT), fails, 100.0)
    assert sorted(kinds(small.case)) == ["inverter", "mains"] or kinds(small.case) == ["inverter"]
    assert len(small.case.content["faults"]) == 1
    assert small.case.content["duration_s"] == 105.0
    assert small.case.content["bank"] == {"batteries": 1} and not small.case.content["settings"]
    assert "events" not in small.case.content and "seed" not in small.case.content
    assert small.case.content["variant"] == "12-200"


def test_a_device_takes_its_faults_along() -> None:
    def fails(case: Case) -> float | None:
        asked = [f["device"] for f in case.content.get("faults", [])]
        assert set(asked) <= set(kinds(case)), "a fault of a device that is gone is no legal scenario"
        return 1.0 if "solar" in kinds(case) else None

    small = shrunk(Case(CONTENT), fails, 1.0)
    assert kinds(small.case) == ["solar"]


def test_budget_of_runs_is_kept_and_nothing_is_lost() -> None:
    asked = []

    def fails(case: Case) -> float | None:
        asked.append(case)
        return None

    small = shrunk(Case(CONTENT), fails, 5.0, budget=7)
    assert (len(asked), small.runs, small.case.content) == (7, 7, CONTENT)


def test_what_holds_for_all_cases_stays() -> None:
    from cosim.studies.sweep.paths import Setting

    change = (Setting("settings.firmware.cell_cold_degC", -10.0),)
    case = drawn(1, 2)._replace(changes=change)
    small = shrunk(case, lambda one: 1.0, 1.0)
    assert small.case.changes == change and not small.case.broken
