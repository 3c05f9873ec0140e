"""The tables and their enums: the vocabulary of the whole house.

All times are timezone-aware UTC at every edge. User ids have up to 52 significant bits.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

MAX_USER_ID = 2**52 - 1  # Telegram: at most 52 significant bits
# From here on are ids of nobody, which stand for people who were forgotten.
FIRST_PSEUDONYM = 2**52
MAX_ROW_ID = 2**63 - 1  # what the id of a row can be in both databases
# Between these lie all times that a file may give a person; at the calendar's ends a zone's hours
# lead into years that Python, Arrow and PostgreSQL do not have.
FIRST_GIVEN, AFTER_GIVEN = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """timestamptz on PostgreSQL, naive UTC text on SQLite; aware UTC in Python, always."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class GivenDateTime(UtcDateTime):
    """A time that came from elsewhere, of a person: any that it cannot be reads as None.

    SQLite keeps any text as a time, and one such row must not stop a query over all people.
    """

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        read = super().result_processor(dialect, coltype)

        def read_given(kept: Any) -> datetime | None:
            try:
                value: datetime | None = kept if read is None else read(kept)
            except (ValueError, TypeError):
                return None
            return value if value is None or FIRST_GIVEN <= value < AFTER_GIVEN else None

        return read_given


JsonValue = JSON().with_variant(JSONB(), "postgresql")
RowId = BigInteger().with_variant(Integer(), "sqlite")


LEFT = "left"  # status of a place in a stream that its source tells of no more


def utc_now() -> datetime:
    """The present time, aware, in UTC."""
    return datetime.now(UTC)


class MessageType(StrEnum):
    """What is sent: text, or a photo, video or document by its file_id with a caption."""

    TEXT = "text"
    PHOTO = "photo"
    VIDEO = "video"
    DOCUMENT = "document"


class MessageStatus(StrEnum):
    """scheduled → sending → sent; paused (back to sending), cancelled, failed."""

    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FAILED = "failed"


class DeliveryStatus(StrEnum):
    """pending → sending → sent, failed or uncertain; cancelled; deleted (from the chat, later)."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"
    DELETED = "deleted"


GOT = (DeliveryStatus.SENT, DeliveryStatus.DELETED)
TRIED = (*GOT, DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)  # it left, and is over
# The counter of message_history that counts recipients of a status; the others have no outcome yet.
COUNTERS = {
    DeliveryStatus.SENT: "successful_deliveries",
    DeliveryStatus.FAILED: "failed_deliveries",
    DeliveryStatus.UNCERTAIN: "uncertain_deliveries",
    DeliveryStatus.CANCELLED: "cancelled_deliveries",
    DeliveryStatus.DELETED: "deleted_deliveries",
}
DO_NOT_MESSAGE = "do-not-message"  # the rule, and the reason, of whoever has a mark


class RecipientOrder(StrEnum):
    """How recipients are listed: as they were chosen, or by when each was sent to; others last."""

    CHOSEN = ""
    FIRST = "first"
    LAST = "last"


class RecipientType(StrEnum):
    """Chosen one by one, or as a group that a filter describes."""

    INDIVIDUAL = "individual"
    GROUP = "group"


class Action(StrEnum):
    """What a message does in its recipients' chats: it is sent, or changes one sent before.

    A test is sent like any other, but to those who try it out: no figure, cap or cohort counts it.
    """

    SEND = "send"
    TEST = "test"
    EDIT = "edit"
    DELETE = "delete"


SENDS = (Action.SEND, Action.TEST)


class AudienceMode(StrEnum):
    """The audience as it was when the message was made, or as it is when it starts."""

    FROZEN = "frozen"
    LIVE = "live"


def _json(default: Any = None, *, nullable: bool = False) -> Any:
    return Field(default_factory=default, sa_column=Column(JsonValue, nullable=nullable))


# SQLite gives a deleted row's id to the next one otherwise, and a second click on a draft that was
# sent would then take another draft for it.
NEVER_AGAIN = {"sqlite_autoincrement": True}


def _row_id() -> Any:
    return Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))


def _unchained() -> Any:
    # Empty in a row that did not come by `hsl.audit`, which the chain's check then names.
    return Column(Text, nullable=False, server_default="")


class User(SQLModel, table=True):
    """A person who may be written to; `user_id` is Telegram's."""

    __tablename__ = "users"
    user_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    username: str | None = Field(default=None, index=True)
    first_name: str | None = None
    last_name: str | None = None
    language_code: str | None = None
    registered_at: datetime | None = Field(default=None, sa_type=GivenDateTime)
    attributes: dict[str, Any] = _json(dict)
    unreachable_reason: str | None = None
    unreachable_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)


