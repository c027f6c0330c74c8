"""Planted defects: a change of the design, and the figures of a bench that must fail for it, and only they."""

from __future__ import annotations

from typing import NamedTuple

from cosim.studies.conformance.entry import Changes, Corner, Entry
from cosim.studies.conformance.lab import Lab
from cosim.studies.conformance.pool import measured
from cosim.studies.conformance.register import Job


class Planted(NamedTuple):
    """A defect, the bench that meets it, the figures that must fail (and only they)."""

    name: str
    bench: str
    changes: Changes
    fails: frozenset[str]


def planted(name: str, bench: str, changes: Changes, *fails: str) -> Planted:
    return Planted(name, bench, changes, frozenset(fails))


def failing(entries: list[Entry]) -> set[str]:
    """Figures that fail; of a bench that could not be carried out, its rows."""
    return {entry.figure or entry.id for entry in entries if entry.passed is False}


def check(case: Planted, lab: Lab, shipped: dict[str, list[Entry]]) -> None:
    if case.bench not in shipped:
        shipped[case.bench] = measured(Job(case.bench, Corner()), lab)
    assert not failing(shipped[case.bench])
    assert failing(measured(Job(case.bench, Corner(), changes=case.changes), lab)) == case.fails
