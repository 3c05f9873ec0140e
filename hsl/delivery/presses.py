"""Presses of buttons that send data, as the school's own bot received them.

Telegram tells them to whoever asks for the bot's updates, which is not this house: they come as a
file. A press names our message, or Telegram's number of it in the person's chat.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    MetaData,
    Subquery,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    union_all,
)

from hsl import audit, models
from hsl.archive import catalogue, reading
from hsl.errors import PlainError
from hsl.message.content import MAX_CALLBACK_BYTES
from hsl.models import MAX_USER_ID, Action, UtcDateTime

Presses, Recipients, History = (
    models.button_presses,
    models.message_recipients,
    models.message_history,
)
AT_ONCE = 20_000  # rows
NAMES = {"button": "data", "callback_data": "data", "chat_id": "user_id"}

_staged = Table(
    "staged_presses",
    MetaData(),
    Column("line", Integer, primary_key=True),
    Column("message_id", BigInteger),
    Column("telegram_message_id", BigInteger),
    Column("user_id", BigInteger, nullable=False),
    Column("button", Text, nullable=False),
    Column("pressed_at", UtcDateTime(), nullable=False),
    prefixes=["TEMPORARY"],
)
# Presses of messages whose recipients are archived, as the archive's files have them.
_archived = Table(
    "archived_presses",
    MetaData(),
    Column("line", Integer, nullable=False),
    Column("message_id", BigInteger, nullable=False),
    prefixes=["TEMPORARY"],
)


class PressesRefused(PlainError, ValueError):  # noqa: N818 - the house's word for it
    """The file cannot be read as a table of presses; nothing was changed."""


@dataclass(frozen=True)
class PressReport:
    """How many presses are new, how many were known, and how many rows were rejected and why."""

    added: int
    known: int
    rejected: dict[str, int]


def import_file(engine: Engine, path: Path, *, actor: str) -> PressReport:
    """Add the presses of a CSV or JSON lines file; the same file twice adds nothing.

    Columns: `message_id` (ours) or `telegram_message_id`; `user_id`, `data`, `pressed_at` (with its
    zone). Of several presses of one button by one person the first counts. Raises PressesRefused,
    and ArchiveError where a file of the archive cannot be asked; then nothing is changed.
    """
    rejected: Counter[str] = Counter()
    with engine.begin() as connection:
        _staged.create(connection)
        numbered = _rows(path)
        while rows := list(islice(numbered, AT_ONCE)):
            good = []
            for line, row in rows:
                try:
                    good.append({"line": line, **_checked(row)})
                except ValueError as fault:
                    rejected[str(fault)] += 1
            if good:
                connection.execute(insert(_staged), good)
        _archived.create(connection)
        _look_in_archive(connection)
        added, known = _take_over(connection, rejected)
        _archived.drop(connection)
        _staged.drop(connection)
        report = PressReport(added, known, dict(rejected))
        audit.record(
            connection,
            actor=actor,
            action="presses_imported",
            object_type="file",
            object_id=path.name,
            details={"added": added, "known": known, "rejected": dict(rejected)},
        )
    return report


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The file's rows with their line numbers, under our names of the columns."""
    if not path.is_file():
        raise PressesRefused(f"{path} is not a file. Check the name.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() in {".jsonl", ".ndjson", ".json"}:
                for line, words in enumerate(file, start=1):
                    if words.strip():
                        yield line, _named(json.loads(words))
                return
            reader = csv.DictReader(file)
            names = {NAMES.get(name.strip().lower(), name.strip().lower()) for name in
                     reader.fieldnames or ()}  # fmt: skip
            missing = {"user_id", "data", "pressed_at"} - names
            if missing:
                raise PressesRefused(
                    f"{path.name} has no column {sorted(missing)[0]}. It needs user_id, data, "
                    "pressed_at, and message_id or telegram_message_id."
                )
            for row in reader:
                yield reader.line_num, _named(row)
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as fault:
        raise PressesRefused(f"{path.name} cannot be read: {fault}. Nothing was changed.") from None


def _named(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        return {}
    found = {str(name or "").strip().lower(): value for name, value in row.items()}
    return {NAMES.get(name, name): value for name, value in found.items()}


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    """A press as it is staged. Raises ValueError with the reason to reject it."""
    user_id = _number(row.get("user_id"), "user_id")
    if user_id is None:
        raise ValueError("no user_id")
    message_id = _number(row.get("message_id"), "message_id")
    in_chat = _number(row.get("telegram_message_id"), "telegram_message_id")
    if message_id is None and in_chat is None:
        raise ValueError("neither message_id nor telegram_message_id")
    button = str(row.get("data") or "")
    halves = any("\ud800" <= letter <= "\udfff" for letter in button)  # of letters, from JSON
    if halves or "\0" in button or not 1 <= len(button.encode()) <= MAX_CALLBACK_BYTES:
        raise ValueError("data is no button's: it has 1 to 64 bytes")
    return {
        "message_id": message_id,
        "telegram_message_id": in_chat,
        "user_id": user_id,
        "button": button,
        "pressed_at": _moment(row.get("pressed_at")),
    }


def _number(value: Any, name: str) -> int | None:
    words = str(value if value is not None else "").strip()
    if not words:
        return None
    if not (words.isascii() and words.isdigit() and 0 < int(words) <= MAX_USER_ID):
        raise ValueError(f"{name} is not a whole number")
    return int(words)


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value or "").strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("pressed_at is not a time with its zone")
    return moment


def _take_over(connection: Connection, rejected: Counter[str]) -> tuple[int, int]:
    """Write down the staged presses of our messages; how many are new, and how many known."""
    ours = _of_our_messages()
    unknown = connection.execute(
        select(_staged.c.message_id.is_(None).label("by_chat"), func.count().label("rows"))
        .where(_staged.c.line.not_in(select(ours.c.line)))
        .group_by(_staged.c.message_id.is_(None))
    ).all()
    for row in unknown:
        reason = "no such message in that chat" if row.by_chat else "not a recipient of the message"
        rejected[reason] += row.rows
    key = (ours.c.message_id, ours.c.user_id, ours.c.button)
    first = select(*key, func.min(ours.c.pressed_at).label("pressed_at")).group_by(*key).subquery()
    same = and_(*[Presses.c[name] == first.c[name] for name in ("message_id", "user_id", "button")])
    total = connection.execute(select(func.count()).select_from(first)).scalar_one()
    known = connection.execute(
        select(func.count()).select_from(first.join(Presses, same))
    ).scalar_one()
    later = exists().where(same, first.c.pressed_at < Presses.c.pressed_at)
    connection.execute(delete(Presses).where(later))
    connection.execute(
        insert(Presses).from_select(
            ["message_id", "user_id", "button", "pressed_at"],
            select(first).where(~exists().where(same)),
        )
    )
    return int(total - known), int(known)


def _look_in_archive(connection: Connection) -> None:
    """Match the staged presses of archived messages: by our number, or where no other fits."""
    files = catalogue.listed(connection)
    if not files:
        return
    archived = select(History.c.id).where(History.c.archived_at.is_not(None))
    by_message = _staged.c.message_id.in_(archived)
    by_chat = and_(_staged.c.message_id.is_(None), ~exists().where(_in_chat()))
    asked = connection.execute(select(_staged).where(or_(by_message, by_chat))).all()
    for start in range(0, len(asked), AT_ONCE):
        some = [
            reading.Press(row.line, row.message_id, row.telegram_message_id, row.user_id)
            for row in asked[start : start + AT_ONCE]
        ]
        for file in files:
            found = reading.pressed(file, some)
            if found:
                connection.execute(
                    insert(_archived), [{"line": line, "message_id": m} for line, m in found]
                )


def _in_chat() -> ColumnElement[bool]:
    return and_(
        Recipients.c.user_id == _staged.c.user_id,
        Recipients.c.telegram_message_id == _staged.c.telegram_message_id,
    )


def _of_our_messages() -> Subquery:
    """The staged presses whose message is known: line, message_id, user_id, button, pressed_at."""
    columns = (_staged.c.user_id, _staged.c.button, _staged.c.pressed_at)
    sent = select(History.c.id).where(History.c.action == Action.SEND)
    received = exists().where(
        Recipients.c.message_id == _staged.c.message_id, Recipients.c.user_id == _staged.c.user_id
    )
    by_message = select(_staged.c.line, _staged.c.message_id, *columns).where(
        _staged.c.message_id.in_(sent), received
    )
    by_chat = (
        select(_staged.c.line, Recipients.c.message_id, *columns)
        .join(Recipients, _in_chat())
        .where(_staged.c.message_id.is_(None), Recipients.c.message_id.in_(sent))
    )
    archived = (
        select(_staged.c.line, _archived.c.message_id, *columns)
        .join(_archived, _archived.c.line == _staged.c.line)
        .where(_archived.c.message_id.in_(sent))
    )
    return union_all(by_message, by_chat, archived).subquery("ours")