class Enrollment(SQLModel, table=True):
    """A person's place in a course stream; a person may have several, or none."""

    __tablename__ = "enrollments"
    user_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    course_stream: str = Field(primary_key=True, index=True)
    status: str | None = None
    enrolled_at: datetime | None = Field(default=None, sa_type=GivenDateTime)


class MessageHistory(SQLModel, table=True):
    """One message to many people. Its counters equal a count over its recipients at each commit."""

    __tablename__ = "message_history"
    __table_args__ = (Index("ix_message_history_due", "status", "scheduled_at"), NEVER_AGAIN)
    id: int | None = _row_id()
    message_text: str = Field(sa_column=Column(Text, nullable=False))
    message_type: MessageType = Field(default=MessageType.TEXT, sa_column=Column(Text))
    file_id: str | None = None
    buttons: list[list[dict[str, Any]]] = _json(list)
    # Its other languages, as Content has them; None where it has one.
    translations: dict[str, Any] | None = _json(lambda: None, nullable=True)
    options: dict[str, Any] = _json(dict)
    version: int = 1
    action: Action = Field(default=Action.SEND, sa_column=Column(Text, nullable=False))
    target_message_id: int | None = Field(default=None, sa_column=Column(RowId))
    rule_id: int | None = Field(default=None, sa_column=Column(RowId, index=True))
    author: str
    bot_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    status: MessageStatus = Field(default=MessageStatus.SCHEDULED, sa_column=Column(Text))
    status_reason: str | None = None
    recipient_type: RecipientType = Field(sa_column=Column(Text, nullable=False))
    recipient_group: str | None = None
    audience: dict[str, Any] | None = _json(lambda: None, nullable=True)
    audience_mode: AudienceMode = Field(default=AudienceMode.FROZEN, sa_column=Column(Text))
    audience_at_creation: int = 0
    follows_message_id: int | None = Field(default=None, sa_column=Column(RowId))
    # How many of the audience were left out when it was resolved, by rule, such as {"cap": 214}.
    left_out: dict[str, int] = _json(dict)
    experiment_id: int | None = Field(default=None, sa_column=Column(RowId, index=True))
    arm: str | None = None  # of the experiment
    archived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # its recipients' rows
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
    scheduled_at: datetime = Field(sa_type=UtcDateTime)
    late_limit: float | None = None  # seconds; None: it may start however late
    keep_quiet: bool = False  # nobody gets it in their quiet hours; it waits for their morning
    # Sent "now", it still waits until then for whoever wants to take it back.
    take_back_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    taken_back_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    written_as: dict[str, Any] | None = _json(lambda: None, nullable=True)  # its draft, till then
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    total_recipients: int = 0
    successful_deliveries: int = 0
    failed_deliveries: int = 0
    uncertain_deliveries: int = 0
    cancelled_deliveries: int = 0
    deleted_deliveries: int = 0


class MessageRecipient(SQLModel, table=True):
    """What became of one message for one person; once a person in a message."""

    __tablename__ = "message_recipients"
    __table_args__ = (
        Index("ux_message_recipients_once", "message_id", "user_id", unique=True),
        Index("ix_message_recipients_queue", "message_id", "delivery_status", "next_attempt_at"),
        Index("ix_message_recipients_user", "user_id"),
        # Of those who left only, so that it costs nothing while a message is made.
        Index(
            "ix_message_recipients_left",
            "sending_at",
            "message_id",
            sqlite_where=text("sending_at IS NOT NULL"),
            postgresql_where=text("sending_at IS NOT NULL"),
        ),
        # Of those on their way only, a handful among millions.
        Index(
            "ix_message_recipients_sending",
            "lease_owner",
            sqlite_where=text("delivery_status = 'sending'"),
            postgresql_where=text("delivery_status = 'sending'"),
        ),
    )
    id: int | None = _row_id()
    message_id: int = Field(sa_column=Column(RowId, nullable=False))
    user_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    username: str | None = None
    delivery_status: DeliveryStatus = Field(
        default=DeliveryStatus.PENDING, sa_column=Column(Text, nullable=False)
    )
    telegram_message_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    version: int | None = None  # of the message's text, as it left
    reason: str | None = None
    error_code: int | None = None
    error_description: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease_owner: str | None = None
    sending_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MessagePreparation(SQLModel, table=True):
    """A large message while its recipients are written down: nobody sees it before all of them."""

    __tablename__ = "message_preparations"
    message_id: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    beat_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class MessageVersion(SQLModel, table=True):
    """What a message said before it was edited; what it says now stands in its own row."""

    __tablename__ = "message_versions"
    message_id: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    version: int = Field(primary_key=True)
    content: dict[str, Any] = _json(dict)
    replaced_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    replaced_by: str


