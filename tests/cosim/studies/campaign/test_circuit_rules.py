"""Rules of circuits, on windows written by hand; and which rules a failed transistor excuses."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from cosim.result import LoggedEvent
from cosim.studies.campaign.circuit_rules import latch, ratings, studs, window_balances
from cosim.studies.campaign.faults import AT_GATES, AT_PORT, SHOWN_BY, fault_name, transistor_of
from cosim.studies.campaign.invariants import checked, registry
from cosim.studies.campaign.modes import mode_rows, observation
from cosim.studies.campaign.record import Record
from cosim.studies.campaign.report import page
from tests.cosim.studies.campaign.test_invariants import record

TIME_S = np.arange(0.0, 1e-3, 1e-6)


def window(**waves: np.ndarray) -> xr.Dataset:
    return xr.Dataset({name: ("time_s", wave) for name, wave in waves.items()}, coords={"time_s": TIME_S},
                      attrs={"start_s": 50.0})


def with_window(**waves: np.ndarray) -> Record:
    found = record()
    given = {"battery_voltage_V": np.full(TIME_S.size, 13.0), **waves}
    found.result.windows["000_short"] = window(**given)
    return found


def shot(peak_A: float, open_after_s: float) -> dict[str, np.ndarray]:
    """A current that rises to its peak, then stays there until it is open; the latch follows what flows."""
    rise = np.minimum(TIME_S / 1e-4, 1.0) * peak_A
    above = np.flatnonzero(rise > 700.0)
    opened = (TIME_S[above[0]] if above.size else 1.0) + open_after_s <= TIME_S
    return {"shunt_current_A": np.where(opened, 0.0, rise), "latch": opened.astype(float)}


def test_a_latch_that_opens_in_time_breaks_no_rule() -> None:
    r = with_window(**shot(760.0, 2e-6))
    assert latch(r) is None and studs(r) is None and checked(r)["latch"] is None


@pytest.mark.parametrize(("peak_A", "open_after_s", "told"), [
    (900.0, 30e-6, "900 A through the shunt"), (840.0, 60e-6, "10 us after"),
])
def test_a_latch_that_is_too_late_is_found(peak_A: float, open_after_s: float, told: str) -> None:
    found = latch(with_window(**shot(peak_A, open_after_s)))
    assert found is not None and told in found.text and 50.0 < found.time_s < 50.001


@pytest.mark.parametrize(("volts", "lasts_s", "told"), [
    (31.0, 50e-6, "31.0 V"), (25.0, 300e-6, "above 18 V for"), (25.0, 100e-6, ""),
])
def test_the_battery_stud_has_its_limits(volts: float, lasts_s: float, told: str) -> None:
    found = studs(with_window(battery_voltage_V=np.where(np.abs(TIME_S - 5e-4) < 0.5 * lasts_s, volts, 13.0)))
    assert (found is None) == (told == "") and (found is None or told in found.text)


def test_what_the_log_tells_of_windows_is_found() -> None:
    r = record(None, (LoggedEvent(3.0, "circuit", "rating exceeded", "q2a: drain voltage"),
                      LoggedEvent(4.0, "engine", "balance off", "crank: charge")))
    for rule, time_s in ((ratings, 3.0), (window_balances, 4.0)):
        found = rule(r)
        assert found is not None and found.time_s == time_s
    assert {name for name, finding in checked(r).items() if finding is not None} == {"ratings", "window_balances"}


def test_a_lifted_limit_is_no_violation_of_the_mean() -> None:
    def dump(waves: dict[str, np.ndarray]) -> None:
        waves["port_current_A"][500:505] = 200.0

    assert checked(record(dump))["limit"] is not None
    assert checked(record(dump, (LoggedEvent(50.0, "circuit", "limit lifted", "for 480 ms"),)))["limit"] is None


@pytest.mark.parametrize(("device", "excused"), [
    ("q2a", {"limit", "fuse", "battery_terminals", "studs", "junctions", "ratings", "no_charge"}),
    ("q1", {"reverse", "fuse", "junctions", "ratings", "no_discharge", "deep_discharge"}),
    ("qd", {"latch", "junctions", "ratings", "no_discharge", "deep_discharge"}),
    ("qc", {"latch", "junctions", "ratings", "no_charge"}),
])
def test_a_transistor_that_is_short_excuses_what_rests_on_it(device: str, excused: set[str]) -> None:
    r = record(None, (), faults=[{"kind": "device_short", "device": device, "time_s": 5.0}])
    healthy = {rule.name for rule in registry() if rule.excused(record())}
    assert {rule.name for rule in registry() if rule.excused(r)} - healthy == excused
    broken = record(None, (), faults=[{"kind": "device_open", "device": device, "time_s": 5.0}])
    assert {rule.name for rule in registry() if rule.excused(broken)} == healthy, "what is open excuses nothing"


def test_every_transistor_that_is_drawn_has_its_words() -> None:
    drawn = [{"kind": kind, **told} for kind, told in (*AT_PORT, *AT_GATES)]
    assert {transistor_of(fault) for fault in drawn} == set(SHOWN_BY)
    assert fault_name(drawn[2]) == "transistor q1 open, 1 of its dies"


def test_the_table_tells_what_flows_backwards_and_what_could_show_it() -> None:
    def back(waves: dict[str, np.ndarray]) -> None:
        waves["port_current_A"][600:700] = -40.0

    (row,) = mode_rows([observation(record(back), "transistor q1 short", 50.0)])
    assert row["back_A"] == 40.0 and row["shown_by"] == SHOWN_BY["q1 short"]
    (healthy,) = mode_rows([observation(record(), "no fault", 50.0)])
    assert healthy["back_A"] == 0.0 and healthy["shown_by"] == ""
    told = page({"cases": 2, "seed": 1, "set": {}, "violations": [], "invariants": [], "failure_modes": [row, healthy]})
    assert "up to 40 A backwards" in told and "shown by: reverse current" in told and told.count("backwards") == 1
