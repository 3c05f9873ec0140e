"""Forgetting a person: nothing that tells who they were stays, and every sum stays. It is final.

Their rows among recipients and presses go to ids of nobody. Erased, each message has another such
id; pseudonymised, all have one, so that one unknown person's history is still seen.
"""

import csv
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, or_, select, text, update

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.archive import catalogue
from hsl.delivery import withdrawing
from hsl.models import FIRST_PSEUDONYM, DeliveryStatus
from hsl.privacy import PrivacyError, rewriting, scrubbing, tombstones
from hsl.words import _

FORGOTTEN = "person_forgotten"
REMNANTS = (
    "The database's file may still hold remnants of deleted rows, as others were using it: "
    "run VACUUM on it when it is quiet."
)
Users, Recipients, Presses = models.users, models.message_recipients, models.button_presses
# Whatever else is of one person, by `user_id`.
OF_PERSON = (
    models.enrollments,
    models.suppressions,
    models.segment_members,
    models.source_places,
    models.test_recipients,
    models.users,
)


class How(StrEnum):
    """Whether what they got can still be seen as one unknown person's."""

    ERASE = "erase"
    PSEUDONYMISE = "pseudonymise"


@dataclass(frozen=True)
class Forgotten:
    """What was done: messages that keep an id of nobody, and archive files written anew.

    `clean`: no remnant of a deleted row is left in the database's own files.
    """

    messages: int
    files: int
    clean: bool


@needs(Permission.MANAGE)
def forget(
    engine: Engine, user_id: int, *, how: How = How.ERASE, actor: str, data_dir: Path
) -> Forgotten:
    """Forget a person, in the database, the archive and the data folder; audited without their id.

    What waits to go to them is cancelled. Raises PrivacyError where they are not known or a message
    is on its way to them, and ArchiveError where a file of the archive is not whole; then calling
    it again goes on.
    """
    with catalogue.alone(engine):
        archived = rewriting.messages_of(engine, user_id)
        with engine.begin() as connection:
            _withdraw(connection, user_id, actor)
        with database.read_only(engine).begin() as connection:
            here = _messages_of(connection, user_id)
            _require_known(connection, user_id, [*here, *archived])
        ids = _pseudonyms([*here, *archived], how)
        files = rewriting.forget(engine, user_id, ids)
        with engine.begin() as connection:
            # A message may have come meanwhile.
            for number in set(_messages_of(connection, user_id)) - ids.keys():
                ids[number] = next(iter(ids.values())) if how is How.PSEUDONYMISE else _random()
            _require_at_rest(connection, user_id)
            _forget_here(connection, user_id, ids)
            tombstones.add(connection, user_id, actor=actor)
            audit.record(
                connection,
                actor=actor,
                action=FORGOTTEN,
                object_type="person",
                details={"how": how.value, "messages": len(ids), "files": files},
            )
    _clear_files(data_dir, user_id)
    return Forgotten(len(ids), files, _clear_remnants(engine))


def _withdraw(connection: Connection, user_id: int, actor: str) -> None:
    withdrawing.withdraw(connection, [user_id], actor=actor)
    _require_at_rest(connection, user_id)


def _require_at_rest(connection: Connection, user_id: int) -> None:
    way = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
    found = connection.execute(
        select(Recipients.c.message_id)
        .where(Recipients.c.user_id == user_id, Recipients.c.delivery_status.in_(way))
        .limit(1)
    ).scalar_one_or_none()
    if found is not None:
        raise PrivacyError(
            _(
                "Message {message} is on its way to {person}. Wait until it is over, or cancel it, "
                "then try again.",
                message=str(found),
                person=str(user_id),
            )
        )


def _messages_of(connection: Connection, user_id: int) -> list[int]:
    """Messages with a row of the person in the database, as a recipient or by a press."""
    got = select(Recipients.c.message_id).where(Recipients.c.user_id == user_id)
    pressed = select(Presses.c.message_id).where(Presses.c.user_id == user_id)
    return sorted(set(connection.execute(got.union(pressed)).scalars()))


