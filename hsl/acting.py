"""Who acts, and what they may do: every deed of `hsl` asks here, whoever calls it.

The pages, the API, the terminal and the scheduler each say who acts (`acting_as`, or `acted_by`
for a whole process); a deed asks with `require` or is marked with `needs`. Hiding a button is a
courtesy of the pages, and never the rule.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import ParamSpec, TypeVar

from hsl.errors import PlainError
from hsl.words import N_, _

P = ParamSpec("P")
R = TypeVar("R")


class Permission(StrEnum):
    """What a deed needs."""

    LOOK = "look"  # messages, figures
    NAMES = "names"  # who the people are: names, ids, attributes, files of them
    WRITE = "write"  # drafts, templates, media, segments, tests to test recipients
    SEND = "send"  # send, schedule, steer, edit and delete in chats, what is uncertain
    MANAGE = "manage"  # people in and out, sources, settings, accounts, archive, keys


class Role(StrEnum):
    """What an account is; each role may do what the one before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    APPROVER = "approver"
    ADMIN = "admin"


ROLES: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.LOOK, Permission.NAMES}),
    Role.EDITOR: frozenset({Permission.LOOK, Permission.NAMES, Permission.WRITE}),
    Role.APPROVER: frozenset(
        {Permission.LOOK, Permission.NAMES, Permission.WRITE, Permission.SEND}
    ),
    Role.ADMIN: frozenset(Permission),
}


def permissions_of(role: Role, *, viewers_see_names: bool = True) -> frozenset[Permission]:
    """What an account of this role may do; see HSL_VIEWERS_SEE_NAMES."""
    if role is Role.VIEWER and not viewers_see_names:
        return ROLES[role] - {Permission.NAMES}
    return ROLES[role]


ROLE_NAMES = {
    Role.VIEWER: N_("viewer"),
    Role.EDITOR: N_("editor"),
    Role.APPROVER: N_("approver"),
    Role.ADMIN: N_("admin"),
}

DEEDS = {
    Permission.LOOK: N_("look at messages and figures"),
    Permission.NAMES: N_("see who the people are"),
    Permission.WRITE: N_("write"),
    Permission.SEND: N_("send"),
    Permission.MANAGE: N_("change people, sources, settings or accounts"),
}


class Way(StrEnum):
    """Through what somebody acts."""

    PAGES = "pages"
    API = "api"
    TERMINAL = "terminal"
    SCHEDULER = "scheduler"
    PROGRAM = "program"


class NotAllowedError(PlainError):
    """Who acts may not do this; the message is one sentence that says who may."""


@dataclass(frozen=True)
class Actor:
    """Who acts: `name` as they sign, what they may do, through what, and from which address."""

    name: str
    permissions: frozenset[Permission]
    way: Way = Way.PROGRAM
    address: str | None = None
    account_id: int | None = None

    def may(self, permission: Permission) -> bool:
        """Whether this actor may do what needs the permission."""
        return permission in self.permissions


NOBODY = Actor("nobody", frozenset())
OPERATOR = Actor("operator", frozenset(Permission), Way.TERMINAL)
SCHEDULER = Actor("scheduler", frozenset(Permission), Way.SCHEDULER)

_forced: ContextVar[Actor | None] = ContextVar("hsl_actor", default=None)
_source: Callable[[], Actor] | None = None


def acted_by(source: Callable[[], Actor] | None) -> None:
    """Set who acts in this process where `acting_as` says nothing; None: the operator."""
    global _source
    _source = source


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Within it, all is done by this actor."""
    token = _forced.set(actor)
    try:
        yield
    finally:
        _forced.reset(token)


def current() -> Actor:
    """Who acts now.

    Whoever runs the program from a terminal holds the database already, and is the operator.
    """
    return _forced.get() or (_source() if _source else OPERATOR)


def require(permission: Permission) -> Actor:
    """Who acts now, who may do this. Raises NotAllowedError."""
    actor = current()
    if actor.may(permission):
        return actor
    least = next(role for role in Role if permission in ROLES[role])
    raise NotAllowedError(
        _(
            "{name} may not {deed}. An admin can give the role {role}.",
            name=actor.name,
            deed=_(DEEDS[permission]),
            role=_(ROLE_NAMES[least]),
        )
    )


def needs(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a deed: it raises NotAllowedError unless who acts has the permission."""

    def marked(deed: Callable[P, R]) -> Callable[P, R]:
        @wraps(deed)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            require(permission)
            return deed(*args, **kwargs)

        asked.__permission__ = permission  # type: ignore[attr-defined]
        return asked

    return marked
