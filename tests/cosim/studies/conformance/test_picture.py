"""Pictures of rows: panels by unit and name, states as steps, and no digits that nobody asked for."""

from __future__ import annotations

import numpy as np

from cosim.studies.conformance.entry import Evidence, Trace
from cosim.studies.conformance.picture import drawn, panels_of

TIME_S = np.linspace(0.0, 1.0, 101)
LATER = (TIME_S > 0.5).astype(float)


def test_traces_of_one_unit_stand_apart_where_they_name_a_panel_and_the_unit_stays() -> None:
    traces = tuple(Trace(label, "V", TIME_S, TIME_S, panel) for label, panel in (("a", ""), ("b", "other"), ("c", "")))
    assert [[trace.label for trace in panel] for panel in panels_of(Evidence(traces))] == [["a", "c"], ["b"]]
    picture = drawn([(Evidence(traces), [])])
    assert [axis.get_ylabel() for axis in picture.axes] == ["voltage [V]"] * 2


def test_states_are_steps_in_lanes_but_where_a_point_is_marked_on_them() -> None:
    traces = (Trace("a", "1", TIME_S, LATER), Trace("b", "1", TIME_S, 1.0 - LATER))
    lanes = drawn([(Evidence(traces), [])]).axes[0]
    assert min(np.asarray(lanes.lines[0].get_ydata())) > max(np.asarray(lanes.lines[1].get_ydata()))
    marked = drawn([(Evidence(traces, ((0.5, 1.0, "here"),)), [])]).axes[0]
    assert [max(np.asarray(line.get_ydata())) for line in marked.lines[:2]] == [1.0, 1.0]
    assert {line.get_drawstyle() for line in (*lanes.lines, *marked.lines[:2])} == {"steps-post"}
    share = drawn([(Evidence((Trace("charge", "1", TIME_S, 0.2 + 0.6 * TIME_S),)), [])]).axes[0]
    assert share.get_ylabel() == "[1]" and share.lines[0].get_drawstyle() == "default"


def test_rounding_of_a_constant_does_not_fill_its_panel() -> None:
    value = 0.04497158 + 1e-9 * np.sin(90.0 * TIME_S)
    low, high = drawn([(Evidence((Trace("sink", "uA", TIME_S, value),)), [])]).axes[0].get_ylim()
    assert high - low > 0.9e-3 * 0.0449
