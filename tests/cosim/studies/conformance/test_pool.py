"""Worker processes leave Ctrl-C to the process that started them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cosim.studies.conformance.pool import _interrupts_ignored

PROBE = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"


def ignored_by_a_child() -> str:
    return subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as a terminal has it: a process that a script puts into the background is started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_children_begun_meanwhile_ignore_it_and_others_do_not() -> None:
    with _interrupts_ignored():
        assert ignored_by_a_child() == "True"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert ignored_by_a_child() == "False"
