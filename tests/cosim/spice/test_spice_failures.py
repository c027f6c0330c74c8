"""Every failure of engine_facts is injected; it must raise its typed error, and the next good run must be
right."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.spice.errors import (
    CallbackFailed,
    DeckInvalid,
    InsaneOperatingPoint,
    Interrupted,
    OperatingPointFailed,
    PointBudgetExceeded,
    SessionBusy,
    SpiceError,
    SweepFailed,
    TransientAborted,
)
from cosim.spice.judge import judge_operating_point
from cosim.spice.log import RunLog
from cosim.spice.session import LADDER, Rung, SourceTable, SpiceSession

Array = NDArray[np.float64]

GOOD = "* good\nv1 a 0 external\nr1 a b 1k\nr2 b 0 3k\n"
# Positive feedback that no time step can follow once v(a) passes 0.5 V.
EXPLOSIVE = (
    "* explosive\nv1 a 0 pulse(0 1 10u 1u 1u 1)\nb1 0 c i='(v(a)>0.5)*1e9*exp(v(c))'\nc1 c 0 1n\nr1 c 0 1k\n"
)
# A van der Pol oscillator of 160 kHz (Gear's method damps it away at longer steps than 1 us).
OSCILLATOR = "* oscillator\nl1 o 0 1u\nc1 o 0 1u\nb1 o 0 i='-0.5*v(o)+0.1*v(o)*v(o)*v(o)'\n.ic v(o)=0.1\n"


def sources(value: float = 4.0) -> SourceTable:
    table = SourceTable()
    table.hold("v1", 0.0, value)
    return table


@pytest.fixture
def session() -> Iterator[SpiceSession]:
    """The session; after each test a good run must give 3 V, with no trace of what went before."""
    opened = SpiceSession.open()
    yield opened
    waves = opened.transient(GOOD, tstop_s=1e-3, tmax_s=1e-4, signals=["v(b)"], sources=sources())
    assert waves["v(b)"][-1] == pytest.approx(3.0, rel=1e-6)
    assert waves.time_s[-1] == 1e-3
    assert waves.title == "good"
    assert set(opened.operating_point("v1 x 0 1\nr1 x 0 1\n")) == {"v(x)", "i(v1)"}


def run(session: SpiceSession, deck: str, signals: tuple[str, ...] = (), tstop_s: float = 1e-3) -> None:
    session.transient(deck, tstop_s=tstop_s, tmax_s=tstop_s / 100, signals=signals, ladder=())


# ---- decks ----
@pytest.mark.parametrize(
    ("deck", "says"),
    [
        ("* d\nv1 a 0 1\nd1 a 0 nomodel\n", "nomodel"),
        ("* d\nv1 a 0 1\nx1 a 0 nosub\n", "nosub"),
        ("* d\nv1 a 0 1\nx1 a 0 s\n.subckt s p n q\nr1 p n 1\nr2 q 0 1\n.ends\n", "parameters"),
        ("* d\nv1 a 0 1\nr1 a 0 {missing}\n", "missing"),
        ("* d\nv1 a 0 1\nr1 a 0 r='2*missing'\n", "missing"),
        ("* d\nv1 a 0 1\nb1 b 0 v='missing*v(a)'\nr1 b 0 1\n", "missing"),
        ("* d\nv1 a 0 1\nr1 a 0 {nofunction(2)}\n", "nofunction"),
        ("* d\nv1 a 0 1\nr1 a 0 {2*3\n", "unbalanced"),
        ("* d\nv1 a 0 1\nr1 a 0 {(2*3}\n", "unbalanced"),
        ("* d\nv1 a 0 1\nr1 a 0 r='2*3\n", "quote"),
        ("* d\nv1 a 0 1\nr1 a 0 {}\n", "empty"),
        ("* d\nv1 a 0 1\nr1 a 0 1\n.subckt s p n\nr1 p n 1\n", ".ends"),
        ("* d\nv1 a 0 1\nr1 a 0 1\n.ends\n", ".subckt"),
        ("* d\nv1 a 0 1\nr1 a 0 1\nr1 a 0 2\n", "exists"),
        ("* d\nv1 a 0 1\ne1 a b\n", "parameters"),
        ("* d\nv1 a 0 1\nr1 a 0 {1/0}\n", "inf"),
        ("+ r1 a 0 1\n", "continues"),
        ("* d\nv1 a 0 1\nr1 a 0 1\n.tran 1u 1m\n", ".tran"),
        ("* d\nv1 a 0 1\nr1 a 0 1\n.options reltol=1\n", ".options"),
        ("* d\nv1 a 0 external\nr1 a 0 1\n", "v1"),
        ("", "no elements"),
        ("* only words\n.param x=1\n", "no elements"),
    ],
)
def test_a_deck_that_is_no_circuit(session: SpiceSession, deck: str, says: str) -> None:
    with pytest.raises(DeckInvalid, match="(?i)" + says.replace(".", r"\.")):
        run(session, deck)
    assert session.poisoned is None


@pytest.mark.parametrize("signal_name", ["v(nowhere)", "i(r9)", "@r1[nothing]"])
def test_a_signal_that_does_not_exist(session: SpiceSession, signal_name: str) -> None:
    with pytest.raises(DeckInvalid, match="no such signal") as caught:
        run(session, "v1 a 0 1\nr1 a 0 1\n", ("v(a)", signal_name))
    assert caught.value.node == signal_name
    with pytest.raises(DeckInvalid, match="no such signal"):
        session.dc_sweep("v1 a 0 1\nr1 a 0 1\n", [signal_name], source="v1", start=0, stop=1, step=0.5)


def test_an_external_source_without_value_inside_a_subcircuit(session: SpiceSession) -> None:
    with pytest.raises(DeckInvalid, match="inside a subcircuit"):
        run(session, "x1 a s\nr1 a 0 1\n.subckt s p\nvs p 0 external\n.ends\n", ("v(a)",))


def test_after_a_failed_load_the_old_circuit_does_not_run(session: SpiceSession) -> None:
    session.transient(GOOD, tstop_s=1e-3, tmax_s=1e-4, signals=["v(b)"], sources=sources())
    seen: list[float] = []
    with pytest.raises(DeckInvalid):
        session.transient(
            "* d\nx1 b 0 nosub\nr1 b 0 1\n",
            tstop_s=1e-3,
            tmax_s=1e-4,
            signals=["v(b)"],
            on_accept=lambda t, v: seen.append(t),
        )
    assert seen == []


# ---- numerics ----
def test_time_step_too_small(session: SpiceSession) -> None:
    with pytest.raises(TransientAborted, match=r"(?i)timestep too small") as caught:
        run(session, EXPLOSIVE, ("v(c)",), 1e-4)
    assert caught.value.deck == "explosive"
    assert caught.value.time_s == pytest.approx(10.5e-6, abs=1e-6)
    assert caught.value.node == "c"
    assert "t = " in str(caught.value)


def test_retry_ladder_is_climbed_and_recorded(session: SpiceSession) -> None:
    """The first two tries are driven into an explosion; the caller's state is put back before each retry."""
    table, tries, restarts = sources(), [0], []

    def restart() -> None:
        restarts.append(table.at("v1", 0.0))
        tries[0] += 1

    def on_accept(time_s: float, values: Array) -> None:
        table.hold("v1", time_s, 5.0 if tries[0] < 2 and time_s > 2e-4 else 4.0)

    explosive_above_4_5_V = "b1 0 c i='(v(a)>4.5)*1e9*exp(v(c))'\nc1 c 0 1n\nr3 c 0 1k\n"
    waves = session.transient(
        GOOD + explosive_above_4_5_V,
        tstop_s=1e-3,
        tmax_s=1e-4,
        signals=["v(b)"],
        sources=table,
        on_accept=on_accept,
        restart=restart,
    )
    assert len(waves.retries) == 2
    assert LADDER[0].name in waves.retries[0]
    assert LADDER[1].name in waves.retries[1]
    assert restarts == [4.0, 4.0]
    assert np.allclose(waves["v(b)"], 3.0, rtol=1e-6)


