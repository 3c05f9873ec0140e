"""What changed in the main database since it was read, into the store.

Everything happens in one transaction of the store, from one moment of the main database:

1. people whose `updated_at` is of lately, and their places; all, where the numbers differ then;
2. messages, all of them, as they are few;
3. recipients who were sent to lately; and of each message whose counters are not the numbers of its
   recipients here, all of them;
4. presses, do-not-message marks and segments' members.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from hsl import models
from hsl.quoting import literal
from hsl.warehouse import attributes, histories, loading, names, streams, tables
from hsl.warehouse.archived import Archive
from hsl.warehouse.seen import Seen
from hsl.warehouse.source import Source

# Who wrote a time before may commit after we looked: a large import takes minutes.
PEOPLE_OVERLAP = timedelta(minutes=10)
DELIVERY_OVERLAP = timedelta(minutes=2)
PRIME = 2_147_483_647  # keeps products within 64 bits
COUNTED = {name: literal(status) for status, name in models.COUNTERS.items()}
# A plain sum of ids is the same for many sets of people (1 + 4 = 2 + 3); one of squares of squares
# is not. All three databases reckon it alike.
_MIXED = f"(SELECT segment_id, user_id % {PRIME} AS mixed FROM segment_members) AS m0"
for _round in range(1, 5):
    _MIXED = (
        f"(SELECT segment_id, (mixed * mixed + {_round}) % {PRIME} AS mixed FROM {_MIXED}) "
        f"AS m{_round}"
    )


@dataclass(frozen=True)
class Changes:
    """How many rows were written, by table; people's also when attributes were added."""

    people: int = 0
    recipients: int = 0
    others: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.people + self.recipients + self.others


def refresh(
    store: duckdb.DuckDBPyConnection, source: Source, seen: Seen, archive: Archive
) -> Changes:
    """Bring every table up to `source`, within the caller's transaction.

    Raises TooMuchError where another source should be opened for it.
    """
    people = _people(store, source, seen.read_at - PEOPLE_OVERLAP)
    messages = _messages(store, source)
    recipients = _recipients(store, source, seen.read_at - DELIVERY_OVERLAP, archive)
    others = (
        _presses(store, source, seen.read_at - DELIVERY_OVERLAP)
        + _suppressions(store, source)
        + _members(store, source)
    )
    return Changes(people, recipients, messages + others)


def _people(store: duckdb.DuckDBPyConnection, source: Source, since: datetime) -> int:
    lately = f"updated_at >= {source.moment(since)}"
    source.allow(int(source.answer(f"SELECT count(*) FROM users WHERE {lately}")[0][0]))
    loading.take(store, source, tables.USERS, lately, "raw_people", raw=True)
    # Most of them were read before, as the overlap is read again each time.
    moment = source.typed(tables.USERS, "updated_at")
    store.execute(
        "CREATE TEMPORARY TABLE changed_people AS SELECT * EXCLUDE (moment) FROM "
        f"(SELECT *, {moment} AS moment FROM raw_people) AS r WHERE NOT EXISTS "
        "(SELECT 1 FROM users AS u WHERE u.user_id = r.user_id AND u.updated_at = r.moment)"
    )
    changed = tables.count(store, "changed_people")
    if changed:
        _write_people(store, source, lately)
    store.execute("DROP TABLE raw_people; DROP TABLE changed_people")
    if _as_many(store, source, "users") and _as_many(store, source, "enrollments"):
        return changed
    source.allow(int(source.answer("SELECT count(*) FROM users")[0][0]))
    loading.people(store, source)
    return tables.count(store, "users")


def _write_people(store: duckdb.DuckDBPyConnection, source: Source, lately: str) -> None:
    known = attributes.columns(store)
    taken = {name.lower() for name in known}
    for name in attributes.names(store, "changed_people"):
        if name.lower() not in taken:
            store.execute(f"ALTER TABLE users ADD COLUMN {tables.attribute_column(name)} VARCHAR")
            known.append(name)
    gone = "WHERE user_id IN (SELECT user_id FROM changed_people)"
    store.execute(f"DELETE FROM users {gone}")
    store.execute(
        f"INSERT INTO users BY NAME {loading.split_people(source, known, 'changed_people')}"
    )
    names.renew(store, "changed_people")
    places = f"user_id IN (SELECT user_id FROM users WHERE {lately})"
    loading.take(store, source, tables.ENROLLMENTS, places, "new_places")
    store.execute(f"DELETE FROM enrollments {gone}")
    store.execute(f"INSERT INTO enrollments SELECT * FROM new_places {gone}")
    store.execute("DROP TABLE new_places")
    streams.renew(store, "changed_people")


