"""What is absent is left out of the benchmark, with the reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import banks, peers


def test_an_environment_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BMS_COSIM_PYBAMM_PYTHON", str(tmp_path / "python"))
    with pytest.raises(peers.PeerMissing, match=r"pybamm: .*python is not there; `make bench-peers` fetches it"):
        banks.pybamm_cell()


def test_a_program_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BMS_COSIM_NGSPICE", str(tmp_path / "ngspice"))
    with pytest.raises(peers.PeerMissing, match="ngspice is not there"):
        peers.ngspice_program()


def test_an_environment_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BMS_COSIM_LIIONPACK_PYTHON", sys.executable)
    with pytest.raises(peers.PeerMissing, match="liionpack: the package is not in"):
        banks.liionpack_pack()