def test_without_restart_a_run_with_a_hook_is_not_repeated(session: SpiceSession) -> None:
    starts: list[float] = []

    def on_accept(time_s: float, values: Array) -> None:
        if time_s == 0.0:
            starts.append(time_s)

    with pytest.raises(TransientAborted):
        session.transient(EXPLOSIVE, tstop_s=1e-4, tmax_s=1e-6, signals=["v(c)"], on_accept=on_accept)
    assert starts == [0.0]


def test_the_ladder_gives_up_with_the_last_error(session: SpiceSession) -> None:
    with pytest.raises(TransientAborted):
        session.transient(EXPLOSIVE, tstop_s=1e-4, tmax_s=1e-6, signals=["v(c)"], ladder=(Rung("again"),))


def test_a_limit_cycle_meets_the_point_budget(session: SpiceSession) -> None:
    with pytest.raises(PointBudgetExceeded) as caught:
        session.transient(OSCILLATOR, tstop_s=10.0, tmax_s=1e-6, signals=["v(o)"], max_points=5000)
    assert caught.value.time_s is not None
    assert 0.0 < caught.value.time_s < 1.0


def test_singular_circuit(session: SpiceSession) -> None:
    deck = "* two sources\nv1 a 0 1\nv2 a 0 2\nr1 a 0 1\n"
    with pytest.raises(OperatingPointFailed) as caught:
        run(session, deck, ("v(a)",))
    assert caught.value.node is not None
    with pytest.raises(OperatingPointFailed):
        session.operating_point(deck)
    with pytest.raises(SweepFailed):
        session.dc_sweep(deck, ["v(a)"], source="v1", start=0, stop=1, step=0.5)


