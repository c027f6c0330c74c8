"""Ten viewers for five minutes: the run keeps its pace, and neither page nor engine grows."""

from __future__ import annotations

import html
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from cosim.paths import ROOT

client = pytest.importorskip("bokeh.client", reason="the extra `live` is not installed")
for models in ("layout", "markup", "widgets", "icon", "reactive_html"):  # what a viewer's document is made of
    pytest.importorskip(f"panel.models.{models}", reason="the extra `live` is not installed")

VIEWERS, LASTS_S, SPEED, WARM_S = 10, 300.0, 20.0, 60.0
MOST_GROWTH_MB = 10.0
"""Resident memory that page and engine may gain from the second minute on: its own noise, and the rows of the record
(0.5 kB each, one a second of the run)."""
VAN: dict[str, Any] = {
    "name": "viewers_van", "bank": {"soc": 0.3}, "source": {"kind": "vehicle", "load_A": 20},
    "drive": {"segments": [{"kind": "off", "duration_s": 3}, {"kind": "crank"}, {"kind": "city", "duration_s": 28000}]},
    "system": {"devices": [{"kind": "inverter", "demand_W": [[0, 400]]}, {"kind": "dc_loads"}]},
}


def resident_MB(process: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1]) / 1024.0
    raise AssertionError(process)


def children(process: int) -> list[int]:
    """Processes that it started."""
    return [int(pid) for task in Path(f"/proc/{process}/task").iterdir()
            for pid in (task / "children").read_text().split()]


def joined(url: str) -> Any:
    """A session; on a busy machine the client's own time limit may be over before the page is made: again then."""
    for left in range(5, -1, -1):
        try:
            return client.pull_session(url=url)
        except OSError:
            if not left:
                raise
    raise AssertionError


def watch(url: str, over: threading.Event, seen: list[str], trouble: list[str]) -> None:
    """A viewer without a browser: takes in all that the page sends, and keeps its overview."""
    try:
        with joined(url) as session:
            while not over.is_set():
                session.force_roundtrip()
                time.sleep(0.2)
            seen += [m.text for m in session.document.models if "LFP bank" in str(getattr(m, "text", ""))]
    except Exception as error:  # whatever it is, the test tells it
        trouble.append(repr(error))


def shown_s(overview: str) -> float:
    """Time of the run that an overview shows."""
    text = overview.split('class="t">')[1].split(" of ")[0]
    hours, minutes, seconds = text.split(":")
    return 3600.0 * float(hours) + 60.0 * float(minutes) + float(seconds)


def look(url: str) -> float:
    """Time of the run that a new viewer is shown."""
    with joined(url) as session:
        text = next(str(m.text) for m in session.document.models if "LFP bank" in str(getattr(m, "text", "")))
    return shown_s(html.unescape(text))


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_ten_viewers_for_five_minutes(tmp_path: Path) -> None:
    (tmp_path / "van.yaml").write_text(yaml.safe_dump(VAN))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "cosim", "serve", str(tmp_path / "van.yaml"), "--port", str(port), "--speed",
               f"{SPEED:g}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with (tmp_path / "said").open("w") as said:
        server = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment, cwd=tmp_path)
    over, seen, trouble = threading.Event(), list[str](), list[str]()
    viewers = [threading.Thread(target=watch, args=(url, over, seen, trouble)) for _ in range(VIEWERS)]
    try:
        while "page:" not in (tmp_path / "said").read_text():
            assert server.poll() is None, (tmp_path / "said").read_text()
            time.sleep(0.2)
        for viewer in viewers:
            viewer.start()
            time.sleep(1.0)
        time.sleep(WARM_S)
        pids = [server.pid, *children(server.pid)]
        began_s, sim_s, before_MB = time.monotonic(), look(url), [resident_MB(pid) for pid in pids]
        time.sleep(LASTS_S - WARM_S)
        passed_s, run_s = time.monotonic() - began_s, look(url) - sim_s
        after_MB = [resident_MB(pid) for pid in pids]
        over.set()
        for viewer in viewers:
            viewer.join(60.0)
    finally:
        over.set()
        server.send_signal(signal.SIGINT)
        code = server.wait(60.0)
    pace, growth_MB = run_s / passed_s / SPEED, [b - a for a, b in zip(before_MB, after_MB, strict=True)]
    print(f"pace {pace:.4f} of {SPEED:g}; page {before_MB[0]:.0f} MB {growth_MB[0]:+.1f}, engine {before_MB[1]:.0f} MB "
          f"{growth_MB[1]:+.1f}; {len(seen)} viewers to the end")
    assert trouble == [] and len(seen) == VIEWERS and code == 0
    assert abs(pace - 1.0) < 0.1
    assert max(growth_MB) < MOST_GROWTH_MB
