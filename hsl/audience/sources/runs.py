"""Running a source: what it has now is fetched, checked and written in one transaction."""

import logging
import re
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.audience import importer, reading, upsert
from hsl.audience.sources import (
    addresses,
    claims,
    definitions,
    files,
    losses,
    places,
    queries,
    registry,
)
from hsl.audience.sources.errors import (
    SourceBusyError,
    SourceError,
    SourceStoppedError,
)
from hsl.audience.upsert import Progress
from hsl.settings import Settings
from hsl.words import N_, _, in_english, number, plural

FETCHING = 0.3  # share of the work that fetching is taken for
KEPT_REJECTS = 20  # files of one source
STOPPED = N_("The run was stopped, and nothing was changed.")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetched:
    """Files with the rows of a source, and what a person calls them."""

    paths: list[Path]
    called: dict[str, str]  # a file's name to the person's word for it
    written: Sequence[files.Written] = ()  # files that others write, as they were

    def explained(self, words: str) -> str:
        """`words` about the files with the person's words for them."""
        for name, word in self.called.items():
            words = words.replace(name, word)
        return words


@needs(Permission.MANAGE)
def run(
    engine: Engine,
    name: str,
    *,
    settings: Settings,
    actor: str,
    accept_shrink: bool = False,
    only_if_due: bool = False,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> registry.Run | None:
    """Read a source once and return the run; None where it was to run only if due, and is not.

    Whoever was in the last good run and is not in this one gets the status "left" in the streams
    that this source told of. Raises SourceError after an error, which is kept with the run; then
    nothing was changed.
    """
    with in_english():  # what went wrong is kept with the run, for whoever reads it later
        return _run(engine, name, settings, actor, accept_shrink, only_if_due, progress, stop)


def _run(
    engine: Engine,
    name: str,
    settings: Settings,
    actor: str,
    accept_shrink: bool,
    only_if_due: bool,
    progress: Progress | None,
    stop: threading.Event | None,
) -> registry.Run | None:
    claim = claims.begin(engine, name, actor=actor, only_if_due=only_if_due)
    if claim is None:
        return None

    def tell(share: float, stage: str) -> None:
        if stopped():
            raise SourceStoppedError(_(STOPPED))
        if progress is not None:
            progress(share, stage)

    def stopped() -> bool:
        return stop is not None and stop.is_set()

    try:
        with claims.signs(engine, claim):
            _read(engine, claim, settings, accept_shrink, tell, stopped)
    except (SourceError, importer.ImportRefused) as error:
        claims.fail(engine, claim, str(error))
        raise SourceError(str(error)) if not isinstance(error, SourceError) else error from None
    except Exception as error:
        words = _(
            "{name} could not be brought in: {cause}. Nothing was changed.",
            name=name,
            cause=cause_of(error, name),
        )
        claims.fail(engine, claim, words)
        raise SourceError(words) from error
    except BaseException:
        claims.fail(engine, claim, _(STOPPED))
        raise
    return registry.runs(engine, claim.source.id, limit=1)[0]


def cause_of(error: Exception, name: str) -> str:
    """The first line of what went wrong with the source of this name, for the middle of a sentence.

    A fault that no database, file or network makes is logged with its traceback.
    """
    if not isinstance(error, (SQLAlchemyError, duckdb.Error, OSError)):
        logger.error("source %s", name, exc_info=error)
    cause = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return cause.splitlines()[0].rstrip(".")


def due(engine: Engine) -> list[str]:
    """Names of the sources whose time has come, the longest due first."""
    sources = models.sources.c
    with database.read_only(engine).begin() as connection:
        found = connection.execute(
            select(sources.name)
            .where(sources.next_run_at <= database.now(connection))
            .order_by(sources.next_run_at)
        )
        return list(found.scalars())


def run_due(engine: Engine, settings: Settings, stop: threading.Event) -> None:
    """Run the sources whose time has come, one after another; what fails is kept with its run."""
    claims.close_dead(engine)
    for name in due(engine):
        if stop.is_set():
            return
        try:
            done = run(
                engine, name, settings=settings, actor="scheduler", only_if_due=True, stop=stop
            )
        except SourceBusyError:
            continue  # another scheduler, or somebody by hand
        except SourceError as error:
            logger.warning("source %s: %s", name, error)
        else:
            if done is not None:
                logger.info("source %s: %s", name, done.sentence())


def fetch(
    definition: definitions.Definition,
    folder: Path,
    *,
    settings: Settings,
    tell: Callable[[str], None],
    most_rows: int | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Fetched:
    """The source's rows as files that the importer reads. Raises SourceError, and nothing else.

    Once `stopped` is true it gives up, however silent the other end is.
    """
    address = addresses.resolve(definition.address)
    try:
        return _fetch(definition, address, folder, settings, tell, most_rows, stopped)
    except SourceError:
        if stopped():
            raise SourceStoppedError(_(STOPPED)) from None
        raise
    except Exception as error:
        # Neither the words nor the traceback of a library may tell what stands in a variable.
        logger.error("source %s: %s while fetching", definition.name, type(error).__name__)
        said = " ".join(address.scrubbed(str(error) or type(error).__name__).split())
        words = _(
            "{shown} cannot be read: {said}.", shown=address.shown, said=said[:300].rstrip(".")
        )
        raise SourceError(words) from None


def _fetch(
    definition: definitions.Definition,
    address: addresses.Address,
    folder: Path,
    settings: Settings,
    tell: Callable[[str], None],
    most_rows: int | None,
    stopped: Callable[[], bool],
) -> Fetched:
    if definition.kind is definitions.Kind.SQL:
        target = folder / "query.parquet"
        queries.to_parquet(
            address,
            definition.query or "",
            target,
            most_rows=most_rows,
            tell=lambda rows: tell(plural("{n} row", "{n} rows", rows)),
            stopped=stopped,
        )
        return Fetched([target], {target.name: _("The query")})
    if addresses.is_web(address.used):
        path = files.download(
            address,
            folder,
            allow_private=settings.sources_private,
            most_rows=most_rows,
            tell=lambda got: tell(_("{size} MiB", size=number(got / 2**20, decimals=1))),
            stopped=stopped,
        )
        return Fetched([path], {path.name: address.shown})
    newest = definition.which is definitions.Which.NEWEST or most_rows is not None
    found = files.local(address, newest=newest)
    # A preview changes nobody, and is not to wait.
    return Fetched(found, {}, files.whole(found, tell) if most_rows is None else ())


def _read(
    engine: Engine,
    claim: claims.Claim,
    settings: Settings,
    accept_shrink: bool,
    tell: Progress,
    stopped: Callable[[], bool],
) -> None:
    definition = claim.source.definition

    def told(share: float, stage: str) -> None:
        tell(FETCHING + (1 - FETCHING) * share, stage)

    with (
        tempfile.TemporaryDirectory(prefix="hsl-source-") as named,
        reading.open_reader(Path(named)) as reader,
    ):
        tell(0.01, _("Fetching"))
        fetched = fetch(
            definition,
            Path(named),
            settings=settings,
            tell=lambda got: tell(FETCHING / 2, _("Fetching, {got}", got=got)),
            stopped=stopped,
        )
        told(0.02, _("Reading"))
        try:
            found = reading.read(reader, fetched.paths, definition.mapping)
        except importer.ImportRefused as refused:
            raise SourceError(fetched.explained(str(refused))) from None
        files.refuse_changed(fetched.written)
        told(0.2, _("Checking"))
        importer.examine(reader, found.attributes)
        importer.split(reader)
        if not accept_shrink:
            losses.refuse(engine, reader, claim.source.id)
        with (
            upsert.staged(
                engine,
                reader,
                told,
                before=lambda connection: places.compare(connection, reader, claim.source.id),
                tables=places.TABLES,
            ) as connection,
            connection.begin(),
        ):
            _write(connection, claim, reader, found, settings, told)
    unindexed = importer.unindexed_attributes(engine, found.attributes)
    if unindexed:
        name = claim.source.name
        logger.warning("source %s: %s", name, importer.unindexed_words(unindexed))


def _write(
    connection: Connection,
    claim: claims.Claim,
    reader: duckdb.DuckDBPyConnection,
    found: reading.Read,
    settings: Settings,
    tell: Progress,
) -> None:
    """People, places, who left, the run's figures and its audit entry: in one transaction."""
    source = claim.source
    places.one_at_a_time(connection)
    places.spare(connection, upsert.reject_taken_usernames(connection, reader))
    forgotten = upsert.leave_out_forgotten(connection)
    places.spare(connection, forgotten)
    places.bring_back(connection)
    counts = upsert.write(connection, tell)
    left = places.settle(
        connection,
        source_id=source.id,
        run_id=claim.run_id,
        mark_left=source.definition.mark_left,
    )
    rejected = importer.count_rejected(reader)
    figures = {**asdict(counts), "left_streams": left, "rejected": rejected}
    rejects_file = None
    if rejected:
        rejects_file = _write_rejects(reader, found, settings.data_dir, claim)
    claims.end(
        connection,
        claim.run_id,
        places=losses.count(reader, "places"),
        **figures,
        rejects_file=None if rejects_file is None else str(rejects_file),
    )
    claims.forget_old(connection, source.id)
    changed = counts.added or counts.updated or left
    audit.record(
        connection,
        actor=claim.actor,
        # The index of people is read anew after an import, and only then.
        action="import" if changed else "source_read",
        object_type="source",
        object_id=source.name,
        details={
            "run": claim.run_id,
            **figures,
            **({"forgotten": len(forgotten)} if forgotten else {}),
        },
    )


def _write_rejects(
    reader: duckdb.DuckDBPyConnection, found: reading.Read, folder: Path, claim: claims.Claim
) -> Path:
    known = f"source-{claim.source.id}-"
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", claim.source.name)
    old = sorted(folder.glob(f"{known}*.rejected-*.csv"), key=lambda file: file.stat().st_mtime)
    for file in old[: max(0, len(old) - KEPT_REJECTS + 1)]:
        file.unlink(missing_ok=True)
    return importer.write_rejects(reader, found, folder, f"{known}{name}-run-{claim.run_id}")
