"""Cable: resistance, inductance, heating by hand."""

import math

import pytest

from models import cable
from models.parameter_file import ParameterError

P = cable.load_cable(3.0, 35.0)


def test_resistance_and_inductance_by_hand() -> None:
    # 1.724e-8 x 1.03 x 3 / 35e-6 + 2 x 20 uohm = 1.562 mohm; 0.9 uH/m.
    assert P.resistance_20_ohm == pytest.approx(1.562e-3, rel=1e-3)
    assert P.inductance_H == pytest.approx(2.7e-6)
    assert cable.resistance_ohm(70.0, P) == pytest.approx(P.resistance_20_ohm * 1.1965)
    assert cable.resistance_ohm(-1000.0, P) > 0.0


def test_usual_ampacity() -> None:
    # 90 A in 35 mm2 warms it by some 10..15 K, 200 A to near 80 degC at 25 degC of air.
    def settled(current_A: float) -> float:
        return cable.step_temperature(25.0, current_A, 25.0, 1e5, P)

    assert 8.0 < settled(90.0) - 25.0 < 20.0
    assert 45.0 < settled(200.0) - 25.0 < 80.0


def test_steady_temperature_by_hand() -> None:
    rise = 8100.0 * P.resistance_20_ohm * P.thermal_resistance_K_W
    expected = (25.0 + rise * (1.0 - 20.0 * P.alpha_per_K)) / (1.0 - P.alpha_per_K * rise)
    assert cable.step_temperature(25.0, 90.0, 25.0, 1e6, P) == pytest.approx(expected, rel=1e-12)


def test_cooling_by_hand() -> None:
    tau_s = P.heat_capacity_J_K * P.thermal_resistance_K_W
    assert cable.step_temperature(80.0, 0.0, 20.0, tau_s, P) == pytest.approx(20.0 + 60.0 / math.e)
    assert cable.step_temperature(20.0, 0.0, 20.0, 1e4, P) == pytest.approx(20.0, abs=1e-12)


def test_energy_balance_with_constant_resistance() -> None:
    p = P._replace(alpha_per_K=0.0)
    dt_s, heat_W = 50.0, cable.heat_W(25.0, 150.0, p)
    assert heat_W == pytest.approx(22500.0 * p.resistance_20_ohm)
    end = cable.step_temperature(30.0, 150.0, 25.0, dt_s, p)
    tau_s = p.heat_capacity_J_K * p.thermal_resistance_K_W
    target = 25.0 + heat_W * p.thermal_resistance_K_W
    mean_degC = target + (30.0 - target) * tau_s / dt_s * (1.0 - math.exp(-dt_s / tau_s))
    lost_J = dt_s * (mean_degC - 25.0) / p.thermal_resistance_K_W
    assert p.heat_capacity_J_K * (end - 30.0) + lost_J == pytest.approx(heat_W * dt_s, rel=1e-9)


@pytest.mark.parametrize(("length_m", "area_mm2", "field"), [(0.0, 35.0, "length_m"), (3.0, 1e4, "area_mm2")])
def test_impossible_cable_is_refused(length_m: float, area_mm2: float, field: str) -> None:
    with pytest.raises(ParameterError, match=field):
        cable.load_cable(length_m, area_mm2)
