"""Rows G3 and K4: what is declared, and what does not exist yet."""

from __future__ import annotations

from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Lab


def page(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """K4: there is no page yet."""
    del lab, changes
    return [Entry("K4", "K4.page", "none", "declared", variant=corner.variant, note="no page yet")]


BENCHES = (Bench("page", ("K4",), page, 0.1),)
