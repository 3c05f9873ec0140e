"""The small school that the pictures of the documentation show: the same each time it is made.

What was sent lies some days back, and what is planned some days ahead, so only dates differ.
"""

import base64
import io
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw
from sqlalchemy import Engine, insert, select, update

from hsl import database, dispatch, first_steps, models
from hsl.audience import importer, selection
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import recurring
from hsl.media import library
from hsl.message import drafts, templates
from hsl.message.content import Button, Content, Translation
from hsl.models import AudienceMode, DeliveryStatus, MessageType, TemplateKind
from hsl.sandbox import options
from hsl.settings import Settings

AUTHOR = "analyst"
ZONE = ZoneInfo("Europe/Moscow")
REASONS = {
    options.BLOCKED: "blocked",
    options.DEACTIVATED: "deactivated",
    options.NEVER_STARTED: "never_started",
}
PER_SECOND = 25
# Days ago, to which stream, and what.
SENT = [
    (27, "3rd_stream", "The first lesson is open"),
    (23, "4th_stream", "Welcome to the course, {first_name|friend}"),
    (20, "5th_stream", "Welcome to the course, {first_name|friend}"),
    (13, "4th_stream", "Homework: what to send, and where"),
    (9, "3rd_stream", "The second lesson is open"),
    (6, "5th_stream", "The first lesson is open"),
    (2, "4th_stream", "The <b>third lesson</b> is open"),
]
# Day of the calendar's month, hour, stream, and what; the two of the 10th are near each other.
PLANNED = [
    (3, 19, "4th_stream", "Lesson 5"),
    (10, 18, "4th_stream", "Homework 5"),
    (10, 19, "4th_stream", "Lesson 6"),
    (17, 12, "5th_stream", "Mentors"),
    (24, 10, "3rd_stream", "Certificates"),
]
LESSON = """Hello {first_name|friend},

the <b>fourth lesson</b> begins today at <u>19:00</u>.
<blockquote>Bring the text that you wrote last week.</blockquote>"""
LESSON_IN_RUSSIAN = """Здравствуйте, {first_name|друг}!

<b>Четвёртый урок</b> начинается сегодня в <u>19:00</u>.
<blockquote>Возьмите текст, который Вы написали на прошлой неделе.</blockquote>"""
UNFINISHED = """Hello {first_name|friend},

the <b>fourth lesson begins today. Write me if a < b is unclear."""
FOURTH = Audience(include=(Cohort(streams=("4th_stream",)),))


@dataclass(frozen=True)
class School:
    """What the pictures open: the ids of drafts and of messages, and the calendar's month."""

    desk: int
    unfinished: int
    photo: int
    planned: int
    last_sent: int
    month: date


def month_of(today: date) -> date:
    """The next month of 31 days that begins on a Monday, at least a week from today."""
    first = (today + timedelta(days=7)).replace(day=1)
    while True:
        first = (first + timedelta(days=32)).replace(day=1)
        if first.weekday() == 0 and (first + timedelta(days=30)).month == first.month:
            return first


def make(folder: Path) -> School:
    """Fill the database of an empty data folder, which the pages then show."""
    engine = database.open_engine(f"sqlite:///{folder / 'hsl.db'}")
    database.migrate(engine)
    importer.import_file(
        engine, first_steps.SAMPLE_FILE, actor=first_steps.SAMPLE_ACTOR, rejects_dir=folder
    )
    today = datetime.now(ZONE).date()
    chance = random.Random(7)
    last = 0
    for days, stream, text in SENT:
        at = datetime.combine(today - timedelta(days=days), time(19), ZONE)
        last = _send(engine, chance, at, stream, text)
    month = month_of(today)
    _plan(engine, month)
    _keep(engine)
    selection.add(engine, AUTHOR, FOURTH.include[0], "in 4th_stream")
    school = _write(engine, today, last, month)
    engine.dispose()
    return school


