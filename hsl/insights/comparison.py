"""Streams side by side."""

import pandas as pd

from hsl.insights.filters import Filter, Readable, read
from hsl.insights.intervals import in_order, with_shares
from hsl.insights.reach import BLOCKED
from hsl.warehouse.streams import PLACES

MEASURES = ("reachable", "reached", "arrived", "blocked")


def comparison(store: Readable, chosen: Filter) -> pd.DataFrame:
    """By `stream` and `measure`: part, whole, share, low, high, small.

    reachable: people in it who are not marked unreachable, of those who are known.
    reached: people who got at least one of the messages, of all places in the stream.
    arrived: deliveries that arrived, of those tried.
    blocked: people who had blocked the bot when one of the messages was sent, of those tried.
    """
    inside, values = chosen.places()
    wide = read(
        store,
        chosen,
        f""", persons AS (SELECT user_id, count(*) AS tried,
                count(*) FILTER (WHERE got) AS delivered,
                coalesce(bool_or({BLOCKED}), false) AS blocked FROM tried GROUP BY user_id)
        SELECT course_stream AS stream,
            count(u.user_id) FILTER (WHERE u.unreachable_reason IS NULL) AS reachable,
            count(u.user_id) AS known,
            count(*) FILTER (WHERE p.delivered > 0) AS reached, count(*) AS people,
            CAST(coalesce(sum(p.delivered), 0) AS BIGINT) AS arrived,
            CAST(coalesce(sum(p.tried), 0) AS BIGINT) AS tried,
            count(*) FILTER (WHERE p.blocked) AS blocked, count(p.user_id) AS touched
        FROM {PLACES} AS e LEFT JOIN persons AS p ON p.user_id = e.user_id
        LEFT JOIN users AS u ON u.user_id = e.user_id
        WHERE {inside} GROUP BY stream""",
        *values,
    )
    wide = in_order(wide, "stream")
    wholes = dict(zip(MEASURES, ("known", "people", "tried", "touched"), strict=True))
    parts = [
        pd.DataFrame(
            {"stream": wide["stream"], "measure": name, "part": wide[name], "whole": wide[whole]}
        )
        for name, whole in wholes.items()
    ]
    long = pd.concat(parts, ignore_index=True)
    return with_shares(long[long["whole"] > 0].reset_index(drop=True), "part", "whole")
