"""A user's own netlist: what is hostile or broken is refused in one line, and nothing that happens to it lasts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cosim.circuit.deck import DeckSpec, externals, signals, top_deck
from cosim.cli.app import main
from cosim.errors import InputError, RunFailed
from cosim.own.netlist import own_netlist, own_texts
from cosim.own.process import JOB, OwnNetlistFailed, try_apart
from cosim.paths import NETLISTS, NETLISTS_VARIABLE, ROOT
from cosim.scenario.model import load_scenario, parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession
from cosim.spice.sources import SourceTable
from cosim.studies.conformance.lab import Lab
from cosim.studies.sweep.paths import load_base
from cosim.studies.sweep.spec import load_study
from cosim.studies.sweep.study import made_by

CIRCUIT = "direct_connection"
SHIPPED = (NETLISTS / f"{CIRCUIT}.cir").read_text(encoding="utf-8")
END = f".ends {CIRCUIT}"
SCENARIO = f"""
name: own
circuit: {{netlist: {CIRCUIT}}}
netlists: {{{CIRCUIT}: my.cir}}
source: {{kind: supply, emf_V: [[0, 13.5]]}}
duration_s: 2
"""


def with_line(*lines: str) -> str:
    """The shipped circuit with lines before its end."""
    return SHIPPED.replace(END, "\n".join((*lines, END)))


def changed(old: str, new: str) -> str:
    assert old in SHIPPED
    return SHIPPED.replace(old, new)


def bomb(levels: int, each: int) -> str:
    """Subcircuits within subcircuits: each**levels resistors in a few lines."""
    parts = [".subckt b0 a\nR1 a 0 1meg\n.ends"]
    for level in range(1, levels + 1):
        inner = "\n".join(f"X{k} a b{level - 1}" for k in range(each))
        parts.append(f".subckt b{level} a\n{inner}\n.ends")
    return "\n".join((*parts, with_line(f"Xb fb b{levels}")))


REFUSED: dict[str, tuple[str, str]] = {
    "control": (SHIPPED + ".control\nshell touch pwned\n.endc\n", r"'\.control' is not allowed"),
    "shell": (with_line("shell touch pwned"), "'shell' is a command"),
    "hidden command": ("*# shell touch pwned\n" + SHIPPED, "hides a command"),
    "back quotes": (with_line("R9 fb 0 `touch pwned`"), "command substitution"),
    "codemodel": (with_line("codemodel evil.cm"), "'codemodel' is a command"),
    "pre_osdi": (with_line("pre_osdi evil.osdi"), "'pre_osdi' is a command"),
    "code model device": (with_line("a1 fb out", ".model out filesource (file=x)"), "not an element"),
    "model that reads a file": (with_line(".model m r file=\"x\""), "may not name a file"),
    "include outside": (SHIPPED + ".include ../secret.lib\n", "outside the netlists folder"),
    "include of the system": (SHIPPED + ".include /etc/passwd\n", "outside the netlists folder"),
    "include by a link": (SHIPPED + ".include link.lib\n", "outside the netlists folder"),
    "library section": (SHIPPED + ".lib parts.lib fast\n", "cannot resolve"),
    "include of itself": (SHIPPED + ".include my.cir\n", "nested more than 8 deep"),
    "includes without end": (SHIPPED + ".include fan1.lib\n", "more than 100 files"),
    "include of nothing": (SHIPPED + ".include absent.lib\n", "does not exist"),
    "include of bytes": (SHIPPED + ".include bytes.lib\n", "no text that can be read"),
    "undefined parameter": (with_line("R9 fb 0 {nope}"), "undefined parameter 'nope'"),
    "parameter of another scope": (
        f".subckt s p n params: zz=1\nR1 p n {{zz}}\n.ends\n{with_line('X9 fb 0 s zz=3', 'R9 fb 0 {zz}')}",
        "undefined parameter 'zz'"),
    "undefined function": (with_line("B9 q 0 V={nope(3)}", "R9 q 0 1"), "undefined function 'nope'"),
    "unbalanced brace": (with_line("R9 fb 0 {rlink"), "unbalanced {}"),
    "unbalanced parenthesis": (with_line("B9 q 0 V=(1+(2)"), r"unbalanced \(\)"),
    "empty expression": (with_line("R9 fb 0 {}"), "empty expression"),
    "not ASCII": (with_line("R9 fb 0 1µ"), "not printable ASCII"),
    "missing port": (changed(" pfuse pother", " pfuse"), "missing port pother"),
    "ports in another order": (changed("ab lb gn", "lb ab gn"), "order of ports lb ab"),
    "a return that is always node 0": (changed("ab lb gn en", "ab lb gnd en"), r"port gnd, .*allowed: the name gn"),
    "one port too many": (changed("pclamp lifted\n", "pclamp lifted more\n"), "unknown port more"),
    "another name": (SHIPPED.replace(CIRCUIT, "mine"), rf"mine \(allowed: \.subckt {CIRCUIT}"),
    "missing parameter": (changed(" rf25=0.6m lf=20n", " lf=20n"), "missing parameter rf25"),
    "output that nothing drives": (changed("Res estored 0 1k\n", ""), "port estored connected to nothing"),
    "defined twice": (SHIPPED + SHIPPED, "defined twice"),
    "a name of ours": (".subckt cable a b\nR1 a b 1\n.ends\n" + SHIPPED, "cable: defined again"),
    "a model of ours": (".model N100 NMOS\n" + SHIPPED, "n100: defined again"),
    "a function of ngspice": (".func min(a,b) {0}\n" + SHIPPED, "defined again"),
    "element outside": ("R9 stb 0 1m\n" + SHIPPED, "outside a subcircuit"),
    "global node": (with_line(".global stb"), "reaches the deck around"),
    "temperature of the deck": (with_line(".temp 125"), "reaches the deck around"),
    "analysis": (SHIPPED + ".tran 1u 1\n", "does not belong into a deck body"),
    "external source": (with_line("V9 q 0 external", "R9 q 0 1"), "external source"),
    "external source that crashes": (with_line("V9 q 0 dc 0 external"), "crashes ngspice"),
    "no end": (changed(END, ""), r"\.subckt without \.ends"),
    "subcircuit inside": (with_line(".subckt s a", "R1 a 0 1", ".ends"), "inside another subcircuit"),
    "contains itself": (".subckt s a\nX1 a s\n.ends\n" + with_line("X9 fb s"), "contains itself"),
    "too large": (bomb(12, 10), "at most 5000"),
    "far too large": (bomb(190, 60), "at most 5000"),
    "unknown subcircuit": (with_line("X9 fb 0 nosuch"), "unknown subcircuit nosuch"),
    "wrong number of nodes": (with_line("X9 fb 0 ab cable"), r"3 nodes \(allowed: 2"),
    "TRIP that cannot be followed": ("* TRIP port_current_A itrip 80%\n" + SHIPPED, "no parameter itrip"),
    "RATING that cannot be followed": ("* RATING ab 35V bank\n" + SHIPPED, "cannot be followed"),
    "watched transistor without ratings": (
        with_line("MQ1 fb g s tj tc N99 thermal", "Vt tj tq1 dc -27"), "ratings_n99"),
    "nothing but a comment": ("* nothing\n", "no elements"),
}
"""What each netlist is, its text, and what the one line says (exit code 2, before anything runs)."""

INSIDE: dict[str, tuple[str, str, int]] = {
    "missing model": (with_line("D9 fb 0 NOSUCH"), "(?i)nosuch", 2),
    "two voltages on one node": (with_line("V8 q 0 5", "V9 q 0 6"), "OperatingPointFailed", 1),
    "no solution": (with_line("B9 q 0 V=exp(V(q))+1", "R9 q 0 1"), "OperatingPointFailed", 1),
    "chatters": (with_line("B9 q 0 V=V(en)*(V(q)>0.5 ? 0 : 1)", "R9 q 0 1"), "TransientAborted", 1),
    "current into nothing": (with_line("I9 0 q dc 1", "C9 q 0 1u"), "OperatingPoint", 1),
    "endless": (with_line("V9 q 0 pulse(0 1 0 1n 1n 10n 20n)", "R9 q 0 1"), "PointBudgetExceeded", 1),
}
"""The same for what only a run shows, with the exit code."""


def good_run(spice: SpiceSession) -> bytes:
    """A run of the shipped limiter in this process, to the last bit."""
    spec = DeckSpec("good", "alternator_path")
    table = SourceTable(externals(spec))
    settings = {"vemf": 13.0, "vsrc": 13.5, "vref": 67.5, "vset": 14.4}
    for name in externals(spec):
        table.hold(name, 0.0, settings.get(name, 25.0 if name.startswith("vt") else 0.0))
    table.ramp("ven", 1e-3, 1.0, 2e-6)
    waves = spice.transient(top_deck(spec), tstop_s=5e-3, tmax_s=1e-4, sources=table,
                            signals=list(signals(spec).values()), breakpoints=[1e-3, 1.002e-3])
    return b"".join((waves.time_s.tobytes(), *(waves[name].tobytes() for name in signals(spec).values())))


@pytest.fixture(scope="module")
def good(spice: SpiceSession) -> bytes:
    return good_run(spice)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scenario's folder with what includes may find there; the current folder is another."""
    place = tmp_path / "project"
    place.mkdir()
    (tmp_path / "secret.lib").write_text("R1 a 0 1\n")
    (place / "link.lib").symlink_to(tmp_path / "secret.lib")
    (place / "bytes.lib").write_bytes(b"\xff\xfe")
    for level in range(1, 7):
        (place / f"fan{level}.lib").write_text(f".include fan{level + 1}.lib\n" * 50)
    (place / "fan7.lib").write_text("* nothing\n")
    (place / "own.yaml").write_text(SCENARIO)
    monkeypatch.chdir(tmp_path)
    return place


