"""Whom the messages reached: reach by stream, churn after a message, and messages a person."""

import pandas as pd

from hsl.insights.filters import COUNTS, GOT, Filter, Readable, read
from hsl.insights.intervals import in_order, with_shares
from hsl.insights.shares import MOST_MESSAGES, last_messages, titled
from hsl.warehouse.streams import PLACES

BLOCKED = "delivery_status = 'failed' AND reason = 'blocked'"
# The first message that a person's block was met by, and the last one that they got before.
# A block shows only when somebody writes, so it is dated by the first failure, in any period.
# A moment and a message in one number, as the largest of these is found without a sort.
IDS = 2**40
LAST = f"(CAST(epoch_us(sending_at) AS HUGEINT) * {IDS} + message_id)"
BLOCKS = f"""past AS NOT MATERIALIZED (
        SELECT message_id, user_id, sending_at, delivery_status, reason FROM message_recipients
        WHERE sending_at IS NOT NULL
            AND message_id IN (SELECT id FROM message_history WHERE {COUNTS})),
    blocks AS (
        SELECT user_id, min(sending_at) AS found_at FROM past WHERE {BLOCKED} GROUP BY user_id),
    lost_after AS (
        SELECT user_id, CAST(max({LAST}) % {IDS} AS BIGINT) AS message_id
        FROM past JOIN blocks USING (user_id)
        WHERE delivery_status IN {GOT} AND sending_at < found_at GROUP BY user_id)"""
# Messages a person got, as they are grouped: the name, and from and to how many.
LOADS = (
    ("0", 0, 0),
    *((str(n), n, n) for n in range(1, 10)),
    ("10–19", 10, 19),
    ("20–49", 20, 49),
    ("50 and more", 50, None),
)


def reach(store: Readable, chosen: Filter) -> pd.DataFrame:
    """By `stream`: people in it, reached (got at least one of the messages), share and interval."""
    inside, values = chosen.places()
    found = read(
        store,
        chosen,
        f""", reached AS (SELECT DISTINCT user_id FROM tried WHERE got)
        SELECT course_stream AS stream, count(*) AS people, count(r.user_id) AS reached
        FROM {PLACES} AS e LEFT JOIN reached AS r ON r.user_id = e.user_id
        WHERE {inside} GROUP BY stream""",
        *values,
    )
    return with_shares(in_order(found, "stream"), "reached", "people")


def churn(store: Readable, chosen: Filter, *, most: int = MOST_MESSAGES) -> pd.DataFrame:
    """The last `most` messages: got (people), blocked (of them, before they got another), share.

    A person's block is the first delivery that failed because of it, whenever; it counts for the
    last message that they got before.
    """
    people, values = chosen.people("lost_after.user_id")
    found = read(
        store,
        chosen,
        f""", {BLOCKS},
        got AS (SELECT message_id, count(*) AS got FROM tried WHERE got GROUP BY message_id),
        lost AS (SELECT message_id, count(*) AS blocked FROM lost_after WHERE {people}
            GROUP BY message_id)
        SELECT h.id AS message_id, h.started_at, h.message_text AS text, got.got,
            coalesce(lost.blocked, 0) AS blocked
        FROM got JOIN message_history AS h ON h.id = got.message_id
        LEFT JOIN lost ON lost.message_id = got.message_id
        WHERE h.id IN ({last_messages(most)}) ORDER BY h.started_at DESC, h.id DESC""",
        *values,
    )
    return with_shares(titled(found), "blocked", "got")


def fatigue(store: Readable, chosen: Filter) -> pd.DataFrame:
    """People by how many of the messages were sent to them (`messages`, text, in order).

    people, tried, delivered, share (of deliveries), low, high, small; blocked (people who had
    blocked the bot when one of these was sent), block_share (of people) and its interval.
    """
    people, values = chosen.people()
    bounds = " ".join(
        f"WHEN messages <= {upper} THEN {place}" if upper is not None else f"ELSE {place}"
        for place, (_, _, upper) in enumerate(LOADS)
    )
    found = read(
        store,
        chosen,
        f""", persons AS (SELECT user_id, count(*) AS messages,
                count(*) FILTER (WHERE got) AS delivered,
                coalesce(bool_or({BLOCKED}), false) AS blocked FROM tried GROUP BY user_id),
        loads AS (SELECT CASE {bounds} END AS place, count(*) AS people,
                CAST(sum(messages) AS BIGINT) AS tried, CAST(sum(delivered) AS BIGINT) AS delivered,
                count(*) FILTER (WHERE blocked) AS blocked FROM persons GROUP BY place)
        SELECT * FROM loads UNION ALL
        SELECT 0, greatest(0, (SELECT count(*) FROM users WHERE {people})
            - (SELECT count(*) FROM persons SEMI JOIN users USING (user_id))), 0, 0, 0
        ORDER BY place""",
        *values,
    )
    named = found.assign(messages=[LOADS[place][0] for place in found["place"]])
    kept = named[named["people"] > 0].drop(columns="place").reset_index(drop=True)
    counted = with_shares(kept, "delivered", "tried", n="people")
    return with_shares(counted, "blocked", "people", prefix="block_")