def send_now(folder: Path) -> int:
    """Send a message that can still be taken back for five minutes; its number."""
    engine = database.open_engine(f"sqlite:///{folder / 'hsl.db'}")
    number = dispatch.send(
        engine,
        _settings(),
        content=_lesson(),
        audience=FOURTH,
        author=AUTHOR,
        take_back=300.0,
    )
    engine.dispose()
    return number


def hide_first_steps(folder: Path) -> None:
    """As somebody does who knows the pages."""
    engine = database.open_engine(f"sqlite:///{folder / 'hsl.db'}")
    first_steps.dismiss(engine, AUTHOR)
    engine.dispose()


def _settings() -> Settings:
    """The sandbox's, whatever bot this machine has."""
    return Settings(BOT_TOKEN=None, DATABASE_URL=None, _env_file=None)


def _lesson() -> Content:
    return Content(
        text=LESSON,
        buttons=[
            [
                Button(text="Join", url="https://meet.jit.si/hsl-lesson-4"),
                Button(text="I can’t come", callback_data="absent:4"),
            ],
            [Button(text="Copy the code", copy_text="LESSON-4")],
        ],
    )


def _write(engine: Engine, today: date, last: int, month: date) -> School:
    """The drafts; the one that was touched last is what Compose opens."""
    tomorrow = (today + timedelta(days=1)).isoformat()
    plan = {
        "when": "later",
        "date": tomorrow,
        "time": "19:00",
        "zone": ZONE.key,
        "audience": AudienceMode.FROZEN.value,
        "late_minutes": 120,
    }
    photo = drafts.start(
        engine,
        AUTHOR,
        content=Content(text="Who is on this picture?", message_type=MessageType.PHOTO),
    )
    unfinished = drafts.start(engine, AUTHOR, content=Content(text=UNFINISHED))
    planned = drafts.start(engine, AUTHOR, content=_lesson(), plan=plan)
    written = Content(
        **{
            **_lesson().model_dump(),
            "default_language": "en",
            "translations": {"ru": Translation(text=LESSON_IN_RUSSIAN)},
        }
    )
    desk = drafts.start(engine, AUTHOR, content=written)
    return School(desk.id, unfinished.id, photo.id, planned.id, last, month)


def _plan(engine: Engine, month: date) -> None:
    settings = _settings()
    # After all others, so that their order is the same on every day of a week.
    last = datetime.combine(month + timedelta(days=45), time(19), ZONE)
    moments = [(last, "5th_stream", "The second lesson begins")]
    moments += [
        (datetime.combine(month.replace(day=day), time(hour), ZONE), stream, text)
        for day, hour, stream, text in PLANNED
    ]
    for at, stream, text in moments:
        dispatch.send(
            engine,
            settings,
            content=Content(text=text),
            audience=Audience(include=(Cohort(streams=(stream,)),)),
            author=AUTHOR,
            scheduled_at=at,
            audience_mode=AudienceMode.LIVE,
        )
    dispatch.repeat(
        engine,
        settings,
        content=Content(text="This week"),
        audience=Audience(include=(Cohort(streams=("3rd_stream",)),)),
        rule=recurring.Repeat((0,), time(9), ZONE.key),
        author=AUTHOR,
    )


def _keep(engine: Engine) -> None:
    """Templates, a snippet, and files in the library."""
    for name, text in (
        ("A lesson begins", LESSON),
        ("Homework", "The homework of lesson … is open until <b>Sunday</b>."),
        ("Welcome", "Welcome to the course, {first_name|friend}."),
    ):
        templates.keep(engine, TemplateKind.TEMPLATE, name, Content(text=text), author=AUTHOR)
    templates.keep(
        engine,
        TemplateKind.SNIPPET,
        "Signature",
        Content(text="Your <b>mentors</b>"),
        author=AUTHOR,
    )
    for number, (name, colours) in enumerate(
        (
            ("The first lesson.jpg", ("#0b5c8d", "#f4c95d")),
            ("The team.jpg", ("#2a9d8f", "#e9c46a")),
            ("Certificate.jpg", ("#6d597a", "#eaac8b")),
        )
    ):
        values = {
            "kind": MessageType.PHOTO,
            "file_id": f"AgACAgIAAxkDAAI{number}",
            "name": name,
            "size": 184_000 + 31_000 * number,
            "mime": "image/jpeg",
            "width": 1280,
            "height": 720,
            "thumbnail": _thumbnail(*colours),
            "sha256": f"{number:064x}",
            "chat_id": -1001,
            "message_id": number + 1,
        }
        library.add(engine, first_steps.SANDBOX_BOT, values, actor=AUTHOR, action="media_uploaded")


