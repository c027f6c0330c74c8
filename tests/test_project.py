"""One truth about packages, commands and licence, however often it is written down."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import cosim
from cosim.paths import ROOT, require_own_packages

CONDA_NAMES = {"matplotlib": "matplotlib-base"}
"""conda-forge names that differ: matplotlib-base leaves out Qt."""
CONDA_ONLY = {"python", "pip", "ngspice"}


def project() -> dict[str, object]:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(content, dict)
    return content


def requirements() -> dict[str, Requirement]:
    """Every package that pyproject.toml names, by its canonical name."""
    content = project()
    lines = list(content["dependencies"])  # type: ignore[call-overload]
    for extra in content["optional-dependencies"].values():  # type: ignore[attr-defined]
        lines += extra
    parsed = [Requirement(line) for line in lines]
    assert len({r.name for r in parsed}) == len(parsed)
    return {canonicalize_name(r.name): r for r in parsed}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pair) == 2 for pair in pairs)
    assert len({canonicalize_name(name) for name, _ in pairs}) == len(pairs)
    return {canonicalize_name(name): version for name, version in pairs}


def test_conda_environment_is_the_same_set() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    listed = [line for line in listed if isinstance(line, str)] + listed[-1]["pip"]  # not all are on conda-forge
    conda = {(r := Requirement(line)).name: str(r.specifier) for line in listed}
    assert len(conda) == len(listed)
    expected = {CONDA_NAMES.get(name, name): str(r.specifier) for name, r in requirements().items()}
    assert {name: spec for name, spec in conda.items() if name not in CONDA_ONLY} == expected
    assert set(conda) >= CONDA_ONLY
    assert conda["python"] == project()["requires-python"]


def test_every_package_is_pinned_within_its_bounds() -> None:
    pinned = pins()
    for name, requirement in requirements().items():
        assert requirement.specifier.contains(pinned[name]), f"{name}: {pinned[name]} is not {requirement}"


def test_licence_and_version() -> None:
    assert project()["license"] == "GPL-3.0-or-later"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text and "Version 3, 29 June 2007" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert re.fullmatch(r"\d+\.\d+\.\d+", cosim.__version__)


def test_ci_runs_the_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme and "make test" in readme
    commands = [line for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
                if line and not line.startswith("#")]
    assert commands[-1] == "exec make test"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_readme_names_only_what_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake (\w+)", readme)) <= targets
    for path in re.findall(r"\bscenarios/[\w./-]+\.yaml", readme):
        assert (ROOT / path).is_file(), path


def test_readme_example_is_valid_python() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        compile(block, "README.md", "exec")


def test_changelog_has_a_place_for_what_comes() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


# --- packages hidden by a folder of the user ----------------------------------------------------------------


def test_own_packages_are_found() -> None:
    require_own_packages()


@pytest.mark.parametrize("regular", [True, False])
def test_a_users_folder_that_hides_ours_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regular: bool
) -> None:
    folder = tmp_path / "hidden_by_user"
    folder.mkdir()
    if regular:
        (folder / "__init__.py").write_text("raise RuntimeError('must not be imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match=r"hidden_by_user: .*hides the package") as caught:
        require_own_packages(("hidden_by_user",))
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_package_is_named() -> None:
    with pytest.raises(ImportError, match=r"not_there_at_all: .*make setup"):
        require_own_packages(("not_there_at_all",))


# --- set-up -------------------------------------------------------------------------------------------------


@pytest.fixture
def set_up() -> ModuleType:
    spec = importlib.util.spec_from_file_location("set_up", ROOT / "scripts" / "set_up.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def missing_everywhere(set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(set_up, "installed_library", lambda: None)
    monkeypatch.setattr(set_up, "private_library", lambda: None)
    monkeypatch.setattr(set_up.platform, "system", lambda: system)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.delenv("BMS_COSIM_NO_SYSTEM_LIBRARY", raising=False)


def test_macos_is_told_the_command(set_up: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    missing_everywhere(set_up, monkeypatch, "Darwin")
    with pytest.raises(set_up.SetUpError, match="brew install libngspice"):
        set_up.provide_library()


def test_conda_is_told_the_command(set_up: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    missing_everywhere(set_up, monkeypatch, "Linux")
    monkeypatch.setenv("CONDA_PREFIX", "anywhere")
    with pytest.raises(set_up.SetUpError, match="conda install -c conda-forge ngspice"):
        set_up.provide_library()


@pytest.mark.parametrize(("root", "way"), [(True, "apt_install"), (False, "unpack_library")])
def test_debian_installs_as_root_and_unpacks_otherwise(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, root: bool, way: str
) -> None:
    missing_everywhere(set_up, monkeypatch, "Linux")
    done: list[str] = []
    monkeypatch.setattr(set_up, "has_apt", lambda: True)
    monkeypatch.setattr(set_up, "is_root", lambda: root)
    monkeypatch.setattr(set_up, "apt_install", lambda package: done.append("apt_install"))
    monkeypatch.setattr(set_up, "unpack_library", lambda: done.append("unpack_library"))
    monkeypatch.setattr(set_up, "private_library", lambda: "found" if done else None)
    assert set_up.provide_library() == "found"
    assert done == [way]


def test_an_old_python_is_refused_before_anything_is_made(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(set_up, "sys", SimpleNamespace(version_info=(3, 9, 2), stderr=sys.stderr))
    monkeypatch.setattr(set_up, "make_venv", lambda: pytest.fail("made something"))
    assert set_up.main() == 1
    message = capsys.readouterr().err
    assert "3.9 found, 3.11 or newer needed" in message and message.count("\n") == 1
