"""Finding the library, starting it without a trace, and the self-test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cosim.spice.errors import LibraryMissing, LibraryUnsuitable, SessionBusy
from cosim.spice.library import find_library
from cosim.spice.selftest import hand_resistance_ohm, run_self_test
from cosim.spice.session import SpiceSession

ROOT = Path(__file__).resolve().parents[3]


class _Device:
    """A library whose devices have a resistance of their own."""

    def __init__(self, factor_hot: float, factor_cold: float = 1.0) -> None:
        self._factors = (factor_cold, 1.0, factor_hot)

    def operating_point(self, deck: str) -> dict[str, float]:
        assert "thermal" in deck
        return {
            f"v(d{k})": factor * hand_resistance_ohm(t)
            for k, (t, factor) in enumerate(zip((-40.0, 25.0, 150.0), self._factors, strict=True))
        }


def test_hand_value_at_the_nominal_temperature() -> None:
    # 0.42 mOhm + 1 / (320 A/V2 x 6.9 V) = 0.42 + 0.45290 mOhm
    assert hand_resistance_ohm(27.0) == pytest.approx(0.87290e-3, rel=1e-5)


def test_the_installed_library_has_the_law_that_the_netlists_need() -> None:
    rows = run_self_test(SpiceSession.open())
    assert [temperature for temperature, _, _ in rows] == [-40.0, 25.0, 150.0]
    assert all(abs(measured / expected - 1.0) < 1e-3 for _, measured, expected in rows)


@pytest.mark.parametrize("device", [_Device(0.89), _Device(1.01), _Device(1.0, 1.09), _Device(float("nan"))])
def test_another_thermal_law_is_unsuitable(device: _Device) -> None:
    with pytest.raises(LibraryUnsuitable, match="expected"):
        run_self_test(device)


def test_one_session_per_process() -> None:
    assert SpiceSession.open() is SpiceSession.open()
    with pytest.raises(SessionBusy):
        SpiceSession(find_library())
    assert SpiceSession.open().version_text.startswith("ngspice-")


def test_a_missing_library_is_one_line_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BMS_COSIM_LIBNGSPICE", str(tmp_path / "libngspice.so.0"))
    with pytest.raises(LibraryMissing) as caught:
        find_library()
    assert "\n" not in str(caught.value)
    assert "install" in str(caught.value)


def test_the_environment_variable_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    name = find_library()
    monkeypatch.setenv("BMS_COSIM_LIBNGSPICE", name)
    assert find_library() == name


def test_an_unpacked_library_comes_before_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not a library at all here, so that the order shows in the message when nothing else is left."""
    folder = tmp_path / "lib" / "bms-cosim" / "usr"
    folder.mkdir(parents=True)
    (folder / "libngspice.so.0").write_text("no library")
    monkeypatch.delenv("BMS_COSIM_LIBNGSPICE", raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr("cosim.spice.library.SYSTEM_NAMES", ("libdoes-not-exist.so",))
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    with pytest.raises(LibraryMissing, match=r"usr/libngspice\.so\.0"):
        find_library()


def test_dependencies_beside_the_library_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiler = next((c for c in ("cc", "gcc") if _works(c)), None)
    if compiler is None:
        pytest.skip("needs a C compiler")
    for name, text, needs in (
        ("libzzinner.so.1", "int zz_inner(void){return 1;}", None),
        ("libzzouter.so.1", "int zz_inner(void); int zz_outer(void){return zz_inner();}", "libzzinner.so.1"),
        (
            "libngspice.so.0",
            "int zz_outer(void); int ngSpice_zz(void){return zz_outer();}",
            "libzzouter.so.1",
        ),
    ):
        (tmp_path / "x.c").write_text(text)
        extra = [str(tmp_path / needs)] if needs else []
        subprocess.run(
            [
                compiler,
                "-shared",
                "-fPIC",
                "-o",
                name,
                f"-Wl,-soname,{name}",
                "x.c",
                "-Wl,--unresolved-symbols=ignore-all",
                *extra,
            ],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    monkeypatch.setenv("BMS_COSIM_LIBNGSPICE", str(tmp_path / "libngspice.so.0"))
    assert find_library() == str(tmp_path / "libngspice.so.0")


def _works(compiler: str) -> bool:
    try:
        return subprocess.run([compiler, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def test_start_is_silent_reads_no_start_file_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".spiceinit").write_text("set temp=99\necho I was read\n")
    script = """
import os
from cosim.spice.session import SpiceSession
session = SpiceSession.open()
waves = session.transient("v1 a 0 1\\nr1 a 0 1\\n", tstop_s=1e-3, tmax_s=1e-4, signals=["v(a)"])
assert any("TEMP = 27.0" in line for line in waves.log), waves.log
assert not any("I was read" in line for line in waves.log)
print(sorted(os.listdir(".")))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "['.spiceinit']"
