"""Make a database of 1,000,000 people with ten attributes and 10,000,000 deliveries.

python -m benchmarks.people_and_deliveries ADDRESS [PEOPLE] [DELIVERIES]

ADDRESS is an empty database, such as sqlite:////tmp/big/hsl.db. The rows are made by the database
itself, by arithmetic on their numbers, so that every run makes the same ones. Nobody in it is real.
"""

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, insert, text

from hsl import database, models

PEOPLE = 1_000_000
DELIVERIES = 10_000_000
STREAMS = tuple(f"{number}th_stream" for number in range(4, 12))
EPOCH = datetime(2024, 10, 1, tzinfo=UTC)
DAYS = 760  # from the first message to the last
FIRST_NAMES = (
    *("Anna", "Anastasia", "Boris", "Daria", "Dmitry", "Elena", "Fatima", "Georg", "Hanna"),
    *("Ivan", "Jonas", "Katarina", "Leila", "Maria", "Mohammed", "Nadia", "Olga", "Pavel"),
    *("Анна", "Анастасия", "Борис", "Вера", "Галина", "Дмитрий", "Екатерина", "Жанна", "Зоя"),
    *("Иван", "Кирилл", "Людмила", "Михаил", "Наталья", "Ольга", "Павел", "Раиса", "Юлия"),
    *("Björn", "Zoë", "José", "Łukasz"),
)
LAST_NAMES = (
    *("Abramov", "Belova", "Chernov", "Davydova", "Egorov", "Fedorova", "Gusev", "Ivanova"),
    *("Johansson", "Kowalski", "Lindqvist", "Meyer", "Novak", "Petrov", "Schmidt", "Sokolova"),
    *("Абрамов", "Белова", "Воробьёв", "Громова", "Ершов", "Жукова", "Зайцев", "Иванова"),
    *("Козлов", "Лебедева", "Морозов", "Новикова", "Орлов", "Петрова", "Соколов", "Щербакова"),
)
REASONS = ("blocked", "deactivated", "never_started")


@dataclass(frozen=True)
class Words:
    """What the two databases call differently."""

    numbers: str  # a table expression of n from 0 to {0} - 1
    moment: str  # seconds since 1970 as a time
    json: str  # text as JSON


SQLITE = Words(
    "(WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n + 1 < {0}) "
    "SELECT n FROM r)",
    "(strftime('%Y-%m-%d %H:%M:%f', {0}, 'unixepoch') || '000')",
    "{0}",
)
POSTGRESQL = Words(
    "(SELECT n FROM generate_series(CAST(0 AS bigint), {0} - 1) AS g(n))",
    "to_timestamp({0})",
    "CAST({0} AS jsonb)",
)


def main() -> None:
    address = sys.argv[1]
    people = int(sys.argv[2]) if len(sys.argv) > 2 else PEOPLE
    deliveries = int(sys.argv[3]) if len(sys.argv) > 3 else DELIVERIES
    began = time.perf_counter()
    engine = database.open_engine(address)
    make(engine, people, deliveries)
    engine.dispose()
    print(f"{people:,} people and {deliveries:,} deliveries in {time.perf_counter() - began:.0f} s")


def make(engine: Engine, people: int = PEOPLE, deliveries: int = DELIVERIES) -> None:
    """Migrate the empty database and fill it."""
    database.migrate(engine)
    words = SQLITE if engine.dialect.name == "sqlite" else POSTGRESQL
    with engine.connect() as connection:
        with connection.begin():
            indexes = _without_indexes(connection)
        with connection.begin():
            _people(connection, words, people)
            _places(connection, words, people)
        with connection.begin():
            _deliveries(connection, words, people, deliveries)
        with connection.begin():
            _sums(connection)
            _presses(connection, words)
        with connection.begin():
            for statement in indexes:
                connection.execute(text(statement))
        with connection.begin():
            connection.execute(text("ANALYZE"))


def user_id(n: str) -> str:
    """SQL of the id of the person with number n; ids outgrow 32 bits."""
    return f"(10000000 + {n} * 4999)"


