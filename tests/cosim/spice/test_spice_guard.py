"""Decks that would run commands, read or write files, or crash the library are refused before they are
loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.spice.errors import DeckInvalid, DeckRejected
from cosim.spice.guard import check_deck

BODY = "v1 a 0 1\nr1 a 0 1\n"


@pytest.mark.parametrize(
    "line",
    [
        ".control\nshell touch owned\n.endc",
        ".CONTROL\n.endc",
        "  .control\n.endc",
        ".con\n+trol",
        ".exec x",
        ".csparam x={1}",
        ".hdl x.va",
        ".pre_osdi x",
        "shell touch owned",
        "Shell touch owned",
        "pre_codemodel x.cm",
        "codemodel x.cm",
        "osdi x.osdi",
        "source x.cir",
        "write x.raw",
        "quit",
        "*#shell touch owned",
        "  *#shell touch owned",
        "*ng_script",
        "*ng_script_with_params",
        "r9 a 0 `cat /etc/passwd`",
        'a1 [a] x\n.model x filesource (file="/etc/passwd")',
        ".model x filesource (amploffset=[0])",
        '.model x d_source (input_file="/etc/passwd")',
        'v9 a 0 pwlfile="/etc/passwd"',
        "n1 a 0 osdimodel",
        "p1 a 0 b 0 cpl",
        ".include /etc/passwd",
        ".include ../../../../etc/passwd",
        '.inc "/etc/passwd"',
        ".INCLUDE '/etc/passwd'",
        ".incl /etc/passwd",
        ".lib /etc/passwd tt",
        ".lib /etc/passwd",
        "v9 b 0 dc 0 external",
        "v9 b 0 external dc 0",
        "v9 b 0 DC 0 EXTERNAL",
        "i9 b 0 external ac 1",
        "v9 b 0\n+ dc 0\n+ external",
        "r9 a 0 1\x00.control",
        "r9 a 0 1\x0c.control",
        "r9 a 0 1\u2028.control",
        "r\u00e99 a 0 1",
    ],
)
def test_hostile_lines_are_rejected(line: str) -> None:
    with pytest.raises(DeckRejected):
        check_deck(f"* hostile\n{BODY}{line}\n")


def test_a_link_out_of_the_folder_is_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "netlists", tmp_path / "secret.cir"
    root.mkdir()
    outside.write_text("r9 a 0 1\n")
    (root / "link.cir").symlink_to(outside)
    with pytest.raises(DeckRejected, match="outside"):
        check_deck(BODY + ".include link.cir\n", netlists=root)


def test_includes_are_written_into_the_deck_and_checked(tmp_path: Path) -> None:
    sub = tmp_path / "sub"
    sub.mkdir()
    (tmp_path / "good.cir").write_text(
        "* comment with \u00b5\n.include sub/inner.cir\nr2 a 0 2\n", encoding="utf-8"
    )
    (sub / "inner.cir").write_text("r3 a 0 3 ; why\nr4 a\n* between\n+ 0 4\n")
    (tmp_path / "bad.cir").write_text(".control\n.endc\n")
    (tmp_path / "loop.cir").write_text(".include loop.cir\n")
    checked = check_deck(BODY + '.include "good.cir"\n', netlists=tmp_path)
    assert checked.lines == ("v1 a 0 1", "r1 a 0 1", "r3 a 0 3", "r4 a 0 4", "r2 a 0 2")
    with pytest.raises(DeckRejected):
        check_deck(BODY + ".include bad.cir\n", netlists=tmp_path)
    with pytest.raises(DeckRejected, match="nested"):
        check_deck(BODY + ".include loop.cir\n", netlists=tmp_path)
    with pytest.raises(DeckInvalid, match="does not exist"):
        check_deck(BODY + ".include absent.cir\n", netlists=tmp_path)


def test_honest_decks_pass_unchanged() -> None:
    deck = """* honest
.param rload=2 Gain = {rload*3.5k}
.func f(x,y) {x*y+rload}
.model dd d is=1e-12 n=1.05
.subckt s p n params: r=1 tau=2m
b1 p n i='v(p)>0.5 ? tanh(r*v(p,n)/tau) : 1e3*i(vs)*exp(-time/1meg)'
vs n 0 0
r1 p n {r}
.ends
x1 a 0 s r={f(2,3)}
.if (rload > 1)
r2 a 0 r='Gain*(1+temper)'
.endif
vext a 0 external
iext a 0 external
.ic v(a)=1
.nodeset v(a)=1
"""
    checked = check_deck(deck)
    assert checked.sources == {"vext", "iext"}
    assert len(checked.lines) == len(deck.splitlines()) - 1
    assert checked.text.splitlines()[0] == ".param rload=2 Gain = {rload*3.5k}"


def test_sources_inside_subcircuits_are_not_top_level() -> None:
    checked = check_deck(".subckt s p\nvin p 0 external\n.ends\nx1 a s\nvout a b external\nr1 b 0 1\n")
    assert checked.sources == {"vout"}


def test_a_deck_of_endless_length_is_rejected() -> None:
    with pytest.raises(DeckRejected, match="longer"):
        check_deck("r1 a 0 1\n" * 300_000)


@pytest.mark.parametrize("name", ["v(a) all", "v(a)\n.control", "a", "v(a,b)", "@r1", "i()", "v(a) ; x"])
def test_signals_cannot_smuggle_lines(name: str) -> None:
    from cosim.spice.deck import SpiceOptions, full_deck

    with pytest.raises(DeckRejected, match="not a signal"):
        full_deck("t", BODY, [name], SpiceOptions(), ".op")


@pytest.mark.parametrize("field", ["reltol", "abstol", "vntol", "chgtol", "gmin", "itl4", "cshunt"])
def test_options_are_checked(field: str) -> None:
    from cosim.spice.deck import SpiceOptions

    with pytest.raises(ValueError, match=field):
        SpiceOptions(**{field: -1})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="method"):
        SpiceOptions(method="euler")  # type: ignore[arg-type]
