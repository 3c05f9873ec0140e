"""One message's result, and how it compares with earlier ones to the same streams."""

from dataclasses import dataclass

import pandas as pd

from hsl.delivery.sums import reason_words
from hsl.insights.filters import COUNTS, GOT, TRIED, Readable
from hsl.insights.intervals import SMALL, in_order, with_shares
from hsl.warehouse.streams import PLACES
from hsl.words import _

EARLIER = 50  # messages before it that are looked at


@dataclass(frozen=True)
class Result:
    """What became of one message.

    `funnel`: step, kind (a delivery status, or "people"), key (for the people behind it; empty
    where the data does not name them), people, chosen (all of them), share, low, high, small:
    chosen, reachable, arrived, then failed by reason, uncertain, not tried, and deleted; none are
    left out but those of nobody.
    `by_stream`: tried, delivered, share, low, high, small by stream; median is that of the
    `earlier` messages which were tried on at least SMALL people of this stream.
    `median`, `earlier`: the same for all of these streams together; missing without one.
    """

    funnel: pd.DataFrame
    by_stream: pd.DataFrame
    tried: int
    delivered: int
    median: float | None
    earlier: int


def result(store: Readable, message_id: int) -> Result:
    """The result of a message that started; frames are empty where nobody was chosen."""
    funnel, tried, delivered = _funnel(store, message_id)
    streams, median, earlier = _against(store, message_id)
    return Result(funnel, streams, tried, delivered, median, earlier)


def _funnel(store: Readable, message_id: int) -> tuple[pd.DataFrame, int, int]:
    rows = store.frame(
        """SELECT CAST(delivery_status AS VARCHAR) AS status,
            coalesce(CAST(reason AS VARCHAR), 'other') AS reason, count(*) AS people,
            count(*) FILTER (WHERE u.unreachable_reason IS NULL OR u.unreachable_since >= (
                SELECT coalesce(started_at, scheduled_at) FROM message_history WHERE id = ?))
                AS reachable
        FROM message_recipients AS r LEFT JOIN users AS u ON u.user_id = r.user_id
        WHERE message_id = ? GROUP BY ALL""",
        [message_id, message_id],
    )
    of = rows.groupby("status")["people"].sum()
    chosen = int(rows["people"].sum())
    got = int(of.get("sent", 0)) + int(of.get("deleted", 0))
    waiting = int(of.get("pending", 0)) + int(of.get("sending", 0))
    failed = rows[rows["status"] == "failed"].sort_values(
        ["people", "reason"], ascending=[False, True]
    )
    steps = [
        (_("chosen"), "people", "people|", chosen),
        (_("reachable when it started"), "people", "", int(rows["reachable"].sum())),
        (_("arrived"), "sent", "sent|", got),
        *(
            (reason_words(str(reason)), "failed", f"failed|{reason}", int(people))
            for reason, people in zip(failed["reason"], failed["people"], strict=True)
        ),
        (_("uncertain"), "uncertain", "uncertain|", int(of.get("uncertain", 0))),
        (_("cancelled"), "cancelled", "cancelled|", int(of.get("cancelled", 0))),
        (_("not tried yet"), "pending", "pending|", waiting),
        (_("deleted from the chat later"), "deleted", "deleted|", int(of.get("deleted", 0))),
    ]
    frame = pd.DataFrame(
        [step for step in steps if step[3]], columns=["step", "kind", "key", "people"]
    )
    tried = got + int(of.get("failed", 0)) + int(of.get("uncertain", 0))
    return with_shares(frame.assign(chosen=chosen), "people", "chosen"), tried, got


def _against(store: Readable, message_id: int) -> tuple[pd.DataFrame, float | None, int]:
    """By stream; the last row of the statement, without a stream, is all of them together."""
    rows = store.frame(
        f"""WITH mine AS (
            SELECT DISTINCT course_stream FROM {PLACES}
            WHERE user_id IN (SELECT user_id FROM message_recipients WHERE message_id = ?)),
        looked AS (SELECT id FROM message_history WHERE {COUNTS} AND (started_at, id) < (
                SELECT (started_at, id) FROM message_history WHERE id = ?)
            ORDER BY started_at DESC, id DESC LIMIT {EARLIER}),
        rows AS (SELECT message_id, user_id, delivery_status IN {GOT} AS got
            FROM message_recipients WHERE delivery_status IN {TRIED} AND sending_at IS NOT NULL
                AND (message_id = ? OR message_id IN (SELECT id FROM looked))),
        placed AS (SELECT message_id, user_id, course_stream, got
            FROM rows JOIN {PLACES} USING (user_id)
            WHERE course_stream IN (SELECT course_stream FROM mine)),
        counted AS (
            SELECT course_stream AS stream, message_id, count(*) AS tried,
                count(*) FILTER (WHERE got) AS delivered FROM placed GROUP BY ALL
            UNION ALL
            SELECT NULL, message_id, count(DISTINCT user_id),
                count(DISTINCT user_id) FILTER (WHERE got) FROM placed GROUP BY message_id)
        SELECT stream,
            coalesce(any_value(tried) FILTER (WHERE message_id = ?), 0) AS tried,
            coalesce(any_value(delivered) FILTER (WHERE message_id = ?), 0) AS delivered,
            median(delivered / tried) FILTER (WHERE message_id <> ? AND tried >= {SMALL}) AS median,
            count(*) FILTER (WHERE message_id <> ? AND tried >= {SMALL}) AS earlier
        FROM counted GROUP BY stream""",
        [message_id] * 7,
    )
    whole = rows[rows["stream"].isna()]
    streams = in_order(rows[rows["stream"].notna() & (rows["tried"] > 0)], "stream")
    if whole.empty or pd.isna(whole["median"].iloc[0]):
        return with_shares(streams, "delivered", "tried"), None, 0
    line = whole.iloc[0]
    return with_shares(streams, "delivered", "tried"), float(line["median"]), int(line["earlier"])