@pytest.mark.parametrize(
    "deck",
    [
        # ngspice finds 'solutions' of these two by 'Transient op'; the third one oscillates, and there
        # 'Transient op' would run for ever.
        "v1 p 0 1\nb1 a 0 i='(v(a)>0.5)? 1 : -1'\nr1 a 0 1\nc1 a 0 1u\n",
        "v1 p 0 1\nr1 p a 1\nb1 a 0 i='(v(a)>0.3)? 10*v(a) : -3'\nc1 a 0 1u\n",
        "v1 p 0 1\nb1 o 0 v='(v(a)<0.5)? 1 : 0'\nr1 o a 1k\nc1 a 0 1n\nr2 p 0 1\n",
    ],
)
def test_no_solution_by_transient_op(session: SpiceSession, deck: str) -> None:
    with pytest.raises(OperatingPointFailed):
        session.operating_point(deck)
    with pytest.raises(OperatingPointFailed):
        run(session, deck, ("v(p)",))


def test_a_library_that_uses_transient_op_all_the_same_is_seen() -> None:
    lines = RunLog()
    lines.add("Note: Transient op started")
    lines.add("Note: Transient op finished successfully")
    with pytest.raises(OperatingPointFailed, match="Transient op"):
        judge_operating_point("deck", {"v(a)": 1.0}, lines, {})


def test_an_insane_operating_point_names_its_node(session: SpiceSession) -> None:
    deck = "* insane\ni1 0 a 1m\nr1 a 0 1e9\nv1 c 0 1\nr2 c 0 1\n"
    with pytest.raises(InsaneOperatingPoint) as caught:
        session.operating_point(deck)
    assert caught.value.node == "v(a)"
    sane = "* sane\nv1 a 0 14\nr1 a b 1\nr2 b 0 1\n"
    with pytest.raises(InsaneOperatingPoint) as caught:
        session.operating_point(sane, bounds={"v(b)": (8.0, 15.0)})
    assert caught.value.node == "v(b)"
    assert session.operating_point(sane, bounds={"v(b)": (6.0, 15.0)})["v(b)"] == pytest.approx(7.0)
    with pytest.raises(DeckInvalid, match="bounds"):
        session.operating_point(sane, bounds={"v(c)": (6.0, 15.0)})


