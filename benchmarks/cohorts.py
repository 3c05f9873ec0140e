"""How long counting a cohort and its funnel takes, by kind of condition, on an existing database.

    python -m benchmarks.cohorts ADDRESS

The database is, for example, one of `benchmarks.people_and_deliveries`. Printed are medians of
nine in milliseconds, and what each takes beside counting everybody.
"""

import statistics
import sys
import time
from collections.abc import Callable

from hsl import database
from hsl.audience import funnel, where
from hsl.audience.cohort import Cohort
from hsl.audience.snapshot import Snapshot
from hsl.warehouse.store import Store

TIMES = 9
EXPRESSIONS = (
    "in_stream('4th_stream')",
    "in_stream('4th_stream') AND NOT in_stream('5th_stream')",
    "NOT enrolled",
    "reachable",
    "language_code = 'ru'",
    "registered_at >= days_ago(365)",
    "search('ann')",
    "{number} >= 3",
    "contains({text}, 'o')",
    "{text} IS NULL",
    "got_of_last(3) = 0",
    "got_within(30) = 0",
    "sent_within(30) < 2",
    "got_ever() >= 5",
    "failed(100)",
    "arm('spring', 0, 5000)",
    "in_stream('4th_stream') AND reachable AND got_of_last(3) = 0 AND sent_within(30) < 2",
)


def median(run: Callable[[], object]) -> float:
    """The median of several runs in milliseconds, after one that warms up."""
    run()
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        run()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def main() -> None:
    store = Store(database.open_engine(sys.argv[1]), folder=None, refresh_after=1e9)
    people = Snapshot(store)
    kinds = {kind.value: name for name, kind in reversed(store.attributes.items())}
    names = {kind: f'"{kinds.get(kind, next(iter(store.attributes)))}"'
             for kind in ("number", "text")}  # fmt: skip
    alone = median(lambda: people.count(Cohort(everyone=True)))
    print(f"{people.people:,} people; counting everybody {alone:.1f} ms")
    print(f"{'count':>9}  {'ratio':>6}  {'funnel':>9}  {'people':>9}")
    for expression in EXPRESSIONS:
        cohort = where.parse(expression.format(**names))
        count = median(lambda cohort=cohort: people.count(cohort))
        steps = median(lambda cohort=cohort: funnel.steps(store, cohort))
        found = people.count(cohort).people
        print(
            f"{count:>6.1f} ms  {count / alone:>6.1f}  {steps:>6.1f} ms  {found:>9,}  {expression}"
        )


if __name__ == "__main__":
    main()
