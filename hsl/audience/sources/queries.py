"""Reading another database: one SELECT, in a session that cannot write, for a limited time."""

import datetime
import decimal
import json
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
import sqlglot
from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlglot import expressions

from hsl import database
from hsl.audience.sources import addresses, watching
from hsl.audience.sources.errors import SourceError
from hsl.words import _

PATIENCE = 600.0  # seconds that a query may take, its reading included
CONNECTING = int(database.POSTGRESQL_OPTIONS["connect_timeout"])  # seconds
GRACE = 5.0  # seconds after its patience in which a database may still say why it gives up
ROWS_AT_ONCE = 1_000
ROWS_TOGETHER = 20_000  # in the file
BYTES_TOGETHER = 32 * 2**20
MOST_CELL = 2**20  # bytes of one value: a person has none of that size
MOST_BYTES = 2 * 2**30  # of all rows as text
SQLITE_STEPS = 10_000  # virtual machine instructions between two looks at the clock
DIALECTS = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite"}
WRITING = (
    expressions.Insert,
    expressions.Update,
    expressions.Delete,
    expressions.Merge,
    expressions.DDL,
    expressions.Command,
    expressions.Into,
    expressions.Lock,
)


def check(query: str, backend: str) -> str:
    """The query without its closing semicolon. Raises SourceError unless it is one plain SELECT."""
    words = query.strip().rstrip(";").strip()
    if not words:
        raise SourceError(_("The query is empty. Write one SELECT."))
    if "/*!" in words or "/*M!" in words:
        raise SourceError(_("MySQL would run the comment that begins with /*!. Take it out."))
    try:
        parsed = [part for part in sqlglot.parse(words, read=DIALECTS[backend]) if part is not None]
    except sqlglot.errors.SqlglotError as error:
        raise SourceError(
            _("The query is not a SELECT that can be read: {place}.", place=_place(error))
        ) from None
    if len(parsed) != 1:
        raise SourceError(
            _("The query has {count} statements. Write one SELECT.", count=len(parsed))
        )
    if not isinstance(parsed[0], expressions.Query):
        raise SourceError(_("The query is not a SELECT. A source only reads: write one SELECT."))
    for node in parsed[0].walk():
        if isinstance(node, WRITING):
            raise SourceError(
                _(
                    "The query would do more than read ({upper}). Write one SELECT without it.",
                    upper=type(node).__name__.upper(),
                )
            )
    return words


def _place(error: sqlglot.errors.SqlglotError) -> str:
    for found in getattr(error, "errors", None) or []:
        about = {"fault": found.get("description"), "line": str(found.get("line"))}
        if found.get("highlight"):
            return _("{fault}, line {line} near {word}", **about, word=found["highlight"])
        return _("{fault}, line {line}", **about)
    return str(error).splitlines()[0]


