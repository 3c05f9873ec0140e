"""Presses of buttons that send data, as the school's own bot received them.

Telegram tells them to whoever asks for the bot's updates, which is not this house: they come as a
file. A press names our message, or Telegram's number of it in the person's chat.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
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
    Row,
    Select,
    Subquery,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    union_all,
)

from hsl import audit, models
from hsl.acting import Permission, needs
from hsl.archive import ArchiveError, catalogue, files, reading
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

NO_MESSAGE, NO_RECIPIENT = "no such message in that chat", "not a recipient of the message"
_Named = tuple[int, str]  # a message's id, and the month of its file
_Presses = list[reading.Press]

_temporary = MetaData()
_staged = Table(
    "staged_presses",
    _temporary,
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
    _temporary,
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


@needs(Permission.MANAGE)
def import_file(engine: Engine, path: Path, *, actor: str) -> PressReport:
    """Add the presses of a CSV or JSON lines file; the same file twice adds nothing.

    Columns: `message_id` (ours) or `telegram_message_id`; `user_id`, `data`, `pressed_at` (with its
    zone). Of several presses of one button by one person the first counts. Raises PressesRefused,
    and ArchiveError where a file of the archive cannot be asked; then nothing is changed.
    """
    with engine.connect() as connection:
        try:
            with _aside(connection):
                _temporary.create_all(connection, checkfirst=False)
                rejected = _stage(connection, path)
            asked: set[Path] = set()
            report = None
            while report is None:
                asked |= _ask_archive(connection, asked)
                report = _write_down(connection, path.name, rejected, asked, actor=actor)
        finally:
            with _aside(connection):
                _temporary.drop_all(connection)
    return report


@contextmanager
def _aside(connection: Connection) -> Iterator[None]:
    """A transaction that writes to temporary tables alone, so that SQLite's others may write."""
    connection.execution_options(hsl_read_only=True)
    try:
        with connection.begin():
            yield
    finally:
        connection.execution_options(hsl_read_only=False)


def _stage(connection: Connection, path: Path) -> Counter[str]:
    """Keep the file's good rows for the matching; how many others there are, by reason."""
    rejected: Counter[str] = Counter()
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
    return rejected


def _write_down(
    connection: Connection, name: str, rejected: Counter[str], asked: set[Path], *, actor: str
) -> PressReport | None:
    """Add what was matched; None, and nothing is added, where the archive has other files now."""
    with connection.begin() as transaction:
        added, known, unknown = _take_over(connection)
        # Last, as rows may leave the database for a new file between two statements.
        if not {file.path for file in catalogue.listed(connection)} <= asked:
            transaction.rollback()
            return None
        report = PressReport(added, known, dict(rejected + unknown))
        audit.record(
            connection,
            actor=actor,
            action="presses_imported",
            object_type="file",
            object_id=name,
            details={"added": added, "known": known, "rejected": report.rejected},
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


def _take_over(connection: Connection) -> tuple[int, int, Counter[str]]:
    """Write down the staged presses of our messages; how many are new, known, and of no message."""
    ours = _of_our_messages()
    unknown = connection.execute(
        select(_staged.c.message_id.is_(None).label("by_chat"), func.count().label("rows"))
        .where(_staged.c.line.not_in(select(ours.c.line)))
        .group_by(_staged.c.message_id.is_(None))
    ).all()
    rejected = Counter({NO_MESSAGE if row.by_chat else NO_RECIPIENT: row.rows for row in unknown})
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
    return int(total - known), int(known), rejected


def _ask_archive(connection: Connection, asked: set[Path]) -> set[Path]:
    """Match the staged presses of archived messages in the files not `asked` yet; returns these.

    Files are read outside of transactions: a large archive takes minutes.
    """
    with _aside(connection):
        new = [file for file in catalogue.listed(connection) if file.path not in asked]
        by_message, by_chat = _to_ask(connection) if new else ({}, [])
    for file in new:
        try:
            found = _pressed(file, by_message, by_chat)
        except ArchiveError:
            if _is_listed(connection, file):
                raise
            continue  # its rows are in the database again
        if found:
            with _aside(connection):
                connection.execute(
                    insert(_archived), [{"line": line, "message_id": m} for line, m in found]
                )
    return {file.path for file in new}


def _to_ask(connection: Connection) -> tuple[dict[_Named, _Presses], _Presses]:
    """Staged presses of archived messages, and those by chat that fit nothing in the database."""
    press = (_staged.c.line, _staged.c.message_id, _staged.c.telegram_message_id, _staged.c.user_id)
    named = connection.execute(
        select(*press, History.c.started_at)
        .join(History, History.c.id == _staged.c.message_id)
        .where(History.c.archived_at.is_not(None))
    )
    by_message: dict[_Named, _Presses] = {}
    for row in named:
        message = (row.message_id, catalogue.month_of(row.started_at))
        by_message.setdefault(message, []).append(_press(row))
    known = exists().where(_in_chat(), Recipients.c.message_id.in_(_sent()))
    by_chat = connection.execute(select(*press).where(_staged.c.message_id.is_(None), ~known))
    return by_message, [_press(row) for row in by_chat]


def _press(row: Row[Any]) -> reading.Press:
    return reading.Press(row.line, row.message_id, row.telegram_message_id, row.user_id)


def _pressed(
    file: catalogue.File, by_message: dict[_Named, _Presses], by_chat: _Presses
) -> list[tuple[int, int]]:
    """Line and message of the presses that are of this file; named messages ask none but theirs."""
    chosen = list(by_chat)
    of_month = {number: some for (number, month), some in by_message.items() if month == file.month}
    if of_month:
        for number in of_month.keys() & files.people_in(file.path).keys():
            chosen += of_month[number]
    return reading.pressed(file, chosen) if chosen else []


def _is_listed(connection: Connection, file: catalogue.File) -> bool:
    with _aside(connection):
        return file in catalogue.listed(connection, [file.month])


def _in_chat() -> ColumnElement[bool]:
    return and_(
        Recipients.c.user_id == _staged.c.user_id,
        Recipients.c.telegram_message_id == _staged.c.telegram_message_id,
    )


def _sent() -> Select[Any]:
    """What has buttons of its own; a run in the chats has its message's numbers there."""
    return select(History.c.id).where(History.c.action == Action.SEND)


def _of_our_messages() -> Subquery:
    """The staged presses whose message is known: line, message_id, user_id, button, pressed_at."""
    columns = (_staged.c.user_id, _staged.c.button, _staged.c.pressed_at)
    sent = _sent()
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
