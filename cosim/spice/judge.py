"""Decide whether an analysis succeeded, from what ngspice printed and sent, or raise what went wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping

from cosim.spice.errors import (
    CallbackFailed,
    DeckInvalid,
    InsaneOperatingPoint,
    Interrupted,
    OperatingPointFailed,
    PointBudgetExceeded,
    TransientAborted,
)
from cosim.spice.log import RunLog
from cosim.spice.transient import TransientRun

NODE_LIMIT_V = 1e4
"""Largest believable node voltage [V] (ours): nodes also carry watts, amperes and degrees of the product's
decks."""
BRANCH_LIMIT_A = 1e5
"""Largest believable branch current [A] (ours): fifty times the highest short-circuit current of the
product."""

START_HINT = "start disabled, or give .nodeset for the power nodes"


def judge_transient(title: str, run: TransientRun, lines: RunLog, unknown_sources: int) -> None:
    """Raise unless the run reached its stop time or a hook asked to stop.

    Parameters
    ----------
    title : of the deck
    run : the finished run
    lines : what ngspice printed
    unknown_sources : how often ngspice asked for a source that has no value
    """
    log, time_s = lines.tail(), max(run.last_s, 0.0)
    _judge_hooks(title, run, time_s, log)
    if run.missing:
        raise DeckInvalid(
            f"no such signal: {', '.join(run.missing)}",
            deck=title,
            node=run.missing[0],
            log=log,
            hint="signals are named v(node), i(voltage source or inductor) or @device[parameter]",
        )
    if unknown_sources:
        raise DeckInvalid("an external source inside a subcircuit has no value", deck=title, log=log)
    if lines.transient_op and lines.failure is None:
        raise OperatingPointFailed(
            "the starting point came from 'Transient op', which is often wrong",
            deck=title,
            time_s=0.0,
            log=log,
            hint=START_HINT,
        )
    if run.budget_exceeded:
        raise PointBudgetExceeded(
            f"more than {run.n_points - 1} points",
            deck=title,
            time_s=time_s,
            log=log,
            hint="a limit cycle, or tmax_s far below what tstop_s needs",
        )
    if run.bad_signal is not None:
        raise TransientAborted(
            "a value is not finite", deck=title, time_s=time_s, node=run.bad_signal, log=log
        )
    if run.stop_asked:
        return
    internal = [signal for signal in run.signals if signal.startswith("@")]
    if run.n_points == 0 and lines.failure is None and internal:
        # ngspice sends nothing at all when one device parameter cannot be read
        raise DeckInvalid(
            f"no such signal among {', '.join(internal)}", deck=title, node=internal[0], log=log
        )
    if run.n_points == 0:
        raise OperatingPointFailed(
            lines.failure or "no starting point was found",
            deck=title,
            time_s=0.0,
            node=lines.failed_node,
            log=log,
            hint=START_HINT,
        )
    if lines.failure is not None or run.last_s < run.tstop_s * (1.0 - 1e-6):
        at_s = lines.failed_time_s if lines.failed_time_s is not None else time_s
        raise TransientAborted(
            lines.failure or "the run ended early", deck=title, time_s=at_s, node=lines.failed_node, log=log
        )


def _judge_hooks(title: str, run: TransientRun, time_s: float, log: tuple[str, ...]) -> None:
    if run.interrupted or isinstance(run.failure, KeyboardInterrupt):
        raise Interrupted(title, time_s)
    if run.failure is not None:
        raise CallbackFailed(
            f"a hook raised {type(run.failure).__name__}: {run.failure}", deck=title, time_s=time_s, log=log
        ) from run.failure


def judge_operating_point(
    title: str, found: Mapping[str, float], lines: RunLog, bounds: Mapping[str, tuple[float, float]]
) -> None:
    """Raise unless an operating point was found directly and every value is believable.

    Parameters
    ----------
    title : of the deck
    found : value per signal
    lines : what ngspice printed
    bounds : believable range per signal, in place of the general limits
    """
    log = lines.tail()
    if lines.transient_op or lines.failure or not found:
        text = "only 'Transient op' found a solution" if lines.transient_op else "no solution"
        raise OperatingPointFailed(
            lines.failure or text, deck=title, time_s=0.0, node=lines.failed_node, log=log, hint=START_HINT
        )
    unknown = sorted(set(bounds) - set(found))
    if unknown:
        raise DeckInvalid(f"bounds for an unknown signal: {', '.join(unknown)}", deck=title, node=unknown[0])
    for name, value in found.items():
        limit = (
            BRANCH_LIMIT_A if name.startswith("i(") else NODE_LIMIT_V if name.startswith("v(") else math.inf
        )
        low, high = bounds.get(name, (-limit, limit))
        if not low <= value <= high:
            raise InsaneOperatingPoint(
                f"{name} = {value:.6g} is outside {low:.6g} .. {high:.6g}",
                deck=title,
                time_s=0.0,
                node=name,
                log=log,
            )
