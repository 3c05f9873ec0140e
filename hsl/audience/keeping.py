"""People whom no condition describes, kept as a frozen segment.

They are written in steps, as one transaction for a million people would hold SQLite's only write
lock for seconds and nobody could be sent to. Until the last step the segment holds nobody. Of a
process that dies meanwhile, it is left as such: its description says so, and it can be deleted.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import count, islice

from sqlalchemy import Engine, delete, insert, select

from hsl import models
from hsl.acting import Permission, needs
from hsl.audience import conditions, segments
from hsl.audience.cohort import Cohort
from hsl.audience.segments import Segment, SegmentError
from hsl.words import _

Members = models.segment_members
AT_ONCE = 5_000  # people in one transaction
BREATH = 0.02  # seconds between two of them, in which others get SQLite's lock
UNFINISHED = "Its people are being written. If this stays here, delete it and make it anew."


@needs(Permission.WRITE)
def keep(
    engine: Engine, *, name: str, owner: str, ids: Iterable[int], description: str = ""
) -> Segment:
    """A frozen segment of the people with these ids, each given once.

    Raises SegmentError; then, and after any other failure, nothing is left of it.
    """
    empty = Cohort(where=conditions.NOBODY)
    made = segments.add(engine, name=name, owner=owner, cohort=empty, description=UNFINISHED)
    try:
        rows = ({"segment_id": made.id, "user_id": int(number)} for number in ids)
        while some := list(islice(rows, AT_ONCE)):
            with engine.begin() as connection:
                connection.execute(insert(Members), some)
            time.sleep(BREATH)
        return segments.settle(engine, made, actor=owner, description=description)
    except BaseException:
        _discard(engine, made, owner)
        raise


def free_name(engine: Engine, words: str) -> str:
    """A name that no segment has, of these words."""
    printed = "".join(letter if letter.isprintable() else " " for letter in words)
    wanted = " ".join(printed.split()) or _("People behind a mark")
    taken = {segment.name for segment in segments.listing(engine)}
    for number in count(1):
        ending = f" {number}" if number > 1 else ""
        name = wanted[: segments.LONGEST_NAME - len(ending)].rstrip() + ending
        if name not in taken:
            break
    return name


def _discard(engine: Engine, made: Segment, actor: str) -> None:
    some = select(Members.c.user_id).where(Members.c.segment_id == made.id).limit(AT_ONCE)
    gone = delete(Members).where(Members.c.segment_id == made.id, Members.c.user_id.in_(some))
    while True:
        with engine.begin() as connection:
            if not connection.execute(gone).rowcount:
                break
        time.sleep(BREATH)
    with suppress(SegmentError):  # somebody deleted it, or uses it and is told what it is
        segments.remove(engine, made.name, actor=actor)
