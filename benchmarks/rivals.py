"""The same questions about people answered by others: pandas, SQLite with indexes, plain Python.

Plain Python does what an index in a browser's JavaScript does: it is built anew from all people at
each start, and then goes through lists and sets. It knows people only, not their deliveries.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

import pandas as pd
from sqlalchemy import Engine

from hsl.warehouse.store import Store
from hsl.warehouse.streams import PLACES

Question = Callable[[], int]


class Pandas:
    """Data frames of people, places and deliveries."""

    def __init__(self, store: Store) -> None:
        began = time.perf_counter()
        self.users = store.frame("SELECT * FROM users")
        self.places = store.frame(f"SELECT user_id, course_stream FROM {PLACES}")
        self.sent = store.frame(
            "SELECT message_id, user_id, delivery_status, sent_at FROM message_recipients"
        )
        for name in ("username", "first_name", "last_name"):
            self.users[f"lower_{name}"] = self.users[name].str.lower()
        self.took = time.perf_counter() - began

    def questions(self, since: datetime, long_since: datetime) -> dict[str, Question]:
        users, places, sent = self.users, self.places, self.sent
        got = sent["delivery_status"].isin(["sent", "deleted"])

        def among(ids: "pd.Series[int]") -> int:
            return int(users["user_id"].isin(ids.unique()).sum())

        def inside(stream: str) -> "pd.Series[bool]":
            return users["user_id"].isin(places.loc[places["course_stream"] == stream, "user_id"])

        def fewer(rows: "pd.Series[bool]", number: int) -> int:
            counts = sent.loc[rows, "user_id"].value_counts()
            return len(users) - among(pd.Series(counts[counts >= number].index))

        return {
            "in one stream": lambda: int(inside("4th_stream").sum()),
            "in both of two": lambda: int((inside("4th_stream") & inside("5th_stream")).sum()),
            "in no stream": lambda: int((~users["user_id"].isin(places["user_id"])).sum()),
            "two attributes": lambda: int(
                ((users["a:city"] == "City 3") & users["a:level"].isin(["3", "4", "5"])).sum()
            ),
            "language, reachable": lambda: int(
                ((users["language_code"] == "ru") & users["unreachable_reason"].isna()).sum()
            ),
            "got a message": lambda: among(sent.loc[got & (sent["message_id"] == 40), "user_id"]),
            "none in 60 days": lambda: fewer(got & (sent["sent_at"] >= since), 1),
            "under 2 in 150 days": lambda: fewer(got & (sent["sent_at"] >= long_since), 2),
            "under 8 ever": lambda: fewer(got, 8),
        }

    def search(self, words: str) -> int:
        users = self.users
        found = users["lower_username"].str.startswith(words, na=False)
        for name in ("first_name", "last_name"):
            found |= users[f"lower_{name}"].str.startswith(words, na=False)
        return int(found.sum())


class Sqlite:
    """The main database's own tables and indexes, and more over lower-case names and attributes."""

    def __init__(self, engine: Engine) -> None:
        began = time.perf_counter()
        self.connection = engine.raw_connection()
        self.run = self.connection.cursor().execute
        self.run("CREATE TEMPORARY TABLE found (word text, user_id integer)")
        for name in ("username", "first_name", "last_name"):
            self.run(f"INSERT INTO found SELECT hsl_lower({name}), user_id FROM users "
                     f"WHERE {name} IS NOT NULL")  # fmt: skip
        self.run("CREATE INDEX found_word ON found (word, user_id)")
        self.run("CREATE TEMPORARY TABLE attributes AS SELECT user_id, "
                 "json_extract(attributes, '$.city') AS city, "
                 "json_extract(attributes, '$.level') AS level FROM users")  # fmt: skip
        self.run("CREATE INDEX attributes_city ON attributes (city, level, user_id)")
        self.took = time.perf_counter() - began

    def questions(self, since: datetime, long_since: datetime) -> dict[str, Question]:
        inside = (
            "user_id IN (SELECT user_id FROM enrollments "
            "WHERE course_stream = '{}_stream' AND status IS NOT 'left')"
        )
        got = "SELECT user_id FROM message_recipients WHERE delivery_status IN ('sent', 'deleted')"
        after = "sent_at >= '{:%Y-%m-%d %H:%M:%S}'"
        few = "user_id NOT IN ({} GROUP BY user_id HAVING count(*) >= {})"
        return {
            name: self._counter(where)
            for name, where in {
                "in one stream": inside.format("4th"),
                "in both of two": f"{inside.format('4th')} AND {inside.format('5th')}",
                "in no stream": "user_id NOT IN (SELECT user_id FROM enrollments "
                "WHERE status IS NOT 'left')",
                "two attributes": "user_id IN (SELECT user_id FROM attributes "
                "WHERE city = 'City 3' AND level IN (3, 4, 5))",
                "language, reachable": "language_code = 'ru' AND unreachable_reason IS NULL",
                "got a message": f"user_id IN ({got} AND message_id = 40)",
                "none in 60 days": f"user_id NOT IN ({got} AND {after.format(since)})",
                "under 2 in 150 days": few.format(f"{got} AND {after.format(long_since)}", 2),
                "under 8 ever": few.format(got, 8),
            }.items()
        }

    def search(self, words: str) -> int:
        sql = "SELECT count(DISTINCT user_id) FROM found WHERE word >= ? AND word < ?"
        return int(self.run(sql, (words, words + "\U0010ffff")).fetchone()[0])

    def _counter(self, where: str) -> Question:
        sql = f"SELECT count(*) FROM users WHERE {where}"
        return lambda: int(self.run(sql).fetchone()[0])


class Plain:
    """Lists and dictionaries of people, built at each start."""

    def __init__(self, store: Store) -> None:
        columns = (
            "user_id, username, first_name, last_name, language_code, unreachable_reason, "
            '"a:city", "a:level"'
        )
        with store.cursor() as cursor:
            rows = cursor.execute(f"SELECT {columns} FROM users").fetchall()
            places = cursor.execute(f"SELECT course_stream, user_id FROM {PLACES}").fetchall()
        began = time.perf_counter()
        self.people = rows
        self.streams: dict[str, set[int]] = defaultdict(set)
        for stream, number in places:
            self.streams[stream].add(number)
        self.names = [
            (number, (username or "").lower(), (first or "").lower(), (last or "").lower())
            for number, username, first, last, *_ in rows
        ]
        self.took = time.perf_counter() - began

    def questions(self, _since: datetime, _long_since: datetime) -> dict[str, Question]:
        people, streams = self.people, self.streams
        enrolled = set().union(*streams.values())
        return {
            "in one stream": lambda: len(streams["4th_stream"]),
            "in both of two": lambda: len(streams["4th_stream"] & streams["5th_stream"]),
            "in no stream": lambda: sum(p[0] not in enrolled for p in people),
            "two attributes": lambda: sum(
                p[6] == "City 3" and p[7] in {"3", "4", "5"} for p in people
            ),
            "language, reachable": lambda: sum(p[4] == "ru" and p[5] is None for p in people),
        }

    def search(self, words: str) -> int:
        return sum(
            username.startswith(words) or first.startswith(words) or last.startswith(words)
            for _, username, first, last in self.names
        )