def _messages(store: duckdb.DuckDBPyConnection, source: Source) -> int:
    loading.take(store, source, tables.MESSAGES, "true", "new_messages")
    store.execute(
        "CREATE TEMPORARY TABLE altered AS SELECT id FROM "
        "(SELECT * FROM new_messages EXCEPT SELECT * FROM message_history) "
        "UNION ALL SELECT id FROM message_history WHERE id NOT IN (SELECT id FROM new_messages)"
    )
    altered = tables.count(store, "altered")
    if altered:
        chosen = "WHERE id IN (SELECT id FROM altered)"
        store.execute(f"DELETE FROM message_history {chosen}")
        store.execute(f"INSERT INTO message_history SELECT * FROM new_messages {chosen}")
    store.execute("DROP TABLE new_messages")
    return altered


def _recipients(
    store: duckdb.DuckDBPyConnection,
    source: Source,
    since: datetime,
    archive: Archive,
) -> int:
    row = store.execute(
        "SELECT epoch(min(sending_at)) FROM message_recipients WHERE delivery_status = 'sending'"
    ).fetchone()
    if row is not None and row[0] is not None:
        # What was on its way when it was read has an outcome by now.
        since = min(since, datetime.fromtimestamp(row[0], since.tzinfo))
    lately = f"sending_at >= {source.moment(since)} AND {tables.VISIBLE}"
    source.allow(
        int(source.answer(f"SELECT count(*) FROM message_recipients WHERE {lately}")[0][0])
    )
    loading.take(store, source, tables.RECIPIENTS, lately, "latest")
    store.execute("CREATE TEMPORARY TABLE touched (user_id BIGINT)")
    changed = _write_latest(store)
    store.execute("INSERT INTO altered SELECT DISTINCT message_id FROM latest; DROP TABLE latest")
    if archive.is_incomplete(source):
        store.execute(f"INSERT INTO altered {loading.WITHOUT_ROWS}")
    wrong = _wrong(store)
    store.execute("DROP TABLE altered")
    if wrong:
        changed += _again(store, source, wrong, archive)
    if tables.count(store, "touched"):
        histories.renew(store, "touched")
    store.execute("DROP TABLE touched")
    return changed


def _write_latest(store: duckdb.DuckDBPyConnection) -> int:
    store.execute(
        "CREATE TEMPORARY TABLE new_outcomes AS "
        "SELECT * FROM latest EXCEPT SELECT * FROM message_recipients "
        "WHERE message_id IN (SELECT message_id FROM latest)"
    )
    changed = tables.count(store, "new_outcomes")
    if changed:
        store.execute(
            "DELETE FROM message_recipients AS r USING new_outcomes AS n "
            "WHERE r.message_id = n.message_id AND r.user_id = n.user_id"
        )
        store.execute("INSERT INTO message_recipients FROM new_outcomes ORDER BY sending_at")
        store.execute("INSERT INTO touched SELECT DISTINCT user_id FROM new_outcomes")
    store.execute("DROP TABLE new_outcomes")
    return changed


def _wrong(store: duckdb.DuckDBPyConnection) -> list[int]:
    """The altered messages whose counters are not the numbers of their recipients here."""
    counters = ("total_recipients", *COUNTED)
    differ = " OR ".join(f"coalesce(m.{name}, 0) <> coalesce(r.{name}, 0)" for name in counters)
    counted = sums("message_id IN (SELECT id FROM altered)")
    rows = store.execute(
        "SELECT id FROM (SELECT DISTINCT id FROM altered) "
        "LEFT JOIN message_history AS m USING (id) "
        f"LEFT JOIN ({counted}) AS r ON r.message_id = id WHERE {differ}"
    ).fetchall()
    return sorted(int(number) for (number,) in rows)


