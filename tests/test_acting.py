"""Who acts, and what they may do."""

import itertools

import pytest

from hsl import acting
from hsl.acting import NOBODY, OPERATOR, ROLES, Actor, NotAllowedError, Permission, Role

VIEWER = Actor("Vera", ROLES[Role.VIEWER])


@acting.needs(Permission.SEND)
def _send(number: int) -> int:
    return number


def test_the_terminal_acts_as_the_operator_who_may_do_everything() -> None:
    assert acting.current() is OPERATOR
    assert all(OPERATOR.may(permission) for permission in Permission)
    assert _send(7) == 7


def test_who_may_not_is_told_who_may() -> None:
    with (
        acting.acting_as(VIEWER),
        pytest.raises(NotAllowedError, match=r"Vera may not send\. .*approver"),
    ):
        _send(7)
    assert _send(7) == 7


def test_each_role_may_do_what_the_one_before_it_may() -> None:
    roles = list(Role)
    for less, more in itertools.pairwise(roles):
        assert ROLES[less] < ROLES[more]


def test_a_process_says_who_acts_in_it() -> None:
    acting.acted_by(lambda: NOBODY)
    try:
        with pytest.raises(NotAllowedError):
            acting.require(Permission.LOOK)
        with acting.acting_as(VIEWER):
            assert acting.require(Permission.LOOK) is VIEWER
    finally:
        acting.acted_by(None)
