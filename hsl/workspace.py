"""hsl as a library: people, messages, deliveries and figures as frames, for notebooks.

Everything is only read, and the database itself sees to it. Each call reads one moment, also while
messages are being sent, and archived deliveries are among the others.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine

from hsl import database
from hsl.archive import files
from hsl.audience import segments
from hsl.audience import where as expressions
from hsl.audience.cohort import Audience, Cohort
from hsl.moment import ENROLLMENTS, MESSAGES, PEOPLE, Moment, moment
from hsl.quoting import identifier, pointer
from hsl.reports.deliveries import deliveries, table_of
from hsl.settings import Settings, get_settings, load_settings
from hsl.warehouse import attributes, limits
from hsl.workspace_figures import Figures, Frame, framed


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
    """People, messages, deliveries and figures, read-only.

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
    def figures(self) -> Figures:
        """What reports tell, and the frame behind each chart."""
        return Figures(self._engine, self._settings)

    def people(
        self,
        where: str | Cohort | Audience | None = None,
        *,
        segment: str | None = None,
        as_arrow: bool = False,
    ) -> Frame:
        """Everybody, or those whom `where` or the segment of this name holds, by user_id.

        Names, language, registration, reachability; each attribute is a column such as `a:city`,
        as text, missing where a person has none. A text is an expression as the pages and
        `hsl people --where` take it (docs/cohorts.md), such as
        `in_stream('4th_stream') AND city = 'Omsk'`. Raises WhereError for what is none or names an
        attribute that nobody has, and SegmentError for a segment that is not there, or where it
        hangs on archived messages.
        """
        if where is not None and segment is not None:
            raise ValueError("Give where or segment. To have both, write segment('…') in where.")
        with moment(self._engine) as now:
            people = _people(now)
            if segment is not None:
                where = segments.by_name(segment)
            if isinstance(where, str):
                where = expressions.parse(where, _attributes(people))
            if where is not None:
                found = now.connection.execute(segments.people(now.connection, where))
                ids = pa.array(sorted(row.user_id for row in found), pa.int64())
                people = people.filter(pc.is_in(people["user_id"], value_set=ids))
            return framed(people, as_arrow)

    def sql(self, select: str, *, as_arrow: bool = False) -> Frame:
        """What one SELECT of DuckDB finds in these tables, in at most limits.QUERY_SECONDS.

        `users` (as `people()`), `enrollments`, `message_history` and `message_recipients`; no file,
        no address, no variable of the program. Those that it names are read first, the time of
        which does not count. Raises StoreError for anything but one SELECT and where it takes too
        long, and ValueError where DuckDB cannot answer it.
        """
        tables: dict[str, Callable[[Moment], pa.Table]] = {
            "users": _people,
            "enrollments": lambda now: table_of(now.read("enrollments", ENROLLMENTS), ENROLLMENTS),
            "message_history": lambda now: table_of(
                now.read("message_history", MESSAGES), MESSAGES
            ),
            "message_recipients": deliveries,
        }
        reader = limits.open_database(self._settings.index_memory)
        with reader, moment(self._engine) as now:
            try:
                limits.require_select(select)
                for name, table in tables.items():
                    if name in select.lower():
                        reader.register(name, table(now))
                reader.execute("SET python_enable_replacements = false")
                limits.lock(reader)
                with limits.within(reader):
                    return framed(reader.execute(select).to_arrow_table(), as_arrow)
            except duckdb.Error as fault:
                words = str(fault).splitlines()[0].rstrip(".")
                raise ValueError(f"DuckDB cannot answer that: {words}.") from fault

    def enrollments(self, *, as_arrow: bool = False) -> Frame:
        """Places in streams: user_id, course_stream, status, enrolled_at."""
        with moment(self._engine) as now:
            return framed(table_of(now.read("enrollments", ENROLLMENTS), ENROLLMENTS), as_arrow)

    def messages(self, *, as_arrow: bool = False) -> Frame:
        """Every message with its times and its counters of recipients by outcome."""
        with moment(self._engine) as now:
            return framed(table_of(now.read("message_history", MESSAGES), MESSAGES), as_arrow)

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
            return framed(deliveries(now, since, until, message), as_arrow)


def _people(now: Moment) -> pa.Table:
    plain = table_of(now.read("users", PEOPLE), PEOPLE)
    reader = files.connect()
    reader.register("plain", plain)
    names = reader.execute(
        "SELECT DISTINCT unnest(json_keys(attributes)) AS name FROM plain "
        "WHERE attributes IS NOT NULL ORDER BY name"
    ).fetchall()
    columns = [name for name in PEOPLE.names if name != "attributes"]
    pointers = [pointer(name) for (name,) in names]
    attributes = [
        f"json_extract_string(attributes, ?) AS {identifier(f'a:{name}')}" for (name,) in names
    ]
    found = reader.execute(
        f"SELECT {', '.join([*columns, *attributes])} FROM plain ORDER BY user_id", pointers
    ).to_arrow_table()
    kinds = [PEOPLE.field(name) for name in columns]
    kinds += [pa.field(f"a:{name}", pa.string()) for (name,) in names]
    return found.cast(pa.schema(kinds))


def _attributes(people: pa.Table) -> dict[str, str]:
    """The attributes that there are, with their types, by the rules of the pages."""
    with limits.open_database(files.MEMORY_LIMIT) as reader:
        reader.register("users", people)
        return dict(attributes.types(reader, attributes.columns(reader)))
