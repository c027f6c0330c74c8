"""The page in a browser: operated, watched, saved; nothing but itself on the network, nothing on the console.

Browser: Debian's chromium (or what `BMS_COSIM_CHROMIUM` names). Where there is none the tests skip.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from cosim.live.engine import events_text
from cosim.paths import ROOT
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("panel", reason="the extra `live` is not installed")
CHROMIUM = os.environ.get("BMS_COSIM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium (Debian: apt install chromium)"),
    # Sockets of a browser that was closed, and coroutines of the library's own loop, end when they are collected.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PATIENCE_MS = 120_000
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
VAN: dict[str, Any] = {
    "name": "page_van", "bank": {"soc": 0.3, "temperature_degC": 25}, "source": {"kind": "vehicle", "load_A": 20},
    "drive": {"segments": [
        {"kind": "off", "duration_s": 3}, {"kind": "crank"}, {"kind": "highway", "duration_s": 9000},
    ]},
    "system": {"devices": [{"kind": "inverter", "demand_W": [[0, 400]]}, {"kind": "dc_loads"}]},
}


class Served(NamedTuple):
    """A page that is served: where, and what the command said."""

    url: str
    lines: tuple[str, ...]


def served(folder: Path, *options: str, token: str = "") -> Iterator[Served]:
    """Run `bms-cosim serve` on a free port until the test is over; Ctrl-C ends it with code 0."""
    (folder / "van.yaml").write_text(yaml.safe_dump(VAN))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "cosim", "serve", str(folder / "van.yaml"), "--port", str(port), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    if token:
        environment["BMS_COSIM_TOKEN"] = token
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment, cwd=folder)
        try:
            end_s = time.monotonic() + PATIENCE_MS / 1e3
            while "page:" not in (folder / "said").read_text():
                assert process.poll() is None and time.monotonic() < end_s, (folder / "said").read_text()
                time.sleep(0.1)
            yield Served(f"http://127.0.0.1:{port}/", tuple((folder / "said").read_text().splitlines()))
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60.0) == 0, (folder / "said").read_text()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from served(tmp_path_factory.mktemp("here"), "--paused", "--speed", "10", "-o", "saved")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()
    gc.collect()  # what the tool leaves open warns here, where that is ignored, and not in whatever test comes next


@pytest.fixture(autouse=True)
def closed(browser: Any) -> Iterator[None]:
    """Whoever still looks at a page after a test, because it failed, keeps control of it otherwise."""
    yield
    for context in browser.contexts:
        context.close()


class Viewer:
    """A page in a browser, with what it asked the network for and said on its console."""

    def __init__(self, browser: Any, url: str, width: int, height: int, phone: bool = False) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, is_mobile=phone,
                                           has_touch=phone, accept_downloads=True)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self._heard("error", str(error)))
        self.page.goto(url)
        self.page.get_by_text("LFP bank").first.wait_for()

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.said.append(text)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def wait_for(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for()

    def quiet_and_alone(self, url: str) -> None:
        """No error on the console, no network besides itself."""
        assert self.said == []
        own = (url, url.replace("http:", "ws:"), f"blob:{url}", "data:")
        assert [asked for asked in self.asked if not asked.startswith(own)] == []
        assert any(asked.startswith("ws:") for asked in self.asked)


def test_started_operated_saved_and_reproduced(
    here: Served, browser: Any, spice: SpiceSession, tmp_path: Path
) -> None:
    viewer = Viewer(browser, here.url, 1400, 1000)
    viewer.wait_for("You have control")
    viewer.press("Run")
    viewer.wait_for("charging")
    viewer.page.get_by_label("Fuse rating [A]").select_option("40")
    viewer.press("Apply settings")
    viewer.wait_for("done: fuse_rating_A 40")
    viewer.wait_for("36.0 A")
    viewer.press("Fire event")
    viewer.wait_for("System+ tripped: rests")
    viewer.page.get_by_text("Window", exact=True).first.click()
    viewer.wait_for(" points")
    viewer.page.get_by_text("Remote and reset").click()
    viewer.press("Reset (remote off")
    viewer.wait_for("remote off, on again in")
    viewer.page.get_by_text("Event log", exact=True).click()
    viewer.wait_for("System+ latch opened")
    viewer.page.get_by_text("Save", exact=True).click()
    viewer.press("Save what was done")
    viewer.wait_for("saved: what was done")
    texts = {}
    for words in ("scenario", "event log"):
        with viewer.page.expect_download() as download:
            viewer.page.get_by_text(f"Download {words}").click()
        download.value.save_as(tmp_path / words)
        texts[words] = (tmp_path / words).read_text()
    viewer.press("Pause")
    result = Simulation(parse_scenario(yaml.safe_load(texts["scenario"])), session=spice).run()
    assert events_text(result.events) == texts["event log"]
    assert {"changed by hand", "System+ latch opened", "remote off"} <= {e.event for e in result.events} | {
        "remote off" for e in result.events if e.detail.startswith("off:")}
    viewer.quiet_and_alone(here.url)
    viewer.context.close()


def test_two_viewers_one_operates(here: Served, browser: Any) -> None:
    first = Viewer(browser, here.url, 1400, 1000)
    if first.page.get_by_text("You are watching").count():
        first.press("Take control")
    first.wait_for("You have control")
    second = Viewer(browser, here.url, 1400, 1000)
    second.wait_for("You are watching; somebody has control")
    assert second.page.get_by_role("button", name="Fire event").is_disabled()
    second.press("Take control")
    first.wait_for("Another viewer asks for it")
    first.press("Hand over control")
    second.wait_for("You have control")
    first.wait_for("You are watching; somebody has control")
    for viewer in (first, second):
        viewer.quiet_and_alone(here.url)
        viewer.context.close()


def test_a_phone_sees_all_of_it_in_its_own_width(here: Served, browser: Any) -> None:
    viewer = Viewer(browser, here.url, 390, 844, phone=True)
    viewer.page.wait_for_timeout(1500)
    assert viewer.page.evaluate("window.innerWidth") == 390
    assert viewer.page.evaluate("document.documentElement.scrollWidth") <= 390
    viewer.quiet_and_alone(here.url)
    viewer.context.close()


def test_from_another_host_only_the_token_operates(browser: Any, tmp_path: Path) -> None:
    from cosim.live.server import names_of

    for there in served(tmp_path, "--host", "127.0.0.1", "--paused", token="sesame"):
        assert there.lines[-1] == f"control: {there.url}?token=sesame"
        viewer = Viewer(browser, there.url, 1400, 1000)
        viewer.wait_for("You are watching; nobody has control")
        viewer.press("Take control")
        viewer.wait_for("control needs the token")
        assert viewer.page.get_by_role("button", name="Run", exact=True).is_disabled()
        viewer.page.get_by_placeholder("token").fill("wrong")
        viewer.press("Take control")
        viewer.page.wait_for_timeout(1000)
        assert viewer.page.get_by_text("You have control").count() == 0
        holder = Viewer(browser, f"{there.url}?token=sesame", 1400, 1000)
        holder.wait_for("You have control")
        holder.press("Step 1 s")
        viewer.wait_for("0:00:01")
        for one in (viewer, holder):
            one.context.close()
    assert names_of(None) == ["localhost", "127.0.0.1"] and "10.0.0.9" in names_of("10.0.0.9")


def test_hostile_messages_and_origins_leave_it_running(here: Served) -> None:
    """What a browser would never send: garbage at the websocket, with and without a session; another origin's page."""
    import asyncio
    import re
    from concurrent.futures import ThreadPoolExecutor
    from urllib.request import urlopen

    from tornado.httpclient import HTTPClientError, HTTPRequest
    from tornado.websocket import WebSocketClosedError, websocket_connect

    address, own = here.url.replace("http:", "ws:") + "ws", {"Origin": here.url.rstrip("/")}
    with urlopen(here.url, timeout=60.0) as answer:
        token = re.search(r'"token":"([^"]+)"', answer.read().decode())
    assert token is not None
    text = json.dumps({"msgtype": "PATCH-DOC", "msgid": "1", "header": {"num_buffers": 1e9}, "content": ["x"] * 9})

    async def attack() -> int:
        sent = 0
        for number in range(200):
            name = token[1] if number % 2 else f"token{number}"
            link = await websocket_connect(HTTPRequest(address, headers=own), subprotocols=["bokeh", name])
            try:
                for part in (text[: number % 90], text, b"\xff" * number):
                    await link.write_message(part, binary=isinstance(part, bytes))
            except WebSocketClosedError:
                pass  # thrown out
            link.close()
            while await link.read_message() is not None:
                pass  # what it had said before
            sent += 1
        foreign = HTTPRequest(address, headers={"Origin": "http://elsewhere.example"})
        with pytest.raises(HTTPClientError) as refused:
            await websocket_connect(foreign, subprotocols=["bokeh", token[1]])
        assert refused.value.code == 403
        return sent

    with ThreadPoolExecutor(1) as apart:  # the browser's tool has a loop running here
        assert apart.submit(lambda: asyncio.run(attack())).result() == 200
    with urlopen(here.url, timeout=60.0) as answer:
        assert answer.status == 200
