"""The report's files: complete, whole, repeatable, resumable; the page is self-contained."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cosim.cli.app import main
from cosim.studies.conformance import pool, register, report
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Influence, Lab, Trace
from cosim.studies.conformance.page import page_text
from cosim.studies.conformance.report import Asked, counted, gathered, measure_all, row_passed
from cosim.studies.conformance.requirements import requirements

HOSTILE = "<script>alert('x')</script>&"


def quiet(fraction: float, text: str) -> None:
    del fraction, text


def fake(peak_A: float) -> Bench:
    """A bench whose peak current follows one constant of the firmware."""

    def measure(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
        del lab
        factor = changes.firmware.get("start_V", 13.0) / 13.0
        weak = changes.firmware.get("weak_delay_ms", 10_000) / 10_000
        value = peak_A * factor**2 * weak + 0.0 * corner.ambient_degC
        time_s = np.linspace(0.0, 1.0, 50)
        evidence = Evidence((Trace(HOSTILE, "A", time_s, value * time_s),), ((1.0, value, "peak"),))
        return [Entry("A2", "A2.crank_peak_A", HOSTILE, "measured", value, corner.name, evidence=evidence),
                Entry("K4", "K4.page", "none", "declared", note="no page yet")]

    return Bench("fake", ("A2", "K4"), measure, 1.0, (Corner(), Corner("hot", ambient_degC=60.0)),
                 (Influence("firmware", "start_V"), Influence("firmware", "weak_delay_ms"),
                  Influence("firmware", "stop_V")))


@pytest.fixture
def peak(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Replace all benches by the fake one, one process; counts its calls."""
    calls: list[int] = []
    bench = fake(5.0)

    def counting(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
        calls.append(1)
        return bench.measure(lab, corner, changes)

    own = bench._replace(measure=counting)
    for module in (register, pool):
        monkeypatch.setattr(module, "bench_of", lambda name: own)
    monkeypatch.setattr(register, "benches", lambda: (own,))
    monkeypatch.setattr(pool, "WORKERS", 1)
    monkeypatch.setattr(report, "run_jobs", lambda jobs, told, keep: pool.run_jobs(jobs, told, keep, workers=1))
    return calls


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_every_asked_row_appears_and_missing_ones_do_not_pass(peak: list[int], tmp_path: Path) -> None:
    entries = measure_all(Asked(tuple(requirements())), tmp_path / "r", quiet)
    assert list(dict.fromkeys(entry["id"] for entry in entries)) == list(requirements())
    assert row_passed(entries, "A2") and not row_passed(entries, "K4") and not row_passed(entries, "S1")
    missing = next(entry for entry in entries if entry["id"] == "S1")
    assert missing["passed"] is None and missing["note"]
    assert counted(entries).startswith("rows passed by measurement: 1 of 46; figures within limits: 1 of 1")
    assert files(tmp_path / "r") == {"conformance.json", "conformance.html", "run.json",
                                     "pictures/A2_fake_nominal.png"}
    assert json.loads((tmp_path / "r" / "conformance.json").read_text(encoding="utf-8")) == entries


def test_two_runs_give_the_same_json_and_the_same_pictures(peak: list[int], tmp_path: Path) -> None:
    for name in ("a", "b"):
        measure_all(Asked(("A2", "K4"), full=True), tmp_path / name, quiet)
    for name in files(tmp_path / "a"):
        if name.endswith(("conformance.json", ".png")):
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_full_goes_on_where_it_was_killed(
    peak: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, place = Asked(("A2", "K4"), full=True), tmp_path / "r"
    whole = measure_all(asked, tmp_path / "whole", quiet)
    jobs = len(peak)
    assert jobs == 2 + 2 * 3
    peak.clear()

    def killed(fraction: float, text: str) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_all(asked, place, killed)
    done = len(peak)
    assert 0 < done < jobs and not (place / "conformance.json").exists()
    assert measure_all(asked, place, quiet) == whole
    assert len(peak) == jobs
    peak.clear()
    part = next((place / "parts").iterdir())
    part.write_text(part.read_text(encoding="utf-8")[:100], encoding="utf-8")  # cut off by a full disk
    assert measure_all(asked, place, quiet) == whole
    assert len(peak) == 1
    monkeypatch.setattr(report, "sources_key", lambda: "other sources")
    peak.clear()
    measure_all(asked, place, quiet)
    assert len(peak) == jobs


def test_the_most_influential_parameter_comes_first(peak: list[int], tmp_path: Path) -> None:
    entries = measure_all(Asked(("A2",), full=True), tmp_path / "r", quiet)
    ranked = next(entry["sensitivity"] for entry in entries if entry["corner"] == "nominal")
    assert [one["parameter"] for one in ranked] == ["firmware.start_V", "firmware.weak_delay_ms", "firmware.stop_V"]
    assert ranked[0]["margins"] == {"-5 %": pytest.approx(1.0 - 0.25 * 0.95**2),
                                    "+5 %": pytest.approx(1.0 - 0.25 * 1.05**2)}
    assert all("sensitivity" not in entry for entry in entries if entry["corner"] == "hot")


class Refusing(HTMLParser):
    """Collects what could reach out of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (name in ("src", "href") and not (value or "").startswith(("data:", "#"))):
                self.outside.append(f"{tag} {name}={value}")


def test_the_page_is_self_contained_and_escaped(peak: list[int], tmp_path: Path) -> None:
    measure_all(Asked(tuple(requirements()), full=True), tmp_path / "r", quiet)
    text = (tmp_path / "r" / "conformance.html").read_text(encoding="utf-8")
    reader = Refusing()
    reader.feed(text)
    assert not reader.outside and not {"script", "iframe", "link"} & set(reader.tags) - {"link"}
    assert HOSTILE not in text and "&lt;script&gt;" in text
    assert text.count("<img ") == 1  # the other corner passes; its picture is a file only
    assert len(list((tmp_path / "r" / "pictures").glob("A2_*.png"))) == 2
    assert all(f'id="{row}"' in text for row in requirements())


def test_pictures_of_an_older_report_go(peak: list[int], tmp_path: Path) -> None:
    measure_all(Asked(("A2",)), tmp_path / "r", quiet)
    measure_all(Asked(("K4",)), tmp_path / "r", quiet)
    assert not list((tmp_path / "r" / "pictures").glob("*.png"))


def test_a_foreign_folder_is_refused(
    peak: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["conformance", "--rows", "A2", "-o", str(tmp_path)])
    assert stopped.value.code == 2
    assert "mine.txt" in capsys.readouterr().err
    assert not peak


def test_exit_codes_of_the_command(
    peak: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["conformance", "--rows", "A2,K4", "-o", str(tmp_path / "good")])
    assert "crank_peak_A" in capsys.readouterr().out
    bad = fake(25.0)
    monkeypatch.setattr(pool, "bench_of", lambda name: bad)
    with pytest.raises(SystemExit) as stopped:
        main(["conformance", "--rows", "A2,K4", "-o", str(tmp_path / "bad")])
    assert stopped.value.code == 1
    assert "NO" in capsys.readouterr().out
    for wrong in (["--rows", "A99"], ["--variant", "12-300"]):
        with pytest.raises(SystemExit) as stopped:
            main(["conformance", *wrong, "-o", str(tmp_path / "no")])
        assert stopped.value.code == 2


def test_a_row_without_pictures_is_drawn_without_any() -> None:
    entry: dict[str, Any] = Entry("K4", "K4.page", "none", "declared", note="no page yet").as_dict() | {"bench": "b"}
    text = page_text([entry], {}, {"versions": {"a": "1"}, "rows": ["K4"]})
    assert "<img" not in text and "no page yet" in text


def test_nothing_is_gathered_twice() -> None:
    assert gathered(Asked(("S1", "S2")), [], {}) == [report.no_bench("S1"), report.no_bench("S2")]
