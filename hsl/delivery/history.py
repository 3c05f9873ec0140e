"""Messages and their recipients as they are read: lists, one message, and its export.

pandas, and DuckDB for archived rows, are loaded where they are used: a command that changes a
message has no need of them.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, or_, select

from hsl import database, models
from hsl.acting import Permission, needs
from hsl.archive import catalogue
from hsl.delivery import approving, queue, sums
from hsl.delivery.person import Received as Received
from hsl.delivery.person import of_person as of_person
from hsl.delivery.person import title_of as title_of
from hsl.delivery.person import without_caption
from hsl.message import html
from hsl.message.content import Content
from hsl.models import Action, DeliveryStatus, MessageStatus, RecipientOrder
from hsl.words import _, plural

if TYPE_CHECKING:
    import pandas as pd

History, Recipients, People = models.message_history, models.message_recipients, models.users
GOT_MESSAGE = re.compile(r"who got message (?P<number>\d+)")  # the group of a run, as stored
EXPORTED = (
    "user_id",
    "username",
    "first_name",
    "delivery_status",
    "reason",
    "error_code",
    "error_description",
    "attempts",
    "sent_at",
    "telegram_message_id",
    "version",
)


@dataclass(frozen=True)
class Message:
    """One message with its closing sum."""

    id: int
    bot_id: int
    content: Content
    author: str
    status: MessageStatus
    status_reason: str | None
    to: str
    audience_mode: str
    audience_at_creation: int
    follows_message_id: int | None
    action: Action
    target_message_id: int | None
    version: int
    keep_quiet: bool
    audience: dict[str, Any] | None
    created_at: datetime
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    archived_at: datetime | None
    closing: sums.ClosingSum
    left_out: dict[str, int] = field(default_factory=dict)  # by rule, beside the recipients
    experiment_id: int | None = None
    arm: str | None = None
    take_back_until: datetime | None = None  # it was to go now, and could be taken back until then
    taken_back_at: datetime | None = None
    is_test: bool = False
    waits_for_approval: bool = False  # nobody is sent to until a second person has approved it

    @property
    def can_be_taken_back(self) -> bool:
        """True while nobody was sent to and whoever sent it may have it back."""
        return (
            self.take_back_until is not None
            and self.started_at is None
            and self.status in {MessageStatus.SCHEDULED, MessageStatus.PAUSED}
        )

    @property
    def title(self) -> str:
        """Its first line as Telegram shows it, or its kind where it has no text."""
        if self.action is Action.DELETE:
            return _("Deletes message {number} from its chats", number=str(self.target_message_id))
        if self.action is Action.EDIT:
            return _("Edits message {number} in its chats", number=str(self.target_message_id))
        return html.first_line(self.content.text)[:90] or without_caption(self.content.message_type)

    @property
    def missed(self) -> int:
        """How many surely did not get it (so far)."""
        return self.closing.failed + self.closing.cancelled + self.closing.pending

    @property
    def got(self) -> int:
        """How many got it, also where it was deleted later."""
        return self.closing.sent + self.closing.deleted


def listing(
    engine: Engine,
    *,
    statuses: tuple[str, ...] = (),
    words: str = "",
    author: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    soonest_first: bool = False,
    before: int | None = None,
    offset: int = 0,
    limit: int = 20,
) -> tuple[list[Message], int]:
    """Messages that fit, the last first, and how many fit in all.

    `since` and `until` (before it) are about the time at which they were to go. `before` is a
    message's id: only those that were made before it.
    """
    fits: list[ColumnElement[bool]] = [] if before is None else [History.c.id < before]
    if author:
        fits.append(History.c.author == author)
    if since is not None:
        fits.append(History.c.scheduled_at >= since)
    if until is not None:
        fits.append(History.c.scheduled_at < until)
    if statuses:
        fits.append(History.c.status.in_(statuses))
    if words.strip():
        number = [History.c.id == i for i in _ids(words.strip(), models.MAX_ROW_ID)]
        text = History.c.message_text.icontains(words.strip(), autoescape=True)
        group = History.c.recipient_group.icontains(words.strip(), autoescape=True)
        fits.append(or_(text, group, *number))
    order = History.c.scheduled_at.asc() if soonest_first else History.c.id.desc()
    with database.read_only(engine).begin() as connection:
        total = connection.execute(
            select(func.count()).select_from(History).where(*fits)
        ).scalar_one()
        rows = connection.execute(
            _messages().where(*fits).order_by(order).offset(offset).limit(limit)
        ).all()
        closing = sums.counted_sums(connection, rows)
    return [_message(row, closing[row.id]) for row in rows], int(total)


def authors(engine: Engine) -> list[str]:
    """Who wrote messages, by name."""
    found = select(History.c.author).distinct().order_by(History.c.author)
    with database.read_only(engine).begin() as connection:
        return [row.author for row in connection.execute(found)]


def one(engine: Engine, message_id: int) -> Message | None:
    """One message with its counters; None when there is none of this id."""
    if message_id > models.MAX_ROW_ID:
        return None  # which no database takes in a question
    with database.read_only(engine).begin() as connection:
        row = connection.execute(_messages().where(History.c.id == message_id)).one_or_none()
        if row is None:
            return None
        return _message(row, sums.counted_sums(connection, [row])[row.id])


def audiences(engine: Engine, ids: list[int]) -> dict[int, dict[str, Any]]:
    """The audiences of these messages as they are stored, by id; of those that have one."""
    statement = select(History.c.id, History.c.audience).where(History.c.id.in_(ids))
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(statement).all() if ids else []
    return {row.id: row.audience for row in rows if row.audience is not None}


def asleep(engine: Engine, message_id: int) -> int:
    """How many wait for their morning: longer than any fault makes them wait."""
    after = models.utc_now() + timedelta(seconds=2 * queue.BACKOFF[-1])
    statement = select(func.count()).where(
        Recipients.c.message_id == message_id,
        Recipients.c.delivery_status == DeliveryStatus.PENDING,
        Recipients.c.next_attempt_at > after,
    )
    with database.read_only(engine).begin() as connection:
        return int(connection.execute(statement).scalar_one())


def runs(engine: Engine, message_id: int) -> list[Message]:
    """The runs that changed this message in its chats, the first one first."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(
            _messages().where(History.c.target_message_id == message_id).order_by(History.c.id)
        ).all()
        closing = sums.counted_sums(connection, rows)
    return [_message(row, closing[row.id]) for row in rows]


