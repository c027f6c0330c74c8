"""Drawn scenarios: legal, each its own, and the same whenever they are drawn."""

from __future__ import annotations

from pathlib import Path

from cosim.studies.campaign.draw import WINDOW_EVERY, WINDOWED, drawn
from cosim.studies.campaign.faults import FUSES_A, SHOWN_BY, fault_name, wrong_fuse
from cosim.studies.campaign.scenario import parsed
from cosim.studies.sweep.paths import DUMPER

SEED = 11


def test_a_case_depends_on_seed_and_number_only() -> None:
    later = [drawn(SEED, k) for k in (7, 3)]
    assert drawn(SEED, 3) == later[1] and drawn(SEED, 7) == later[0]
    assert drawn(SEED, 3).content != drawn(SEED + 1, 3).content
    assert drawn(SEED, 3).content != drawn(SEED, 4).content


def test_all_are_legal_and_all_kinds_of_faults_come(tmp_path: Path) -> None:
    seen: set[str] = set()
    events: set[str] = set()
    for number in range(400):
        case = drawn(SEED, number)
        parsed(case, tmp_path)  # raises InputError
        assert case.windows == (number % WINDOW_EVERY in WINDOWED)
        disturbing = {e["kind"] for e in case.content["events"]} - {"load_step"}
        assert case.windows or not disturbing, "the slow engine alone cannot show what a circuit does"
        events |= disturbing
        seen |= {b.name for b in case.broken} | {fault_name({"device": "?", **f}) for f in case.content["faults"]}
    assert {"alternator regulator failed high", "corroded input terminal", "wrong fuse fitted, larger",
            "wrong fuse fitted, smaller", "daisy-chain cable broken"} <= seen
    assert {name for name in seen if name.startswith("transistor")} == {f"transistor {name}" for name in SHOWN_BY}
    assert events == {"load_dump", "short_circuit", "open_cable", "open_ground", "connect_capacitor", "iso_pulse",
                      "engine_start"}
    for kind in ("offset", "frozen", "open", "stuck"):
        assert any(name.endswith(kind) for name in seen)
    assert any("without voltage limit" in name for name in seen)


def test_content_is_plain_for_yaml() -> None:
    import yaml

    for number in range(50):
        content = drawn(SEED, number).content
        assert yaml.safe_load(yaml.dump(content, Dumper=DUMPER)) == content


def test_a_wrong_fuse_is_the_other_fuse() -> None:
    from models.fuse import load_fuse

    known = {a: load_fuse(float(a)) for a in FUSES_A}
    factors = {s.path.split(".")[2]: s.value for s in wrong_fuse(100, 60).settings}
    assert abs(known[100].resistance_25_ohm * factors["resistance_25_ohm"] / known[60].resistance_25_ohm - 1) < 1e-9
    assert abs(known[100].melting_i2t_A2s * factors["melting_i2t_A2s"] / known[60].melting_i2t_A2s - 1) < 1e-9
