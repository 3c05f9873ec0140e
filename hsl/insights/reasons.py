"""Why deliveries failed."""

from zoneinfo import ZoneInfo

import pandas as pd

from hsl.delivery.sums import REASON_WORDS
from hsl.insights.filters import Filter, Readable, read
from hsl.insights.intervals import with_shares
from hsl.insights.shares import LOCAL, QUARTERS, Step
from hsl.words import N_

OTHERS = N_("other reasons")
MOST_REASONS = 5
FAILED = "delivery_status = 'failed'"
NAMED = "coalesce(CAST(reason AS VARCHAR), 'other')"


def drawn(failures: str) -> str:
    """A select of each `reason` that keeps its name, of rows with a reason and people.

    Where there are too many, the most frequent do; the rest are OTHERS.
    """
    return f"""SELECT reason FROM (
        SELECT reason, row_number() OVER (ORDER BY sum(people) DESC, reason) AS place,
            count(*) OVER () AS reasons FROM {failures} GROUP BY reason)
        WHERE reasons <= {MOST_REASONS} OR place < {MOST_REASONS}"""


def reasons(store: Readable, chosen: Filter) -> pd.DataFrame:
    """By `reason` (and `words`, English), the most first: failed, tried (all), and its share."""
    found = read(
        store,
        chosen,
        f"""SELECT {NAMED} AS reason, count(*) AS failed, (SELECT count(*) FROM tried) AS tried
        FROM tried WHERE {FAILED} GROUP BY ALL ORDER BY failed DESC, reason""",
    )
    return with_shares(_worded(found), "failed", "tried")


def over_time(
    store: Readable, chosen: Filter, zone: ZoneInfo, *, step: Step = "day"
) -> pd.DataFrame:
    """By `day` in `zone` (or the Monday of its week) and reason: failed, tried (of all), share.

    The most frequent reasons keep their name; the rest are "other reasons" together.
    """
    found = read(
        store,
        chosen,
        f""", counted AS (SELECT {QUARTERS}, {FAILED} AS lost,
                CASE WHEN {FAILED} THEN {NAMED} END AS reason, count(*) AS people
            FROM tried GROUP BY ALL),
        local AS (SELECT date_trunc('{step}', {LOCAL}) AS day, lost, people,
                CASE WHEN reason IN ({drawn("(FROM counted WHERE lost)")}) THEN reason
                    ELSE '{OTHERS}' END AS reason
            FROM counted)
        SELECT day, reason, CAST(sum(people) AS BIGINT) AS failed,
            CAST((SELECT sum(a.people) FROM local AS a WHERE a.day = local.day) AS BIGINT) AS tried
        FROM local WHERE lost GROUP BY day, reason ORDER BY day, reason""",
        zone.key,
    )
    found = found.assign(day=pd.to_datetime(found["day"]))
    return with_shares(_worded(found), "failed", "tried")


def _worded(frame: pd.DataFrame) -> pd.DataFrame:
    words = [REASON_WORDS.get(reason, reason) for reason in frame["reason"]]
    return frame.assign(words=pd.Series(words, dtype=object))
