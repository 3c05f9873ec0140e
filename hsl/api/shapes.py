"""What the API takes and gives, where the program's own models are not it themselves."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from hsl.audience.cohort import Audience, Cohort
from hsl.message.content import Content
from hsl.models import (
    MAX_ROW_ID,
    MAX_USER_ID,
    Action,
    DeliveryStatus,
    MessageStatus,
    MessageType,
    SegmentMode,
)

UserId = Annotated[int, Field(ge=1, le=MAX_USER_ID)]
UserIdPath = Annotated[int, Path(ge=1, le=MAX_USER_ID, description="Telegram's id of a person")]
MessageIdPath = Annotated[int, Path(ge=1, le=MAX_ROW_ID, description="A message's number")]
Where = Annotated[
    str,
    Field(
        max_length=20_000,
        description="An expression, such as in_stream('4th_stream') AND reachable",
    ),
]


class Taken(BaseModel):
    """What a request sends: nothing beside the fields."""

    model_config = ConfigDict(extra="forbid")


class Place(BaseModel):
    """A person's place in a course stream."""

    course_stream: str
    status: str | None
    enrolled_at: datetime | None


class Mark(BaseModel):
    """Why a person must not be written to."""

    reason: str
    marked_by: str
    marked_at: datetime


class PersonRecord(BaseModel):
    """A person who may be written to."""

    user_id: int
    username: str | None
    first_name: str | None
    last_name: str | None
    language_code: str | None
    registered_at: datetime | None
    attributes: dict[str, Any]
    unreachable_reason: str | None
    unreachable_since: datetime | None
    updated_at: datetime
    streams: list[Place]
    do_not_message: Mark | None


class Imported(BaseModel):
    """What an import did: people added, updated and unchanged, and rows rejected."""

    added: int
    updated: int
    unchanged: int
    rejected: int
    warning: str = ""


class Reason(Taken):
    """Why a person is not to be written to."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Marked(BaseModel):
    """Whether the person was marked now, and how many waiting messages were withdrawn."""

    marked: int
    withdrawn: int


class Whom(Taken):
    """People: an expression, or a cohort as pages and segments keep it."""

    where: Where | None = None
    cohort: Cohort | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "Whom":
        if (self.where is None) == (self.cohort is None):
            raise ValueError("give one of where and cohort")
        return self


class Counted(BaseModel):
    """How many people a cohort has now, and how many of them could not be reached before."""

    people: int
    unreachable: int
    sentence: str
    cohort: Cohort


class NewSegment(Whom):
    """A cohort to be saved under a name."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    description: Annotated[str, Field(max_length=2000)] = ""
    frozen: bool = False
    is_exclusion: bool = False


class SegmentRecord(BaseModel):
    """A saved cohort; `people` is its size when it was last counted."""

    id: int
    name: str
    owner: str
    description: str
    sentence: str
    cohort: Cohort
    mode: SegmentMode
    is_exclusion: bool
    created_at: datetime
    updated_at: datetime
    people: int | None


class NewMessage(Taken):
    """A message to be sent: at once, or `at` a time, which has a zone.

    Its people are an expression (`where`) or an `audience`. With `choose_later` they are chosen
    when it starts. If it can start only more than `late_limit` seconds late, it waits for a person.
    Without a `bot` the one in use sends it.
    """

    content: Content
    where: Where | None = None
    audience: Audience | None = None
    at: AwareDatetime | None = None
    choose_later: bool = False
    keep_quiet: bool = False
    late_limit: Annotated[float, Field(ge=0, le=31_536_000)] | None = 3600.0
    follows_message_id: Annotated[int, Field(ge=1, le=MAX_ROW_ID)] | None = None
    bot: (
        Annotated[str, Field(max_length=64, description="The name of the kept bot that sends it")]
        | None
    ) = None

    @field_validator("at")
    @classmethod
    def _a_year_to_send_in(cls, at: datetime | None) -> datetime | None:
        if at is not None and not 1970 < at.year < 2200:
            raise ValueError("is no year in which to send")
        return at

    @model_validator(mode="after")
    def _one_audience(self) -> "NewMessage":
        if (self.where is None) == (self.audience is None):
            raise ValueError("give one of where and audience")
        return self


