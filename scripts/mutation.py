#!/usr/bin/env python3
"""Mutation testing of the protection code with mutmut, on a seeded sample; how to use it: docs/supervisor.md.

mutation.py prepare DIR: copy what mutmut needs; sample DIR N: names of N mutants per module (all where there are fewer;
a prefix of one shuffled order, so a larger sample contains a smaller one); table DIR: results per module.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import sys
from pathlib import Path

SEED = 5
MODULES = (
    "predicates", "channels", "bank", "load_output", "system_port", "alternator_port", "plan", "outputs", "supervisor",
    "holding", "limits", "watches", "heat", "at_rest", "table", "thermal",
)
TESTS = (
    "alternator_port", "at_rest", "bank", "channels", "faults", "heat", "hold_bounds", "ports", "predicates",
    "protection", "supervisor", "thermal", "watches",
)
SLOW = (  # they take most of the time, and hand-made tests look for the same
    "at_rest.py::test_both_ways_agree", "thermal.py::test_a3_a5_current_within_3_percent_from_a_cold_start_on",
    "thermal.py::test_a9_derating_is_monotone", "thermal.py::test_a9_a_hot_box_settles_without_chatter",
    "faults.py::test_a_real_heatsink_is_never_taken_for_frozen",
    "faults.py::test_a_pause_of_power_neither_pretends_a_frozen_heatsink_nor_hides_one",
    "supervisor.py::test_no_output_changes_more_than_six_times_a_minute",
)
PYTEST = '[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib", "-m", "not long"]\nmarkers = ["long: l"]\n'


def prepare(folder: Path) -> None:
    """Make the working copy; the repository itself is not touched."""
    for name in ("bms", "docs", "tests/bms"):
        shutil.copytree(Path(__file__).resolve().parent.parent / name, folder / name)
    settings = {
        "source_paths": [f"bms/{name}.py" for name in MODULES], "also_copy": ["bms", "docs"],
        "timeout_multiplier": 4.0, "timeout_constant": 10.0,
        "pytest_add_cli_args": [f"--deselect=tests/bms/test_{name}" for name in SLOW],
        "pytest_add_cli_args_test_selection": [f"tests/bms/test_{name}.py" for name in TESTS],
    }
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    text = f'[project]\nname = "mutation"\nversion = "0"\n[tool.mutmut]\n{lines}{PYTEST}'
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Ends of the 95 % interval of a share."""
    z, share = 1.96, hits / trials
    half = z * math.sqrt(share * (1.0 - share) / trials + z * z / (4.0 * trials * trials))
    middle, scale = share + z * z / (2.0 * trials), 1.0 + z * z / trials
    return (middle - half) / scale, (middle + half) / scale


if __name__ == "__main__":
    folder, total = Path(sys.argv[2]), [0, 0, 0, 0]
    if sys.argv[1] == "prepare":
        prepare(folder)
        sys.exit()
    for module in MODULES:
        text = (folder / "mutants" / "bms" / f"{module}.py.meta").read_text(encoding="utf-8")
        codes: dict[str, int | None] = json.loads(text)["exit_code_by_key"]
        if sys.argv[1] == "sample":
            names = sorted(codes)
            random.Random(f"{SEED}:{module}").shuffle(names)
            print("\n".join(names[: int(sys.argv[3])]))
        else:  # exit codes as mutmut keeps them: 1 and 3 killed, 0 survived, 5 and 33 without a test, else a time-out
            tried = [code for code in codes.values() if code is not None]
            row = [len(codes), len(tried), sum(c in (1, 3) for c in tried), sum(c in (0, 5, 33) for c in tried)]
            total = [a + b for a, b in zip(total, row, strict=True)]
            print(f"| `{module}` | " + " | ".join(map(str, row)) + f" | {row[1] - row[2] - row[3]} |")
    if sys.argv[1] == "table":
        print(total, "of those tried, killed: {:.1%} to {:.1%}".format(*wilson(total[2], total[1])))