class RecurringMessage(SQLModel, table=True):
    """A rule that makes ordinary scheduled messages, one ahead, until it is stopped or over."""

    __tablename__ = "recurring_messages"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    author: str
    content: dict[str, Any] = _json(dict)
    audience: dict[str, Any] = _json(dict)
    weekdays: list[int] = _json(list)  # 0 is Monday
    local_time: str  # such as "10:00", in `zone`
    zone: str
    until: str | None = None  # the last day, such as "2027-06-30"
    late_limit: float | None = None  # seconds
    keep_quiet: bool = False
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stopped_reason: str | None = None


class Suppression(SQLModel, table=True):
    """A person who must not be written to. Only a person takes the mark away, never an import."""

    __tablename__ = "suppressions"
    user_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    reason: str
    marked_by: str
    marked_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class SegmentMode(StrEnum):
    """A segment's people: chosen anew each time, or as they were when it was frozen."""

    DYNAMIC = "dynamic"
    FROZEN = "frozen"


class SavedSegment(SQLModel, table=True):
    """A cohort with a name; as an exclusion list its people get no message at all."""

    __tablename__ = "segments"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    name: str = Field(unique=True)
    owner: str
    description: str = ""
    cohort: dict[str, Any] = _json(dict)
    mode: SegmentMode = Field(default=SegmentMode.DYNAMIC, sa_column=Column(Text, nullable=False))
    is_exclusion: bool = False
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class SegmentMember(SQLModel, table=True):
    """A person in a frozen segment."""

    __tablename__ = "segment_members"
    segment_id: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    user_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))


class SegmentSize(SQLModel, table=True):
    """How many people a segment had on a day (UTC, such as "2026-11-24")."""

    __tablename__ = "segment_sizes"
    segment_id: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    day: str = Field(primary_key=True)
    people: int


class ButtonPress(SQLModel, table=True):
    """A person pressed a button that sends data, first at `pressed_at`; recorded by the bot."""

    __tablename__ = "button_presses"
    message_id: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    user_id: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, index=True)
    )
    button: str = Field(sa_column=Column(Text, primary_key=True))  # its callback_data
    pressed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Experiment(SQLModel, table=True):
    """An audience split at random, each arm with a message of its own, or none (the hold-out)."""

    __tablename__ = "experiments"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    name: str
    author: str
    salt: str  # people are assigned by a hash of it and their id
    audience: dict[str, Any] = _json(dict)
    arms: list[dict[str, Any]] = _json(list)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class PeopleSource(SQLModel, table=True):
    """Where people come from again and again: a query on another database, or files."""

    __tablename__ = "sources"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    name: str = Field(unique=True)
    kind: str  # sql or files
    address: str = Field(sa_column=Column(Text, nullable=False))  # without a password
    query: str | None = Field(default=None, sa_column=Column(Text))
    mapping: dict[str, str] = _json(dict)  # their column to ours
    every_minutes: int | None = None
    mark_left: bool = True  # who is gone from it gets the status "left" in their streams
    created_by: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    next_run_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class SourceRun(SQLModel, table=True):
    """One reading of a source, with its figures; `error` says why it changed nothing."""

    __tablename__ = "source_runs"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    source_id: int = Field(sa_column=Column(RowId, nullable=False, index=True))
    started_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    left_streams: int = 0
    rejected: int = 0
    rejects_file: str | None = None
    error: str | None = Field(default=None, sa_column=Column(Text))
    places: int | None = None  # in streams, that it told of


class SourcePlace(SQLModel, table=True):
    """A person's place in a stream as a source last told of it; what is gone has left."""

    __tablename__ = "source_places"
    source_id: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    user_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    course_stream: str = Field(primary_key=True)
    run_id: int = Field(sa_column=Column(RowId, nullable=False))