def sums(where: str = "true") -> str:
    """A select of message_history's counters as they are counted over recipients."""
    counted = ", ".join(
        f"count(*) FILTER (delivery_status = {status}) AS {name}"
        for name, status in COUNTED.items()
    )
    return (
        f"SELECT message_id, count(*) AS total_recipients, {counted} FROM message_recipients "
        f"WHERE {where} GROUP BY message_id"
    )


def _again(
    store: duckdb.DuckDBPyConnection,
    source: Source,
    messages: list[int],
    archive: Archive,
) -> int:
    """Read all recipients of these messages."""
    listed = ", ".join(map(str, messages))
    chosen = f"message_id IN ({listed}) AND {tables.VISIBLE}"
    source.allow(
        int(source.answer(f"SELECT count(*) FROM message_recipients WHERE {chosen}")[0][0])
    )
    found = loading.take(store, source, tables.RECIPIENTS, chosen, "all_of_them")
    of_them = f"FROM message_recipients WHERE message_id IN ({listed})"
    store.execute(f"INSERT INTO touched SELECT DISTINCT user_id {of_them}")
    store.execute(f"DELETE {of_them}")
    store.execute("INSERT INTO message_recipients FROM all_of_them ORDER BY message_id, sending_at")
    store.execute("DROP TABLE all_of_them")
    loading.from_archive(store, source, archive)
    store.execute(f"INSERT INTO touched SELECT DISTINCT user_id {of_them}")
    return found


def _presses(store: duckdb.DuckDBPyConnection, source: Source, since: datetime) -> int:
    lately = f"pressed_at >= {source.moment(since)}"
    loading.take(store, source, tables.PRESSES, lately, "new_presses")
    row = store.execute(
        "INSERT INTO button_presses SELECT * FROM new_presses ANTI JOIN button_presses "
        "USING (message_id, user_id, button)"
    ).fetchone()
    store.execute("DROP TABLE new_presses")
    if not _as_many(store, source, "button_presses"):
        source.allow(int(source.answer("SELECT count(*) FROM button_presses")[0][0]))
        loading.whole(store, source, tables.PRESSES)
        return tables.count(store, "button_presses")
    return int(row[0]) if row else 0


def _suppressions(store: duckdb.DuckDBPyConnection, source: Source) -> int:
    loading.take(store, source, tables.SUPPRESSIONS, "true", "new_marks")
    row = store.execute(
        "SELECT count(*) FROM ((FROM new_marks EXCEPT FROM suppressions) "
        "UNION ALL (FROM suppressions EXCEPT FROM new_marks))"
    ).fetchone()
    changed = int(row[0]) if row else 0
    if changed:
        store.execute("DELETE FROM suppressions; INSERT INTO suppressions FROM new_marks")
    store.execute("DROP TABLE new_marks")
    return changed


def _members(store: duckdb.DuckDBPyConnection, source: Source) -> int:
    """Read the segments anew whose number of members, or checksum of their ids, is another."""
    sql = f"SELECT segment_id, count(*), CAST(sum(mixed) AS {{}}) FROM {_MIXED} GROUP BY segment_id"
    theirs = {row[0]: (int(row[1]), int(row[2])) for row in source.answer(sql.format("text"))}
    ours = {
        row[0]: (int(row[1]), int(row[2]))
        for row in store.execute(sql.format("VARCHAR")).fetchall()
    }
    changed = sorted(n for n in theirs.keys() | ours.keys() if theirs.get(n) != ours.get(n))
    if not changed:
        return 0
    listed = ", ".join(map(str, changed))
    source.allow(sum(theirs.get(number, (0, 0))[0] for number in changed))
    found = loading.take(store, source, tables.MEMBERS, f"segment_id IN ({listed})", "new_members")
    store.execute(f"DELETE FROM segment_members WHERE segment_id IN ({listed})")
    store.execute("INSERT INTO segment_members FROM new_members; DROP TABLE new_members")
    return max(found, 1)


def _as_many(store: duckdb.DuckDBPyConnection, source: Source, table: str) -> bool:
    return tables.count(store, table) == int(source.answer(f"SELECT count(*) FROM {table}")[0][0])