def progress(engine: Engine, message_id: int) -> dict[str, float | None]:
    """How far it is; see `sums.progress`."""
    with database.read_only(engine).begin() as connection:
        return sums.progress(connection, message_id)


@needs(Permission.NAMES)
def recipients(
    engine: Engine,
    message_id: int,
    *,
    status: str | None = None,
    reason: str | None = None,
    words: str = "",
    order: RecipientOrder = RecipientOrder.CHOSEN,
    offset: int = 0,
    limit: int = 50,
) -> "tuple[pd.DataFrame, int]":
    """Some recipients of a message as a table, in this order, and how many fit in all.

    An archived message's are read from its file; raises ArchiveError where that is not there.
    """
    import pandas as pd

    wanted = words.strip().removeprefix("@")
    with database.read_only(engine).begin() as connection:
        if catalogue.archived_among(connection, [message_id]):
            from hsl.archive import reading

            chosen = reading.Wanted(
                message_id, status, reason, wanted, _named(connection, wanted) if wanted else None
            )
            rows, total = reading.recipients(
                connection, chosen, order=order, offset=offset, limit=limit
            )
            with_first_names(connection, rows)
            return pd.DataFrame(rows, columns=list(EXPORTED)), total
        found = recipients_of(message_id)
        if status:
            found = found.where(Recipients.c.delivery_status == status)
        if reason:
            found = found.where(Recipients.c.reason == reason)
        if wanted:
            username = Recipients.c.username.istartswith(wanted, autoescape=True)
            number = [Recipients.c.user_id == i for i in _ids(wanted)]
            found = found.where(or_(username, *_is_named(wanted), *number))
        counted = select(func.count()).select_from(found.order_by(None).subquery())
        total = connection.execute(counted).scalar_one()
        lines = connection.execute(
            found.order_by(*_in_order(order)).offset(offset).limit(limit)
        ).all()
    return pd.DataFrame([dict(row._mapping) for row in lines], columns=list(EXPORTED)), int(total)


def reasons(engine: Engine, message_id: int) -> list[str]:
    """The reasons that stand at this message's recipients. Raises ArchiveError."""
    with database.read_only(engine).begin() as connection:
        if catalogue.archived_among(connection, [message_id]):
            from hsl.archive import reading

            return reading.reasons(connection, message_id)
        rows = connection.execute(
            select(Recipients.c.reason)
            .where(Recipients.c.message_id == message_id, Recipients.c.reason.is_not(None))
            .distinct()
            .order_by(Recipients.c.reason)
        ).all()
    return [row.reason for row in rows]


