"""What is asked of the benchmark's figures."""

from __future__ import annotations

import pytest

from benchmarks import targets


def row(series: targets.Series, begin: str) -> targets.Judged:
    return next(found for found in targets.judged(series) if str(found["what"]).startswith(begin))


def day(*processor_s: float, wall_s: float = 9.0) -> dict[str, dict[str, list[float]]]:
    return {targets.DAY: {targets.TOTAL: [wall_s], targets.CPU: list(processor_s)}}


def test_the_median_of_the_processor_time_decides() -> None:
    reached = row(day(0.7, 0.75, 30.0), "24 h without windows, one battery")
    assert (reached["wall"], reached["processor"], reached["reached"]) == (9.0, 0.75, True)
    assert row(day(0.81), "24 h without windows, one battery")["reached"] is False


def test_what_was_not_measured_is_neither_reached_nor_missed() -> None:
    assert [found["reached"] for found in targets.judged({})] == [None] * len(targets.TARGETS)


def test_pybamm_has_to_be_slower_at_least_so_many_times() -> None:
    def over(best_s: float) -> targets.Judged:
        cell = {"best solver [s]": [best_s], "best solver, processor time [s]": [best_s]}
        return row({**day(0.8), targets.PYBAMM: cell}, "PyBaMM")

    assert over(33.0)["reached"] is True
    assert over(33.0)["processor"] == pytest.approx(41.25)
    assert over(31.0)["reached"] is False


def test_the_main_scenario_may_take_what_ngspice_takes_besides() -> None:
    series = {
        f"road_day{targets.MAIN}": {targets.TOTAL: [20.0], targets.CPU: [12.0]},
        f"road_day{targets.PLAIN}": {targets.TOTAL: [10.0], targets.CPU: [7.0]},
    }
    found = row(series, "8 h main scenario")
    assert (found["wall"], found["processor"]) == pytest.approx((8.0, 3.6))
    assert found["reached"] is True


def test_the_worst_kind_of_window_counts() -> None:
    def window(ratio: float) -> dict[str, list[float]]:
        return {"ratio": [ratio], "ratio of processor times": [ratio - 0.1]}

    found = row({"window 000_enable": window(1.2), "window 003_crank": window(1.3)}, "window with supervisor")
    assert found["processor"] == pytest.approx(1.2)
    assert found["reached"] is False
