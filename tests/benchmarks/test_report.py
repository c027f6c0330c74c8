"""The page of the benchmark holds what was measured and nothing else."""

from __future__ import annotations

import json

from benchmarks import report, targets
from benchmarks.report import BEFORE, NOW, PAGE, Measured


def measured(day_s: float) -> Measured:
    figures = {
        targets.DAY: {targets.TOTAL: [9.0], targets.CPU: [day_s, day_s, 4.0 * day_s], "supervisor calls": [4000.0],
                      "tick loop, processor time [s]": [0.432], "supervisor, processor time [s]": [0.2]},
        "window 000_enable": {"coupled window, processor time [s]": [0.05], "ngspice -b, processor time [s]": [0.08],
                              "ratio": [0.7], "ratio of processor times": [0.625], "coupled points": [241.0],
                              "ngspice -b points": [400.0], "coupled, processor time per point [us]": [207.5],
                              "ngspice -b, processor time per point [us]": [200.0]},
        targets.DAY_OF_SECONDS: {targets.CPU: [0.5], "tick loop, processor time [s]": [0.1],
                                 "supervisor, processor time [s]": [0.15]},
        targets.PYBAMM: {f"fast, {targets.CPU}": [15.0], "fast [s]": [16.0], "fast, error of the charge": [5e-4],
                         "best solver [s]": [16.0], f"best solver, {targets.CPU}": [15.0]},
        targets.FIFTY: {"tick loop, processor time [s]": [1.296]},
        targets.MOVED: {"once, processor time [s]": [2.5e-7]},
        targets.LOADED: {"loading, processor time [s]": [0.003], "reset, processor time [s]": [0.002],
                         "whole window, processor time [s]": [0.05]},
    }
    about = {"cores": 2, "machine": "x", "repeats": 3, "load_at_start": [1.0, 2.0, 3.0], "load_at_end": [1.0, 2.0, 3.0],
             "commit": "abc1234", "left_out": {"liionpack": "it is not there"}}
    return Measured({"about": about, "targets": targets.judged(figures), "figures": figures})


def test_a_small_page() -> None:
    text = report.page(measured(0.75), measured(1.5))
    assert "| 24 h without windows, one battery, supervisor | at most 0.8 s | 9 | 0.75 | yes |" in text
    assert "| tick of 0.1 s, one battery | 500 ns |" in text  # 0.432 s by 864,000
    assert "| call of the supervisor, one battery | 50 us |" in text  # 0.2 s by 4,000
    assert "| window 000_enable | 50 | 80 | 0.625 | 0.7 | 241 / 400 | 208 |" in text
    assert f"| 24 h without windows, {targets.CPU} | 1.5 (1.5 to 6) | 0.75 (0.75 to 3) | 0.50 |" in text
    assert "| tick of 0.1 s, 50 batteries | 1,500 ns |" in text
    assert "| battery more, a day | not measured |" in text
    assert "| tick of 50 batteries | 1,500 ns | 750 ns |" in text  # 500 of one, 250 for the numbers of all
    assert "| point of window 000_enable | 208 us | 200 us |" in text
    assert "loading takes 3 ms of 50 (6 %)" in text
    assert "2 ms. There are 2 % of that window to gain." in text
    assert "| fast | 15 | 5.0e-04 | 20 | 30 |" in text  # over 0.75 s with ticks of 0.1 s, over 0.5 s with ticks of 1 s
    assert "For 40 times its best a day may take 0.375 s. The tick loop alone takes 0.432 s" in text  # 15 s by 40
    assert "- liionpack: it is not there" in text


def test_the_page_in_docs_is_that_of_the_kept_benchmarks() -> None:
    now, before = (Measured(json.loads(file.read_text(encoding="utf-8"))) for file in (NOW, BEFORE))
    assert PAGE.read_text(encoding="utf-8") == report.page(now, before)
