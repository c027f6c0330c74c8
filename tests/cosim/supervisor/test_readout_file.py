"""The stream of the instant readout: decoded by the public package, with keys that stand nowhere else."""

from __future__ import annotations

import base64
import csv
import json
import math
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import bms
from bms.readout import Flag, ReadoutKey, keys_from_seed
from cosim.errors import InputError
from cosim.paths import ROOT
from cosim.scenario.model import parse_scenario
from cosim.supervisor import readout_file, readout_keys
from cosim.supervisor.readout_file import ReadoutWriter, decoded
from tests.cosim.cli.called import code_of

SETTINGS = bms.Settings(battery_count=2, instant_readout=True)
KEYS = keys_from_seed(11, 2)
SEEN = bms.Measurements(
    14.2, 0.0, 13.3, 25.0, 25.0, (3.32, 3.33, 3.34, 3.35, 2.75, 3.1, 2.5, 3.9),
    (20.0, 21.0, 22.0, 21.0, 51.0, 40.0, 40.0, 40.0),
)
SCENARIO = """
name: tiny
settings: {instant_readout: true}
bank: {batteries: 2}
source: {kind: supply, emf_V: [[0, 13.5]]}
duration_s: 1
seed: 11
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Result directory with a stream of three broadcasts, 60 s apart."""
    with ReadoutWriter(tmp_path / "readout.csv", SETTINGS, KEYS, 600, 100) as writer:
        state, commands, _, _ = bms.step(bms.State(), SEEN, SETTINGS, 0.0)
        for tick in (0, 600, 1203):
            assert tick >= writer.due_tick
            missing = replace(SEEN, cell_voltage_V=(math.nan, *SEEN.cell_voltage_V[1:]))
            writer.write(tick, missing if tick == 600 else SEEN, commands, state)
        assert writer.due_tick == 1800, "the next multiple of the period, also after one that came late"
    return tmp_path


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    told = capsys.readouterr()
    assert told.err.count("\n") == 1 and told.err.startswith("bms-cosim: ")
    return told.err


def test_the_stream_says_what_the_batteries_say(folder: Path) -> None:
    shown = list(decoded(folder, KEYS))
    assert [(s.time_s, s.battery) for s in shown] == [
        (0.0, 0), (0.0, 1), (60.0, 0), (60.0, 1), (120.3, 0), (120.3, 1)]
    assert shown[0].cell_voltage_V == (3.32, 3.33, 3.34, 3.35)
    assert (shown[0].voltage_V, shown[0].temperature_degC, shown[0].balancer) == (13.34, 22, "unknown")
    assert shown[1].cell_voltage_V == (2.75, 3.1, -math.inf, math.inf) and shown[1].temperature_degC == 51
    for alarm in ("over voltage alarm", "under voltage alarm", "over temperature alarm"):
        assert alarm in shown[1].flags and alarm not in shown[0].flags
    assert shown[2].cell_voltage_V[0] is None and shown[2].voltage_V is None
    assert "hardware failure" in shown[2].flags


