"""Names, units and strokes of channels."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from cosim.errors import InputError
from cosim.plot.words import MOST_CURVES, axis_label, panel_curves, unit_of, words_of
from cosim.result import Result


@pytest.mark.parametrize(("name", "attributes", "unit"), [
    ("port_current_A", {}, "A"), ("sense_mV", {}, "mV"), ("heatsink_degC", {}, "\N{DEGREE SIGN}C"), ("soc", {}, "%"),
    ("vehicle_speed_m_s", {}, "m/s"), ("enable", {"units": "1"}, "1"), ("loads_S", {"units": "1"}, "S"),
    ("fuse_degC", {"units": "1"}, "\N{DEGREE SIGN}C"), ("gate_A", {"units": "V", "probe": "v(ga)"}, "V"),
    ("alternator_rpm", {}, "1/min"),
])
def test_unit_of_a_channel(name: str, attributes: dict[str, str], unit: str) -> None:
    """A name's end says it (house rule), but for a probe, which the user named."""
    assert unit_of(xr.DataArray([1.0], dims="time_s", name=name, attrs=attributes)) == unit
    assert axis_label(unit).endswith(f"[{unit}]" if unit != "1" else "0 or 1")


def test_a_channel_of_cells_gives_a_curve_each_and_many_their_extremes() -> None:
    time_s = np.arange(5.0)
    few = xr.DataArray(np.arange(20.0).reshape(5, 4), {"time_s": time_s, "cell": [1, 2, 3, 4]}, ("time_s", "cell"))
    _, curves = panel_curves(xr.Dataset({"cell_voltage_V": few}), ["cell_voltage_V"], "f", "p")
    assert [curve.words for curve in curves] == [f"cell {k}" for k in (1, 2, 3, 4)]
    np.testing.assert_array_equal(curves[2].values, [2.0, 6.0, 10.0, 14.0, 18.0])
    assert len({(curve.stroke.colour, curve.stroke.dash) for curve in curves}) == 4
    many = xr.DataArray(np.random.default_rng(1).normal(size=(5, 50, 4)), {"time_s": time_s},
                        ("time_s", "battery", "cell"))
    _, curves = panel_curves(xr.Dataset({"each_cell_V": many}), ["each_cell_V"], "f", "p")
    assert [curve.words.rpartition(", ")[2] for curve in curves] == ["lowest of 200", "mean of 200", "highest of 200"]
    np.testing.assert_array_equal(curves[2].values, many.max(dim=("battery", "cell")).values)
    np.testing.assert_array_equal(curves[0].values, many.min(dim=("battery", "cell")).values)
    _, (highest,) = panel_curves(xr.Dataset({"cell_voltage_V": few}), ["cell_voltage_V"], "f", "p", highest=True)
    np.testing.assert_array_equal(highest.values, [3.0, 7.0, 11.0, 15.0, 19.0])


def test_no_two_curves_of_a_panel_look_the_same_even_beyond_the_cycle(plausible_result: Result) -> None:
    names = [name for name in plausible_result.slow.data_vars if str(name).endswith("_degC")]
    _, curves = panel_curves(plausible_result.slow, [str(name) for name in names], "f", "p")
    assert len(curves) > MOST_CURVES
    assert len({(curve.stroke.colour, curve.stroke.dash) for curve in curves}) == len(curves)


def test_percent_of_a_state_of_charge(plausible_result: Result) -> None:
    unit, (curve,) = panel_curves(plausible_result.slow, ["soc"], "f", "p")
    assert unit == "%" and curve.values[0] == pytest.approx(30.0) and curve.words == "LFP battery"


@pytest.mark.parametrize(("names", "told"), [
    (["port_curent_A"], "plot: panels[0]: 'port_curent_A' (allowed: did you mean 'port_current_A'?)"),
    (["port_current_A", "soc"], "plot: panels[0]: 'soc' is in %, 'port_current_A' in A (allowed: one unit per panel)"),
])
def test_a_wrong_panel_is_one_line(plausible_result: Result, names: list[str], told: str) -> None:
    with pytest.raises(InputError) as caught:
        panel_curves(plausible_result.slow, names, "plot", "panels[0]")
    assert str(caught.value) == told


def test_a_name_like_no_other_is_answered_with_what_there_is(plausible_result: Result) -> None:
    with pytest.raises(InputError, match=r"one of alternator_current_A, .* and \d+ more"):
        panel_curves(plausible_result.slow, ["qqqqqq"], "plot", "panels[0]")


def test_words_of_a_channel_are_its_name_without_the_unit() -> None:
    assert words_of(xr.DataArray([1.0], dims="time_s", name="case_degC")) == "case"


def called(result: Result, *names: str) -> list[str]:
    return [curve.words for curve in panel_curves(result.slow, names, "f", "p")[1]]


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
