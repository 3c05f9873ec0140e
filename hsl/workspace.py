"""hsl as a library: people, messages, deliveries and figures as frames, for notebooks.

Everything is only read, and the database itself sees to it. Each call reads one moment, also while
messages are being sent, and archived deliveries are among the others.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pyarrow as pa
from sqlalchemy import Engine

from hsl import database
from hsl.archive import files
from hsl.audience import segments
from hsl.audience.cohort import Audience, Cohort
from hsl.moment import ENROLLMENTS, MESSAGES, PEOPLE, Moment, moment
from hsl.reports import figures
from hsl.reports.deliveries import deliveries, table_of
from hsl.settings import Settings, get_settings, load_settings

INTEGERS = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype()}
# A pandas frame, or a pyarrow Table where a call has `as_arrow=True`.
Frame = Any


def open_workspace(
    address: str | None = None, *, data_dir: Path | str | None = None
) -> "Workspace":
    """The workspace of a database, opened for reading alone; a context manager.

    Without an address it is the one that the pages use here (DATABASE_URL or HSL_DATA_DIR, from the
    environment or `.env`). `data_dir` is the folder of the embedded database and of the archive.
    Raises SettingsError and DatabaseError.
    """
    settings = get_settings() if data_dir is None else load_settings(data_dir=Path(data_dir))
    return Workspace(settings, address)


class Workspace:
    """People, messages, deliveries, cohorts and figures, read-only.

    Frames are pandas with nullable integers, times in UTC; with `as_arrow=True` pyarrow Tables.
    """

    def __init__(self, settings: Settings, address: str | None = None) -> None:
        self._settings = settings
        self._engine = database.open_read_only(
            address or settings.database_address, archive=settings.archive_dir
        )

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back; frames that were read stay."""
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """The read-only engine, for SQL of one's own."""
        return self._engine

    @property
    def figures(self) -> "WorkspaceFigures":
        """The figures that reports tell."""
        return WorkspaceFigures(self._engine, self._settings.zone)

    def people(self, *, as_arrow: bool = False) -> Frame:
        """Everybody: names, language, registration, reachability.

        Each attribute is a column such as `a:city`, as text, missing where a person has none.
        """
        with moment(self._engine) as now:
            return _framed(_people(now), as_arrow)

    def enrollments(self, *, as_arrow: bool = False) -> Frame:
        """Places in streams: user_id, course_stream, status, enrolled_at."""
        with moment(self._engine) as now:
            return _framed(table_of(now.read("enrollments", ENROLLMENTS), ENROLLMENTS), as_arrow)

    def messages(self, *, as_arrow: bool = False) -> Frame:
        """Every message with its times and its counters of recipients by outcome."""
        with moment(self._engine) as now:
            return _framed(table_of(now.read("message_history", MESSAGES), MESSAGES), as_arrow)

    def deliveries(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        message: int | None = None,
        *,
        as_arrow: bool = False,
    ) -> Frame:
        """What became of each message for each person: a row for every recipient.

        Of messages that started from `since` until before `until` (times with a zone), or of one
        message. Raises ArchiveError where a file of the archive is not there.
        """
        for name, when in (("since", since), ("until", until)):
            if when is not None and when.tzinfo is None:
                raise ValueError(f"{name}={when} has no time zone. Add one, such as UTC.")
        with moment(self._engine) as now:
            return _framed(deliveries(now, since, until, message), as_arrow)

    def cohort(self, chosen: str | Cohort | Audience, *, as_arrow: bool = False) -> Frame:
        """The people of a cohort, with the columns of `people()`.

        A text is a WHERE expression over these columns and the tables users, enrollments,
        message_history and message_recipients, such as
        `"a:city" = 'Omsk' AND user_id IN (SELECT user_id FROM enrollments)`.
        Raises SegmentError for a Cohort that asks about archived messages (a text may do so) or
        names a segment that is not there, and ValueError for a text that is no such expression.
        """
        with moment(self._engine) as now:
            people = _people(now)
            ids = _where(now, people, chosen) if isinstance(chosen, str) else _resolved(now, chosen)
        reader = files.connect()
        reader.register("people", people)
        reader.register("chosen", pa.table({"user_id": pa.array(ids, pa.int64())}))
        found = reader.execute(
            "SELECT * FROM people WHERE user_id IN (SELECT user_id FROM chosen) ORDER BY user_id"
        ).to_arrow_table()
        return _framed(found.cast(people.schema), as_arrow)


class WorkspaceFigures:
    """The figures of reports, as typed values; see `hsl.reports.figures`."""

    def __init__(self, engine: Engine, zone: ZoneInfo) -> None:
        self._engine = engine
        self._zone = zone

    def message(self, message_id: int) -> figures.OfMessage:
        """One started message's. Raises ReportError."""
        return figures.of_message(self._engine, message_id, self._zone)

    def period(
        self, since: datetime, until: datetime, streams: Sequence[str] = ()
    ) -> figures.OfPeriod:
        """Those of the messages that started from `since` until before `until`."""
        return figures.of_period(self._engine, since, until, self._zone, streams)


def _people(now: Moment) -> pa.Table:
    plain = table_of(now.read("users", PEOPLE), PEOPLE)
    reader = files.connect()
    reader.register("plain", plain)
    names = reader.execute(
        "SELECT DISTINCT unnest(json_keys(attributes)) AS name FROM plain "
        "WHERE attributes IS NOT NULL ORDER BY name"
    ).fetchall()
    columns = [name for name in PEOPLE.names if name != "attributes"]
    # A JSON pointer takes any name, dots and dollars too.
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for (name,) in names]
    attributes = [
        f"json_extract_string(attributes, ?) AS {_quoted(f'a:{name}')}" for (name,) in names
    ]
    found = reader.execute(
        f"SELECT {', '.join([*columns, *attributes])} FROM plain ORDER BY user_id", pointers
    ).to_arrow_table()
    kinds = [PEOPLE.field(name) for name in columns]
    kinds += [pa.field(f"a:{name}", pa.string()) for (name,) in names]
    return found.cast(pa.schema(kinds))


def _resolved(now: Moment, chosen: Cohort | Audience) -> list[int]:
    found = segments.people(now.connection, chosen)
    return [row.user_id for row in now.connection.execute(found)]


def _where(now: Moment, people: pa.Table, words: str) -> list[int]:
    reader = files.connect()
    tables: dict[str, Callable[[], Any]] = {
        "users": lambda: people,
        "enrollments": lambda: table_of(now.read("enrollments", ENROLLMENTS), ENROLLMENTS),
        "message_history": lambda: table_of(now.read("message_history", MESSAGES), MESSAGES),
        "message_recipients": lambda: deliveries(now),
    }
    for name, table in tables.items():
        if name == "users" or name in words:
            reader.register(name, table())
    # An expression reads these tables; no file, no address, no variable of the program.
    reader.execute(
        "SET python_enable_replacements = false; SET enable_external_access = false; "
        "SET lock_configuration = true"
    )
    sql = f"SELECT user_id FROM users WHERE (\n{words}\n)"
    try:
        if len(duckdb.extract_statements(sql)) != 1:
            raise ValueError(f"{words!r} is more than one expression. Write a single condition.")
        return [row[0] for row in reader.execute(sql).fetchall()]
    except duckdb.Error as fault:
        raise ValueError(
            f"{words!r} is no condition on people: {str(fault).splitlines()[0]}. Columns are "
            f"{', '.join(people.schema.names)}."
        ) from fault


def _framed(table: pa.Table, as_arrow: bool) -> Frame:
    return table if as_arrow else table.to_pandas(types_mapper=INTEGERS.get)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
