"""Whom an author sends tests to: people who are in the database, remembered for each author."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, insert, select

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.errors import PlainError
from hsl.words import _

Testers, People = models.test_recipients, models.users
MOST = 20  # test recipients of one author


class TesterError(PlainError, ValueError):
    """Somebody cannot be a test recipient; nothing was changed."""


@dataclass(frozen=True)
class Tester:
    """A test recipient, by the name that they have today."""

    user_id: int
    first_name: str | None
    last_name: str | None
    username: str | None
    language_code: str | None

    @property
    def name(self) -> str:
        """Such as "Anna Sokolova @anna"; the id where nothing else is known."""
        handle = f"@{self.username}" if self.username else None
        parts = [part for part in (self.first_name, self.last_name, handle) if part]
        return " ".join(parts) or str(self.user_id)


@needs(Permission.NAMES)
def listing(engine: Engine, author: str) -> list[Tester]:
    """The author's test recipients, in the order in which they were added."""
    statement = (
        select(
            People.c.user_id,
            People.c.first_name,
            People.c.last_name,
            People.c.username,
            People.c.language_code,
        )
        .join(Testers, Testers.c.user_id == People.c.user_id)
        .where(Testers.c.author == author)
        .order_by(Testers.c.added_at, Testers.c.user_id)
    )
    with database.read_only(engine).begin() as connection:
        return [Tester(**row._mapping) for row in connection.execute(statement)]


@needs(Permission.WRITE)
def add(engine: Engine, author: str, user_id: int) -> None:
    """Remember somebody as a test recipient; who is one already stays one. Raises TesterError."""
    with engine.begin() as connection:
        mine = select(func.count()).where(Testers.c.author == author)
        if connection.execute(mine).scalar_one() >= MOST:
            raise TesterError(_("{most} test recipients are the most. Remove one.", most=MOST))
        if not connection.execute(
            select(People.c.user_id).where(People.c.user_id == user_id)
        ).all():
            raise TesterError(_("There is nobody with the id {id}.", id=str(user_id)))
        there = select(Testers.c.user_id).where(
            Testers.c.author == author, Testers.c.user_id == user_id
        )
        if connection.execute(there).first() is None:
            connection.execute(
                insert(Testers).values(author=author, user_id=user_id, added_at=models.utc_now())
            )
            _record(connection, "tester_added", author, user_id)


@needs(Permission.WRITE)
def remove(engine: Engine, author: str, user_id: int) -> None:
    """Forget a test recipient."""
    with engine.begin() as connection:
        gone = connection.execute(
            delete(Testers).where(Testers.c.author == author, Testers.c.user_id == user_id)
        )
        if gone.rowcount:
            _record(connection, "tester_removed", author, user_id)


def _record(connection: Connection, action: str, author: str, user_id: int) -> None:
    audit.record(connection, actor=author, action=action, object_type="person", object_id=user_id)
