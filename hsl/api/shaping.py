"""From what the program knows to what the API gives."""

from sqlalchemy import Engine

from hsl.api import shapes
from hsl.api.problems import ProblemError
from hsl.audience import listing, segments
from hsl.delivery import history
from hsl.delivery.sums import ClosingSum
from hsl.media import library
from hsl.reports import figures


def person(found: listing.Listed) -> shapes.PersonRecord:
    """A person as the API gives one."""
    mark = found.mark and shapes.Mark(
        reason=found.mark.reason, marked_by=found.mark.marked_by, marked_at=found.mark.marked_at
    )
    places = [shapes.Place(**one.model_dump(exclude={"user_id"})) for one in found.places]
    return shapes.PersonRecord(**found.user.model_dump(), streams=places, do_not_message=mark)


def segment(found: segments.Segment) -> shapes.SegmentRecord:
    """A segment as the API gives one."""
    return shapes.SegmentRecord(**vars(found), sentence=found.sentence())


def closing(found: ClosingSum) -> shapes.Sum:
    """A closing sum as the API gives one."""
    return shapes.Sum(
        total=found.total,
        sent=found.sent,
        failed=found.failed,
        failed_by_reason=found.failed_by_reason,
        uncertain=found.uncertain,
        cancelled=found.cancelled,
        deleted=found.deleted,
        sending=found.in_flight,
        pending=found.pending,
    )


def message(found: history.Message) -> shapes.Message:
    """A message as the API gives one."""
    return shapes.Message(
        id=found.id,
        title=found.title,
        content=found.content,
        author=found.author,
        status=found.status,
        status_reason=found.status_reason,
        to=found.to,
        action=found.action,
        is_test=found.is_test,
        version=found.version,
        keep_quiet=found.keep_quiet,
        follows_message_id=found.follows_message_id,
        changes_message_id=found.target_message_id,
        left_out=found.left_out,
        created_at=found.created_at,
        scheduled_at=found.scheduled_at,
        started_at=found.started_at,
        finished_at=found.finished_at,
        archived_at=found.archived_at,
        waits_for_approval=found.waits_for_approval,
        sum=closing(found.closing),
    )


def message_of(engine: Engine, message_id: int) -> shapes.Message:
    """The message of this id. Raises ProblemError where there is none."""
    found = history.one(engine, message_id)
    if found is None:
        raise ProblemError(404, f"There is no message {message_id}.")
    return message(found)


def file(found: library.File, note: str | None = None) -> shapes.File:
    """A file of the library as the API gives one."""
    shown = {name: value for name, value in vars(found).items() if name in shapes.File.model_fields}
    return shapes.File(**shown, note=note)


def share(found: figures.Share) -> shapes.Share:
    """A share with its interval."""
    low, high = found.interval
    return shapes.Share(
        name=found.name,
        part=found.part,
        whole=found.whole,
        share=found.share,
        low=low,
        high=high,
    )


def figures_of(found: figures.Figures) -> shapes.Figures:
    """Figures as the API gives them."""
    return shapes.Figures(
        total=share(found.total),
        reach=[share(one) for one in found.reach],
        by_stream=[share(one) for one in found.by_stream],
        reasons=[shapes.People(name=one.name, people=one.people) for one in found.reasons],
        by_day=[
            shapes.Day(day=day, delivered=one.part, tried=one.whole) for day, one in found.by_day
        ],
    )
