"""How long people stay reachable after they registered."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

from hsl.insights.filters import Filter, Readable
from hsl.insights.intervals import with_shares

MONTHS = 12
WEEKS = 26
WEEK = 7 * 24 * 3_600  # seconds
# Whole weeks from registration until the moment of the parameter.
AGE = f"floor((epoch(CAST(? AS TIMESTAMPTZ)) - epoch(registered_at)) / {WEEK})"
# Whole weeks from registration until they could not be reached, below 0 where that is not known.
LOST = f"""CASE WHEN unreachable_reason IS NOT NULL THEN
    coalesce(floor((epoch(unreachable_since) - epoch(registered_at)) / {WEEK}), -1) END"""


def retention(store: Readable, chosen: Filter, zone: ZoneInfo, *, now: datetime) -> pd.DataFrame:
    """By registration `month` in `zone` (the last MONTHS) and `week` since (0 to WEEKS): people,
    reachable, share, low, high, small.

    Of the people who registered at least so many weeks ago, those who could still be reached then,
    as it is known today: who came back meanwhile counts as never gone. Of the filter, only the
    streams limit.
    """
    people, values = chosen.people()
    found = store.frame(
        f"""WITH persons AS (
            SELECT date_trunc('month', timezone(?, registered_at)) AS month,
                {AGE} AS age,
                {LOST} AS lost
            FROM users WHERE registered_at <= ? AND {people}),
        counted AS (SELECT month, age, lost, count(*) AS people FROM persons GROUP BY ALL),
        weeks AS (SELECT unnest(range({WEEKS + 1})) AS week)
        SELECT month, CAST(week AS INTEGER) AS week, CAST(sum(people) AS BIGINT) AS people,
            CAST(coalesce(sum(people) FILTER (WHERE lost IS NULL OR lost >= week), 0) AS BIGINT)
                AS reachable
        FROM counted JOIN weeks ON week <= age
        WHERE month > date_trunc('month', timezone(?, CAST(? AS TIMESTAMPTZ)))
            - INTERVAL {MONTHS} MONTH
        GROUP BY month, week ORDER BY month, week""",
        [zone.key, now, now, *values, zone.key, now],
    )
    return with_shares(found.assign(month=pd.to_datetime(found["month"])), "reachable", "people")
