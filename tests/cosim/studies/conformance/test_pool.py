"""Worker processes leave Ctrl-C to the process that started them."""

from __future__ import annotations

import signal
import subprocess
import sys

from cosim.studies.conformance.pool import _interrupts_ignored

PROBE = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"


def ignored_by_a_child() -> str:
    return subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout.strip()


def test_children_begun_meanwhile_ignore_it_and_others_do_not() -> None:
    before = signal.getsignal(signal.SIGINT)
    with _interrupts_ignored():
        assert ignored_by_a_child() == "True"
    assert signal.getsignal(signal.SIGINT) is before
    assert ignored_by_a_child() == "False"