def with_first_names(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Add each person's first name as it is today; at most some thousand rows at a time."""
    found = connection.execute(
        select(People.c.user_id, People.c.first_name).where(
            People.c.user_id.in_([row["user_id"] for row in rows])
        )
    )
    names = {row.user_id: row.first_name for row in found}
    for row in rows:
        row["first_name"] = names.get(row["user_id"])


def _is_named(wanted: str) -> list[ColumnElement[bool]]:
    return [
        # Names come in many scripts, of which SQLite's lower() knows one.
        People.c.first_name.startswith(wanted, autoescape=True),
        People.c.first_name.startswith(wanted.capitalize(), autoescape=True),
    ]


def _ids(wanted: str, most: int = models.MAX_USER_ID) -> list[int]:
    is_number = wanted.isascii() and wanted.isdecimal() and len(wanted) < 20
    return [int(wanted)] if is_number and int(wanted) <= most else []


def _named(connection: Connection, wanted: str) -> list[int]:
    found = connection.execute(select(People.c.user_id).where(or_(*_is_named(wanted))))
    return [*found.scalars(), *_ids(wanted)]


def _in_order(order: RecipientOrder) -> list[ColumnElement[Any]]:
    at, number = Recipients.c.sent_at, Recipients.c.id
    if order is RecipientOrder.FIRST:
        return [at.asc().nulls_last(), number]
    if order is RecipientOrder.LAST:
        return [at.desc().nulls_last(), number.desc()]
    return [number]


def recipients_of(message_id: int) -> Select[Any]:
    """All recipients of a message that is not archived, with the columns EXPORTED."""
    columns = [
        People.c.first_name if name == "first_name" else Recipients.c[name] for name in EXPORTED
    ]
    return (
        select(*columns)
        .select_from(Recipients.outerjoin(People, People.c.user_id == Recipients.c.user_id))
        .where(Recipients.c.message_id == message_id)
    )


def _messages() -> Select[Any]:
    return select(History, approving.is_waiting().label("waits_for_approval"))


def _message(row: Row[Any], closing: sums.ClosingSum) -> Message:
    return Message(
        id=row.id,
        bot_id=row.bot_id,
        content=Content.from_row(row._asdict()),
        author=row.author,
        status=MessageStatus(row.status),
        status_reason=row.status_reason,
        to=_to(row.recipient_group, closing.total or row.audience_at_creation),
        audience_mode=row.audience_mode,
        audience_at_creation=row.audience_at_creation,
        follows_message_id=row.follows_message_id,
        # A test is sent like any other.
        action=Action.SEND if row.action == Action.TEST else Action(row.action),
        is_test=row.action == Action.TEST,
        target_message_id=row.target_message_id,
        version=row.version,
        keep_quiet=row.keep_quiet,
        audience=row.audience,
        created_at=row.created_at,
        scheduled_at=row.scheduled_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        archived_at=row.archived_at,
        closing=closing.of_action(Action(row.action)),
        left_out=row.left_out,
        experiment_id=row.experiment_id,
        arm=row.arm,
        take_back_until=row.take_back_until,
        taken_back_at=row.taken_back_at,
        waits_for_approval=bool(row.waits_for_approval),
    )


def _to(group: str | None, people: int) -> str:
    if group is None:
        return plural("{n} chosen by name", "{n} chosen by name", people)
    if (run := GOT_MESSAGE.fullmatch(group)) is not None:
        return _("people who got message {number}", number=run["number"])
    speaks_for_itself = group.startswith(("everybody", "nobody")) or group[:1].isdigit()
    return group if speaks_for_itself else _("people {group}", group=group)


def needs_a_person(engine: Engine) -> tuple[list[Message], int]:
    """Paused and aborted messages, and how many recipients are uncertain in all.

    Not those that a fault of the bot paused: they go on by themselves.
    """
    bots = models.bot_pace.c
    faults = select(bots.trouble).where(bots.trouble.is_not(None))
    statement = (
        _messages()
        .where(
            History.c.status.in_([MessageStatus.PAUSED, MessageStatus.FAILED]),
            or_(History.c.status_reason.is_(None), History.c.status_reason.not_in(faults)),
        )
        .order_by(History.c.id.desc())
        .limit(5)
    )
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(statement).all()
        closing = sums.counted_sums(connection, rows)
        uncertain: int = connection.execute(
            select(func.coalesce(func.sum(History.c.uncertain_deliveries), 0)).where(
                History.c.archived_at.is_(None)  # there is nothing that anybody can do about them
            )
        ).scalar_one()
    return [_message(row, closing[row.id]) for row in rows], int(uncertain)


def uncertain_messages(engine: Engine) -> list[int]:
    """Ids of the messages that have uncertain recipients, the last first."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(
            select(Recipients.c.message_id)
            .where(Recipients.c.delivery_status == DeliveryStatus.UNCERTAIN)
            .distinct()
            .order_by(Recipients.c.message_id.desc())
            .limit(5)
        ).all()
    return [row.message_id for row in rows]
