"""Every event that the code writes into a log has its name in the list that outputs are checked against."""

from __future__ import annotations

import re

from cosim.paths import ROOT
from cosim.record.event_names import event_names

WRITTEN = re.compile(r'"(?:engine|circuit|scenario|plant)", f?"([^"{]+)",')


def test_all_that_the_code_writes_is_listed() -> None:
    found: set[str] = set()
    for path in sorted((ROOT / "cosim").rglob("*.py")):
        if not {"validation", "studies", "plot", "live"} & {*path.parts}:  # they read logs, they write none
            found |= {name for name in WRITTEN.findall(path.read_text(encoding="utf-8")) if name}
    assert {"over-voltage trip", "fault begins", "window failed"} <= found, "the pattern finds them"
    assert found <= set(event_names()), found - set(event_names())


def test_no_name_stands_twice_and_all_sources_are_there() -> None:
    names = event_names()
    assert len(set(names)) == len(names)
    one_of_each = {"fault raised", "fuse blown", "load dump", "limit lifted", "prediction off", "remote terminals"}
    assert one_of_each <= set(names)
