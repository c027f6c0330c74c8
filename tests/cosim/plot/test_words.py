"""What curves are called in a legend."""

from __future__ import annotations

from cosim.plot.words import panel_curves
from cosim.result import Result


def called(result: Result, *names: str) -> list[str]:
    return [curve.words for curve in panel_curves(result.slow, names, "test", "panels[0]")[1]]


def test_columns_of_a_lone_channel_are_called_by_their_own_names(plausible_result: Result) -> None:
    assert called(plausible_result, "cell_voltage_V") == [f"cell {number}" for number in range(1, 5)]
    power_W = plausible_result.slow["device_power_W"]
    plausible_result.slow["system_device_power_W"] = (("time_s", "system_device"), power_W.values[:, :2])
    plausible_result.slow["system_device"] = ["mppt", "galley"]
    assert called(plausible_result, "system_device_power_W") == ["mppt", "galley"]


def test_columns_bear_the_words_of_their_channel_where_they_would_not_tell_it(plausible_result: Result) -> None:
    assert called(plausible_result, "junction_degC")[:2] == ["junction q1", "junction q2a"]
    both = called(plausible_result, "battery_voltage_V", "cell_voltage_V")
    assert len(set(both)) == 5 and all("cell voltage" in words for words in both[1:])
