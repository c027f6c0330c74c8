"""A process can compute windows all day."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cosim.paths import ROOT


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="the memory of a process is read from /proc")
def test_a_thousand_windows_grow_memory_by_at_most_2_MB() -> None:
    """Issue 3; after a warm-up that fills caches and the allocator's pools."""
    command = [sys.executable, "-m", "benchmarks.memory", "1000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["growth_MB"] <= 2.0, done.stdout
