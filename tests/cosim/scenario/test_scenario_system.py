"""The `system` section of a scenario: what is accepted and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cosim.errors import InputError
from cosim.scenario.system import LOADERS, Inverter, Mains, Solar, System, check_system

GOOD: dict[str, Any] = {
    "devices": [
        {"kind": "inverter", "demand_W": [[0, 0], [10, 2000]]},
        {"kind": "dc_loads", "remote": "always_on"},
        {"kind": "solar", "clear_days": {"peak_W_m2": 800}},
        {"kind": "mains", "plugged_s": [[100, 200], [300, 400]]},
    ]
}


def test_every_kind_of_device() -> None:
    system = System.model_validate(GOOD)
    check_system(system, "here")
    assert [device.kind for device in system.devices] == list(LOADERS)
    assert System().devices == []


@pytest.mark.parametrize(("device", "told"), [
    ({"kind": "toaster"}, "toaster"),
    ({"kind": "inverter", "demand_W": []}, "demand_W"),
    ({"kind": "inverter", "demand_W": [[1, 5], [1, 6]]}, "rise strictly"),
    ({"kind": "inverter", "demand_W": [[0, -5]]}, "greater than or equal to 0"),
    ({"kind": "inverter", "demand_W": [[0, 5]], "colour": "red"}, "colour"),
    ({"kind": "solar"}, "either clear_days or irradiance_W_m2"),
    ({"kind": "solar", "clear_days": {}, "irradiance_W_m2": [[0, 1]]}, "either"),
    ({"kind": "solar", "irradiance_W_m2": []}, "at least one"),
    ({"kind": "solar", "irradiance_W_m2": [[0, 1e5]]}, "1500"),
    ({"kind": "solar", "clear_days": {"sunrise_s": 50000, "sunset_s": 40000}}, "later than sunrise_s"),
    ({"kind": "mains", "plugged_s": [[100, 50]]}, "rise strictly"),
    ({"kind": "mains", "plugged_s": [[100, 300], [200, 400]]}, "rise strictly"),
    ({"kind": "dc_loads", "remote": "perhaps"}, "always_on"),
])
def test_refused(device: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        System.model_validate({"devices": [device]})
    assert told in str(caught.value)


def test_parameter_files_are_read() -> None:
    system = System(devices=[Inverter(kind="inverter", demand_W=[(0.0, 0.0)], parameters="no_such")])
    with pytest.raises(InputError, match=r"system\.devices\.0\.parameters: no_such"):
        check_system(system, "here")
    wrong = System(devices=[Mains(kind="mains", plugged_s=[(0.0, 1.0)], parameters="alternator_150A")])
    with pytest.raises(InputError, match="alternator_150A"):
        check_system(wrong, "here")
    dark = System(devices=[Solar(kind="solar", irradiance_W_m2=[(0.0, 0.0)], parameters="charger_mains_12V_70A")])
    with pytest.raises(InputError, match="solar array"):
        check_system(dark, "here")
