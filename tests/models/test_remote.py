"""On and off of a device behind its remote input."""

from models.remote import SwitchState, switched

ON, OFF = SwitchState(1.0, 0.0), SwitchState(0.0, 0.0)


def test_nothing_waits_while_what_is_wanted_is() -> None:
    assert switched(SwitchState(1.0, 3.0), True, 5.0, 5.0, 1.0) == ON
    assert switched(SwitchState(0.0, 3.0), False, 5.0, 5.0, 1.0) == OFF


def test_delays_differ_by_direction() -> None:
    assert switched(ON, False, 9.0, 2.0, 1.0) == SwitchState(1.0, 1.0)
    assert switched(SwitchState(1.0, 1.0), False, 9.0, 2.0, 1.0) == OFF
    assert switched(OFF, True, 9.0, 2.0, 2.0) == SwitchState(0.0, 2.0)


def test_an_interruption_starts_the_delay_anew() -> None:
    state = switched(ON, False, 2.0, 2.0, 1.5)
    state = switched(state, True, 2.0, 2.0, 0.1)
    assert switched(state, False, 2.0, 2.0, 1.5) == SwitchState(1.0, 1.5)


def test_ten_tenths_are_one_second() -> None:
    state = ON
    for _ in range(9):
        state = switched(state, False, 1.0, 1.0, 0.1)
    assert state.on == 1.0
    assert switched(state, False, 1.0, 1.0, 0.1) == OFF
    assert switched(ON, False, 1.0, 1.0, 1.0) == OFF


def test_no_delay_turns_at_once() -> None:
    assert switched(ON, False, 0.0, 0.0, 0.1) == OFF
