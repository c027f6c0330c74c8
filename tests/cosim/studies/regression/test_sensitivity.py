"""Changing values in netlists, and (long) that fifteen of them are seen at 2 %."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.errors import InputError
from cosim.paths import NETLISTS
from cosim.spice.session import SpiceSession
from cosim.studies.regression import golden, sensitivity
from cosim.studies.regression.cases import cases
from cosim.studies.regression.sensitivity import INFLUENTIAL, SMALL, Kept, Seen, Value

GOLDEN = Path(__file__).parent / "golden" / "test_shipped_waveforms"
DECK = """* about rs2=9 in a comment
.subckt other a b params: rs2=1m
.ends
.subckt path a b
+ params: rs1=0.065m rs2=0.40m n=2meg t=0
+ kq=20m x={rs2*2} y={a} e=1.5e-3
.model N1 VDMOS kp=8 vto=-1.6
"""


def test_values_are_found_where_they_are_set(tmp_path: Path) -> None:
    (tmp_path / "a.cir").write_text(DECK)
    found = sensitivity.values_of("a.cir", tmp_path)
    assert [str(value) for value in found] == [
        "other rs2", "path rs1", "path rs2", "path n", "path kq", "path e", "N1 kp", "N1 vto"]


@pytest.mark.parametrize(("owner", "name", "old", "new"), [
    ("path", "rs2", "rs2=0.40m", 0.48e-3), ("other", "rs2", "rs2=1m", 1.2e-3), ("path", "n", "n=2meg", 2.4e6),
    ("path", "e", "e=1.5e-3", 1.8e-3), ("N1", "vto", "vto=-1.6", -1.92),
])
def test_one_value_is_changed_and_nothing_else(owner: str, name: str, old: str, new: float) -> None:
    text = sensitivity.with_factor(DECK, Value("a.cir", owner, name), 1.2)
    before, _, after = DECK.partition(old)
    assert text.startswith(before + f"{name}=") and text.endswith(after)
    assert float(text[len(before) + len(name) + 1 : len(text) - len(after)]) == pytest.approx(new)


def test_what_is_not_set_is_refused() -> None:
    with pytest.raises(InputError, match="path"):
        sensitivity.with_factor(DECK, Value("a.cir", "path", "x"), 1.2)


def test_a_value_is_tried_in_the_benches_that_contain_it() -> None:
    assert sensitivity.benches_with(Value("system_path.cir", "system_path", "itrip")) == ("system_",)
    assert sensitivity.benches_with(Value("devices.lib", "N100", "kp")) == ("port_",)
    assert sensitivity.benches_with(Value("devices.lib", "SM8S16A", "bv")) == ("port_", "system_")
    assert sensitivity.benches_with(Value("devices.lib", "SM8S33A", "bv")) == ()


def test_answers_are_kept_for_these_golden_files_only(tmp_path: Path) -> None:
    golden_folder, kept = tmp_path / "golden", tmp_path / "kept.jsonl"
    golden_folder.mkdir()
    (golden_folder / "a.npz").write_bytes(b"one")
    asked: list[str] = []

    def ask(name: str) -> Seen:
        def find() -> Seen:
            asked.append(name)
            return Seen(Value("a.cir", "path", name), 0.2, "bench", "x_V", float("inf"))

        return Kept(kept, golden_folder).seen(f"path {name} 0.2", find)

    first = ask("rs2")
    assert ask("rs2") == first and asked == ["rs2"]
    kept.write_text(kept.read_text() + '{"digest": "torn')  # killed while it was written
    assert ask("rs2") == first and asked == ["rs2"]
    (golden_folder / "a.npz").write_bytes(b"another")
    assert ask("rs2") == first and asked == ["rs2", "rs2"]
    assert ask("rs2") == first and asked == ["rs2", "rs2"], "what was written after the torn line is found"


def test_the_netlists_themselves_stay_as_they_are() -> None:
    before = (NETLISTS / INFLUENTIAL[0].file).read_bytes()
    with sensitivity.changed(INFLUENTIAL[0], 1.5) as folder:
        assert (folder / INFLUENTIAL[0].file).read_bytes() != before
    assert (NETLISTS / INFLUENTIAL[0].file).read_bytes() == before and not folder.exists()


def test_listed_values_exist() -> None:
    assert len(set(INFLUENTIAL)) == 15
    for value in INFLUENTIAL:
        assert value in sensitivity.values_of(value.file)


def test_a_quick_one_is_seen_and_an_unchanged_one_is_not(spice: SpiceSession) -> None:
    benches = {name: case for name, case in cases().items() if name.startswith("output_")}
    known = {name: golden.read(GOLDEN / f"test_bench_{name}.npz") for name in benches}
    value = next(one for one in INFLUENTIAL if one.name == "rsense")
    assert sensitivity.both_ways(spice, value, SMALL, known, benches).caught
    assert sensitivity.see(spice, value, 0.0, known, benches).used < 0.15  # a tenth is the thinning


@pytest.mark.long
@pytest.mark.parametrize("value", sensitivity.HARMLESS, ids=str)
def test_noise_is_not_seen(value: tuple[str, str, str], spice: SpiceSession) -> None:
    """A change of 1e-5 moves the steps of the integration, and nothing else: benches must have converged."""
    known = sensitivity.load_known(GOLDEN)
    assert sensitivity.see(spice, Value(*value), sensitivity.NOTHING, known, cases()).used < 0.6


@pytest.mark.long
@pytest.mark.parametrize("value", INFLUENTIAL, ids=str)
def test_two_per_cent_are_seen(value: Value, spice: SpiceSession) -> None:
    known = sensitivity.load_known(GOLDEN)
    seen = sensitivity.both_ways(spice, value, SMALL, known, cases())
    assert seen.caught, seen
