"""The engine, its transactions, and migrations at start: all that differs between databases."""

import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ARRAY,
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    RootTransaction,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from hsl import texts
from hsl.errors import PlainError
from hsl.settings import Settings, get_settings

ARCHIVE = "hsl_archive"  # the execution option that holds the archive's folder
SECOND_APPROVER = "hsl_second_approver_over"  # the execution option of that number
BUSY_TIMEOUT = 10_000  # milliseconds that a SQLite writer waits for another
MIGRATIONS = Path(__file__).parent / "migrations"
TURN = 30.0  # seconds that one waits for what others hold
# What is left to do at the end of a transaction; forgotten with it.
_deeds: WeakKeyDictionary[RootTransaction, list[Callable[[], None]]] = WeakKeyDictionary()
_CLOCK = select(func.clock_timestamp())
# A cut network must end a connection within seconds; TCP alone waits for up to two hours.
POSTGRESQL_OPTIONS: dict[str, Any] = {
    "connect_timeout": 10,  # seconds
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}


class DatabaseError(PlainError, RuntimeError):
    """The database cannot be used; the message says why and what to do."""


def open_engine(
    address: str, *, archive: Path | None = None, second_approver_over: int | None = None
) -> Engine:
    """An engine for `address`; on SQLite every transaction takes the write lock at its begin.

    `archive` is the folder of the rows that were moved out of it; see `archive_of`. A message to
    more than `second_approver_over` people needs a second person, whatever writes it.
    """
    url = make_url(address)
    options: dict[str, Any] = {} if archive is None else {ARCHIVE: archive}
    if second_approver_over is not None:
        options[SECOND_APPROVER] = second_approver_over
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, execution_options=options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=10,
        connect_args=POSTGRESQL_OPTIONS,
        execution_options=options,
    )
    ping = engine.dialect.do_ping

    def watched_ping(connection: Any) -> bool:
        if _watched.connections is not None:
            _watched.connections.append(connection)
        return ping(connection)

    engine.dialect.do_ping = watched_ping  # type: ignore[assignment,method-assign]
    return engine


def open_read_only(address: str, *, archive: Path | None = None) -> Engine:
    """An engine that the database itself lets write nothing. Raises DatabaseError.

    SQLite opens the file as read-only; PostgreSQL begins each transaction as READ ONLY.
    """
    url = make_url(address)
    options: dict[str, Any] = {"hsl_read_only": True}
    if archive is not None:
        options[ARCHIVE] = archive
    if url.get_backend_name() != "sqlite":
        session = f"{url.query.get('options', '')} -c default_transaction_read_only=on".strip()
        return create_engine(
            url,
            connect_args={**POSTGRESQL_OPTIONS, "options": session},
            pool_pre_ping=True,
            execution_options=options,
        )
    path = Path(url.database or "").absolute()
    if not path.is_file():
        raise DatabaseError(f"There is no database {path}. Name the one that the pages use.")
    only_read = URL.create(
        "sqlite", database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"}
    )
    engine = create_engine(only_read, execution_options=options)
    event.listen(engine, "connect", _prepare_reader)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


class _Watched(threading.local):
    """The connections that this thread uses within `impatient`; None outside of it."""

    connections: list[Any] | None = None


_watched = _Watched()


@contextmanager
def impatient(engine: Engine, seconds: float) -> Iterator[Connection]:
    """A transaction whose connection is given up where the server is silent for `seconds`.

    A server that hangs, or a network that swallows everything, would hold the thread for ever;
    so its socket is shut, and the statement fails with OperationalError. SQLite waits for its lock
    no longer than BUSY_TIMEOUT by itself.
    """
    if engine.dialect.name != "postgresql":
        with engine.begin() as connection:
            yield connection
        return
    connections: list[Any] = []
    _watched.connections = connections
    timer = threading.Timer(seconds, lambda: _shut(connections))
    timer.daemon = True
    timer.start()
    try:
        with engine.begin() as connection:
            connections.append(connection.connection.driver_connection)
            yield connection
    finally:
        timer.cancel()
        _watched.connections = None
        connections.clear()


def _shut(connections: list[Any]) -> None:
    from psycopg import Error as PsycopgError  # SQLite alone has no need of it

    for connection in list(connections):
        with (
            suppress(OSError, PsycopgError),
            socket.socket(fileno=os.dup(connection.fileno())) as s,
        ):
            s.shutdown(socket.SHUT_RDWR)


def engine_for(settings: Settings) -> Engine:
    """The engine of these settings' database."""
    return open_engine(
        settings.database_address,
        archive=settings.archive_dir,
        second_approver_over=settings.second_approver_over,
    )


def identity(engine: Engine) -> str:
    """What tells this database from others: a hash of its address, without the password."""
    url = engine.url
    if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
        url = url.set(database=str(Path(str(url.database)).absolute()))
    address = url.set(password=None, query={}).render_as_string()
    return hashlib.sha256(address.encode()).hexdigest()[:16]


