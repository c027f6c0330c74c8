"""Marks of events and windows on the panels of a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import xarray as xr
from matplotlib.axes import Axes

from cosim.plot.styles import QUIET, WORDS, YELLOW, YELLOW_DARK, YELLOW_EDGE
from cosim.plot.windows import Zoom
from cosim.result import LoggedEvent

LEAST_GAP = 0.045
"""Labels closer than this part of the axis would overlap and share one label."""
LETTER_GAP = 0.024
"""The same for the letters of enlarged windows, which are smaller."""
LONGEST_LABEL = 40
"""Longest event name over the panels [characters]; a longer one is cut."""
WINDOW_EVENTS = ("window", "window reused")
"""Events that only say that a window ran; the shading says it already."""
MANY = 8
"""An event that comes more often than this is marked once, with how often; its pattern shows in the curves."""
CROWD = 12
"""More windows than this are small marks on top of the first panel, so that they do not cover the curves."""


class Mark(NamedTuple):
    """One label over the panels: when [s], and the words."""

    time_s: float
    text: str


def words(event: LoggedEvent) -> str:
    """What an event is called: a fault by its name, anything else by its own."""
    if event.event == "fault raised":
        return event.detail.partition(":")[0]
    return event.event.replace("_", " ")


def grouped(events: Sequence[LoggedEvent], gap_s: float) -> list[Mark]:
    """Merge events that lie closer together than their labels would allow.

    Parameters
    ----------
    events : in the order of time
    gap_s : events within this time of the first one of a group join it

    Returns
    -------
    one mark per group: the first event's name, what the hardware did, and how many more there are
    """
    groups: list[list[LoggedEvent]] = []
    for event in events:
        if groups and event.time_s - groups[-1][0].time_s < gap_s:
            groups[-1].append(event)
        else:
            groups.append([event])
    marks = []
    for group in groups:
        told = [group[0], *[event for event in group[1:] if event.source == "circuit"][:1]]
        text = ", ".join(words(event) for event in told)
        if len(text) > LONGEST_LABEL:
            text = text[: LONGEST_LABEL - 1] + "\N{HORIZONTAL ELLIPSIS}"
        more = len(group) - len(told)
        marks.append(Mark(group[0].time_s, f"{text} (+{more})" if more else text))
    return marks


def counted(events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
    """Leave only the first of what comes more than `MANY` times, its name with how often."""
    often = Counter(event.event for event in events)
    kept: list[LoggedEvent] = []
    met: set[str] = set()
    for event in events:
        if often[event.event] <= MANY:
            kept.append(event)
        elif event.event not in met:
            met.add(event.event)
            kept.append(event._replace(event=f"{often[event.event]} x {event.event}"))
    return kept


def mark_events(axes: Sequence[Axes], events: Sequence[LoggedEvent], factor: float) -> None:
    """Draw a thin line per event through all panels, and short labels above the first."""
    low, high = axes[0].get_xlim()
    told = counted([event for event in events if event.event not in WINDOW_EVENTS])
    for mark in grouped(told, LEAST_GAP * (high - low) * factor):
        for ax in axes:
            ax.axvline(mark.time_s / factor, color=QUIET, linewidth=0.6, linestyle=":", zorder=0.5)
        axes[0].annotate(
            mark.text, (mark.time_s / factor, 1.0), xycoords=("data", "axes fraction"), xytext=(1, 13),
            textcoords="offset points", rotation=22, rotation_mode="anchor", fontsize=8, color=WORDS,
            annotation_clip=False,
        )


def mark_windows(
    axes: Sequence[Axes], windows: Mapping[str, xr.Dataset], zooms: Sequence[Zoom], factor: float
) -> None:
    """Shade the windows, which may be thinner than a pixel, and letter those that are drawn below."""
    letters = {zoom.key: zoom.letter for zoom in zooms}
    crowded = len(windows) > CROWD
    for key, window in windows.items():
        start = float(window.attrs.get("start_s", 0.0)) / factor
        end = float(window.attrs.get("end_s", 0.0)) / factor
        if crowded and key not in letters:
            axes[0].plot([start], [1.0], "v", color=YELLOW, markeredgecolor=YELLOW_DARK, markersize=4.0,
                         transform=axes[0].get_xaxis_transform(), clip_on=False)
            continue
        for ax in axes:
            ax.axvspan(start, max(end, start), facecolor=YELLOW, edgecolor=YELLOW_EDGE, alpha=0.55,
                       linewidth=1.4 if key in letters else 0.7, zorder=0.3)
    low, high = axes[0].get_xlim()
    for start_s, text in lettered(zooms, LETTER_GAP * (high - low) * factor):
        axes[0].annotate(
            text, (start_s / factor, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 5),
            textcoords="offset points", ha="center", va="center", fontsize=8, fontweight="bold",
            bbox={"boxstyle": "square,pad=0.15", "facecolor": YELLOW, "edgecolor": YELLOW_DARK},
            annotation_clip=False,
        )


def lettered(zooms: Sequence[Zoom], gap_s: float) -> list[Mark]:
    """Place the letters of the enlarged windows; windows closer than `gap_s` share one box."""
    marks: list[Mark] = []
    for zoom in zooms:
        start_s = float(zoom.window.attrs.get("start_s", 0.0))
        if marks and start_s - marks[-1].time_s < gap_s:
            marks[-1] = Mark(marks[-1].time_s, f"{marks[-1].text} {zoom.letter}")
        else:
            marks.append(Mark(start_s, zoom.letter))
    return marks
