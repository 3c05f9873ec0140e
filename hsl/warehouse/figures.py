"""Whether the numbers in the store are those in message_history's counters."""

from dataclasses import dataclass

import pandas as pd

from hsl.warehouse import refreshing
from hsl.warehouse.store import Store

_UNEQUAL = f"""
SELECT m.id AS message_id, {{columns}}
FROM message_history AS m LEFT JOIN ({refreshing.sums()}) AS r ON r.message_id = m.id
WHERE {{differ}} ORDER BY m.id
"""
_COUNTERS = ("total_recipients", *refreshing.COUNTED)


@dataclass(frozen=True)
class Equality:
    """What was compared: all messages, and those whose numbers differ."""

    messages: int
    recipients: int
    unequal: pd.DataFrame  # message_id, and by counter what is counted and what is written

    @property
    def holds(self) -> bool:
        """True where no number differs."""
        return self.unequal.empty


def compare(store: Store) -> Equality:
    """Count every message's recipients by status, and compare with its counters."""
    columns = ", ".join(
        f"coalesce(r.{name}, 0) AS counted_{name}, m.{name} AS written_{name}" for name in _COUNTERS
    )
    differ = " OR ".join(f"coalesce(r.{name}, 0) <> m.{name}" for name in _COUNTERS)
    unequal = store.frame(_UNEQUAL.format(columns=columns, differ=differ))
    numbers = store.frame(
        "SELECT (SELECT count(*) FROM message_history) AS messages, "
        "(SELECT count(*) FROM message_recipients) AS recipients"
    )
    return Equality(int(numbers["messages"][0]), int(numbers["recipients"][0]), unequal)
