"""What it costs to leave people out: the last look and the making of a message, rule by rule.

python -m benchmarks.leaving_out [PEOPLE] [MESSAGES], on SQLite and on PostgreSQL; each message went
to everybody, one a day. Ratios are to the same message without any rule.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine, delete, text

from benchmarks import common
from hsl import choice, database, dispatch, models
from hsl.audience import policy, segments
from hsl.audience.cohort import Audience, Cohort
from hsl.message.content import Content
from hsl.models import utc_now
from hsl.settings import load_settings

PEOPLE, MESSAGES = 200_000, 10
EVERYBODY = Audience(include=(Cohort(everyone=True),))
NUMBERS = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {last}) "
    "SELECT n FROM s)",
    "postgresql": "(SELECT n FROM generate_series(1, {last}) AS g(n))",
}


def fill(engine: Engine, people: int, messages: int) -> None:
    """People, and messages of the last days to all of them."""
    numbers = NUMBERS[engine.dialect.name].format(last=people)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO users (user_id, language_code, attributes, updated_at) "
                f"SELECT n, CASE WHEN n % 3 = 0 THEN 'en' ELSE 'ru' END, '{{}}', :now "
                f"FROM {numbers} AS numbers"
            ).bindparams(now=stamp(engine, 0))
        )
        for number in range(1, messages + 1):
            message_id = connection.execute(
                models.message_history.insert().values(
                    message_text="x", author="a", bot_id=1, status="sent",
                    recipient_type="group", scheduled_at=utc_now() - timedelta(days=number),
                    started_at=utc_now() - timedelta(days=number), total_recipients=people,
                    successful_deliveries=people, buttons=[], options={}, left_out={},
                ).returning(models.message_history.c.id)
            ).scalar_one()  # fmt: skip
            connection.execute(
                text(
                    "INSERT INTO message_recipients (message_id, user_id, delivery_status, "
                    "attempts, sending_at) "
                    f"SELECT {message_id}, n, 'sent', 1, :at FROM {numbers} AS numbers"
                ).bindparams(at=stamp(engine, number))
            )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def stamp(engine: Engine, days: int) -> object:
    """A time so many days ago, as a plain statement takes it."""
    at = utc_now() - timedelta(days=days)
    return at if engine.dialect.name == "postgresql" else at.replace(tzinfo=None).isoformat(" ")


def seconds(run: Callable[[], object], times: int = 3) -> float:
    """The median of so many runs."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return sorted(took)[times // 2]


def measure(address: str, people: int, messages: int) -> None:
    """Print a line for each set of rules."""
    engine = database.open_engine(address)
    database.migrate(engine)
    fill(engine, people, messages)
    print(f"{engine.dialect.name}: {people:,} people, {people * messages:,} deliveries")
    base: tuple[float, float] | None = None
    for name in ("no rule", "marks", "marks, list", "marks, list, cap"):
        if name == "marks":
            marked = list(range(1, people + 1, 100))
            dispatch.suppress(engine, marked, reason="benchmark", actor="benchmark")
        if name == "marks, list":
            cohort = Cohort(user_ids=tuple(range(2, people + 1, 1000)))
            segments.add(engine, name="L", owner="b", cohort=cohort, is_exclusion=True)
        settings = load_settings(frequency_cap=f"{messages}/7d" if "cap" in name else "")
        content = Content(text="Hello")
        look = seconds(lambda s=settings, c=content: dispatch.look(engine, s, c, EVERYBODY))
        made = seconds(lambda s=settings, c=content: make(engine, s, c), 1)
        base = base or (look, made)
        with database.read_only(engine).begin() as connection:
            chosen = choice.Choice(settings, EVERYBODY).people(connection)
            out = policy.counted(connection, chosen).left_out
        print(
            f"  {name:<18} last look {look:6.2f} s ({look / base[0]:4.1f})   "
            f"made {made:6.2f} s ({made / base[1]:4.1f})   left out {sum(out.values()):,}"
        )
    engine.dispose()


def make(engine: Engine, settings: object, content: Content) -> None:
    """Make a message, and take it away again."""
    number = dispatch.send(
        engine,
        settings,
        content=content,
        audience=EVERYBODY,
        author="b",  # type: ignore[arg-type]
    )
    for table, column in (
        (models.message_recipients, "message_id"),
        (models.message_history, "id"),
    ):
        with engine.begin() as connection:
            connection.execute(delete(table).where(table.c[column] == number))


def main() -> None:
    """Both databases."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    messages = int(sys.argv[2]) if len(sys.argv) > 2 else MESSAGES
    with tempfile.TemporaryDirectory() as folder:
        measure(f"sqlite:///{folder}/hsl.db", people, messages)
    common.on_postgresql(lambda address: measure(address, people, messages))


if __name__ == "__main__":
    main()
