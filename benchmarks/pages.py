"""How long each page takes to run with 100,000 people and 1,000 messages of 2,000 recipients.

    python -m benchmarks.pages [PEOPLE MESSAGES RECIPIENTS]

Prints, per page, the seconds of the first run and of a second one in the same process (AppTest:
the script alone, without the browser's share).
"""

import os
import sys
import tempfile
import time
from pathlib import Path

PEOPLE, MESSAGES, RECIPIENTS = (
    (int(word) for word in sys.argv[1:4]) if len(sys.argv) > 3 else (100_000, 1_000, 2_000)
)
PAGES = ("overview", "audience", "compose", "messages", "delivery", "audit", "settings")


def fill(folder: str) -> None:
    """People, messages and recipients, written by the database itself."""
    from sqlalchemy import text

    from hsl import database

    engine = database.open_engine(f"sqlite:///{folder}/hsl.db")
    database.migrate(engine)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {})"
    with engine.begin() as connection:
        connection.execute(
            text(
                f"""INSERT INTO users (user_id, username, first_name, language_code, attributes,
                    updated_at) {numbers.format(PEOPLE)}
                SELECT 1000 + i, 'user_' || i, 'Name ' || (i % 977), 'ru',
                    '{{"city": "C' || (i % 40) || '"}}', '2026-01-01 00:00:00.000000' FROM n"""
            )
        )
        connection.execute(
            text(
                f"""INSERT INTO enrollments (user_id, course_stream, status)
                {numbers.format(PEOPLE)} SELECT 1000 + i, 'stream_' || (i % 5), 'active' FROM n"""
            )
        )
        connection.execute(
            text(
                f"""INSERT INTO message_history (message_text, message_type, buttons, options,
                    version, action,
                    author, bot_id, status, recipient_type, recipient_group, audience_mode,
                    audience_at_creation, created_at, scheduled_at, started_at, finished_at,
                    total_recipients, successful_deliveries, failed_deliveries,
                    uncertain_deliveries, cancelled_deliveries, deleted_deliveries)
                {numbers.format(MESSAGES)} SELECT 'Message ' || i, 'text', '[]', '{{}}',
                    1, 'send', 'a', 1,
                    'sent', 'group', 'in stream_1', 'frozen', {RECIPIENTS}, t, t, t, t,
                    {RECIPIENTS}, {RECIPIENTS} - {RECIPIENTS} / 20, {RECIPIENTS} / 20, 0, 0, 0
                FROM (SELECT i, strftime('%Y-%m-%d %H:%M:%f000', 'now',
                    '-' || (({MESSAGES} - i) / 4.0) || ' hours') AS t FROM n)"""
            )
        )
        connection.execute(
            text(
                f"""INSERT INTO message_recipients (message_id, user_id, delivery_status, reason,
                    attempts, sending_at, sent_at) {numbers.format(RECIPIENTS)}
                SELECT h.id, 1000 + (h.id * 7919 + i * 13) % {PEOPLE},
                    CASE WHEN i < {RECIPIENTS} / 20 THEN 'failed' ELSE 'sent' END,
                    CASE WHEN i < {RECIPIENTS} / 20 THEN 'blocked' END, 1, h.started_at,
                    h.started_at
                FROM message_history AS h, n"""
            )
        )
        connection.execute(text("ANALYZE"))
    engine.dispose()


def main() -> None:
    """Build the house, then open each page twice."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HSL_DATA_DIR"] = folder
        began = time.perf_counter()
        fill(folder)
        print(f"filled in {time.perf_counter() - began:.0f} s")
        from streamlit.runtime.pages_manager import PagesManager
        from streamlit.testing.v1 import AppTest

        from hsl import web

        web.mark_served()
        begin = PagesManager.__init__

        def as_served(manager: PagesManager, *arguments: object, **named: object) -> None:
            PagesManager.uses_pages_directory = False
            begin(manager, *arguments, **named)  # type: ignore[arg-type]

        PagesManager.__init__ = as_served  # type: ignore[method-assign]
        script = str(Path(__file__).resolve().parent.parent / "app.py")
        for name in PAGES:
            app = AppTest.from_file(script, default_timeout=300)
            began = time.perf_counter()
            app.run()
            if name == PAGES[0]:
                print(f"{name:10} cold  {time.perf_counter() - began:6.2f} s")
            app.switch_page(f"pages/{name}.py")
            took = []
            for _ in range(3):
                began = time.perf_counter()
                app.run()
                took.append(time.perf_counter() - began)
            assert not app.error, app.error[0].value
            assert not app.exception, app.exception[0].message
            assert app.title, "nothing was drawn"
            print(f"{name:10} first {took[0]:6.2f} s, then {took[1]:6.2f} and {took[2]:6.2f} s")


if __name__ == "__main__":
    main()