def outcome(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and message of `bms-cosim run` with a netlist; nothing may have come into being."""
    (folder / "my.cir").write_text(text, encoding="utf-8")
    before = {path for path in folder.parent.rglob("*")}
    with pytest.raises(SystemExit) as caught:
        main(["run", str(folder / "own.yaml"), "-o", "result"])
    assert {path for path in folder.parent.rglob("*")} == before
    assert isinstance(caught.value.code, int)
    return caught.value.code, capsys.readouterr().err


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_hostile_or_broken_is_refused_in_one_line(
    what: str, folder: Path, capsys: pytest.CaptureFixture[str], spice: SpiceSession, good: bytes
) -> None:
    text, pattern = REFUSED[what]
    code, message = outcome(folder, text, capsys)
    assert code == 2 and message.count("\n") == 1 and "my.cir" in message
    with pytest.raises(InputError, match=pattern):
        load_scenario(folder / "own.yaml")
    assert good_run(spice) == good


@pytest.mark.parametrize("what", [
    pytest.param(what, marks=[pytest.mark.long] if what in ("chatters", "two voltages on one node") else [])
    for what in INSIDE
])
def test_what_does_not_run_fails_in_one_line_and_harms_nothing(
    what: str, folder: Path, capsys: pytest.CaptureFixture[str], spice: SpiceSession, good: bytes
) -> None:
    text, pattern, expected = INSIDE[what]
    code, message = outcome(folder, text, capsys)
    assert code == expected and message.count("\n") == 1 and "my.cir" in message
    assert re.search(pattern, message)
    assert good_run(spice) == good


def test_there_are_thirty_of_them() -> None:
    assert len({text for text, *_ in (*REFUSED.values(), *INSIDE.values())}) >= 30


# ---- places and entries -----------------------------------------------------------------------------------------

def test_files_that_are_none_are_refused(folder: Path) -> None:
    for make in (lambda path: None, Path.mkdir, os.mkfifo, lambda path: path.write_bytes(b"\xff"),
                 lambda path: path.write_bytes(b"* long\n" * 400_000)):
        path = folder / "odd.cir"
        make(path)
        what = r"at most 2000000" if path.is_file() and path.stat().st_size > 10 else "that can be read"
        with pytest.raises(InputError, match=rf"odd\.cir.*{what}"):
            own_netlist(CIRCUIT, path)
        if path.is_dir():
            path.rmdir()
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("circuit", ["alternator_path", "alternator_path_buck_avg", CIRCUIT])
def test_the_shipped_circuits_pass_their_own_checks(circuit: str) -> None:
    path = NETLISTS / f"{circuit}.cir"
    found = own_netlist(circuit, path)
    assert found.text == path.read_text(encoding="utf-8") and "rf25" in found.parameters


def test_includes_beside_the_netlist_are_written_out_and_head_lines_stay(folder: Path) -> None:
    (folder / "parts.lib").write_text("* mine\n.model DMINE D is=1e-9\n")
    text = "* RATING ab 35 V bank\n.include parts.lib\n" + with_line("D9 fb 0 DMINE")
    (folder / "my.cir").write_text(text)
    found = own_netlist(CIRCUIT, folder / "my.cir").text
    assert "* RATING ab 35 V bank" in found and ".model DMINE D is=1e-9" in found and ".include" not in found


def test_the_entry_must_be_the_circuit_of_the_run(folder: Path) -> None:
    content = {"name": "own", "source": {"kind": "supply", "emf_V": [[0, 13.5]]}, "duration_s": 2.0}
    with pytest.raises(InputError, match=r"netlists\.direct_connection: .*alternator_path"):
        parse_scenario({**content, "netlists": {CIRCUIT: "my.cir"}}, "s.yaml", folder)
    with pytest.raises(InputError, match=r"netlists.*'alternator_path'"):
        parse_scenario({**content, "netlists": {"plant": "my.cir"}}, "s.yaml", folder)


def test_parameters_are_those_of_the_own_netlist(folder: Path) -> None:
    (folder / "my.cir").write_text(changed("rlink=1m", "rlink=1m rmine=2"))
    text = SCENARIO.replace(f"netlist: {CIRCUIT}}}", f"netlist: {CIRCUIT}, parameters: {{rmine: 3.0}}}}")
    (folder / "own.yaml").write_text(text)
    assert load_scenario(folder / "own.yaml").circuit.parameters == {"rmine": 3.0}
    (folder / "my.cir").write_text(SHIPPED)
    with pytest.raises(InputError, match=r"circuit\.parameters\.rmine"):
        load_scenario(folder / "own.yaml")


def test_test_vectors_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "my.cir").write_text(SHIPPED)
    with pytest.raises(SystemExit):
        main(["run", str(folder / "own.yaml"), "-o", "result", "--vectors"])
    assert "test vectors" in capsys.readouterr().err


def test_the_text_with_its_includes_is_part_of_every_key(folder: Path) -> None:
    (folder / "parts.lib").write_text(".model DMINE D is=1e-9\n")
    (folder / "my.cir").write_text(".include parts.lib\n" + with_line("D9 fb 0 DMINE"))
    study = yaml.safe_load(f"""
name: own
scenario: {{name: own, circuit: {{netlist: {CIRCUIT}}}, netlists: {{{CIRCUIT}: my.cir}}, duration_s: 2,
  source: {{kind: supply, emf_V: [[0, 13.5]]}}}}
method: grid
parameters: [{{path: bank.soc, kind: uniform, low: 0.2, high: 0.4, points: 2}}]
outputs: [{{name: peak_A, channel: port_current_A, reduce: max}}]
""")
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    (folder / "tried.yaml").write_text(yaml.safe_dump({**study, "parameters": [
        {"path": f"netlists.{CIRCUIT}", "kind": "choice", "values": ["my.cir"]}],
        "scenario": {**study["scenario"], "netlists": {}}}))

    def keys() -> list[str]:
        found = []
        for name in ("study.yaml", "tried.yaml"):
            asked = load_study(folder / name)
            found.append(made_by(load_base(asked, folder / name), asked)["files of the scenario"])
        scenario = parse_scenario(study["scenario"], "s", folder)
        return [*found, *own_texts(scenario.netlists.items())]

    before = keys()
    assert keys() == before
    (folder / "parts.lib").write_text(".model DMINE D is=2e-9\n")
    assert all(a != b for a, b in zip(before, keys(), strict=True) if a != CIRCUIT)


def test_a_bench_runs_again_when_the_own_netlist_has_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "my.cir").write_text(SHIPPED)
    scenario = load_scenario(folder / "own.yaml")
    ran: list[str] = []
    monkeypatch.setattr(Simulation, "run", lambda self: ran.append(self.scenario.name))
    lab = Lab()
    monkeypatch.setattr(Lab, "session", None)
    for _ in range(2):
        lab.run(scenario)
    assert len(ran) == 1
    (folder / "my.cir").write_text(changed("rlink=1m", "rlink=2m"))
    lab.run(scenario)
    assert len(ran) == 2


# ---- the process ------------------------------------------------------------------------------------------------

def test_a_good_one_runs_and_leaves_the_environment_alone(folder: Path) -> None:
    (folder / "my.cir").write_text(SHIPPED)
    before = dict(os.environ)
    try_apart(CIRCUIT, folder / "my.cir")
    assert dict(os.environ) == before and NETLISTS_VARIABLE not in before


def test_time_runs_out(folder: Path) -> None:
    (folder / "my.cir").write_text(SHIPPED)
    with pytest.raises(OwnNetlistFailed, match=r"my\.cir: not finished within 0\.05 s"):
        try_apart(CIRCUIT, folder / "my.cir", limit_s=0.05)


def test_a_crash_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "my.cir").write_text(SHIPPED)
    crashing = folder / "python"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crashing.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(crashing))
    with pytest.raises(RunFailed, match=r"my\.cir: its process crashed \(signal SIGSEGV\)"):
        try_apart(CIRCUIT, folder / "my.cir")


def test_the_process_ends_with_its_caller(folder: Path) -> None:
    os.mkfifo(folder / JOB)  # a job that never comes
    command = [sys.executable, "-m", "cosim.own.worker", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          start_new_session=True) as process:
        assert process.stdin is not None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.0)
        process.stdin.close()
        try:
            assert process.wait(60.0) == -signal.SIGKILL
        finally:
            process.kill()


@pytest.mark.long
def test_a_whole_run_is_that_of_the_same_circuit_and_the_next_is_the_same_bits(
    folder: Path, spice: SpiceSession
) -> None:
    content = {"name": "own", "circuit": {"netlist": CIRCUIT}, "source": {"kind": "vehicle"}, "bank": {"soc": 0.3},
               "drive": {"segments": [{"kind": "crank", "duration_s": 1.0}, {"kind": "city", "duration_s": 30.0}]}}
    own = {**content, "netlists": {CIRCUIT: "my.cir"}}
    shipped = Simulation(parse_scenario(content), session=spice).run()
    for text, _, _ in INSIDE.values():
        (folder / "my.cir").write_text(text)
        with pytest.raises((InputError, OwnNetlistFailed)):
            Simulation(parse_scenario(own, "own.yaml", folder)).run()
    (folder / "my.cir").write_text(changed("Rb fb lb {rlink/2}", "Bb fb lb I=300*v(fb,lb)*sqrt(abs(v(fb,lb)))"))
    with pytest.raises(RunFailed, match="terminal law misses"):
        Simulation(parse_scenario(own, "own.yaml", folder)).run()
    (folder / "my.cir").write_text(changed("rlink=1m", "rlink=1.0m"))
    for again in (Simulation(parse_scenario(own, "own.yaml", folder)), Simulation(parse_scenario(content))):
        result = again.run()
        assert result.slow.equals(shipped.slow) and list(result.windows) == list(shipped.windows)
        assert all(result.windows[name].equals(shipped.windows[name]) for name in shipped.windows)
    (folder / "my.cir").write_text(changed("rlink=1m", "rlink=5m"))
    other = Simulation(parse_scenario(own, "own.yaml", folder)).run()
    assert float(other.slow.port_current_A.max()) < float(shipped.slow.port_current_A.max()) - 1.0
    with pytest.raises(OwnNetlistFailed, match=r"not finished within netlists_limit_s 2\.5 s"):
        Simulation(parse_scenario({**own, "netlists_limit_s": 2.5}, "own.yaml", folder)).run()


@pytest.mark.long
def test_a_whole_run_with_an_own_limiter(folder: Path, spice: SpiceSession) -> None:
    """The shipped limiter as a file of one's own gives the same bits; with a part changed, what that parameter does."""
    limiter = "alternator_path"
    text = (NETLISTS / f"{limiter}.cir").read_text(encoding="utf-8")
    content = {"name": "own", "source": {"kind": "vehicle"}, "bank": {"soc": 0.3},
               "drive": {"segments": [{"kind": "crank", "duration_s": 1.0}, {"kind": "highway", "duration_s": 30.0}]}}
    own = {**content, "netlists": {limiter: "my.cir"}}
    (folder / "my.cir").write_text(text)
    shipped = Simulation(parse_scenario(content), session=spice).run()
    same = Simulation(parse_scenario(own, "own.yaml", folder)).run()
    assert same.slow.equals(shipped.slow) and list(same.windows) == list(shipped.windows)
    assert all(same.windows[name].equals(shipped.windows[name]) for name in shipped.windows)
    assert " rs2=0.40m" in text
    (folder / "my.cir").write_text(text.replace(" rs2=0.40m", " rs2=0.80m"))
    by_file = Simulation(parse_scenario(own, "own.yaml", folder)).run()
    by_parameter = Simulation(parse_scenario({**content, "circuit": {"parameters": {"rs2": 0.8e-3}}}), session=spice)
    other = by_parameter.run()
    assert by_file.slow.port_current_A.values == pytest.approx(other.slow.port_current_A.values, abs=1e-6)
    assert not by_file.slow.equals(shipped.slow)
