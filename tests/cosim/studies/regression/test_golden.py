"""Golden files: thinning within its bound, same bits, damage; and what a test sees of the fixture's object."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from cosim.errors import InputError
from cosim.studies.compare.recording import Recording
from cosim.studies.compare.tolerances import parse_tolerances
from cosim.studies.compare.tube import Waveform
from cosim.studies.regression import golden
from cosim.studies.regression.check import WaveformRegression, WaveformsDiffer

T = np.linspace(0.0, 1.0, 2001)


def rise(scale: float = 90.0) -> Recording:
    out = Recording("test")
    out.add("i_A", "A", T, scale * (1.0 - np.exp(-T / 0.05)))
    out.add("v_V", "V", T, 13.0 + 0.0 * T)
    return out


@pytest.mark.parametrize("seed", range(5))
def test_thinning_stays_within_its_width_and_thins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(0.0, 1.0, 3000))
    t[1500] = t[1499]
    wave = Waveform(t, np.cumsum(rng.normal(0.0, 0.02, t.size)) + 3.0 * (np.arange(t.size) >= 1500))
    width = 0.1 + 0.05 * np.abs(wave.value)
    thin = golden.thinned(wave, width)
    away = np.abs(np.interp(t, *thin) - wave.value) / width
    step = np.isin(t, t[1500])  # np.interp knows one value at a step; both of its ends stay
    assert away[~step].max() <= 1.0 and thin.time_s.size < t.size / 4
    assert {wave.value[1499], wave.value[1500]} <= set(thin.value)
    assert thin.time_s[0] == t[0] and thin.time_s[-1] == t[-1]


def regression(folder: Path, regenerate: bool = False) -> WaveformRegression:
    return WaveformRegression(folder / "golden", "test_x", folder / "failures", regenerate)


def test_written_then_compared_then_changed(tmp_path: Path) -> None:
    writer = regression(tmp_path, regenerate=True)
    assert writer(rise(), "made by hand") is None
    (path,) = writer.written
    assert path == tmp_path / "golden" / "test_x.npz" and path.stat().st_size < 5000
    first = path.read_bytes()
    regression(tmp_path, regenerate=True)(rise(), "made by hand")
    assert path.read_bytes() == first, "equal waveforms give equal bytes"
    known = golden.read(path)
    assert known.made_by == "made by hand" and {"numpy", "python", "smart-bms-cosim"} <= set(known.versions)
    found = regression(tmp_path)(rise(), "made by hand")
    assert found is not None and found.passed and found.worst is not None and 0.0 < found.worst.used < 0.12
    assert not (tmp_path / "failures").exists()
    with pytest.raises(WaveformsDiffer) as told:
        regression(tmp_path)(rise(92.0), "made by hand")
    text = str(told.value)
    assert "FAILED i_A" in text and "made by hand" in text and "--regenerate-golden" in text
    picture = tmp_path / "failures" / "test_x" / "compare.png"
    assert str(picture) in text and picture.read_bytes()[:4] == b"\x89PNG"
    assert path.read_bytes() == first


def test_a_missing_golden_file_fails_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(WaveformsDiffer, match="no golden file"):
        regression(tmp_path)(rise(), "by hand")
    assert not (tmp_path / "golden").exists()


def test_a_signal_more_or_less_fails(tmp_path: Path) -> None:
    regression(tmp_path, regenerate=True)(rise(), "by hand")
    with pytest.raises(WaveformsDiffer, match="v_V: missing from the result"):
        regression(tmp_path)(rise(), "by hand", signals=["i_A"])
    more = rise()
    more.add("w_W", "W", T, T)
    with pytest.raises(WaveformsDiffer, match="not in the golden file: w_W"):
        regression(tmp_path)(more, "by hand")
    with pytest.raises(InputError, match="u_V"):
        regression(tmp_path)(rise(), "by hand", signals=["u_V"])


def test_a_much_smaller_tolerance_asks_for_a_new_file(tmp_path: Path) -> None:
    regression(tmp_path, regenerate=True)(rise(), "by hand", tolerances={"units": {"A": {"absolute": 1.0}}})
    assert regression(tmp_path)(rise(), "by hand", tolerances={"units": {"A": {"absolute": 0.6}}}) is not None
    with pytest.raises(WaveformsDiffer, match="was thinned for absolute 1 of i_A"):
        regression(tmp_path)(rise(), "by hand", tolerances={"units": {"A": {"absolute": 0.4}}})


def test_time_tolerance_is_that_of_the_record_and_not_of_the_thinned_file(tmp_path: Path) -> None:
    """A step that comes 10 points late: the thinned file has points far apart, the record had not."""
    def step(at: int) -> dict[str, tuple[object, object]]:
        return {"x_A": (T, 10.0 * (np.arange(T.size) >= at))}

    regression(tmp_path, regenerate=True)(step(1000), "by hand")
    assert regression(tmp_path)(step(1001), "by hand") is not None
    with pytest.raises(WaveformsDiffer):
        regression(tmp_path)(step(1010), "by hand")


def test_datasets_mappings_and_names_of_their_own(tmp_path: Path) -> None:
    data = xr.Dataset({"i_A": ("time_s", T)}, {"time_s": T})
    writer = regression(tmp_path, regenerate=True)
    writer(data, "by hand", name="first")
    writer({"x": (T, T, "lux")}, "by hand", name="second")
    assert [path.name for path in writer.written] == ["test_x.first.npz", "test_x.second.npz"]
    assert golden.read(writer.written[1]).recording.signals["x"].unit == "lux"
    assert regression(tmp_path)({"i_A": (T, T)}, "by hand", name="first") is not None


def test_nan_is_refused_when_writing_and_when_comparing(tmp_path: Path) -> None:
    for regenerate in (True, False):
        with pytest.raises(InputError, match="value nan"):
            regression(tmp_path, regenerate)({"x": (T, np.where(T > 0.5, np.nan, T))}, "by hand")


def test_single_precision_only_where_it_costs_nothing(tmp_path: Path) -> None:
    fine = parse_tolerances({"default": {"absolute": 1e-9, "relative": 0.0}})
    own = Recording("x")
    own.add("v_V", "V", T, 13.0 + 1e-6 * np.sin(50.0 * T))
    stated = fine.of(own.signals["v_V"])
    assert stated is not None and stated.tolerance.absolute == 1e-9
    golden.write(tmp_path / "a.npz", own, {"v_V": stated}, "by hand")
    back = golden.read(tmp_path / "a.npz").recording.signals["v_V"].wave
    assert np.abs(np.interp(T, *back) - own.signals["v_V"].wave.value).max() <= 1.01e-10


@pytest.mark.parametrize("damage", [lambda b: b[:100], lambda b: b"", lambda b: b.replace(b"i_A", b"i_B") + b"x" * 9])
def test_damage_is_one_line(damage, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    writer = regression(tmp_path, regenerate=True)
    writer(rise(), "by hand")
    path = writer.written[0]
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(damage(bytes(content)))
    with pytest.raises(InputError, match="damaged"):
        golden.read(path)
