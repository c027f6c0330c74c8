"""Which models are validated, and which complaint a wrong choice gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.errors import InputError
from cosim.validation import register
from cosim.validation.register import MODELS, Model, check_of, chosen


@pytest.fixture
def with_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A register with one model more, which needs data."""
    monkeypatch.setattr(register, "MODELS", (Model("measured", True, "nowhere"), *MODELS))


def test_everything_in_the_register_is_there() -> None:
    assert len({model.name for model in MODELS}) == len(MODELS)
    for model in MODELS:
        assert callable(check_of(model))


def test_all_by_default_and_named_ones_in_the_order_of_the_register() -> None:
    assert chosen([], None) == ([m for m in MODELS if not m.needs_data], [m for m in MODELS if m.needs_data])
    assert [model.name for model in chosen(["cable", "fuse"], None)[0]] == ["fuse", "cable"]


def test_unknown_model() -> None:
    with pytest.raises(InputError, match=r"turbine.*allowed: .*alternator"):
        chosen(["turbine"], None)


def test_data_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a directory"):
        chosen([], tmp_path / "absent")


@pytest.mark.usefixtures("with_measured")
def test_without_data_what_needs_it_is_left_out_and_said(tmp_path: Path) -> None:
    models, left_out = chosen([], None)
    assert models == [model for model in MODELS if not model.needs_data]
    assert [model.name for model in left_out] == ["measured", "cell"]
    assert chosen([], tmp_path)[1] == []


@pytest.mark.usefixtures("with_measured")
def test_asked_for_by_name_without_data_is_bad_input() -> None:
    with pytest.raises(InputError, match=r"measured.*--data"):
        chosen(["measured"], None)
