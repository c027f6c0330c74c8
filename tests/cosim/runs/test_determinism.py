"""Same input, same bits: also where memory was used before, and held something else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from cosim.paths import ROOT

SCRIPT = """
import hashlib, json
import numpy as np
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from tests.cosim.windows.test_policy import square_wave
system = {"devices": [{"kind": "dc_loads"}, {"kind": "mains", "plugged_s": [[20, 50]]}]}
found = []
for more in ({}, {"system": system, "remote": [{"time_s": 0, "state": "on"}, {"time_s": 70, "state": "off"}]}):
    r = Simulation(parse_scenario({**square_wave(4 if not more else 2), **more})).run()
    digest = hashlib.sha256()
    for data in (r.slow, *r.windows.values()):
        for name in sorted(data.data_vars):
            if data[name].dtype.kind in "fiub":
                digest.update(np.ascontiguousarray(data[name].values).tobytes())
    found.append([digest.hexdigest(), len(r.windows), r.summary["windows_reused"], [str(e) for e in r.events]])
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="MALLOC_PERTURB_ is glibc's")
def test_what_memory_held_before_does_not_matter() -> None:
    """glibc fills memory that it gives out with a pattern; a place that is read before it is written shows it."""
    answers = []
    for pattern in ("0", "85", "170"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True,
            env={**os.environ, "MALLOC_PERTURB_": pattern},
        )
        answers.append(done.stdout.strip().splitlines()[-1])
    assert answers[0] == answers[1] == answers[2]
    assert json.loads(answers[0])[0][2] > 3  # windows were reused, which is where it once did matter


AFTER = """
import hashlib, sys
from cosim.windows.policy import WindowRequest
from cosim.spice.session import SpiceOptions, SpiceSession
from tests.cosim.windows.test_window import START, make_window
session = SpiceSession.open()
if sys.argv[1] == "after others":
    for k in range(20):
        options = SpiceOptions(method="trap" if k % 3 == 0 else "gear", cshunt=(1e-11, 1e-10, 0.0)[k % 3])
        make_window(WindowRequest("other", "other", START, 1 + k % 3, 3, options=options))[0].run(session)
        if k % 5 == 0:  # a deck that keeps the option cshunt, and another analysis
            session.transient("* kept\\nv1 a 0 1\\nr1 a b r={1k+0*v(a)}\\nr2 b 0 1k\\n", tstop_s=1e-6, tmax_s=1e-7,
                              signals=["v(b)"], options=SpiceOptions(cshunt=1e-6))
            session.operating_point("* divider\\nv1 a 0 1\\nr1 a b 1k\\nr2 b 0 1k\\n")
outcome = make_window()[0].run(session)
digest = hashlib.sha256()
for name in ("time_s", *sorted(map(str, outcome.dataset.data_vars))):
    digest.update(name.encode() + outcome.dataset[name].values.tobytes())
digest.update(repr((outcome.balance, outcome.end_tick, outcome.notes)).encode())
print(digest.hexdigest(), float(outcome.dataset.port_current_A.max()) > 60.0)
"""


def test_a_window_does_not_know_what_ran_before_it() -> None:
    """A window after twenty others with other numerics, decks and analyses has the bits it has in a fresh process."""
    answers = [
        subprocess.run([sys.executable, "-c", AFTER, what], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for what in ("alone", "after others")
    ]
    assert answers[0] == answers[1]
    assert answers[0].strip().endswith("True")