def _thumbnail(sky: str, sun: str) -> str:
    """A small picture in base64."""
    picture = Image.new("RGB", (480, 270), sky)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((170, 70, 310, 210), fill=sun)
    pen.rectangle((0, 190, 480, 270), fill="#264653")
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=80)
    return base64.b64encode(kept.getvalue()).decode()


def _send(engine: Engine, chance: random.Random, at: datetime, stream: str, text: str) -> int:
    """A message that went some days ago, with what became of it for each person."""
    start = at.astimezone(UTC)
    rows = [
        _recipient(chance, user_id, start + timedelta(seconds=place / PER_SECOND), place)
        for place, user_id in enumerate(_people(engine, stream))
    ]
    counted = {s: sum(row["delivery_status"] is s for row in rows) for s in DeliveryStatus}
    with engine.begin() as connection:
        number = connection.execute(
            insert(models.MessageHistory).returning(models.message_history.c.id),
            {
                "message_text": text,
                "message_type": "text",
                "action": "send",
                "author": AUTHOR,
                "bot_id": first_steps.SANDBOX_BOT,
                "status": "sent",
                "buttons": [],
                "options": {},
                "left_out": {},
                "recipient_type": "group",
                "recipient_group": f"in {stream}",
                "audience": Audience(include=(Cohort(streams=(stream,)),)).model_dump(mode="json"),
                "audience_mode": "frozen",
                "audience_at_creation": len(rows),
                "created_at": start,
                "scheduled_at": start,
                "started_at": start,
                "finished_at": start + timedelta(seconds=len(rows) / PER_SECOND),
                "sent_at": start,
                "total_recipients": len(rows),
                "successful_deliveries": counted[DeliveryStatus.SENT],
                "failed_deliveries": counted[DeliveryStatus.FAILED],
                "uncertain_deliveries": counted[DeliveryStatus.UNCERTAIN],
            },
        ).scalar_one()
        connection.execute(
            insert(models.message_recipients), [{**row, "message_id": number} for row in rows]
        )
        for reason in REASONS.values():
            lost = [row["user_id"] for row in rows if row["reason"] == reason]
            connection.execute(
                update(models.users)
                .where(models.users.c.user_id.in_(lost))
                .values(unreachable_reason=reason, unreachable_since=start)
            )
    return int(number)


def _people(engine: Engine, stream: str) -> list[int]:
    places = models.enrollments.c
    with engine.begin() as connection:
        found = select(places.user_id).where(places.course_stream == stream)
        return list(connection.execute(found.order_by(places.user_id)).scalars())


def _recipient(chance: random.Random, user_id: int, left: datetime, place: int) -> dict[str, Any]:
    """What became of it for one person; whom the sandbox would refuse, it refused."""
    said = options.fate(user_id, options.SandboxOptions())
    lost = chance.random()
    if said is None and lost < 0.004:
        said = options.BLOCKED
    status = DeliveryStatus.SENT if said is None else DeliveryStatus.FAILED
    reason = None if said is None else REASONS[said]
    if said is None and lost > 0.9995:
        status, reason = DeliveryStatus.UNCERTAIN, "no_answer"
    return {
        "user_id": user_id,
        "delivery_status": status,
        "reason": reason,
        "error_code": None if said is None else 403,
        "error_description": said,
        "attempts": 1,
        "telegram_message_id": place + 1 if status is DeliveryStatus.SENT else None,
        "version": 1,
        "sending_at": left,
        "sent_at": left if status is DeliveryStatus.SENT else None,
    }