def archive_of(source: Engine | Connection) -> Path:
    """The folder in which this database's archived rows lie."""
    folder: Path | None = source.get_execution_options().get(ARCHIVE)
    return get_settings().archive_dir if folder is None else folder


def second_approver_over(source: Engine | Connection) -> int:
    """To how many people a message may go without a second person; 0: to any number."""
    most: int | None = source.get_execution_options().get(SECOND_APPROVER)
    return get_settings().second_approver_over if most is None else most


def _prepare_reader(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    texts.add_functions(connection)
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    connection.execute("PRAGMA query_only=ON")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    texts.add_functions(connection)
    for pragma in (
        "journal_mode=WAL",
        # NORMAL may lose the last commits with the power, and with them who was sent to just now.
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads first and writes later fails at once with "database is
    # locked" when another wrote in between; readers announce themselves and take no lock.
    read_only = connection.get_execution_options().get("hsl_read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def read_only(engine: Engine) -> Engine:
    """The same pool for reading: on SQLite its transactions do not wait for a writer."""
    return engine.execution_options(hsl_read_only=True)


@contextmanager
def one_moment(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads, and whose statements all see the database of one moment."""
    options: dict[str, Any] = {"hsl_read_only": True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    with engine.execution_options(**options).begin() as connection:
        yield connection


def at_the_end(connection: Connection, deed: Callable[[], None]) -> None:
    """Do it as the last of the present transaction, just before its commit; not if it fails.

    What is locked there is locked for a moment only, and nothing is waited for with it.
    """
    transaction = connection.get_transaction()
    if transaction is None:
        raise RuntimeError("There is no transaction, at whose end something could be done.")
    if transaction not in _deeds:
        _deeds[transaction] = []
        if not event.contains(connection, "commit", _do_last):
            event.listen(connection, "commit", _do_last)
    _deeds[transaction].append(deed)


def _do_last(connection: Connection) -> None:
    transaction = connection.get_transaction()
    for deed in _deeds.pop(transaction, []) if transaction is not None else []:
        deed()


def take_turns(connection: Connection, turn: int) -> None:
    """Wait until no other transaction has this turn, and keep it to the end of this one.

    Raises OperationalError after TURN seconds: a machine that vanished may keep it for hours. On
    SQLite every transaction that writes is alone as it is.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{TURN:.0f}s'")
        connection.execute(select(func.pg_advisory_xact_lock(turn)))


def now(connection: Connection) -> datetime:
    """The present time, aware, in UTC, by the one clock that all processes on a database share.

    PostgreSQL's own, as machines' clocks differ; SQLite's processes are all on one machine.
    """
    if connection.dialect.name == "postgresql":
        found: datetime = connection.execute(_CLOCK).scalar_one()
        return found.astimezone(UTC)
    return datetime.now(UTC)


def among(
    connection: Connection, column: ColumnElement[int], ids: Iterable[int]
) -> ColumnElement[bool]:
    """That `column` is one of `ids`: on PostgreSQL one array, as a thousand parameters are slow."""
    if connection.dialect.name == "postgresql":
        return column == any_(bindparam(None, list(ids), type_=ARRAY(BigInteger)))
    return column.in_(list(ids))


def migrate(engine: Engine) -> None:
    """Bring the schema to this program's version. Raises DatabaseError where it can't."""
    try:
        if is_current(engine):
            return
        with engine.begin() as connection:
            current = revision(connection)
            if current is not None and current not in _versions():
                raise DatabaseError(
                    f"The database is at version {current}, newer than this program. "
                    "Start the newer program, or restore an older backup."
                )
            _upgrade(connection)
    except SQLAlchemyError as error:
        raise _unusable(engine, error) from error


def _unusable(engine: Engine, error: SQLAlchemyError) -> DatabaseError:
    return DatabaseError(
        f"The database {engine.url.render_as_string(hide_password=True)} cannot be used: "
        f"{getattr(error, 'orig', error)}. Check its address and that it is running."
    )


def is_current(engine: Engine) -> bool:
    """True when the schema is the one of this program."""
    with read_only(engine).begin() as connection:
        return revision(connection) == _versions()[-1]


def revision_of(engine: Engine) -> str | None:
    """The schema's version, or None where there is no schema. Raises DatabaseError."""
    try:
        with read_only(engine).begin() as connection:
            return revision(connection)
    except SQLAlchemyError as error:
        raise _unusable(engine, error) from error


def knows(version: str) -> bool:
    """True for a version of the schema that this program can bring to its own."""
    return version in _versions()


def revision(connection: Connection) -> str | None:
    """The schema's version, such as "0009"; None where there is no schema."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version"))
    version: str | None = found.scalar_one_or_none()
    return version


def _versions() -> list[str]:
    """All versions in their order, by the names of their files, as reading them takes a while."""
    return sorted(path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py"))


def _upgrade(connection: Connection) -> None:
    # Alembic takes a while to load, and a database is mostly at the newest version already.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
