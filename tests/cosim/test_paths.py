"""Where the project looks for what is not part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim import paths


def test_measured_data_is_where_the_variable_says_or_beside_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path / "repository")
    monkeypatch.delenv(paths.DATA_VARIABLE, raising=False)
    assert paths.measured_data() is None
    (tmp_path / "shared" / "data").mkdir(parents=True)
    assert paths.measured_data() == tmp_path / "shared" / "data"
    monkeypatch.setenv(paths.DATA_VARIABLE, str(tmp_path))
    assert paths.measured_data() == tmp_path
    monkeypatch.setenv(paths.DATA_VARIABLE, str(tmp_path / "absent"))
    assert paths.measured_data() is None