def to_parquet(
    address: addresses.Address,
    query: str,
    target: Path,
    *,
    most_rows: int | None = None,
    patience: float = PATIENCE,
    tell: Callable[[int], None] = lambda _rows: None,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Write the query's rows as text columns to the file `target`, in batches; return how many.

    Once `stopped` is true the connection is given up. Raises SourceError with the database's words,
    and none of the address's secrets.
    """
    url = addresses.database(address)
    words = check(query, url.get_backend_name())
    if most_rows is not None:
        # On its own line, as the query may end with a comment.
        words = f"SELECT * FROM (\n{words}\n) AS previewed LIMIT {most_rows}"
    deadline = time.monotonic() + patience
    rows = 0
    try:
        with (
            watching.until(deadline + GRACE, stopped) as watch,
            _reading(url, patience, deadline, watch) as connection,
        ):
            result = connection.exec_driver_sql(words)
            names = _names(list(result.keys()))
            schema = pa.schema([(name, pa.string()) for name in names])
            with pa.parquet.ParquetWriter(target, schema, compression="zstd") as writer:
                groups = _Groups(writer)
                while batch := result.fetchmany(ROWS_AT_ONCE):
                    groups.add(_as_text(batch, schema))
                    rows += len(batch)
                    tell(rows)
                    if time.monotonic() > deadline:
                        raise _too_slow(patience)
                groups.write()
    except (SQLAlchemyError, RuntimeError) as error:  # PyMySQL's own is a RuntimeError
        raise _explained(error, address, patience, deadline) from None
    return rows


class _Groups:
    """Rows on their way into the file, some thousands together, but never much at once."""

    def __init__(self, writer: pa.parquet.ParquetWriter) -> None:
        self._writer = writer
        self._waiting: list[pa.RecordBatch] = []
        self._written = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take some rows. Raises SourceError where they are too large."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            largest = pc.max(pc.binary_length(column)).as_py() or 0
            if largest > MOST_CELL:
                raise SourceError(
                    _(
                        "The column {name} has a value of {most:,.1f} MiB. Leave the column out "
                        "of the query.",
                        name=name,
                        most=largest / 2**20,
                    )
                )
        self._waiting.append(batch)
        rows = sum(waiting.num_rows for waiting in self._waiting)
        if rows >= ROWS_TOGETHER or self._bytes() >= BYTES_TOGETHER:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        self._written += self._bytes()
        if self._written > MOST_BYTES:
            raise SourceError(
                _(
                    "The query gives more than {most} GiB. Read fewer columns.",
                    most=MOST_BYTES // 2**30,
                )
            )
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
        self._waiting = []

    def _bytes(self) -> int:
        return sum(int(waiting.nbytes) for waiting in self._waiting)


def _too_slow(patience: float) -> SourceError:
    return SourceError(
        _(
            "The query takes over {patience:,.0f} s. Read less, or give the other database an "
            "index.",
            patience=patience,
        )
    )


def _explained(
    error: Exception, address: addresses.Address, patience: float, deadline: float
) -> SourceError:
    cause = str(getattr(error, "orig", None) or error)
    told = ("statement timeout", "interrupted", "max_statement_time", "maximum statement execution")
    late = time.monotonic() - deadline
    if late > 0.0 or (late > -1.0 and any(word in cause for word in told)):
        return _too_slow(patience)
    said = " ".join(address.scrubbed(cause).split())[:300].rstrip(".")
    return SourceError(
        _("{shown} does not answer the query: {said}.", shown=address.shown, said=said)
    )


@contextmanager
def _reading(
    url: URL, patience: float, deadline: float, watch: watching.Watch
) -> Iterator[Connection]:
    """A connection whose session refuses to write, and gives up a statement after `patience`."""
    backend = url.get_backend_name()
    opened = {"postgresql": _postgresql, "mysql": _mysql, "sqlite": _sqlite}[backend]
    engine = opened(url, patience, deadline)
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            if backend == "mysql":
                _keep_alive(driver._sock)
                watch.over(driver._sock.fileno())
                _limit_mysql(connection, patience)
            if backend == "postgresql":
                watch.over(driver.fileno())
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(patience * 1000)}")
            # Without parameters a driver takes no % in the query for a place of one.
            connection.execution_options(stream_results=True, no_parameters=True)
            try:
                yield connection
            except BaseException:
                _let_go(connection)
                raise
    finally:
        engine.dispose()


def _let_go(connection: Connection) -> None:
    """Close it at once; PyMySQL would read the rest of the rows first, even from a closed one."""
    unread = getattr(connection.connection.driver_connection, "_result", None)
    if unread is not None:
        unread.unbuffered_active = False
    connection.invalidate()


def _keep_alive(opened: socket.socket) -> None:
    """Let TCP find a cut network by itself, which PyMySQL has no options for."""
    if opened.family not in (socket.AF_INET, socket.AF_INET6):
        return
    options = database.POSTGRESQL_OPTIONS
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, option in (
        ("TCP_KEEPIDLE", "keepalives_idle"),
        ("TCP_KEEPINTVL", "keepalives_interval"),
        ("TCP_KEEPCNT", "keepalives_count"),
        ("TCP_USER_TIMEOUT", "tcp_user_timeout"),
    ):
        if hasattr(socket, name):  # not every system has each of them
            opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), options[option])


def _postgresql(url: URL, _patience: float, _deadline: float) -> Any:
    # Nothing is set for longer than a transaction: a pooler may hand the session on to others.
    return create_engine(
        url,
        poolclass=NullPool,
        connect_args=database.POSTGRESQL_OPTIONS,
        execution_options={"postgresql_readonly": True},
        isolation_level="REPEATABLE READ",
    )


def _mysql(url: URL, patience: float, _deadline: float) -> Any:
    return create_engine(
        url,
        poolclass=NullPool,
        connect_args={
            "init_command": "SET SESSION TRANSACTION READ ONLY",
            "connect_timeout": CONNECTING,
            "read_timeout": int(patience) + 1,
            "charset": "utf8mb4",
            "local_infile": False,
        },
    )


def _limit_mysql(connection: Connection, patience: float) -> None:
    version = str(connection.exec_driver_sql("SELECT version()").scalar())
    if "MariaDB" in version:
        connection.exec_driver_sql(f"SET SESSION max_statement_time = {patience:.3f}")
    else:
        connection.exec_driver_sql(f"SET SESSION max_execution_time = {int(patience * 1000)}")
    connection.rollback()


def _sqlite(url: URL, _patience: float, deadline: float) -> Any:
    path = Path(str(url.database)).resolve()

    def connect() -> sqlite3.Connection:
        opened = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro", uri=True, check_same_thread=False
        )
        opened.execute("PRAGMA query_only = ON")
        opened.set_progress_handler(lambda: time.monotonic() > deadline, SQLITE_STEPS)
        return opened

    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


def _names(found: Sequence[str]) -> list[str]:
    plain = [name.strip().lower() for name in found]
    twice = sorted({name for name in plain if plain.count(name) > 1})
    if twice:
        raise SourceError(
            _(
                "The query gives two columns named {name}. Name one with AS, or leave it out.",
                name=twice[0],
            )
        )
    return list(found)


def _as_text(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    columns = []
    for values in zip(*rows, strict=True):
        try:
            columns.append(pa.array(values, pa.string()))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns.append(pa.array([_text(value) for value in values], pa.string()))
    return pa.record_batch(columns, schema=schema)


def _text(value: Any) -> str | None:
    """A value as the importer reads it: a time with its zone where it has one, lists as JSON."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        case decimal.Decimal() if value == value.to_integral_value():
            return str(int(value))
        case datetime.datetime():
            return value.isoformat(" ")
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case bytes() | memoryview() | bytearray():
            raw = bytes(value)
            try:
                return raw.decode("utf-8")
            except UnicodeDecodeError:
                return raw.hex()
    return str(value)
