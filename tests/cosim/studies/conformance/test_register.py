"""Benches and jobs: names, rows, corners, order."""

from __future__ import annotations

import pytest

from cosim.errors import InputError
from cosim.studies.conformance.entry import Changes, Corner, Entry, Lab
from cosim.studies.conformance.pool import measured, run_jobs
from cosim.studies.conformance.register import bench_of, benches, chosen_rows, jobs_of
from cosim.studies.conformance.requirements import requirements


def test_rows_are_chosen_in_the_order_of_the_requirements() -> None:
    assert chosen_rows("a3, A1") == ("A1", "A3")
    assert chosen_rows(None) == tuple(requirements())


@pytest.mark.parametrize("asked", ["A13", "A1,B9", "", ","])
def test_an_unknown_row_is_refused(asked: str) -> None:
    with pytest.raises(InputError, match="--rows"):
        chosen_rows(asked)


def test_alternator_configuration_and_general_rows_have_benches() -> None:
    answered = {row for bench in benches() for row in bench.rows}
    asked = {row for row in requirements() if row[0] in "AKG"}
    assert asked <= answered


def test_the_default_run_has_one_job_per_bench_longest_first() -> None:
    jobs = jobs_of(chosen_rows("A1,A3"), None, full=False)
    assert {job.bench for job in jobs} == {b.name for b in benches() if {"A1", "A3"} & set(b.rows)}
    assert all(job.corner == bench_of(job.bench).corners[0] and not job.varied for job in jobs)
    assert [job.cost_s for job in jobs] == sorted((job.cost_s for job in jobs), reverse=True)


def test_full_adds_corners_and_both_signs_of_every_influence() -> None:
    jobs = jobs_of(("A3",), None, full=True)
    bench = bench_of("a3_limiter")
    own = [job for job in jobs if job.bench == bench.name]
    assert [job.corner for job in own if not job.varied] == sorted(bench.corners)
    assert len({job.corner.fuse_A for job in own}) == 5
    varied = [(job.varied, job.factor) for job in own if job.varied]
    assert len(varied) == 2 * len(bench.influences) == len(set(varied))
    assert {job.factor for job in own if job.varied} == {0.95, 1.05}
    assert len({job.key for job in jobs}) == len(jobs)
    first_varied = next(k for k, job in enumerate(jobs) if job.varied)
    assert all(job.varied for job in jobs[first_varied:])


def test_a_variant_holds_for_every_job() -> None:
    assert {job.corner.variant for job in jobs_of(("K1", "A1"), "12-200 NG", full=False)} == {"12-200 NG"}
    assert {job.corner.variant for job in jobs_of(("K1",), None, full=True)} == {"12-200", "12-200 NG"}


def test_a_bench_that_fails_gives_a_failed_entry_of_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    from cosim.errors import RunFailed

    def fails(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
        raise RunFailed("the port gave no window 'enable'")

    bench = bench_of("a1_start")._replace(measure=fails, rows=("A1", "A2"))
    monkeypatch.setattr("cosim.studies.conformance.pool.bench_of", lambda name: bench)
    found = measured(jobs_of(("A1",), None, full=False)[0], Lab())
    assert [(entry.id, entry.passed) for entry in found] == [("A1", False), ("A2", False)]
    assert all("no window" in entry.note for entry in found)


def test_a_bench_that_leaves_a_row_out_fails_that_row(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("k1_settings")._replace(rows=("K1", "K3"))
    monkeypatch.setattr("cosim.studies.conformance.pool.bench_of", lambda name: bench)
    found = measured(jobs_of(("K1",), None, full=False)[0], Lab())
    assert [(entry.id, entry.passed) for entry in found] == [("K1", True), ("K1", True), ("K3", False)]


def test_outcomes_of_the_pool_are_those_of_one_process() -> None:
    jobs = jobs_of(("K1",), None, full=False)
    pooled: dict[str, object] = {}
    alone: dict[str, object] = {}
    told: list[float] = []
    run_jobs(jobs, lambda fraction, text: told.append(fraction), lambda job, out: pooled.update({job.key: out}))
    run_jobs(jobs, lambda fraction, text: None, lambda job, out: alone.update({job.key: out}), workers=1)
    for one in (*pooled.values(), *alone.values()):
        assert isinstance(one, dict) and one.pop("wall_s") >= 0.0
    assert pooled == alone and len(pooled) == len(jobs) == 2  # K1 in both variants
    assert told[-1] == pytest.approx(1.0)


def test_a_run_that_has_nothing_left_to_measure_starts_no_pool() -> None:
    """A full run killed while it wrote its report goes on with no job left."""
    run_jobs([], lambda fraction, text: None, lambda job, outcome: pytest.fail("there is no job"), workers=2)
