"""What share of the deliveries arrived: by stream, by message, over time, by weekday and hour.

A share is delivered / tried: sent or deleted later, of those plus failed plus uncertain. Each frame
has tried, delivered, share, low, high and small beside the columns that its function names.
"""

from typing import Literal
from zoneinfo import ZoneInfo

import pandas as pd

from hsl.insights.filters import Filter, Readable, read
from hsl.insights.intervals import in_order, with_shares
from hsl.message import html
from hsl.warehouse.streams import PLACES

Step = Literal["day", "week"]
TITLE = 40  # characters
MOST_MESSAGES = 12
_SUMS = "CAST(sum(tried) AS BIGINT) AS tried, CAST(sum(delivered) AS BIGINT) AS delivered"
# Zones differ by whole quarters of an hour: deliveries are counted by these first, so that only
# some thousand times are turned into local ones, and not ten million.
QUARTER = 900_000_000  # microseconds
QUARTERS = f"""epoch_us(sending_at) // {QUARTER} AS quarter"""
LOCAL = f"timezone(?, make_timestamptz(quarter * {QUARTER}))"


def total(store: Readable, chosen: Filter) -> pd.DataFrame:
    """One row: messages, people (each once), and the share of their deliveries."""
    found = read(
        store,
        chosen,
        """, people AS (SELECT user_id, count(*) AS tried, count(*) FILTER (WHERE got) AS delivered
            FROM tried GROUP BY user_id)
        SELECT (SELECT count(DISTINCT message_id) FROM tried) AS messages, count(*) AS people,
            CAST(coalesce(sum(tried), 0) AS BIGINT) AS tried,
            CAST(coalesce(sum(delivered), 0) AS BIGINT) AS delivered FROM people""",
    )
    return with_shares(found, "delivered", "tried")


def by_stream(store: Readable, chosen: Filter) -> pd.DataFrame:
    """By `stream` that the person is in today; who is in two counts in both."""
    inside, values = chosen.places()
    found = read(
        store,
        chosen,
        f""", people AS (SELECT user_id, count(*) AS tried,
                count(*) FILTER (WHERE got) AS delivered FROM tried GROUP BY user_id)
        SELECT course_stream AS stream, {_SUMS}
        FROM people JOIN {PLACES} USING (user_id) WHERE {inside}
        GROUP BY stream""",
        *values,
    )
    return with_shares(in_order(found, "stream"), "delivered", "tried")


def by_message(store: Readable, chosen: Filter, *, most: int = MOST_MESSAGES) -> pd.DataFrame:
    """The last `most` messages by `message_id`, with started_at and title, the last first."""
    found = read(
        store,
        chosen,
        f"""SELECT message_id, any_value(h.started_at) AS started_at,
            any_value(h.message_text) AS text, count(*) AS tried,
            count(*) FILTER (WHERE got) AS delivered
        FROM tried JOIN message_history AS h ON h.id = message_id
        WHERE message_id IN ({last_messages(most)})
        GROUP BY message_id ORDER BY started_at DESC, message_id DESC""",
    )
    return with_shares(titled(found), "delivered", "tried")


def over_time(
    store: Readable, chosen: Filter, zone: ZoneInfo, *, step: Step = "day"
) -> pd.DataFrame:
    """By `day` in `zone` on which the request left, or by the Monday of its week."""
    found = read(
        store,
        chosen,
        f""", counted AS (SELECT {QUARTERS}, count(*) AS tried,
                count(*) FILTER (WHERE got) AS delivered FROM tried GROUP BY quarter)
        SELECT date_trunc('{_checked(step)}', {LOCAL}) AS day, {_SUMS}
        FROM counted GROUP BY day ORDER BY day""",
        zone.key,
    )
    return with_shares(found.assign(day=pd.to_datetime(found["day"])), "delivered", "tried")


def by_hour(store: Readable, chosen: Filter, zone: ZoneInfo) -> pd.DataFrame:
    """By `weekday` (0 is Monday) and `hour` (0 to 23) in `zone` at which the request left."""
    found = read(
        store,
        chosen,
        f""", counted AS (SELECT {QUARTERS}, count(*) AS tried,
                count(*) FILTER (WHERE got) AS delivered FROM tried GROUP BY quarter),
        local AS (SELECT {LOCAL} AS moment, tried, delivered FROM counted)
        SELECT CAST(isodow(moment) - 1 AS INTEGER) AS weekday,
            CAST(hour(moment) AS INTEGER) AS hour, {_SUMS}
        FROM local GROUP BY ALL ORDER BY weekday, hour""",
        zone.key,
    )
    return with_shares(found, "delivered", "tried")


def last_messages(most: int) -> str:
    """A select of the ids of the last `most` of the chosen messages."""
    return (
        "SELECT id FROM message_history WHERE id IN (SELECT id FROM chosen) "
        f"ORDER BY started_at DESC, id DESC LIMIT {int(most)}"
    )


def titled(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with title, such as "12 · The lesson begins", in place of `text`."""
    titles = [
        f"{number} · {html.first_line(text)[:TITLE] or 'file'}"
        for number, text in zip(frame["message_id"], frame["text"], strict=True)
    ]
    return frame.drop(columns="text").assign(title=pd.Series(titles, dtype=object))


def _checked(step: str) -> str:
    if step not in ("day", "week"):
        raise ValueError(f"{step} is no step of time; there are day and week.")
    return step
