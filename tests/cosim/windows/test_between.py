"""Points between events are taken by compiled code; window and errors are what they are when Python takes them all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cosim.spice.errors import CallbackFailed
from cosim.spice.session import SpiceSession
from cosim.spice.transient import TransientRun
from cosim.windows import exchange_point as point
from cosim.windows.policy import WindowRequest
from cosim.windows.window import Window
from tests.cosim.windows.test_window import START, make_window


class WithoutHook:
    """The session, with Python at every point."""

    def __init__(self, session: SpiceSession) -> None:
        self._session = session
        self.version_text, self.request_stop = session.version_text, session.request_stop
        self.longest_step_s = session.longest_step_s

    def transient(self, deck: str, **arguments: Any) -> Any:
        arguments.pop("hook")
        return self._session.transient(deck, **arguments)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the points that Python is asked at."""
    counted = [0]
    accept = TransientRun.accept

    def count(self: TransientRun) -> None:
        counted[0] += 1
        accept(self)

    monkeypatch.setattr(TransientRun, "accept", count)
    return counted


@pytest.mark.parametrize("enabled", [False, True])
def test_a_window_is_the_same_to_the_bit_with_python_at_every_point(
    spice: SpiceSession, asked: list[int], enabled: bool
) -> None:
    request = WindowRequest("test", "test", START, 2, 20)
    compiled = make_window(request, enabled)[0].run(spice)
    few, asked[0] = asked[0], 0
    python = make_window(request, enabled)[0].run(WithoutHook(spice))  # type: ignore[arg-type]
    assert compiled.dataset.identical(python.dataset)
    assert compiled.settled == python.settled == (not enabled)  # the latter has a limit of two ticks
    assert np.array_equal(compiled.state.battery.soc, python.state.battery.soc)
    for (_, one, x, _, _), (_, other, y, _, _) in zip(compiled.tick_rows, python.tick_rows, strict=True):
        assert np.array_equal(one.battery.soc, other.battery.soc)
        assert np.array_equal(one.box.junction_degC, other.box.junction_degC)
        assert x == y
    assert asked[0] > compiled.dataset.sizes["time_s"]
    assert few < asked[0] / 4


def with_broken(window: Window, tick: int, break_it: Any) -> Window:
    """Do something to a window at a tick; its points afterwards meet it in compiled code."""
    at_tick = window._at_tick

    def broken(spice_s: float, values: Any) -> list[float]:
        more = at_tick(spice_s, values)
        if window._tick == tick:
            break_it(window)
        return more

    window._at_tick = broken  # type: ignore[method-assign]
    return window


def test_a_source_that_is_not_finite_ends_the_run_and_leaves_the_session_usable(spice: SpiceSession) -> None:
    def spoil(window: Window) -> None:
        state = window._fast.state
        window._fast.state = state._replace(fuse=state.fuse._replace(temperature_degC=np.nan))

    window = with_broken(make_window(WindowRequest("test", "test", START, 2, 2))[0], START + 1, spoil)
    with pytest.raises(CallbackFailed, match="a model gave a source that is not finite"):
        window.run(spice)
    assert make_window()[0].run(spice).end_tick == START + 4


def test_an_exception_in_compiled_code_comes_to_the_caller(spice: SpiceSession) -> None:
    def spoil(window: Window) -> None:
        window._p.box.cauer.resistance_K_W[:] = 0.0  # what compiled code divides by; it has the same memory

    window = with_broken(make_window(WindowRequest("test", "test", START, 2, 2))[0], START + 1, spoil)
    with pytest.raises(CallbackFailed, match="ZeroDivisionError"):
        window.run(spice)
    assert make_window()[0].run(spice).end_tick == START + 4


def test_models_left_half_stepped_end_the_run(spice: SpiceSession) -> None:
    """An exception in compiled code reaches nobody there; if it does not come again in Python, this remains of it."""
    def spoil(window: Window) -> None:
        window._fast._numbers[point.BROKEN] = 1.0

    window = with_broken(make_window(WindowRequest("test", "test", START, 2, 2))[0], START + 1, spoil)
    with pytest.raises(CallbackFailed, match="half stepped"):
        window.run(spice)
    assert make_window()[0].run(spice).end_tick == START + 4