# ---- sources and hooks ----
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_source_value_that_is_not_finite(session: SpiceSession, bad: float) -> None:
    table = sources()

    def on_accept(time_s: float, values: Array) -> None:
        if time_s > 5e-4:
            table.hold("v1", time_s, bad)

    with pytest.raises(CallbackFailed, match="must be finite") as caught:
        session.transient(
            GOOD, tstop_s=1e-3, tmax_s=1e-4, signals=["v(b)"], sources=table, on_accept=on_accept
        )
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_source_that_overflows_later(session: SpiceSession) -> None:
    table = sources()
    table.hold("v1", 0.0, 0.0, 1e308)
    with pytest.raises((TransientAborted, OperatingPointFailed)):
        session.transient(
            GOOD + "c1 b 0 1n\n", tstop_s=1e3, tmax_s=10.0, signals=["v(b)"], sources=table, ladder=()
        )


class Mine(Exception):
    pass


def test_an_exception_in_the_hook_comes_out(session: SpiceSession) -> None:
    calls: list[float] = []

    def on_accept(time_s: float, values: Array) -> None:
        calls.append(time_s)
        if time_s > 3e-4:
            raise Mine("what went wrong")

    with pytest.raises(CallbackFailed, match="what went wrong") as caught:
        session.transient(
            GOOD, tstop_s=1e-3, tmax_s=1e-4, signals=["v(b)"], sources=sources(), on_accept=on_accept
        )
    assert isinstance(caught.value.__cause__, Mine)
    assert caught.value.time_s == calls[-1]
    assert calls[-1] < 5e-4  # the hook is not called again after it failed


@pytest.mark.parametrize("answer", [[math.nan], [-1.0], ["soon"], 5])
def test_a_wrong_answer_of_the_hook(session: SpiceSession, answer: Any) -> None:
    def on_accept(time_s: float, values: Array) -> Any:
        return answer if time_s > 0.0 else None

    with pytest.raises(CallbackFailed):
        session.transient(
            GOOD, tstop_s=1e-3, tmax_s=1e-4, signals=["v(b)"], sources=sources(), on_accept=on_accept
        )


def test_the_session_cannot_be_entered_twice(session: SpiceSession) -> None:
    def on_accept(time_s: float, values: Array) -> None:
        session.operating_point("v1 a 0 1\nr1 a 0 1\n")

    with pytest.raises(CallbackFailed) as caught:
        session.transient(
            GOOD, tstop_s=1e-3, tmax_s=1e-4, signals=["v(b)"], sources=sources(), on_accept=on_accept
        )
    assert isinstance(caught.value.__cause__, SessionBusy)
    with pytest.raises(SpiceError, match="nothing to stop"):
        session.request_stop()


def test_progress_that_raises(session: SpiceSession) -> None:
    def progress(fraction: float) -> None:
        raise Mine("no terminal")

    with pytest.raises(CallbackFailed, match="no terminal"):
        session.transient(
            GOOD, tstop_s=1e-3, tmax_s=1e-4, signals=["v(b)"], sources=sources(), progress=progress
        )


def _press(delay_s: float) -> threading.Thread:
    def press() -> None:
        time.sleep(delay_s)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


@pytest.mark.parametrize("hook", [None, lambda t, v: None])
def test_ctrl_c_ends_a_long_run(session: SpiceSession, hook: Callable[[float, Array], None] | None) -> None:
    thread = _press(0.2)
    with pytest.raises(Interrupted) as caught:
        session.transient(
            OSCILLATOR, tstop_s=10.0, tmax_s=1e-6, signals=["v(o)"], on_accept=hook, max_points=10**8
        )
    thread.join()
    assert caught.value.time_s > 0.0
    assert isinstance(caught.value, KeyboardInterrupt)


def test_keyboard_interrupt_raised_in_a_hook(session: SpiceSession) -> None:
    def on_accept(time_s: float, values: Array) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        session.transient(
            GOOD, tstop_s=1e-3, tmax_s=1e-4, signals=["v(b)"], sources=sources(), on_accept=on_accept
        )


@pytest.mark.parametrize(
    ("tstop_s", "tmax_s"), [(0.0, 1e-6), (-1.0, 1e-6), (1e-3, 0.0), (math.nan, 1e-6), (1.0, math.nan)]
)
def test_times_that_make_no_sense(session: SpiceSession, tstop_s: float, tmax_s: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        session.transient(GOOD, tstop_s=tstop_s, tmax_s=tmax_s, signals=["v(b)"], sources=sources())
