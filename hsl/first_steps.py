"""The first steps in a new house, each of which checks itself; and the sample people's end.

token → people → a message to yourself → the first message to many. Nothing is kept of them but the
audit's entry of who dismissed them.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from sqlalchemy import ColumnElement, Connection, Engine, delete, exists, func, select, update

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.models import MessageStatus
from hsl.settings import ROOT, SANDBOX_TOKEN, Settings
from hsl.words import plural

SAMPLE_FILE = ROOT / "data" / "sample_users.csv"
SAMPLE_ACTOR = "sample"  # who brings the sample people in
SANDBOX_BOT = int(SANDBOX_TOKEN.partition(":")[0])
DISMISSED = "first_steps_dismissed"
REMOVED = "sample_removed"
NAMES = ("username", "first_name", "last_name", "language_code")
ATTRIBUTES = {"city", "level"}  # that the sample's file gives
AT_ONCE = 400  # ids in one statement
OVER = (MessageStatus.SENT, MessageStatus.CANCELLED, MessageStatus.FAILED)

Users, History, Recipients = models.users, models.message_history, models.message_recipients
# What hangs on a message, and on a person.
OF_MESSAGES = (
    models.message_recipients,
    models.message_versions,
    models.message_preparations,
    models.button_presses,
)
OF_PEOPLE = (
    models.enrollments,
    models.suppressions,
    models.segment_members,
    models.source_places,
    models.button_presses,
)


class Step(StrEnum):
    """One of the first steps, in their order."""

    TOKEN = "token"
    PEOPLE = "people"
    TO_YOURSELF = "to_yourself"
    FIRST_MESSAGE = "first_message"


@dataclass(frozen=True)
class Progress:
    """Which steps are done, and whether somebody dismissed them."""

    done: frozenset[Step]
    dismissed: bool

    @property
    def next(self) -> Step | None:
        """The first that is not done."""
        return next((step for step in Step if step not in self.done), None)

    @property
    def is_over(self) -> bool:
        """True when there is nothing to show any more."""
        return self.dismissed or self.next is None


@dataclass(frozen=True)
class Sample:
    """What is left of the sample: its people, and the sandbox's messages that only they got.

    `on_their_way` is how many of the sandbox's messages are not over, which must end first.
    """

    people: int
    messages: int
    on_their_way: int


class SampleError(ValueError):
    """The sample cannot be removed now; the message is one sentence that says why."""


def look(engine: Engine, settings: Settings) -> Progress:
    """Which steps are done, as the settings and the database tell."""
    own = History.c.bot_id == settings.bot_id
    got = History.c.successful_deliveries + History.c.deleted_deliveries > 0
    with database.read_only(engine).begin() as connection:

        def there_is(*conditions: ColumnElement[bool]) -> bool:
            return bool(connection.execute(select(exists().where(*conditions))).scalar_one())

        trouble = connection.execute(
            select(models.bot_pace.c.trouble).where(models.bot_pace.c.bot_id == settings.bot_id)
        ).scalar_one_or_none()
        has = {
            Step.TOKEN: not settings.is_sandbox and not trouble,
            Step.PEOPLE: _has_people(connection, settings),
            Step.TO_YOURSELF: there_is(own, got, History.c.total_recipients == 1),
            Step.FIRST_MESSAGE: there_is(own, got, History.c.total_recipients > 1),
        }
        dismissed = there_is(models.audit_log.c.action == DISMISSED)
    return Progress(frozenset(step for step, is_done in has.items() if is_done), dismissed)


def _has_people(connection: Connection, settings: Settings) -> bool:
    """Anybody at all in the sandbox; with a bot, more people than made-up ones."""
    people = connection.execute(select(func.count()).select_from(Users)).scalar_one()
    if settings.is_sandbox or not people:
        return bool(people)
    return int(people) > len(_sample_people(connection))


@needs(Permission.WRITE)
def dismiss(engine: Engine, actor: str) -> None:
    """Show the steps no more, in this house."""
    with engine.begin() as connection:
        audit.record(connection, actor=actor, action=DISMISSED)


def sample(engine: Engine) -> Sample:
    """What of the sample is still there."""
    with database.read_only(engine).begin() as connection:
        people = _sample_people(connection)
        if not people:
            return Sample(0, 0, 0)
        return Sample(len(people), len(_sample_messages(connection)), _on_their_way(connection))


@needs(Permission.MANAGE)
def remove_sample(engine: Engine, actor: str) -> Sample:
    """Remove the sample's people and the sandbox's messages that only they got; audited.

    Whoever was changed since by a file, a source or by hand stays, and so does every message of a
    bot, or one that reached anybody else. Raises SampleError while one of them is on its way.
    """
    with engine.begin() as connection:
        people = _sample_people(connection)
        waiting = _on_their_way(connection) if people else 0
        if waiting:
            raise SampleError(
                plural(
                    "Nothing was removed: {n} message of the sandbox is not over. Cancel it, or "
                    "wait until it is.",
                    "Nothing was removed: {n} messages of the sandbox are not over. Cancel them, "
                    "or wait until they are.",
                    waiting,
                )
            )
        messages = _sample_messages(connection)
        for chosen in _in_parts(messages):
            _remove_experiments(connection, chosen)
            for table in OF_MESSAGES:
                connection.execute(delete(table).where(table.c.message_id.in_(chosen)))
            connection.execute(
                update(models.drafts)
                .where(models.drafts.c.follows_message_id.in_(chosen))
                .values(follows_message_id=None)
            )
            connection.execute(delete(History).where(History.c.id.in_(chosen)))
        for chosen in _in_parts(people):
            for table in OF_PEOPLE:
                connection.execute(delete(table).where(table.c.user_id.in_(chosen)))
            connection.execute(delete(Users).where(Users.c.user_id.in_(chosen)))
        removed = Sample(len(people), len(messages), 0)
        if people:
            audit.record(
                connection,
                actor=actor,
                action=REMOVED,
                details={"people": removed.people, "messages": removed.messages},
            )
    return removed


def _remove_experiments(connection: Connection, messages: list[int]) -> None:
    """Remove the experiments that have no arm beside these messages."""
    theirs = select(History.c.experiment_id).where(History.c.id.in_(messages))
    others = select(History.c.experiment_id).where(
        History.c.id.not_in(messages), History.c.experiment_id.is_not(None)
    )
    experiments = models.experiments
    connection.execute(
        delete(experiments).where(experiments.c.id.in_(theirs), experiments.c.id.not_in(others))
    )


@cache
def _sample_rows() -> dict[int, tuple[str | None, ...]]:
    """Whom the sample's file brings: their names and language by id."""
    with SAMPLE_FILE.open(encoding="utf-8", newline="") as file:
        return {
            int(row["user_id"]): tuple(row[name] or None for name in NAMES)
            for row in csv.DictReader(file)
        }


