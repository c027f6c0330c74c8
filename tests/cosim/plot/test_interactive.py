"""The page to zoom into: all points are in it, and a browser draws the spike at every scale."""

from __future__ import annotations

import builtins
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cosim.errors import InputError
from cosim.plot import explore
from cosim.plot.interactive import dashes, usual_panels
from cosim.plot.styles import CYCLE
from cosim.result import Result

MODELS = "[...Bokeh.documents[0]._all_models.values()]"
RANGE = f"{MODELS}.find(m => m.type == 'Range1d' && m.bounds != null)"
CURVE = f"{MODELS}.find(m => m.type == 'GlyphRenderer' && m.name == 'alternator port')"


def test_a_page_is_complete_and_shows_itself_in_a_frame(plausible_result: Result, tmp_path: Path) -> None:
    pytest.importorskip("panel")  # it changes Bokeh's own page; ours stays complete
    page = explore(plausible_result, title="a & b")
    text = page.save(tmp_path / "run.html").read_text(encoding="utf-8")
    assert "BEGIN bokeh.min.js" in text and "BEGIN bokeh-widgets.min.js" in text  # what draws it is in it
    assert not re.findall(r"<(?:script|link)[^>]* (?:src|href)=", text)  # no network, no other file
    assert "<title>a &amp; b</title>" in text and "alternator winding" in text and "fuse, as estimated" in text
    shown = page._repr_html_()
    assert shown.startswith('<iframe srcdoc="') and "<script" not in shown
    assert "MB" in repr(page) and len(repr(page)) < 100
    with pytest.raises(InputError, match="a file that can be written"):
        page.save(tmp_path / "none" / "run.html")
    assert [path.name for path in tmp_path.iterdir()] == ["run.html"]


def test_usual_panels_are_what_the_run_has(plausible_result: Result) -> None:
    assert usual_panels(plausible_result)[0] == [
        "alternator_current_A", "starter_battery_current_A", "port_current_A", "battery_current_A", "current_limit_A"]
    with pytest.raises(InputError, match="did you mean 'soc'"):
        explore(plausible_result, ["socc"])


def test_line_styles_as_the_browser_takes_them() -> None:
    assert dashes("-") == [] and all(min(dashes(one.dash), default=1) >= 1 for one in CYCLE)


def test_without_the_extra_it_is_one_line(plausible_result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    own = builtins.__import__

    def absent(name: str, *others: Any) -> Any:
        if name.partition(".")[0] == "bokeh":
            raise ImportError(name)
        return own(name, *others)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(InputError, match=r"bokeh: is not installed \(allowed: pip install 'smart-bms-cosim\["):
        explore(plausible_result)


@pytest.mark.long
def test_a_browser_draws_the_spike_at_every_scale(plausible_result: Result, tmp_path: Path) -> None:
    """A spike of one record in an hour; the wheel zooms; after a zoom the browser has thinned out anew."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no browser")
    from playwright.sync_api import sync_playwright

    port = plausible_result.slow["port_current_A"].values
    port[1234] = 777.0
    explore(plausible_result, [["port_current_A", "current_limit_A"]]).save(tmp_path / "run.html")
    with sync_playwright() as started:
        options = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
        browser = started.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page(viewport={"width": 840, "height": 500})
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto((tmp_path / "run.html").as_uri())
        page.wait_for_function(f"window.Bokeh && Bokeh.documents.length > 0 && ({CURVE})")

        def drawn() -> tuple[Any, Any]:
            told = page.evaluate(f"() => {{ const d = ({CURVE}).data_source.data; return [[...d.x], [...d.y]]; }}")
            return np.array(told[0]), np.array(told[1])

        x, y = drawn()
        assert x.size < plausible_result.slow.sizes["time_s"] and y.max() == 777.0
        page.evaluate(f"() => {{ const r = {RANGE}; r.start = 100.0; r.end = 3500.0; }}")
        page.wait_for_function(f"({CURVE}).data_source.data.x[0] > 90.0")
        x, y = drawn()
        assert x.size < 3400 and y.max() == 777.0 and x[0] == 100.0 and x[-1] == 3501.0  # thinned out by the browser
        page.evaluate(f"() => {{ const r = {RANGE}; r.start = 1200.5; r.end = 1260.0; }}")
        page.wait_for_function(f"({CURVE}).data_source.data.x.length < 100")
        x, y = drawn()
        inside = np.arange(1200.0, 1262.0)  # with a neighbour on either side
        np.testing.assert_array_equal(x, inside)
        np.testing.assert_array_equal(y, port[1200:1262])
        page.mouse.move(300, 200)
        page.mouse.wheel(0, -300)
        page.wait_for_function(f"({RANGE}).end - ({RANGE}).start < 59.0")
        browser.close()
    assert not problems