def _without_indexes(connection: Connection) -> list[str]:
    """Drop the indexes of the large tables and return how to make them again, in bulk."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(
            text(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
                "AND tbl_name IN ('users', 'enrollments', 'message_recipients')"
            )
        ).all()
    else:
        found = connection.execute(
            text(
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
                "AND tablename IN ('users', 'enrollments', 'message_recipients') "
                "AND indexname NOT LIKE '%_pkey'"
            )
        ).all()
    for name, _ in found:
        connection.execute(text(f"DROP INDEX {name}"))
    return [str(statement) for _, statement in found]


def _pick(values: tuple[str, ...], number: str) -> str:
    """SQL that takes one of `values` by a number."""
    cases = " ".join(f"WHEN {place} THEN '{value}'" for place, value in enumerate(values))
    return f"CASE ({number}) % {len(values)} {cases} END"


def _people(connection: Connection, words: Words, people: int) -> None:
    mixed = "(n * 2654435761 % 1000003)"
    attributes = f"""'{{"city": "City ' || ({mixed} % 50) || '", "level": ' || ({mixed} % 10)
        || ', "score": ' || ({mixed} % 1000) || '.5, "paid": '
        || CASE WHEN {mixed} % 3 = 0 THEN 'true' ELSE 'false' END
        || ', "birthday": "19' || (60 + {mixed} % 40) || '-0' || (1 + {mixed} % 9) || '-1'
        || ({mixed} % 10) || '", "source": "' || {_pick(("friend", "search", "post", "ad"), mixed)}
        || '", "tags": ["t' || ({mixed} % 20) || '", "u' || (n % 7) || '"], "time_zone": "'
        || {_pick(("Europe/Moscow", "Asia/Omsk", "Europe/Berlin"), mixed)}
        || '", "phone": "0' || (100000000 + n * 7) || '", "homework": ' || (n % 101) || '}}'"""
    registered = words.moment.format(f"(1672531200 + {mixed} * 116)")
    username = "'person_' || n || '_' || (n * 7919 % 1009)"
    connection.execute(
        text(
            f"""INSERT INTO users (user_id, username, first_name, last_name, language_code,
                registered_at, attributes, unreachable_reason, unreachable_since, updated_at)
            SELECT {user_id("n")}, CASE WHEN n % 5 > 0 THEN {username} END,
                {_pick(FIRST_NAMES, mixed)}, {_pick(LAST_NAMES, "(n * 40503 % 10007)")},
                {_pick(("ru", "en", "es", "de"), mixed)}, {registered},
                {words.json.format(attributes)},
                CASE WHEN n % 50 = 0 THEN 'blocked' END,
                CASE WHEN n % 50 = 0 THEN {registered} END, {registered}
            FROM {words.numbers.format(people)} AS numbers"""
        )
    )


def _places(connection: Connection, words: Words, people: int) -> None:
    """Everybody in one stream, every tenth in a second one, and every eighth in none."""
    enrolled = words.moment.format("(1704067200 + n * 60)")
    status = _pick(("active", "active", "finished", "left"), "n / 8")
    for condition, place in (("n % 8 < 7", "n / 8"), ("n % 10 = 3 AND n % 8 < 7", "n / 8 + 1")):
        connection.execute(
            text(
                f"""INSERT INTO enrollments (user_id, course_stream, status, enrolled_at)
                SELECT {user_id("n")}, {_pick(STREAMS, place)}, {status}, {enrolled}
                FROM {words.numbers.format(people)} AS numbers WHERE {condition}"""
            )
        )


def _deliveries(connection: Connection, words: Words, people: int, deliveries: int) -> None:
    """Messages to one stream each, at 30 a second, over the days; the last to a part of one."""
    connection.execute(
        text(
            "CREATE TEMPORARY TABLE places AS SELECT user_id, course_stream, "
            "row_number() OVER (PARTITION BY course_stream ORDER BY user_id) - 1 AS place "
            "FROM enrollments"
        )
    )
    connection.execute(text("CREATE INDEX places_by_stream ON places (course_stream, place)"))
    counted = connection.execute(
        text("SELECT course_stream, count(*) FROM places GROUP BY course_stream")
    ).all()
    sizes = {stream: int(size) for stream, size in counted}
    streams = [stream for stream in STREAMS if stream in sizes]
    messages, left = [], deliveries
    while left > 0 and streams:
        number = len(messages) + 1
        stream = streams[(number * 5) % len(streams)]
        messages.append((number, stream, min(left, sizes[stream])))
        left -= messages[-1][2]
    for number, stream, size in messages:
        started = EPOCH + timedelta(
            days=DAYS * number // len(messages), hours=8 + number * 7 % 12, minutes=number % 60
        )
        _message(connection, number, stream, started)
        mixed = f"((place * 2654435761 + {number} * 40503) % 1000003)"
        sending = f"({int(started.timestamp())} + place / 30.0)"
        connection.execute(
            text(
                f"""INSERT INTO message_recipients (message_id, user_id, delivery_status, reason,
                    error_code, attempts, version, telegram_message_id, sending_at, sent_at)
                SELECT {number}, user_id, status,
                    CASE status WHEN 'failed' THEN {_pick(REASONS, mixed)}
                        WHEN 'uncertain' THEN 'no_answer' END,
                    CASE status WHEN 'failed' THEN 403 END, 1, 1,
                    CASE WHEN status IN ('sent', 'deleted') THEN place END,
                    CASE WHEN status <> 'cancelled' THEN {words.moment.format(sending)} END,
                    CASE WHEN status IN ('sent', 'deleted')
                        THEN {words.moment.format(f"({sending} + 0.2)")} END
                FROM (SELECT user_id, place, CASE WHEN {mixed} % 1000 < 940 THEN 'sent'
                    WHEN {mixed} % 1000 < 985 THEN 'failed' WHEN {mixed} % 1000 < 990 THEN 'deleted'
                    WHEN {mixed} % 1000 < 993 THEN 'uncertain' WHEN {mixed} % 1000 < 996
                    THEN 'cancelled' ELSE 'sent' END AS status
                    FROM places WHERE course_stream = :stream AND place < :size) AS chosen
                ORDER BY place"""
            ),
            {"stream": stream, "size": size},
        )
    connection.execute(text("DROP TABLE places"))


def _message(connection: Connection, number: int, stream: str, started: datetime) -> None:
    connection.execute(
        insert(models.message_history).values(
            message_text=f"News {number} of {stream}",
            message_type="video" if number % 5 == 0 else "text",
            buttons=[],
            options={},
            left_out={},
            action="send",
            author=("anna", "boris")[number % 2],
            bot_id=1,
            status="sent",
            recipient_type="group",
            recipient_group=f"in {stream}",
            audience_mode="frozen",
            created_at=started - timedelta(hours=1),
            scheduled_at=started,
            started_at=started,
            finished_at=started + timedelta(hours=2),
            sent_at=started,
        )
    )


def _sums(connection: Connection) -> None:
    counted = ", ".join(
        f"sum(CASE WHEN delivery_status = '{status}' THEN 1 ELSE 0 END) AS {status}"
        for status in ("sent", "failed", "uncertain", "cancelled", "deleted")
    )
    connection.execute(
        text(
            f"""UPDATE message_history SET total_recipients = c.total,
                successful_deliveries = c.sent, failed_deliveries = c.failed,
                uncertain_deliveries = c.uncertain, cancelled_deliveries = c.cancelled,
                deleted_deliveries = c.deleted, audience_at_creation = c.total
            FROM (SELECT message_id, count(*) AS total, {counted}
                FROM message_recipients GROUP BY message_id) AS c
            WHERE c.message_id = message_history.id"""
        )
    )


def _presses(connection: Connection, words: Words) -> None:
    connection.execute(
        text(
            f"""INSERT INTO button_presses (message_id, user_id, button, pressed_at)
            SELECT message_id, user_id, 'more', {words.moment.format("1764000000")}
            FROM message_recipients WHERE user_id % 97 = 0 AND delivery_status = 'sent'"""
        )
    )


if __name__ == "__main__":
    main()