def _require_known(connection: Connection, user_id: int, messages: list[int]) -> None:
    held = any(
        connection.execute(select(table.c.user_id).where(table.c.user_id == user_id).limit(1))
        .first()
        for table in OF_PERSON
    )  # fmt: skip
    if not held and not messages:
        raise PrivacyError(_("Nothing is held about {person}. Check the id.", person=str(user_id)))


def _random() -> int:
    return FIRST_PSEUDONYM + secrets.randbelow(FIRST_PSEUDONYM)


def _pseudonyms(messages: Iterable[int], how: How) -> dict[int, int]:
    """An id of nobody for each message."""
    one = _random()
    return {
        number: one if how is How.PSEUDONYMISE else _random() for number in sorted(set(messages))
    }


def _forget_here(connection: Connection, user_id: int, ids: dict[int, int]) -> None:
    person = connection.execute(select(Users).where(Users.c.user_id == user_id)).first()
    called: set[str | None] = set(
        connection.execute(
            select(Recipients.c.username).where(Recipients.c.user_id == user_id)
        ).scalars()
    )
    full, short = _names(connection, person, called)
    scrubbing.scrub(connection, user_id, full, short, next(iter(ids.values()), _random()))
    for number, pseudonym in ids.items():
        connection.execute(
            update(Recipients)
            .where(Recipients.c.message_id == number, Recipients.c.user_id == user_id)
            .values(
                user_id=pseudonym,
                username=None,
                telegram_message_id=None,
                error_description=None,
            )
        )
        connection.execute(
            update(Presses)
            .where(Presses.c.message_id == number, Presses.c.user_id == user_id)
            .values(user_id=pseudonym)
        )
    for table in OF_PERSON:
        connection.execute(delete(table).where(table.c.user_id == user_id))


def _names(
    connection: Connection, person: Any, usernames: set[str | None]
) -> tuple[list[str], list[str]]:
    """Words that mean this person in any text, and those that do as a name: nobody else has it."""
    full = {name.lstrip("@") for name in usernames if name}
    short: list[str] = []
    if person is not None:
        full |= {person.username} if person.username else set()
        parts = [part for part in (person.first_name, person.last_name) if part]
        if len(parts) == 2:
            full |= {" ".join(parts), " ".join(reversed(parts))}
        for part in parts:
            others = select(Users.c.user_id).where(
                Users.c.user_id != person.user_id,
                or_(Users.c.first_name == part, Users.c.last_name == part),
            )
            if connection.execute(others.limit(1)).first() is None:
                short.append(part)
    return sorted(full, key=len, reverse=True), short


def _clear_files(data_dir: Path, user_id: int) -> None:
    """Take the person out of lists of rejected rows, and remove the kept index, made anew soon."""
    for path in data_dir.glob("*.rejected-*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        kept = [row for row in rows if str(user_id) not in row]
        if len(kept) < len(rows):
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(kept)
    for path in data_dir.glob("index-*.duckdb"):
        path.unlink(missing_ok=True)


def _clear_remnants(engine: Engine) -> bool:
    """Remove what a database leaves of deleted rows in its files; False where others prevent it.

    SQLite writes its whole file anew, for which the sender waits; PostgreSQL works on beside it.
    """
    if engine.dialect.name == "postgresql":
        apart = engine.execution_options(isolation_level="AUTOCOMMIT")
        with apart.connect() as connection:
            for table in (*OF_PERSON, Recipients, Presses, *scrubbing.SAVED):
                connection.execute(text(f'VACUUM "{table.name}"'))
        return True
    # Outside of a transaction, which the engine's own connections always begin.
    plain = engine.raw_connection()
    try:
        cursor = plain.cursor()
        cursor.execute("VACUUM")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.close()
        return not busy
    except sqlite3.OperationalError:
        return False
    finally:
        plain.close()
