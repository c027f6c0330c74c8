"""A result directory: complete or not there, the same bytes for the same content, clear about damage."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from cosim.errors import InputError
from cosim.result import FILES, EventLog, LoggedEvent, Result, labelled, plain, require_writable, shown


def small() -> Result:
    time_s = np.array([0.0, 0.1, 0.30000000000000004])
    slow = xr.Dataset(
        {"port_current_A": ("time_s", [0.0, np.pi, np.nan]),
         "cell_voltage_V": (("time_s", "cell"), np.eye(3, 4))},
        {"time_s": time_s, "cell": np.arange(1, 5)}, attrs={"scenario": "small"},
    )
    window = xr.Dataset({"fb_V": ("time_s", [13.0, 13.5])}, {"time_s": [0.0, 1e-6]},
                        attrs={"name": "enable", "start_s": 0.1, "end_s": 0.2, "reason": "command: enable"})
    events = [LoggedEvent(0.1, "supervisor", "alternator_on", 'quotes ", commas, and\na new line'),
              LoggedEvent(1.0 / 3.0, "engine", "window", "")]
    windows = {f"{i:03d}_enable": window for i in (0, 1)} | {"1000_enable": window, "999_enable": window}
    return Result(slow, windows, events, {"scenario": "small", "value": 1.0 / 3.0, "figures": []})


def test_round_trip_is_exact(tmp_path: Path) -> None:
    before = small()
    before.save(tmp_path / "run", picture=False)
    after = Result.load(tmp_path / "run")
    xr.testing.assert_identical(after.slow, labelled(before.slow))
    assert list(after.windows) == ["000_enable", "001_enable", "1000_enable", "999_enable"]
    xr.testing.assert_identical(after.windows["001_enable"], labelled(before.windows["001_enable"]))
    assert after.events == before.events
    assert after.summary == before.summary


def test_a_window_and_an_event_by_name(plausible_result: Result) -> None:
    result = plausible_result
    assert result.window("enable") is result.windows["001_enable"]
    assert result.window("003_disable") is result.windows["003_disable"]
    result.windows["004_enable"] = result.windows["001_enable"].copy()
    assert result.window("enable") is result.windows["001_enable"], "the first of that name"
    assert result.event("derating").time_s == 2000.0
    assert result.event("window").detail == "cranking: cranking at 20.0 s"


@pytest.mark.parametrize(("what", "name", "said"), [
    ("window", "enabel", "windows: name: 'enabel' (allowed: did you mean 'enable'?)"),
    ("event", "deratin", "events: name: 'deratin' (allowed: did you mean 'derating'?)"),
    ("event", "xyz", "derating"),
])
def test_an_unknown_name_names_the_nearest(what: str, name: str, said: str, plausible_result: Result) -> None:
    with pytest.raises(InputError) as refused:
        getattr(plausible_result, what)(name)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_directory_contract(plausible_result: Result, tmp_path: Path) -> None:
    folder = plausible_result.save(tmp_path / "a" / "run")
    assert sorted(p.name for p in folder.iterdir()) == sorted(FILES)
    with xr.open_datatree(folder / "result.nc", engine="netcdf4") as tree:
        assert set(tree.children) == {"slow", "windows"}
        assert list(tree["windows"].children) == list(plausible_result.windows)
        for node in tree.subtree:
            for name, variable in node.dataset.variables.items():
                assert variable.attrs["long_name"], name
                assert "units" in variable.attrs or variable.dtype.kind in "OUT", name
        assert tree["slow"]["port_current_A"].attrs["units"] == "A"
        assert tree["slow"]["vehicle_speed_m_s"].attrs["units"] == "m/s"
        assert tree["slow"]["winding_degC"].attrs["units"] == "degC"
        assert tree["slow"]["soc"].attrs["units"] == "1"
    with (folder / "events.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["time_s", "source", "event", "detail"]
    assert len(rows) == 1 + len(plausible_result.events)
    text = (folder / "summary.json").read_text()
    content = json.loads(text)
    assert list(content) == sorted(content)
    assert "89.7341234567" in text
    assert (folder / "waveforms.png").read_bytes().startswith(b"\x89PNG")


def test_same_content_gives_the_same_bytes(plausible_result: Result, tmp_path: Path) -> None:
    one, two = plausible_result.save(tmp_path / "one"), plausible_result.save(tmp_path / "two")
    loaded = Result.load(one).save(tmp_path / "loaded")
    for name in FILES:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
        assert (one / name).read_bytes() == (loaded / name).read_bytes(), name
    plausible_result.slow["port_current_A"].values[100] += 1e-12
    three = plausible_result.save(tmp_path / "three", picture=False)
    assert (one / "result.nc").read_bytes() != (three / "result.nc").read_bytes()


def test_an_older_result_is_replaced(tmp_path: Path) -> None:
    result = small()
    result.save(tmp_path / "run", picture=False)
    result.summary["value"] = 2
    result.save(tmp_path / "run", picture=False)
    assert Result.load(tmp_path / "run").summary["value"] == 2
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_an_older_result_survives_a_failed_save(tmp_path: Path) -> None:
    result = small()
    result.save(tmp_path / "run", picture=False)
    result.summary["value"] = object()
    with pytest.raises(TypeError, match="summary holds a object"):
        result.save(tmp_path / "run", picture=False)
    assert Result.load(tmp_path / "run").summary["value"] == 1.0 / 3.0
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_an_older_result_is_put_back_if_the_last_move_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = small()
    result.save(tmp_path / "run", picture=False)
    result.summary["value"] = 2
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(InputError, match="Permission denied"):
        result.save(tmp_path / "run", picture=False)
    assert Result.load(tmp_path / "run").summary["value"] == 1.0 / 3.0


def test_a_link_to_a_result_stays_a_link(tmp_path: Path) -> None:
    result = small()
    result.save(tmp_path / "first", picture=False)
    (tmp_path / "latest").symlink_to("first")
    result.summary["value"] = 7
    result.save(tmp_path / "latest", picture=False)
    assert (tmp_path / "latest").is_symlink()
    assert Result.load(tmp_path / "first").summary["value"] == 7


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    small().save(tmp_path / "run", picture=False)
    assert Result.load(tmp_path / "run").events


@pytest.mark.parametrize("also_a_result", [True, False])
def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, also_a_result: bool) -> None:
    folder = tmp_path / "thesis"
    if also_a_result:
        small().save(folder, picture=False)
    folder.mkdir(exist_ok=True)
    (folder / "chapter.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis: holds chapter\.tex.*\(allowed: "):
        small().save(folder, picture=False)
    assert (folder / "chapter.tex").read_text() == "years of work"


def test_a_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(InputError, match=r"run: is a file"):
        small().save(tmp_path / "run", picture=False)
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.parametrize("name", ["result.nc", "events.csv", "summary.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "garbage"])
def test_damage_is_told_in_one_line(tmp_path: Path, name: str, damage: str) -> None:
    folder = small().save(tmp_path / "run", picture=False)
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"empty": b"", "cut": content[: len(content) - len(content) // 3],
                          "garbage": b"\xff\xfe not a result \x00"}[damage])
    with pytest.raises(InputError) as caught:
        Result.load(folder)
    assert name in str(caught.value) and "\n" not in str(caught.value) and "(allowed: " in str(caught.value)


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        Result.load(tmp_path / "nothing")


def test_plain_makes_json_of_numpy() -> None:
    content = {"a": np.float64(0.1), "b": np.arange(2), "c": (np.bool_(True), None), "d": np.nan, 5: "x"}
    assert plain(content) == {"a": 0.1, "b": [0, 1], "c": [True, None], "d": None, "5": "x"}
    assert json.loads(json.dumps(plain(content), allow_nan=False))["c"] == [True, None]


@pytest.mark.parametrize(("value", "text"), [
    (89.7341, "89.734"), (13.0034, "13.003"), (1.5e-7, "1.5e-07"), (281880.04, "281880.0"), (None, ""),
    (True, "yes"), ("at most 1 mA", "at most 1 mA"), (3, "3"), (np.float64(0.5), "0.5"),
])
def test_numbers_are_shown_as_a_reader_wants_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_given_units_are_kept() -> None:
    dataset = xr.Dataset({"x_A": ("time_s", [1.0], {"units": "kA", "long_name": "mine"})}, {"time_s": [0.0]})
    assert labelled(dataset)["x_A"].attrs == {"units": "kA", "long_name": "mine"}
    assert dataset["time_s"].attrs == {}
    assert labelled(dataset)["time_s"].attrs == {"units": "s", "long_name": "time"}


def test_notebook_view_escapes_and_shows(plausible_result: Result) -> None:
    plausible_result.events.append(LoggedEvent(1.0, "engine", "<script>", "a & b"))
    view = plausible_result._repr_html_()
    assert "<script>" not in view and "&lt;script&gt;" in view and "a &amp; b" in view
    assert "limiter current, warm fuse" in view and "89.734" in view and "NO" in view
    assert "000_cranking" in view


# --- results that show themselves ---------------------------------------------------------------------------


def test_a_result_says_what_it_is_in_one_line(plausible_result: Result) -> None:
    told = repr(plausible_result)
    assert told == (
        "Result(road_hour: 3600 records over 3599.0 s, 27 channels, 4 windows, 7 events; 3 figures with a limit, "
        "outside: alternator winding, hottest)")
    assert repr(Result(xr.Dataset())) == "Result(run: 0 records, 0 channels, 0 windows, 0 events)"


def test_an_event_log_shows_itself_as_a_table(plausible_result: Result) -> None:
    log = plausible_result.events
    assert isinstance(log, EventLog)
    lines = repr(log).splitlines()
    assert len(lines) == 1 + len(log) and lines[0].split()[:4] == ["time", "[s]", "source", "event"]
    assert lines[1].startswith("20 ") and "cranking at 20.0 s" in lines[1]
    assert len({line.index("engine") for line in lines if " engine " in line}) == 1  # columns stand below each other
    assert log._repr_html_().count("<tr>") == 1 + len(log)
    assert repr(EventLog(log * 10)).endswith("... and 30 more")
    assert log == list(log) and EventLog()._repr_html_() == "<p>no events</p>"


def test_a_long_log_is_folded_and_escaped() -> None:
    log = EventLog([LoggedEvent(float(k), "a", "<b>", "") for k in range(30)])
    assert log._repr_html_().startswith("<details><summary>Events (30)</summary>") and "<b>" not in log._repr_html_()


def test_a_figure_outside_its_limit_is_bold(plausible_result: Result) -> None:
    shown = plausible_result._repr_html_()
    assert "<b>alternator winding, hottest</b>" in shown and "<b>start threshold" not in shown


@pytest.mark.parametrize("name", ["enable", "001_enable"])
def test_a_window_is_found_by_its_name(plausible_result: Result, name: str) -> None:
    assert plausible_result.window(name) is plausible_result.windows["001_enable"]


def test_a_window_that_is_not_there_is_one_line(plausible_result: Result) -> None:
    with pytest.raises(InputError, match="did you mean 'enable'"):
        plausible_result.window("enabel")
    with pytest.raises(InputError, match="a run with windows"):
        Result(xr.Dataset()).window("enable")


def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_writable(tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    for inside in ("file", "file/x"):
        with pytest.raises(InputError, match="file is a file"):
            require_writable(tmp_path / inside)
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(InputError, match="cannot be written to"):
        require_writable(tmp_path / "new")
