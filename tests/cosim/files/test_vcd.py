"""VCD: edges, lights and events as vcdvcd reads them; files of other programs as steps."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bms import Leds
from cosim import files
from cosim.circuit.deck import SIGNALS, SYSTEM_SIGNALS
from cosim.errors import InputError
from cosim.files.digital import CONTACT, LIGHTS, SWITCHES
from cosim.files.record import Column, Record
from cosim.files.vcd_write import timescale
from cosim.paths import ROOT
from cosim.result import Result, told_unit
from cosim.slow import channels


def other_reader(path: Path) -> Any:
    """File as vcdvcd reads it. Importing it lets a broken pipe kill the process; what was set before comes back."""
    before = signal.getsignal(signal.SIGPIPE)
    from vcdvcd import VCDVCD

    signal.signal(signal.SIGPIPE, before)
    return VCDVCD(str(path))


def edges(path: Path, name: str) -> list[tuple[float, int]]:
    """Times [s] and new values of a signal, by the other reader."""
    dump = other_reader(path)
    scale = dump.timescale["timescale"]
    return [(float(Decimal(at) * scale), int(value, 2)) for at, value in dump[name].tv]


def changes(time_s: np.ndarray, values: np.ndarray) -> list[tuple[float, int]]:
    """The same of an array."""
    at = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
    return [(float(time_s[k]), int(values[k])) for k in at]


def test_edges_of_the_slow_record(run: Result, tmp_path: Path) -> None:
    files.write(run, tmp_path / "a.vcd")
    time_s, slow = run.slow.time_s.values, run.slow
    for name in ("alternator_enabled", "charge_output", "leds"):
        assert edges(tmp_path / "a.vcd", f"slow.{name}") == changes(time_s, slow[name].values), name
    for place, light in enumerate(Leds._fields):
        lit = (slow.leds.values.astype(int) >> place) & 1
        assert edges(tmp_path / "a.vcd", f"lights.{light}") == changes(time_s, lit), light
    assert edges(tmp_path / "a.vcd", "log.sample") == [(t, k) for k, t in enumerate(time_s.tolist())]
    analog = {"port_current_A", "soc", "junction_degC[q1]"}
    assert not analog & {name.removeprefix("slow.") for name in other_reader(tmp_path / "a.vcd").signals}


def test_events_stand_at_their_own_moments(run: Result, tmp_path: Path) -> None:
    files.write(run, tmp_path / "a.vcd")
    lines = edges(tmp_path / "a.vcd", "log.line")
    assert lines == [(0.0, 1), (60.5, 2), (60.5, 3), (60.5303125, 4), (400.0, 5)]
    text = (tmp_path / "a.vcd").read_text()
    assert "salternator_charging" in text and "slimit_reached" in text
    at = text.index("salternator_charging")
    assert re.findall(r"^#(\d+)$", text[:at], re.MULTILINE)[-1] == "60500000000", "in ns, for what is at .5303125"


def test_a_window_has_bits_at_half_height_and_its_own_events(run: Result, tmp_path: Path) -> None:
    files.write(run, tmp_path / "a.vcd", "000_enable")
    window = run.windows["000_enable"]
    on = (window.enable.values >= 0.5).astype(int)
    found = edges(tmp_path / "a.vcd", "windows.enable.enable")
    assert [value for _, value in found] == [0, 1]
    assert found[1][0] == pytest.approx(float(window.time_s.values[on.argmax()]), abs=0.5e-15)
    assert edges(tmp_path / "a.vcd", "windows.enable.latch") == [(0.0, 0)]
    lines = edges(tmp_path / "a.vcd", "log.line")
    assert [number for _, number in lines] == [3, 4], "lines of the whole log; of two at the start the last stands"
    assert lines[1][0] == pytest.approx(0.0303125, abs=1e-12)


def test_own_reader_gives_the_points_back(run: Result, tmp_path: Path) -> None:
    files.write(run, tmp_path / "a.vcd")
    record, = files.read(tmp_path / "a.vcd")
    assert record.name == "slow" and record.time.values.tolist() == run.slow.time_s.values.tolist()
    found = {column.name: column.values.tolist() for column in record.signals}
    assert found == {name: run.slow[name].values.tolist() for name in ("alternator_enabled", "charge_output", "leds")}


LEVELS = st.lists(st.sampled_from([0.0, 1.0, float("nan")]), min_size=0, max_size=12)


@given(levels=LEVELS, words=st.integers(2, 31), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_levels_come_back(levels: list[float], words: int, seed: int, tmp_path: Path) -> None:
    """No points, one point, unknown levels, wide words."""
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.integers(1, 10**6, len(levels))) / 10**9
    wide = rng.integers(0, 2**words, len(levels)).astype(float)
    columns = (Column("time_s", "s", time_s), Column("latch", "1", np.array(levels), bits=1),
               Column("word", "1", wide, bits=words))
    files.write(Record("windows/x#2", columns), tmp_path / "any.vcd")
    record, = files.read(tmp_path / "any.vcd")
    assert record.name == "windows/x#2" and record.time.values.tolist() == time_s.tolist()
    assert np.array_equal(record.signals[0].values, levels, equal_nan=True)
    assert record.signals[1].values.tolist() == wide.tolist()


@pytest.mark.parametrize(("times", "unit"), [
    ([0.0, 0.1, 86400.0 * 30], "1 us"), ([0.0, 0.1 * 3, 1e-6], "1 us"), ([1e-9, 3.0], "1 ns"), ([2.5e-12, 1.0], "1 fs"),
    ([1.0 / 3.0], "1 fs"), ([86400.0 / 7.0], "1 ps"), ([], "1 us"),
])
def test_timescale_is_the_coarsest_that_tells_all(times: list[float], unit: str) -> None:
    name, per_s = timescale(np.array(times, dtype=np.float64))
    assert name == unit
    assert all(abs(round(t * per_s) / per_s - t) <= 0.5 / per_s + 1e-15 * t for t in times)


FOREIGN = """$date today $end $version Icarus Verilog $end $timescale 10 ns $end
$scope module top $end $var wire 1 ! ready $end $var reg 4 " count [3:0] $end
$scope module inner $end $var real 64 # level $end $upscope $end $upscope $end
$enddefinitions $end
#0
x!
bxxxx "
r0.5 #
#10
1!
b0011 "
#25
0!
1!
0!
b100 "
r-1.25e1 #
#40
"""


def test_a_file_of_another_program_is_steps(tmp_path: Path) -> None:
    (tmp_path / "a.vcd").write_text(FOREIGN)
    found = {record.full_name(record.signals[0]): record for record in files.read(tmp_path / "a.vcd")}
    assert set(found) == {"top/ready", "top/count", "top/inner/level"}
    steps = {name: list(zip(one.time.values.tolist(), one.signals[0].values.tolist(), strict=True))
             for name, one in found.items()}
    assert steps["top/ready"] == [(1e-7, 1.0), (2.5e-7, 1.0), (2.5e-7, 0.0), (4e-7, 0.0)]
    assert steps["top/count"] == [(1e-7, 3.0), (2.5e-7, 3.0), (2.5e-7, 4.0), (4e-7, 4.0)]
    assert steps["top/inner/level"] == [(0.0, 0.5), (2.5e-7, 0.5), (2.5e-7, -12.5), (4e-7, -12.5)]
    assert found["top/ready"].step_s == pytest.approx(1.5e-7)


@pytest.mark.parametrize(("text", "words"), [
    ("", "no signals"), ("hello", "a VCD file"), (FOREIGN.replace("#25", "#5"), "line 12: time 5 after 10"),
    (FOREIGN.replace("#25", "#" + "9" * 30), "bits (allowed: 64)"), (FOREIGN.replace("10 ns", "10 s"), ""),
    (FOREIGN.replace("$upscope $end $upscope", "$upscope $end $upscope $end $upscope"), "unreadable"),
    (FOREIGN.replace("$version Icarus", "$version smart-bms-cosim"), "no sample"),
    (FOREIGN.replace("b100 ", "b" + "1" * 2000 + " "), "unreadable"),
])
def test_bad_files_name_the_line(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.vcd").write_text(text)
    if not words:
        assert files.read(tmp_path / "a.vcd")[0].time.values[-1] == 400.0
        return
    with pytest.raises(InputError) as told:
        files.read(tmp_path / "a.vcd")
    assert words in str(told.value) and "a.vcd" in str(told.value) and len(str(told.value)) < 300 + len(str(tmp_path))


@pytest.mark.parametrize(("time_s", "name", "words"), [
    ([0.0, 2.0, 1.0], "latch", "times from 0 up"), ([-1.0, 0.0, 1.0], "latch", "times from 0 up"),
    ([0.0, 1.0, np.nan], "latch", "times from 0 up"), ([0.0, 1.0, 2.0], "a b", "blanks"),
])
def test_what_vcd_cannot_hold_is_refused(time_s: list[float], name: str, words: str, tmp_path: Path) -> None:
    record = Record("slow", (Column("time_s", "s", np.array(time_s)), Column(name, "1", np.ones(3), bits=1)))
    with pytest.raises(InputError, match=words):
        files.write(record, tmp_path / "a.vcd")
    assert list(tmp_path.iterdir()) == []


def test_no_digital_signal_is_said(run: Result, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none is digital"):
        files.write(run, tmp_path / "a.vcd", signals=["*_A"])


def test_list_of_digital_channels_is_that_of_the_engine() -> None:
    """Every channel of unit 1 is a switch, the lights, or one of those that are shares."""
    shares = {"soc", "starter_soc", "each_soc"}
    told = {name for name, unit, _ in channels_of_the_engine() if unit == "1"}
    assert told - shares == {*SWITCHES, LIGHTS} & told and len(told) > 10, "a new channel: is it digital?"
    flags = {name for name in (*SIGNALS, *SYSTEM_SIGNALS) if told_unit(name) == "1" and not name.endswith("_S")}
    assert flags <= set(SWITCHES) and "latch" in flags
    assert CONTACT.fullmatch("contact_ev0") and not CONTACT.fullmatch("contact")


def channels_of_the_engine() -> list[tuple[str, str, str]]:
    """All (name, unit, text) that stand in the module of channels."""
    return [one for value in vars(channels).values() if isinstance(value, tuple) for one in value
            if isinstance(one, tuple) and len(one) == 3 and all(isinstance(part, str) for part in one)]


def test_without_pyvcd_the_extra_is_named(tmp_path: Path) -> None:
    code = ("import sys; sys.modules['vcd'] = None\n"
            "import numpy as np\nfrom cosim import files\n"
            "time = files.Column('time_s', 's', np.arange(3.0))\n"
            "files.write(files.Record('slow', (time, files.Column('latch', '1', np.ones(3), bits=1))), 'a.vcd')\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                          check=False, env={"PYTHONPATH": str(ROOT), "PATH": ""})
    assert "is not installed (allowed: the extra `files`" in done.stderr


def test_the_other_reader_leaves_broken_pipes_to_python(run: Result, tmp_path: Path) -> None:
    files.write(run, tmp_path / "a.vcd", "slow")
    assert other_reader(tmp_path / "a.vcd").signals
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