def _sample_people(connection: Connection) -> list[int]:
    """Ids of the people whom the sample brought and nobody has changed since."""
    log = models.audit_log.c
    brought = exists().where(log.actor == SAMPLE_ACTOR, log.action == "import")
    if not connection.execute(select(brought)).scalar_one():
        return []
    sample = _sample_rows()
    told_of = select(models.source_places.c.user_id)
    rows = connection.execute(
        select(Users.c.user_id, *(Users.c[name] for name in NAMES), Users.c.attributes)
        .where(Users.c.user_id.between(min(sample), max(sample)), Users.c.user_id.not_in(told_of))
        .order_by(Users.c.user_id)
    ).all()
    return [
        row.user_id
        for row in rows
        if sample.get(row.user_id) == tuple(row[1:-1]) and set(row.attributes) <= ATTRIBUTES
    ]


def _sample_messages(connection: Connection) -> list[int]:
    """Ids of the sandbox's messages that are over and reached nobody beside the sample's people."""
    tried = (
        History.c.bot_id == SANDBOX_BOT,
        History.c.status.in_(OVER),
        History.c.archived_at.is_(None),
    )
    ids: set[int] = set(connection.execute(select(History.c.id).where(*tried)).scalars())
    asked = select(Recipients.c.user_id).join(History, History.c.id == Recipients.c.message_id)
    reached: set[int] = set(connection.execute(asked.where(*tried).distinct()).scalars())
    for others in _in_parts(sorted(reached - _sample_rows().keys())):
        theirs = select(Recipients.c.message_id).where(Recipients.c.user_id.in_(others))
        ids -= set(connection.execute(theirs.distinct()).scalars())
    return sorted(ids)


def _on_their_way(connection: Connection) -> int:
    statement = select(func.count()).where(
        History.c.bot_id == SANDBOX_BOT, History.c.status.not_in(OVER)
    )
    return int(connection.execute(statement).scalar_one())


def _in_parts(ids: list[int]) -> Iterator[list[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
