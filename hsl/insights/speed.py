"""How long a message takes."""

import pandas as pd

from hsl.insights.filters import Filter, Readable, read
from hsl.insights.intervals import SMALL
from hsl.insights.shares import MOST_MESSAGES, last_messages, titled


def speed(store: Readable, chosen: Filter, *, most: int = MOST_MESSAGES) -> pd.DataFrame:
    """The last `most` messages: delivered, and the seconds from their start until half, 95 % and
    all of these had it: seconds_50, seconds_95, seconds_100; small where fewer than SMALL had.

    A share is there when so many people at least have it: the k-th of n, k the share of n rounded
    up. The quiet hours of people and the time in which a message was paused count in.
    """
    found = read(
        store,
        chosen,
        f""", times AS (
            SELECT message_id, h.started_at, h.message_text AS text,
                greatest(0, epoch_us(coalesce(sent_at, sending_at)) - epoch_us(h.started_at)) / 1e6
                    AS seconds
            FROM tried JOIN message_history AS h ON h.id = message_id
            WHERE got AND message_id IN ({last_messages(most)}))
        SELECT message_id, any_value(started_at) AS started_at, any_value(text) AS text,
            count(*) AS delivered, quantile_disc(seconds, 0.5) AS seconds_50,
            quantile_disc(seconds, 0.95) AS seconds_95, max(seconds) AS seconds_100
        FROM times GROUP BY message_id ORDER BY started_at DESC, message_id DESC""",
    )
    return titled(found).assign(small=found["delivered"] < SMALL)
