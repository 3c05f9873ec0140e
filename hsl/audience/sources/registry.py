"""The sources that there are: kept, listed with what their last run did, and removed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, delete, func, insert, select, update

from hsl import audit, audit_changes, database, models, stored, table
from hsl.acting import Permission, needs
from hsl.audience.sources.definitions import Definition, Kind, Which, define
from hsl.audience.sources.errors import SourceBusyError, SourceError
from hsl.words import _, number

Sources, Runs, Places = models.sources, models.source_runs, models.source_places
Workers = models.workers
BEAT = 3.0  # seconds between two signs of a run
ACCEPTABLE = "run it again and accept that (--accept-shrink)."  # how a shrunk run's error ends
SILENT_AFTER = timedelta(seconds=30)  # without a sign a run is taken for dead
RUN_COLUMNS = (
    table.Column("id", table.Kind.INTEGER),
    table.Column("started_at", table.Kind.TIME),
    table.Column("finished_at", table.Kind.TIME),
    *(
        table.Column(name, table.Kind.INTEGER)
        for name in ("added", "updated", "unchanged", "left_streams", "rejected")
    ),
    table.Column("error"),
)


@dataclass(frozen=True)
class Run:
    """One reading of a source. `error` says why it changed nothing; unfinished: `finished_at`."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    added: int
    updated: int
    unchanged: int
    left_streams: int
    rejected: int
    rejects_file: str | None
    error: str | None
    places: int | None  # in streams, that it told of; None before that was counted

    @property
    def people(self) -> int:
        """How many people it had."""
        return self.added + self.updated + self.unchanged

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it goes on."""
        return (
            None
            if self.finished_at is None
            else self.finished_at.timestamp() - (self.started_at.timestamp())
        )

    @property
    def is_shrunk(self) -> bool:
        """True where it changed nothing because so few people came; that can be accepted."""
        return self.error is not None and self.error.endswith(ACCEPTABLE)

    def sentence(self) -> str:
        """Its figures in words, such as "12 added, 3 updated …", or its error."""
        if self.error is not None:
            return stored.said(self.error)
        if self.seconds is None:
            return _("It is going on.")
        return _(
            "{added} added, {updated} updated, {unchanged} unchanged, {left} left, "
            "{rejected} rejected, in {seconds} s",
            added=self.added,
            updated=self.updated,
            unchanged=self.unchanged,
            left=self.left_streams,
            rejected=self.rejected,
            seconds=number(self.seconds, decimals=1),
        )


@dataclass(frozen=True)
class Source:
    """A source with its last run, and its last good one where that is another."""

    id: int
    definition: Definition
    created_by: str
    created_at: datetime
    next_run_at: datetime | None
    last_run: Run | None
    is_running: bool

    @property
    def name(self) -> str:
        """Its name."""
        return self.definition.name


@needs(Permission.MANAGE)
def add(engine: Engine, definition: Definition, *, actor: str, replace: bool = False) -> int:
    """Keep a source and return its id; with a schedule its first run is due at once.

    `replace` gives the source of this name another definition, and it keeps whom it told of.
    Raises SourceError.
    """
    with engine.begin() as connection:
        now = database.now(connection)
        known = connection.execute(
            select(Sources).where(Sources.c.name == definition.name).with_for_update()
        ).one_or_none()
        if known is not None and not replace:
            raise SourceError(
                _(
                    "There is a source named {name} already. Take another name, or replace it "
                    "(--replace).",
                    name=definition.name,
                )
            )
        values = _row(definition) | {"next_run_at": now if definition.every_minutes else None}
        if known is None:
            made = connection.execute(
                insert(Sources)
                .values(**values, created_by=actor, created_at=now)
                .returning(Sources.c.id)
            )
            number = int(made.scalar_one())
        else:
            number = known.id
            connection.execute(update(Sources).where(Sources.c.id == number).values(**values))
        audit.record(
            connection,
            actor=actor,
            action="source_added" if known is None else "source_changed",
            object_type="source",
            object_id=definition.name,
            details=audit_changes.between(
                {} if known is None else _told(_definition(known)), _told(definition)
            ),
        )
    return number


@needs(Permission.MANAGE)
def change(engine: Engine, name: str, *, actor: str, **parts: Any) -> Definition:
    """Give a source other `parts` (fields of Definition) and keep the rest of it.

    A run that goes on ends as it began. Raises SourceError where the parts do not fit together.
    """
    before = named(engine, name)
    fields = before.definition.model_dump() | parts
    if fields["kind"] == Kind.FILES:
        fields["query"] = None
    after = define(**fields | {"name": name})
    values = _row(after)
    with engine.begin() as connection:
        if after.every_minutes != before.definition.every_minutes:
            now = database.now(connection)
            values["next_run_at"] = now if after.every_minutes else None
        changed = connection.execute(
            update(Sources).where(Sources.c.id == before.id).values(**values)
        )
        if changed.rowcount != 1:
            raise SourceError(_("There is no source {name} any more. Add it again.", name=name))
        audit.record(
            connection,
            actor=actor,
            action="source_changed",
            object_type="source",
            object_id=name,
            details=audit_changes.between(_told(before.definition), _told(after)),
        )
    return after


def _told(definition: Definition) -> dict[str, Any]:
    """What the audit says of it; its address holds no password."""
    return definition.model_dump(mode="json", exclude={"name"})


def _row(definition: Definition) -> dict[str, Any]:
    return {
        "name": definition.name,
        "kind": definition.kind.value,
        "address": definition.address,
        # Files are read whole, so that the place of their query says which of them.
        "query": definition.query if definition.kind is Kind.SQL else definition.which.value,
        "mapping": definition.mapping,
        "every_minutes": definition.every_minutes,
        "mark_left": definition.mark_left,
    }


@needs(Permission.MANAGE)
def remove(engine: Engine, name: str, *, actor: str) -> None:
    """Forget a source and its runs; the people whom it brought stay as they are."""
    with engine.begin() as connection:
        source = connection.execute(
            select(Sources).where(Sources.c.name == name).with_for_update(skip_locked=True)
        ).one_or_none()
        if source is None:
            named(engine, name)
            raise SourceBusyError(
                _("{name} is being read right now. Remove it when that is done.", name=name)
            )
        for table in (Places, Runs):
            connection.execute(delete(table).where(table.c.source_id == source.id))
        connection.execute(delete(Sources).where(Sources.c.id == source.id))
        audit.record(
            connection,
            actor=actor,
            action="source_removed",
            object_type="source",
            object_id=name,
            details=audit_changes.between(_told(_definition(source)), {}),
        )


def listing(engine: Engine) -> list[Source]:
    """All sources by name, with their last runs."""
    with database.read_only(engine).begin() as connection:
        now = database.now(connection)
        last = select(func.max(Runs.c.id)).group_by(Runs.c.source_id)
        runs = {
            row.source_id: row
            for row in connection.execute(select(Runs).where(Runs.c.id.in_(last)))
        }
        beats = {
            row.name: row.beat_at
            for row in connection.execute(
                select(Workers.c.name, Workers.c.beat_at).where(Workers.c.kind == "source")
            )
        }
        rows = connection.execute(select(Sources).order_by(Sources.c.name)).all()
    found = []
    for row in rows:
        run = runs.get(row.id)
        beat = beats.get(worker_name(run.id)) if run is not None else None
        alive = beat is not None and now - beat <= SILENT_AFTER
        found.append(_source(row, run, alive))
    return found


def named(engine: Engine, name: str) -> Source:
    """The source of this name. Raises SourceError where there is none."""
    for source in listing(engine):
        if source.name == name:
            return source
    raise SourceError(
        _("There is no source {name}. `python -m hsl source list` lists them.", name=name)
    )


def runs(engine: Engine, source_id: int, *, limit: int | None = 20) -> list[Run]:
    """The last runs of a source, the last first; all where `limit` is None."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(
            select(Runs)
            .where(Runs.c.source_id == source_id)
            .order_by(Runs.c.id.desc())
            .limit(limit)
        ).all()
    return [_run(row) for row in rows]