def test_a_reader_that_has_enough_is_no_error(folder: Path) -> None:
    stream, keys = folder / "readout.csv", folder / "k"
    header, first, *_ = stream.read_text().splitlines()
    stream.write_text(header + "\n" + 3000 * (first + "\n"))
    readout_keys.save_keys(keys, KEYS)
    command = [sys.executable, "-m", "cosim", "readout", str(folder), "--keys", str(keys)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None and running.stderr is not None
        assert running.stdout.readline().split()[0] == "time"
        running.stdout.close()
        assert running.stderr.read() == ""


def test_flags_by_name() -> None:
    assert readout_file.flag_names(Flag.CHARGE_ALLOWED | Flag.HARDWARE_FAILURE) == "hardware failure; charge allowed"
    assert readout_file.flag_names(1 << 31) == "unknown 0x80000000" and readout_file.flag_names(0) == ""


def test_the_command_prints_a_table_and_writes_csv(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = folder / "tiny.yaml"
    scenario.write_text(SCENARIO)
    assert code_of("readout", str(folder), "--scenario", str(scenario)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7 and lines[0].split()[:2] == ["time", "[s]"]
    assert lines[2].split()[:7] == ["0.0", "1", "12.25", "2.75", "3.10", "<2.61", ">3.85"]
    keys = folder / "my.keys"
    readout_keys.save_keys(keys, KEYS)
    out = folder / "out.csv"
    assert code_of("readout", str(folder), "--keys", str(keys), "--csv", "--battery", "1", "-o", str(out)) == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == 3 and rows[0]["battery"] == "1" and float(rows[0]["battery_voltage_V"]) == 12.25
    assert float(rows[0]["cell_voltage_V[3]"]) == math.inf
    assert sorted(p.name for p in folder.iterdir()) == ["my.keys", "out.csv", "readout.csv", "tiny.yaml"]


def fragments(key: ReadoutKey) -> list[bytes]:
    """Four bytes in a row of a key in every form that a text may hold."""
    parts = [key.key[i : i + 4] for i in range(13)]
    texts = [part.hex().encode() for part in parts] + [part.hex().upper().encode() for part in parts]
    return [*parts, *texts, *(repr(part)[2:-1].encode() for part in parts), base64.b64encode(key.key)[:8]]


def test_no_part_of_a_key_is_told_anywhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = folder / "my.keys"
    readout_keys.save_keys(keys, KEYS)
    wrong = folder / "wrong.keys"
    readout_keys.save_keys(wrong, KEYS[::-1])
    bad = folder / "bad.keys"
    bad.write_text(KEYS[0].key.hex() + "\n" + KEYS[1].key.hex()[:-1] + "\n")
    for path in (keys, wrong, bad):
        code_of("readout", str(folder), "--keys", str(path))
    scenario = folder / "tiny.yaml"
    scenario.write_text(SCENARIO)
    code_of("settings", str(scenario))
    told = capsys.readouterr()
    text = (told.out + told.err + repr(KEYS) + str(KEYS)).encode() + (folder / "readout.csv").read_bytes()
    assert len(told.err.splitlines()) == 2
    found = [part for key in KEYS for part in fragments(key) if part in text]
    assert found == []
    assert [part for key in KEYS for part in fragments(key) if part in keys.read_bytes()], "the search finds keys"


def test_a_key_file_is_for_its_owner_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.keys"
    readout_keys.save_keys(path, KEYS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [key.key for key in readout_keys.read_keys(path)] == [key.key for key in KEYS]
    before = path.read_bytes()
    with pytest.raises(InputError, match="a new file"):
        readout_keys.save_keys(path, KEYS[:1])
    assert path.read_bytes() == before


def test_keys_of_a_scenario(tmp_path: Path) -> None:
    def content(**more: object) -> dict[str, object]:
        return {"name": "k", "source": {"kind": "supply", "emf_V": [[0, 13.0]]}, "duration_s": 1,
                "settings": {"instant_readout": True}, **more}

    assert readout_keys.keys_of(parse_scenario(content(seed=11, bank={"batteries": 2}))) == KEYS
    path = tmp_path / "own.keys"
    path.write_text("# mine\n" + "ab" * 16 + "\n")
    own = parse_scenario(content(readout={"keys": "own.keys"}), "k.yaml", tmp_path)
    assert [key.key for key in readout_keys.keys_of(own)] == [b"\xab" * 16]
    two = parse_scenario(content(readout={"keys": "own.keys"}, bank={"batteries": 2}), "k.yaml", tmp_path)
    with pytest.raises(InputError, match=r"1 keys \(allowed: one line per battery \(2\)\)"):
        readout_keys.keys_of(two)
    with pytest.raises(InputError, match=r"settings\.instant_readout: False \(allowed: true"):
        parse_scenario({**content(readout={"period_s": 5}), "settings": {}})


@pytest.mark.parametrize("content", [
    b"", b"# only words\n", b"00" * 15, b"zz" * 16, b"\xff\xfe", b"00" * 20_000, b"00" * 16 + b" 5\n",
])
def test_key_files_that_cannot_be_used(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.keys"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.keys: .*32 hexadecimal digits"):
        readout_keys.read_keys(path)


def test_a_place_for_keys_is_checked_before_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = tmp_path / "tiny.yaml"
    scenario.write_text(SCENARIO)
    out = tmp_path / "out"
    out.mkdir()
    places = ((scenario, "exists"), (tmp_path / "no" / "k", "no such folder"), (out / "k", "inside the result"))
    for keys, told in places:
        assert code_of("run", str(scenario), "-o", str(out), "--save-keys", str(keys)) == 2
        assert told in one_line(capsys)
    scenario.write_text(SCENARIO.replace("settings: {instant_readout: true}\n", ""))
    assert code_of("run", str(scenario), "-o", str(out), "--save-keys", str(tmp_path / "k")) == 2
    assert "instant_readout: true" in one_line(capsys)
    assert list(out.iterdir()) == [] and not (tmp_path / "k").exists()


def _line(number: int, text: str) -> Callable[[str], str]:
    def change(content: str) -> str:
        lines = content.splitlines()
        lines[number - 1] = text
        return "\n".join(lines) + "\n"

    return change


def _flipped(number: int, byte: int, bits: int) -> Callable[[str], str]:
    """Change bits of an encrypted message: in counter mode they change in the payload too."""

    def change(content: str) -> str:
        head, _, data = content.splitlines()[number - 1].rpartition(",")
        changed = bytearray.fromhex(data)
        changed[byte] ^= bits
        return _line(number, f"{head},{changed.hex()}")(content)

    return change


GOOD_DATA = "1002e3a005" + "00" * 19
HOSTILE: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda text: "", "line 1: empty (allowed: time_s,battery,manufacturer_data)"),
    "other columns": (lambda text: "a,b\n", "line 1: a,b"),
    "values missing": (_line(3, "1.0,0"), "line 3: 2 values"),
    "no time": (_line(3, f"nan,0,{GOOD_DATA}"), "line 3, time_s: nan"),
    "no battery": (_line(3, f"1.0,-1,{GOOD_DATA}"), "line 3, battery: -1 (allowed: 0 to 1"),
    "a battery too many": (_line(3, f"1.0,2,{GOOD_DATA}"), "line 3, battery: 2 (allowed: 0 to 1"),
    "no digits": (_line(4, "1.0,1,hello"), "line 4, manufacturer_data: hello"),
    "cut off": (lambda text: text[:-9], "line 7, manufacturer_data: 1002"),
    "another record": (_line(4, "1.0,1," + GOOD_DATA.replace("a005", "a00e")), "line 4, manufacturer_data"),
    "a balancer that is none": (_flipped(4, 22, 0x90), "line 4, battery: 0 (allowed: the keys of this run, and an und"),
    "another key": (_line(4, f"1.0,1,{GOOD_DATA}"), "line 4, battery: 1 (allowed: the keys of this run"),
    "open quote": (lambda text: text + '"', "unexpected end"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_stream_is_one_line(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change, expected = HOSTILE[name]
    stream = folder / "readout.csv"
    stream.write_text(change(stream.read_text()))
    keys = folder / "k"
    readout_keys.save_keys(keys, KEYS)
    out = folder / "out.csv"
    assert code_of("readout", str(folder), "--keys", str(keys), "-o", str(out)) == 2
    line = one_line(capsys)
    assert str(stream) in line and expected in line
    assert not out.exists() and sorted(p.name for p in folder.iterdir()) == ["k", "readout.csv"]


def test_what_is_missing_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert code_of("readout", str(folder)) == 2
    assert "--scenario, --keys: neither (allowed: one of the two" in one_line(capsys)
    keys = tmp_path / "k"
    readout_keys.save_keys(keys, KEYS)
    assert code_of("readout", str(folder / "nowhere"), "--keys", str(keys)) == 2
    assert "no such file" in one_line(capsys)
    assert code_of("readout", str(folder), "--keys", str(keys), "--battery", "2") == 2
    assert "--battery: 2 (allowed: 0 to 1)" in one_line(capsys)
    for name in ("victron_ble", "victron_ble.devices", "victron_ble.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    assert code_of("readout", str(folder), "--keys", str(keys)) == 2
    assert "victron-ble: not installed (allowed: `pip install victron-ble`" in one_line(capsys)


def test_summary_of_settings_is_json() -> None:
    from cosim.record.summary import supervisor_summary

    told = json.loads(json.dumps(supervisor_summary(SETTINGS)))
    assert told["changed"]["battery_count"] == {"default": 1, "value": 2}
    assert told["limits_applied"]["current_limit_A"] == 90.0 and told["variant"] == "12-200"
