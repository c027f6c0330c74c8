"""One viewer operates at a time, by hand-over; from another host nobody without the token."""

from __future__ import annotations

from cosim.live.control import REFUSED, Control


def test_the_first_has_it_and_hands_it_over() -> None:
    control = Control()
    assert control.take("a") == "you have control" and control.holds("a")
    assert "asked for" in control.take("b") and control.holds("a") and control.asking == "b"
    assert control.hand_over("b") == REFUSED and control.holds("a")
    assert control.hand_over("a") == "handed over"
    assert control.holds("b") and not control.holds("a") and control.asking is None


def test_control_of_who_leaves_goes_to_who_asked_or_to_nobody() -> None:
    control = Control()
    control.take("a")
    control.take("b")
    control.leave("a")
    assert control.holds("b")
    control.leave("b")
    assert control.holder is None
    control.take("c")
    control.take("d")
    control.leave("d")
    assert control.hand_over("c") == "given up" and control.holder is None


def test_without_the_token_there_is_no_control() -> None:
    control = Control("right")
    assert "token" in control.take("a") and control.holder is None
    assert not control.trust("a", "wrong") and not control.trust("a", "") and not control.trust("a", "ri\u00fcght")
    assert "token" in control.take("a") and control.holder is None
    assert control.trust("a", "right") and control.take("a") == "you have control"
    assert "token" in control.take("b") and control.asking is None
    control.leave("a")
    assert "token" in control.take("a")