def exported_runs(engine: Engine, source_id: int) -> table.Table:
    """All runs of a source as a table to download, the last first."""
    rows = (
        [getattr(run, column.name) for column in RUN_COLUMNS]
        for run in runs(engine, source_id, limit=None)
    )
    return table.Table(RUN_COLUMNS, rows)


def failing(engine: Engine) -> list[Source]:
    """The sources whose last run changed nothing because of an error."""
    return [s for s in listing(engine) if s.last_run is not None and s.last_run.error is not None]


def worker_name(run_id: int) -> str:
    """Under which a run gives its signs among the workers."""
    return f"source-run:{run_id}"


def _definition(row: Row[Any]) -> Definition:
    is_sql = row.kind == Kind.SQL
    # What is kept was checked when it came in; an environment variable may be unset today.
    return Definition.model_construct(
        name=row.name,
        kind=Kind(row.kind),
        address=row.address,
        query=row.query if is_sql else None,
        which=Which.NEWEST if is_sql else Which(row.query or Which.NEWEST),
        mapping=dict(row.mapping),
        every_minutes=row.every_minutes,
        mark_left=row.mark_left,
    )


def _source(row: Row[Any], run: Row[Any] | None, alive: bool) -> Source:
    last = None if run is None else _run(run)
    return Source(
        id=row.id,
        definition=_definition(row),
        created_by=row.created_by,
        created_at=row.created_at,
        next_run_at=row.next_run_at,
        last_run=last,
        is_running=last is not None and last.finished_at is None and alive,
    )


def _run(row: Row[Any]) -> Run:
    kept = row._asdict()
    kept.pop("source_id")
    return Run(**kept)


@needs(Permission.NAMES)
def rejected_rows(run: Run) -> bytes:
    """The file of the rows that a run rejected, each with its reason; empty where there is none."""
    path = Path(run.rejects_file or "")
    return path.read_bytes() if run.rejects_file and path.is_file() else b""