class ArchivedMonth(SQLModel, table=True):
    """Recipients' rows of messages that started in a month, moved out to a Parquet file."""

    __tablename__ = "archived_months"
    month: str = Field(primary_key=True)  # such as "2025-03"
    file: str = Field(primary_key=True)  # its name in the archive's folder
    rows: int
    sha256: str
    archived_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class AuditLog(SQLModel, table=True):
    """Who did what to which thing, when and from where. Triggers let rows be added only.

    `hash` is over all other columns, `previous_hash` among them: that of the entry before.
    """

    __tablename__ = "audit_log"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
    actor: str = Field(index=True)
    action: str = Field(index=True)
    object_type: str | None = None
    object_id: str | None = None
    details: dict[str, Any] = _json(dict)
    way: str | None = None  # pages, api, terminal …; None before this was written down
    address: str | None = None
    account_id: int | None = Field(default=None, sa_column=Column(RowId))
    previous_hash: str = Field(default="", sa_column=_unchained())
    hash: str = Field(default="", sa_column=_unchained())


class AuditHead(SQLModel, table=True):
    """The one row that says where the audit's chain ends, so that a cut end is noticed."""

    __tablename__ = "audit_head"
    id: int = Field(default=1, sa_column=Column(RowId, primary_key=True, autoincrement=False))
    entry_id: int = Field(sa_column=Column(RowId, nullable=False))
    entries: int = Field(sa_column=Column(RowId, nullable=False))
    hash: str = Field(sa_column=Column(Text, nullable=False))


class Draft(SQLModel, table=True):
    """An author's unsent message; without an `audience` it goes to the author's tray."""

    __tablename__ = "drafts"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    author: str = Field(index=True)
    content: dict[str, Any] = _json(dict)
    audience: dict[str, Any] | None = _json(lambda: None, nullable=True)
    plan: dict[str, Any] = _json(dict)
    follows_message_id: int | None = Field(default=None, sa_column=Column(RowId))
    edits_message_id: int | None = Field(default=None, sa_column=Column(RowId))
    revision: int = 0
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    saved_by: str | None = None  # who saved it last; None: its author


class DraftVersion(SQLModel, table=True):
    """What a draft said at a moment, to be brought back."""

    __tablename__ = "draft_versions"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    draft_id: int = Field(sa_column=Column(RowId, nullable=False, index=True))
    content: dict[str, Any] = _json(dict)
    author: str
    made_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class DraftPresence(SQLModel, table=True):
    """A draft is open in a browser's tab, `place`, as long as it beats."""

    __tablename__ = "draft_presence"
    draft_id: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    place: str = Field(primary_key=True)
    author: str
    beat_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class TemplateKind(StrEnum):
    """A whole message to begin with, or a piece of text to put into one."""

    TEMPLATE = "template"
    SNIPPET = "snippet"


class MessageTemplate(SQLModel, table=True):
    """A content with a name, for everybody who writes here."""

    __tablename__ = "message_templates"
    __table_args__ = (Index("ux_message_templates_name", "kind", "name_key", unique=True),
                      NEVER_AGAIN)  # fmt: skip
    id: int | None = _row_id()
    kind: TemplateKind = Field(sa_column=Column(Text, nullable=False))
    name: str
    name_key: str  # the name as it is compared: in no case, without spaces to spare
    author: str
    content: dict[str, Any] = _json(dict)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Tester(SQLModel, table=True):
    """A person whom an author sends tests to."""

    __tablename__ = "test_recipients"
    author: str = Field(primary_key=True)
    user_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    added_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class SelectionEntry(SQLModel, table=True):
    """One removable line of an author's tray: people added to the selection, or taken out of it.

    A line holds a cohort and no ids of its own, so that the tray is a sum of sets: nobody can be
    in it twice, and taking a line away brings back exactly what it changed.
    """

    __tablename__ = "selection_entries"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    author: str = Field(index=True)
    label: str
    cohort: dict[str, Any] = _json(dict)
    excluded: bool = False
    added_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class BotPace(SQLModel, table=True):
    """The one rate of a bot that every process on this database shares, and its trouble if any."""

    __tablename__ = "bot_pace"
    bot_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    rate: float
    next_departure: float = 0.0  # seconds since 1970: the theoretical arrival time of the cell rate
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    held_seconds: float = 0.0  # how long `not_before` was away when it was set
    refusals: int = 0
    rate_changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    trouble: str | None = None
    trouble_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    trouble_looks: int = 0  # since a message was last taken
    trouble_look_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    served_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # a scheduler's last sign
    paid_refusal: str | None = None  # why Telegram would not take a paid broadcast
    paid_refused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    token_fingerprint: str | None = None
    departures: int = 0


