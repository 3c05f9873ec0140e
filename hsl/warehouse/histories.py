"""When each person got, was sent and missed messages: what cohorts ask about the past.

One row for each person to whom anything was ever sent: `got`, `sent` and `failed` are lists of
moments, the newest first and unknown ones last. That somebody got at least k messages in the last
n days is then one look at the k-th, however many deliveries there are.

DuckDB is loaded by those who use it, as conditions are also made for the main database.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Select, column, func, table
from sqlalchemy import select as selected

from hsl.models import GOT, TRIED, Action, DeliveryStatus

if TYPE_CHECKING:
    import duckdb

What = Literal["got", "sent", "failed"]
COUNTED: Mapping[What, tuple[DeliveryStatus, ...]] = {
    "got": GOT,
    "sent": TRIED,
    "failed": (DeliveryStatus.FAILED,),
}
# When that was: the first of these that is known. Who was marked as having got it has no `sent_at`.
MOMENTS: Mapping[What, tuple[str, ...]] = {
    "got": ("sent_at", "sending_at"),
    "sent": ("sending_at",),
    "failed": ("sending_at",),
}
NAME = "histories"
PART = 4  # where more than one person in so many changed, all are made anew: that is quicker
_Histories = table(NAME, column("user_id"), *(column(what) for what in COUNTED))


def at_least(number: int, what: What, since: datetime | None) -> Select[Any]:
    """Those of whom it is so for `number` messages, 1 or more, ever or at `since` or later."""
    moments = _Histories.c[what]
    enough = (
        func.len(moments) >= number
        if since is None
        else func.list_extract(moments, number) >= since
    )
    return selected(_Histories.c.user_id).where(enough)


def create(store: "duckdb.DuckDBPyConnection") -> None:
    """Make the table from `message_recipients` and `message_history`."""
    store.execute(f"CREATE OR REPLACE TABLE {NAME} AS {of_recipients('true')}")


def renew(store: "duckdb.DuckDBPyConnection", changed: str) -> None:
    """Do so for the people of the table `changed` alone, when those two are up to date."""
    many = store.execute(
        f"SELECT (SELECT count(*) FROM {changed}) * {PART} > (SELECT count(*) FROM {NAME})"
    ).fetchone()
    if many == (True,):
        create(store)
        return
    chosen = f"user_id IN (SELECT user_id FROM {changed})"
    store.execute(f"DELETE FROM {NAME} WHERE {chosen}")
    store.execute(f"INSERT INTO {NAME} {of_recipients(chosen)}")


def of_recipients(where: str) -> str:
    """A select of the rows of people out of those recipients for whom `where` holds."""
    lists = ", ".join(_list(what) for what in COUNTED)
    return (
        f"SELECT user_id, {lists} FROM message_recipients WHERE {where} AND message_id IN "
        f"(SELECT id FROM message_history WHERE action = '{Action.SEND.value}') GROUP BY user_id"
    )


def _list(what: What) -> str:
    statuses = ", ".join(f"'{status.value}'" for status in COUNTED[what])
    moments = f"list(coalesce({', '.join(MOMENTS[what])}))"
    return (
        f"list_sort({moments} FILTER (delivery_status IN ({statuses})), 'DESC', 'NULLS LAST') "
        f"AS {what}"
    )
