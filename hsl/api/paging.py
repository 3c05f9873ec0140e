"""Pages of a list: a cursor says after which entry the next page begins, so that none is missed.

It is opaque to whoever gets it, and stays right while entries are added before or after it.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from hsl.api.problems import ProblemError
from hsl.models import MAX_ROW_ID

T = TypeVar("T")
S = TypeVar("S")
MOST = 200  # entries of a page
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many entries at most")]
Cursor = Annotated[
    str | None,
    Query(max_length=300, description="`next_cursor` of the page before; none: the first page"),
]


class Page(BaseModel, Generic[T]):
    """Some entries, and the cursor of those that follow; null where these are the last."""

    items: list[T]
    next_cursor: str | None


def page(
    found: Sequence[S], limit: int, shown: Callable[[S], T], place: Callable[[S], list[Any]]
) -> Page[T]:
    """A page of `found`, which was asked for with one more than `limit`.

    `place` is what the order goes by; the next page's query begins after it.
    """
    items = found[:limit]
    has_more = len(found) > limit
    cursor = _written(place(items[-1])) if has_more and items else None
    return Page(items=[shown(one) for one in items], next_cursor=cursor)


def number_of(cursor: str | None) -> int | None:
    """The number that a cursor says. Raises ProblemError where it is none of ours."""
    if cursor is None:
        return None
    place = place_of(cursor)
    if len(place) != 1 or not isinstance(place[0], int) or not 0 <= place[0] <= MAX_ROW_ID:
        raise strange()
    return place[0]


def place_of(cursor: str) -> list[Any]:
    """What a cursor says. Raises ProblemError where it is none of ours."""
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
    except (binascii.Error, ValueError, RecursionError):
        raise strange() from None
    if not isinstance(found, list):
        raise strange()
    return found


def _written(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place, ensure_ascii=False).encode()).decode()


def strange() -> ProblemError:
    """What is said of a cursor that is none of ours."""
    return ProblemError(422, "This cursor is not one of this list. Begin without a cursor.")