class Look(BaseModel):
    """The last look before a message goes; nothing was made. It may go where nothing forbids it."""

    may_go: bool
    people: int
    unreachable: int
    left_out: dict[str, int]
    languages: dict[str, int]
    seconds: float
    needs_approval: Annotated[
        bool,
        Field(
            description="Once sent, it would wait until another account has approved it, as it "
            "goes to more people than one may write to alone"
        ),
    ]
    problems: list[str]
    warnings: list[str]


class Sum(BaseModel):
    """What became of everybody: the terms add up to `total`."""

    total: int
    sent: int
    failed: int
    failed_by_reason: dict[str, int]
    uncertain: int
    cancelled: int
    deleted: int
    sending: int
    pending: int


class Message(BaseModel):
    """A message with its closing sum."""

    id: int
    title: str
    content: Content
    author: str
    status: MessageStatus
    status_reason: str | None
    to: str
    action: Action
    is_test: bool
    version: int
    keep_quiet: bool
    follows_message_id: int | None
    changes_message_id: int | None
    left_out: dict[str, int]
    created_at: datetime
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    archived_at: datetime | None
    waits_for_approval: Annotated[
        bool,
        Field(
            description="Nobody is sent to until another account has approved it, as it goes to "
            "more people than one may write to alone"
        ),
    ]
    sum: Sum


class MessageNow(Message):
    """A message as it is at this moment: how far it is, and how fast.

    `expected_recipients` is how many it will go to, where that may still change.
    """

    expected_recipients: int | None
    percent: float | None
    rate: float | None
    seconds_left: float | None


class Again(BaseModel):
    """How many people are sent to once more, or were settled."""

    people: int
    message: Message


class Retry(Taken):
    """Only those who failed for these reasons; none: for any."""

    reasons: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)] = []


class Settle(Taken):
    """What is to become of recipients whose answer was lost: of these people, or of all."""

    how: Literal["mark_delivered", "send_again"]
    user_ids: Annotated[list[UserId], Field(max_length=10_000)] = []


class Recipient(BaseModel):
    """What became of a message for one person."""

    user_id: int
    username: str | None
    delivery_status: DeliveryStatus
    reason: str | None
    error_code: int | None
    error_description: str | None
    attempts: int
    sent_at: datetime | None
    telegram_message_id: int | None
    version: int | None


class File(BaseModel):
    """A file that messages can carry, by its `file_id`."""

    id: int
    kind: MessageType
    file_id: str
    name: str
    size: int | None
    mime: str | None
    width: int | None
    height: int | None
    duration: int | None
    uploaded_by: str
    uploaded_at: datetime
    used: int
    note: str | None = None


class Share(BaseModel):
    """`part` of `whole`, and between which shares the true one lies with 95 %."""

    name: str
    part: int
    whole: int
    share: float
    low: float
    high: float


class People(BaseModel):
    """So many people."""

    name: str
    people: int


class Day(BaseModel):
    """Deliveries of a day in the school's zone: those that arrived, of those tried."""

    day: date
    delivered: int
    tried: int


class Figures(BaseModel):
    """What deliveries came to: in all, by stream, by reason and by day."""

    total: Share
    reach: list[Share]
    by_stream: list[Share]
    reasons: list[People]
    by_day: list[Day]


class OfMessage(BaseModel):
    """One message's figures."""

    message: Message
    figures: Figures


class MessageShare(Share):
    """The share of one message's recipients who got it."""

    message_id: int | None


class OfPeriod(BaseModel):
    """The figures of the messages that started from `since` until before `until`."""

    since: datetime
    until: datetime
    streams: list[str]
    sum: Sum
    figures: Figures
    messages: list[MessageShare]


class Entry(BaseModel):
    """Who did what to which thing, and when."""

    id: int
    at: datetime
    actor: str
    action: str
    object_type: str | None
    object_id: str | None
    details: dict[str, Any]
