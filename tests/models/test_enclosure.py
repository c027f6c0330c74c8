"""Box in still air: area, film coefficients and balance by hand."""

import pytest

from models import enclosure


def test_area_of_the_product() -> None:
    # 65 x 120 x 340 mm without its bottom: 2 x 0.065 x 0.46 + 0.12 x 0.34 = 0.1006 m2.
    assert enclosure.exposed_area_m2(0.065, 0.120, 0.340) == pytest.approx(0.1006)


def test_radiation_by_hand() -> None:
    # eps sigma (T^4 - Ta^4) / (T - Ta) from 60 to 110 degC: 5.67e-8 x (383.15^4 - 333.15^4) / 50 = 10.47.
    by_hand = 5.670374e-8 * (383.15**4 - 333.15**4) / 50.0
    assert enclosure.radiation_W_m2_K(110.0, 60.0, 1.0) == pytest.approx(by_hand, rel=1e-12)
    assert by_hand == pytest.approx(10.47, abs=0.01)
    # Equal temperatures: 4 eps sigma T^3.
    assert enclosure.radiation_W_m2_K(25.0, 25.0, 0.9) == pytest.approx(4.0 * 0.9 * 5.670374e-8 * 298.15**3)


def test_convection_against_the_usual_rule() -> None:
    # Rule of thumb for laminar free convection on a vertical plate in air near 320 K: 1.42 (dT / L)^(1/4).
    for rise_K, height_m in ((20.0, 0.12), (50.0, 0.12), (50.0, 0.34)):
        film = enclosure.convection_W_m2_K(25.0 + rise_K, 25.0, height_m)
        assert film == pytest.approx(1.42 * (rise_K / height_m) ** 0.25, rel=0.15)


def test_no_difference_no_heat_and_sign() -> None:
    assert enclosure.box_heat_W(25.0, 25.0, 0.1, 0.12, 0.9) == 0.0
    assert enclosure.box_heat_W(20.0, 25.0, 0.1, 0.12, 0.9) < 0.0 < enclosure.box_heat_W(30.0, 25.0, 0.1, 0.12, 0.9)


def test_surface_temperature_inverts_the_heat() -> None:
    surface_degC = enclosure.surface_temperature_degC(60.0, 60.0, 0.1006, 0.12, 0.9)
    assert enclosure.box_heat_W(surface_degC, 60.0, 0.1006, 0.12, 0.9) == pytest.approx(60.0, rel=1e-4)
    assert enclosure.surface_temperature_degC(0.0, 60.0, 0.1006, 0.12, 0.9) == pytest.approx(60.0, abs=1e-3)
    with pytest.raises(ValueError, match="heat"):
        enclosure.surface_temperature_degC(-1.0, 60.0, 0.1006, 0.12, 0.9)
