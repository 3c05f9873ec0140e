"""A/B: an audience split at random, each arm an ordinary message, or none (the hold-out).

Who is in which arm is decided by a hash of the experiment's salt and the person's id alone, so it
is the same for ever and on every database, and can be asked for as a cohort.
"""

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Engine, insert, update

from hsl import audit, choice, dispatch, models
from hsl.acting import Permission, needs
from hsl.audience import conditions, segments
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import approving, choosing, outbox, preparing
from hsl.message.content import Content
from hsl.models import AudienceMode, RecipientType
from hsl.settings import Settings
from hsl.texts import BUCKETS
from hsl.words import _, in_english

HOLD_OUT = "hold-out"
MOST_ARMS = 4


@dataclass(frozen=True)
class Arm:
    """A part of the audience; without `content` it gets no message. `share` is in percent."""

    name: str
    share: float
    content: Content | None


@dataclass(frozen=True)
class Bounds:
    """An arm's buckets, of 10,000: from `low` to before `high`."""

    low: int
    high: int


def bounds(shares: Sequence[float]) -> list[Bounds]:
    """Buckets for shares in percent that add up to 100: disjoint, and together all of them.

    Raises OutboxError for shares that don't.
    """
    if any(share <= 0 for share in shares) or abs(sum(shares) - 100) > 0.005:
        total = f"{sum(shares):g}"
        raise outbox.OutboxError(
            _("The shares add up to {total} %. Make them positive, and 100 %.", total=total)
        )
    edges = [0]
    for place in range(len(shares)):
        edges.append(round(sum(shares[: place + 1]) * BUCKETS / 100))
    edges[-1] = BUCKETS
    return [Bounds(low, high) for low, high in pairwise(edges)]


def arm_of(audience: Audience, salt: str, of: Bounds) -> Audience:
    """Those of an audience who are in an arm."""
    whole = segments.of_audience(audience).where
    arm = conditions.Arm(salt=salt, low=of.low, high=of.high)
    where = arm if whole is None else conditions.All(of=(whole, arm))
    return Audience(include=(Cohort(where=where),), ignore_cap=audience.ignore_cap)


@needs(Permission.SEND)
def create(
    engine: Engine,
    settings: Settings,
    *,
    name: str,
    arms: Sequence[Arm],
    audience: Audience,
    author: str,
    scheduled_at: datetime | None = None,
    audience_mode: AudienceMode = AudienceMode.FROZEN,
    draft_id: int | None = None,
    late_limit: float | None = outbox.LATE_LIMIT,
    keep_quiet: bool = False,
    salt: str | None = None,
    take_back: float = 0.0,
) -> int:
    """Split an audience and make one message per arm, all in one transaction; the experiment's id.

    `salt` is random if left out. What is to go now waits `take_back` seconds, in which all arms can
    be taken back together. Raises OutboxError, and then nothing is made.
    """
    _check(arms, name)
    for arm in arms:
        if arm.content is not None:
            found = dispatch.look(engine, settings, arm.content, audience, at=scheduled_at)
            if not found.may_go:
                raise outbox.OutboxError(
                    _("Arm {arm}: {problem}", arm=arm.name, problem=found.problems[0].message)
                )
    salt = salt or secrets.token_hex(8)
    parts = bounds([arm.share for arm in arms])
    groups = [arm_of(audience, salt, part) for part in parts]
    people = [choice.Choice(settings, group, scheduled_at) for group in groups]

    def message(place: int, content: Content) -> outbox.NewMessage:
        return outbox.NewMessage(
            content=content,
            people=people[place],
            author=author,
            bot_id=settings.bot_id,
            recipient_type=RecipientType.GROUP,
            scheduled_at=scheduled_at,
            recipient_group=_group(audience, arms[place].name, name.strip()),
            cohort=groups[place].model_dump(mode="json"),
            audience_mode=audience_mode,
            late_limit=late_limit,
            keep_quiet=keep_quiet,
            arm=arms[place].name,
            cap_ignored_because=audience.ignore_cap,
            take_back=take_back,
        )

    new = {i: message(i, arm.content) for i, arm in enumerate(arms) if arm.content is not None}
    with contextlib.ExitStack() as stack:
        prepared = {i: outbox.prepare(engine, m, stack) for i, m in new.items()}
        with engine.begin() as connection:
            draft = outbox.finish_draft(connection, draft_id)
            experiment_id = _insert(connection, name.strip(), author, salt, audience)
            stored = []
            for place, (arm, part) in enumerate(zip(arms, parts, strict=True)):
                facts: dict[str, Any] = {
                    "name": arm.name,
                    "share": arm.share,
                    "low": part.low,
                    "high": part.high,
                    "message_id": None,
                }
                if place in new:
                    one = replace(new[place], experiment_id=experiment_id, written_as=draft)
                    facts["message_id"] = _add(connection, one, prepared[place])
                else:
                    held = choosing.count(connection, people[place])
                    facts |= {"people": held.recipients, "left_out": held.left_out}
                stored.append(facts)
            for facts in stored:
                if facts["message_id"] is not None:
                    approving.hold_if_many(connection, facts["message_id"], by=author)
            _finish(connection, experiment_id, name.strip(), author, stored)
    return experiment_id


def _group(audience: Audience, arm: str, name: str) -> str:
    with in_english():  # as it is stored
        return f"{audience.sentence()}; arm {arm} of {name}"


def _check(arms: Sequence[Arm], name: str) -> None:
    written = [arm for arm in arms if arm.content is not None]
    if not name.strip():
        raise outbox.OutboxError(_("An experiment needs a name."))
    if not 2 <= len(written) <= MOST_ARMS:
        raise outbox.OutboxError(
            _("An experiment has 2 to {most} arms with a message.", most=MOST_ARMS)
        )
    if len(arms) > len(written) + 1:
        raise outbox.OutboxError(_("An experiment has at most one hold-out."))
    if len({arm.name for arm in arms}) < len(arms):
        raise outbox.OutboxError(_("Two arms have one name. Give each its own."))
    bounds([arm.share for arm in arms])


def _insert(connection: Connection, name: str, author: str, salt: str, audience: Audience) -> int:
    number: int = connection.execute(
        insert(models.experiments).returning(models.experiments.c.id),
        {
            "name": name,
            "author": author,
            "salt": salt,
            "audience": audience.model_dump(mode="json"),
            "arms": [],
            "created_at": models.utc_now(),
        },
    ).scalar_one()
    return number


def _add(
    connection: Connection, new: outbox.NewMessage, prepared: preparing.Prepared | None
) -> int:
    try:
        return outbox.add(connection, new, prepared=prepared)
    except outbox.OutboxError as fault:
        raise outbox.OutboxError(
            _("Arm {arm}: {fault} Nothing was made.", arm=new.arm or "", fault=str(fault))
        ) from None


def _finish(
    connection: Connection, experiment_id: int, name: str, author: str, arms: list[dict[str, Any]]
) -> None:
    connection.execute(
        update(models.experiments).where(models.experiments.c.id == experiment_id).values(arms=arms)
    )
    audit.record(
        connection,
        actor=author,
        action="experiment_created",
        object_type="experiment",
        object_id=experiment_id,
        details={"name": name, "arms": arms},
    )