class MediaFile(SQLModel, table=True):
    """A file at Telegram that a bot can send, by the `file_id` that this one bot has for it.

    Uploaded here it stands in `message_id` of the team's own chat; of one that was named by its
    file_id alone there is no message. One that messages use is hidden when it is removed.
    """

    __tablename__ = "media_files"
    __table_args__ = (
        Index("ux_media_files_file_id", "bot_id", "file_id", unique=True),
        Index("ux_media_files_sha256", "bot_id", "sha256", "kind", unique=True),
        NEVER_AGAIN,
    )
    id: int | None = _row_id()
    bot_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    kind: MessageType = Field(sa_column=Column(Text, nullable=False))
    file_id: str = Field(sa_column=Column(Text, nullable=False))
    name: str
    size: int | None = Field(default=None, sa_column=Column(BigInteger))  # bytes
    mime: str | None = None
    width: int | None = None  # pixels
    height: int | None = None  # pixels
    duration: int | None = None  # seconds
    thumbnail: str | None = Field(default=None, sa_column=Column(Text))  # a small JPEG in base64
    sha256: str | None = None  # of what was uploaded
    chat_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    message_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    uploaded_by: str
    uploaded_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Approval(SQLModel, table=True):
    """A message to many people, as it was asked for, and what a second person decided.

    While `decision` is None nobody gets the message.
    """

    __tablename__ = "approvals"
    __table_args__ = NEVER_AGAIN
    id: int | None = _row_id()
    message_id: int = Field(sa_column=Column(RowId, nullable=False, index=True))
    people: int
    fingerprint: str  # of content, audience and plan as they were asked for
    asked_by: str  # as they sign
    asked_as: str  # who acted
    asked_account: int | None = None
    asked_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    decision: str | None = None  # approved, rejected, or replaced by another asking
    decided_by: str | None = None
    decided_account: int | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str | None = None


class Worker(SQLModel, table=True):
    """A running process's heartbeat; its leases lapse when the beat stops."""

    __tablename__ = "workers"
    name: str = Field(primary_key=True)
    kind: str
    host: str
    pid: int
    started_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    beat_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)


class ForgottenPerson(SQLModel, table=True):
    """A person whom no import may bring back: a keyed hash of their id, and nothing else."""

    __tablename__ = "forgotten_people"
    fingerprint: str = Field(primary_key=True)
    forgotten_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    forgotten_by: str


class ForgottenKey(SQLModel, table=True):
    """The one key of those hashes, made at random in this database."""

    __tablename__ = "forgotten_key"
    id: int = Field(default=1, sa_column=Column(RowId, primary_key=True, autoincrement=False))
    key: str


class AlarmTold(SQLModel, table=True):
    """An alarm that holds, and that the admins were told of."""

    __tablename__ = "alarms_told"
    name: str = Field(primary_key=True)
    since: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class KeptBot(SQLModel, table=True):
    """A bot whose token is kept here, sealed. One that was removed has none, and its name stays."""

    __tablename__ = "bots"
    bot_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    name: str = Field(unique=True)
    username: str
    sealed_token: str | None = Field(default=None, sa_column=Column(Text))
    in_use: bool = False  # the one that speaks where none is named; of all bots at most one
    added_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def _table(model: type[SQLModel]) -> Table:
    return cast(Table, model.__table__)  # type: ignore[attr-defined]


# The same tables for SQLAlchemy Core, in which all set-based statements are written.
users = _table(User)
enrollments = _table(Enrollment)
message_history = _table(MessageHistory)
message_recipients = _table(MessageRecipient)
message_preparations = _table(MessagePreparation)
message_versions = _table(MessageVersion)
recurring_messages = _table(RecurringMessage)
audit_log = _table(AuditLog)
audit_head = _table(AuditHead)
suppressions = _table(Suppression)
segments = _table(SavedSegment)
segment_members = _table(SegmentMember)
segment_sizes = _table(SegmentSize)
button_presses = _table(ButtonPress)
experiments = _table(Experiment)
sources = _table(PeopleSource)
source_runs = _table(SourceRun)
source_places = _table(SourcePlace)
archived_months = _table(ArchivedMonth)
drafts = _table(Draft)
message_templates = _table(MessageTemplate)
test_recipients = _table(Tester)
draft_versions = _table(DraftVersion)
draft_presence = _table(DraftPresence)
selection_entries = _table(SelectionEntry)
bot_pace = _table(BotPace)
media_files = _table(MediaFile)
approvals = _table(Approval)
workers = _table(Worker)
bots = _table(KeptBot)
alarms_told = _table(AlarmTold)
forgotten_people = _table(ForgottenPerson)
forgotten_key = _table(ForgottenKey)

# Tables that a room of the house keeps by itself; they stand here so that every schema has them.
from hsl.accounts import tables as _account_tables  # noqa: E402, F401
