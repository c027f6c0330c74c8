#!/usr/bin/env python3
"""Mutation testing of the protection code with mutmut 3.8 (on the PATH), on a seeded sample: see docs/supervisor.md.

`mutation.py DIR N [MODULE ...]` runs N mutants per module, each module in a copy DIR/MODULE with its own tests; N = 0
says what an earlier run found. A sample is a prefix of one shuffled order, so a larger one contains a smaller one.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import subprocess
import sys
from pathlib import Path

SEED = 5
MODULES = {
    "predicates": "predicates", "channels": "channels at_rest", "bank": "bank", "load_output": "ports",
    "system_port": "ports", "alternator_port": "alternator_port", "limits": "hold_bounds", "watches": "watches",
    "heat": "heat", "at_rest": "at_rest", "table": "at_rest supervisor", "holding": "hold_bounds",
    "thermal": "thermal heat", "outputs": "outputs", "plan": "plan protection supervisor faults",
    "supervisor": "protection supervisor faults hold_bounds at_rest",
}
"""Modules of the protection code, and the test files (`tests/bms/test_...`) that they are run with."""
SLOW = (  # left out: they take most of the time, and hand-made tests look for the same
    "at_rest.py::test_both_ways_agree", "thermal.py::test_a3_a5_current_within_3_percent_from_a_cold_start_on",
    "thermal.py::test_a9_derating_is_monotone", "thermal.py::test_a9_a_hot_box_settles_without_chatter",
    "faults.py::test_a_real_heatsink_is_never_taken_for_frozen",
    "faults.py::test_a_pause_of_power_neither_pretends_a_frozen_heatsink_nor_hides_one",
    "supervisor.py::test_no_output_changes_more_than_six_times_a_minute",
)
PYTEST = '[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib", "-m", "not long"]\nmarkers = ["long: l"]\n'


def prepare(folder: Path, module: str) -> None:
    """Make the working copy; the repository itself is not touched."""
    for name in ("bms", "docs", "tests/bms"):
        shutil.copytree(Path(__file__).resolve().parent.parent / name, folder / name)
    settings = {
        "source_paths": [f"bms/{module}.py"], "also_copy": ["bms", "docs"], "timeout_constant": 20.0,
        "pytest_add_cli_args": [f"--deselect=tests/bms/test_{name}" for name in SLOW],
        "pytest_add_cli_args_test_selection": [f"tests/bms/test_{name}.py" for name in MODULES[module].split()],
    }
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    text = f'[project]\nname = "mutation"\nversion = "0"\n[tool.mutmut]\n{lines}{PYTEST}'
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def codes(folder: Path, module: str) -> dict[str, int | None]:
    """Exit codes as mutmut keeps them: 1 and 3 killed, 0 survived, 5 and 33 no test, None not run, else a time-out."""
    text = (folder / "mutants" / "bms" / f"{module}.py.meta").read_text(encoding="utf-8")
    return dict(json.loads(text)["exit_code_by_key"])


def main(root: Path, size: int, modules: list[str]) -> None:
    """Run and tell; the interval is Wilson's, of 95 %."""
    hits = trials = 0
    for module in modules:
        folder = root / module
        if size > 0:
            prepare(folder, module)
            subprocess.run(["mutmut", "run", "none*"], cwd=folder, capture_output=True, check=False)  # makes them all
            names = sorted(codes(folder, module))
            random.Random(f"{SEED}:{module}").shuffle(names)
            subprocess.run(["mutmut", "run", "--max-children", "2", *names[:size]], cwd=folder, check=True)
        found = {name: code for name, code in codes(folder, module).items() if code is not None}
        killed = sum(code in (1, 3) for code in found.values())
        hits, trials = hits + killed, trials + len(found)
        print(f"| `{module}` | {len(codes(folder, module))} | {len(found)} | {killed} |")
        print("".join(f"    {code} {name}\n" for name, code in found.items() if code not in (1, 3)), end="")
    share, z = hits / trials, 1.96
    half = z * math.sqrt(share * (1.0 - share) / trials + z * z / (4.0 * trials * trials))
    ends = [(share + z * z / (2.0 * trials) + sign * half) / (1.0 + z * z / trials) for sign in (-1.0, 1.0)]
    print(f"{hits} of {trials}: {share:.1%}, {ends[0]:.1%} to {ends[1]:.1%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3:] or list(MODULES))
