"""People, and the marks that they are not to be written to."""

from pathlib import Path
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import APIRouter, Query, Request

from hsl import dispatch
from hsl.acting import Permission
from hsl.api import paging, problems, shapes, shaping
from hsl.api.here import Here, asks, cohort_of, signed
from hsl.api.paging import Cursor, Limit, Page
from hsl.api.problems import ProblemError
from hsl.audience import conditions, importer, listing, suppression
from hsl.audience.cohort import Cohort
from hsl.media.dropped import named

router = APIRouter(prefix="/people", tags=["people"])
KINDS = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".xlsx")
_imports = BoundedSemaphore(2)  # at once in this process: each takes much memory
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("", dependencies=[asks(Permission.NAMES)], responses=problems.documented())
def list_people(
    here: Here,
    where: Annotated[
        str | None,
        Query(max_length=20_000, description="An expression, such as in_stream('4th_stream')"),
    ] = None,
    search: Annotated[
        str, Query(max_length=200, description="How a name begins, or a whole id")
    ] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.PersonRecord]:
    """People by their ids: everybody, or those of an expression and a search."""
    chosen = cohort_of(here, where, None).where if where is not None else None
    parts = [part for part in (chosen, _search(search)) if part is not None]
    cohort = Cohort(where=conditions.all_of(*parts)) if parts else listing.EVERYBODY
    last = paging.number_of(cursor) or 0
    found = listing.after(here.engine, cohort, last=last, limit=limit + 1)
    return paging.page(found, limit, shaping.person, lambda one: [one.user.user_id])


@router.get(
    "/{user_id:int}", dependencies=[asks(Permission.NAMES)], responses=problems.documented()
)
def get_person(here: Here, user_id: shapes.UserIdPath) -> shapes.PersonRecord:
    """One person."""
    found = listing.one(here.engine, user_id)
    if found is None:
        raise ProblemError(404, f"There is nobody with the id {user_id}.")
    return shaping.person(found)


@router.post(
    "/import",
    dependencies=[asks(Permission.MANAGE)],
    responses=problems.documented(409),
    openapi_extra=BODY,
)
def import_people(
    here: Here,
    request: Request,
    name: Annotated[
        str,
        Query(min_length=1, max_length=200, description="The file's name, which tells its kind"),
    ],
) -> shapes.Imported:
    """Add or update the people of a file: CSV, Parquet, Excel or JSON lines, as the body.

    What is missing in it stays as it was. Rejected rows are counted, and kept as a file beside the
    database.
    """
    given: Path = request.state.file
    own = named(name)
    if not own.lower().endswith(KINDS):
        raise ProblemError(422, f"{own} is no file of people. It ends with {', '.join(KINDS)}.")
    if not _imports.acquire(blocking=False):
        raise ProblemError(429, "Two imports are at work. Try again.", {"Retry-After": "10"})
    try:
        report = importer.import_file(
            here.engine,
            given.rename(given.with_name(own)),
            actor=signed(),
            rejects_dir=here.settings.data_dir,
        )
    finally:
        _imports.release()
    return shapes.Imported(
        added=report.added,
        updated=report.updated,
        unchanged=report.unchanged,
        rejected=report.rejected,
        warning=report.warning,
    )


@router.put(
    "/{user_id:int}/do-not-message",
    dependencies=[asks(Permission.SEND)],
    responses=problems.documented(409),
)
def mark_person(here: Here, user_id: shapes.UserIdPath, why: shapes.Reason) -> shapes.Marked:
    """Mark a person: nothing goes to them any more, and what waits for them is withdrawn."""
    done = dispatch.suppress(here.engine, [user_id], reason=why.reason, actor=signed())
    return shapes.Marked(marked=done.marked, withdrawn=done.withdrawn)


@router.delete(
    "/{user_id:int}/do-not-message",
    status_code=204,
    dependencies=[asks(Permission.SEND)],
    responses=problems.documented(409),
)
def unmark_person(here: Here, user_id: shapes.UserIdPath) -> None:
    """Take the mark away."""
    try:
        suppression.remove(here.engine, [user_id], actor=signed())
    except suppression.SuppressionError:
        raise ProblemError(404, f"{user_id} has no do-not-message mark.") from None


def _search(words: str) -> conditions.Condition | None:
    return conditions.Search(words=words.strip()) if words.strip() else None
