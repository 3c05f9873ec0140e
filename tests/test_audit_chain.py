"""The audit's chain: whole as it is written, broken by whatever is done to it afterwards."""

import json
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from hsl import acting, audit, audit_chain, models
from tests.test_cli import Terminal
from tests.unguarded import forget_audit, unguarded

LOG, HEAD = models.audit_log, models.audit_head


def write(engine: Engine, entries: int = 6) -> None:
    for number in range(entries):
        with engine.begin() as connection:
            details = {"name": "Кино", "rate": 2.0, "large": 1e22, "small": 1e-7, "n": number}
            audit.record(connection, actor="anna", action="tried", details=details)


def write_many(engine: Engine, entries: int) -> None:
    with engine.begin() as connection:
        for number in range(entries):
            details = {"n": number, "text": "x" * 5_000}
            audit.record(connection, actor="anna", action="tried", details=details)


def test_it_is_whole_and_says_from_where(engine: Engine) -> None:
    assert audit_chain.verify(engine).is_whole
    anna = acting.Actor("anna", frozenset(), acting.Way.PAGES, "10.0.0.7", 3)
    with acting.acting_as(anna):
        write(engine, 3)
    verdict = audit_chain.verify(engine)
    assert (verdict.faults, verdict.looked) == ((), 3)
    (entry, *_), _total = audit.entries(engine)
    assert (entry.way, entry.address, entry.account_id) == ("pages", "10.0.0.7", 3)
    assert entry.hash == audit_chain.head(engine).hash == verdict.head


@pytest.mark.parametrize(
    "deed",
    ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "DELETE FROM audit_head",
     "UPDATE audit_head SET entries = 1", "TRUNCATE audit_log", "TRUNCATE audit_head"],
)  # fmt: skip
def test_the_database_refuses(engine: Engine, deed: str) -> None:
    if deed.startswith("TRUNCATE") and engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    write(engine, 2)
    with pytest.raises(DatabaseError, match="only added to"), engine.begin() as connection:
        connection.execute(text(deed))
    assert audit_chain.verify(engine).is_whole


def _move(connection: Connection) -> None:
    for was, becomes in ((2, -1), (3, 2), (-1, 3)):
        connection.execute(update(LOG).where(LOG.c.id == was).values(id=becomes))


def _insert(connection: Connection) -> None:
    row = dict(connection.execute(select(LOG).where(LOG.c.id == 6)).mappings().one())
    row.update(id=7, actor="mallory", previous_hash=row["hash"])
    connection.execute(insert(LOG).values(**{**row, "hash": audit_chain.hash_of(row)}))


DEEDS: dict[str, tuple[Callable[[Connection], object], str]] = {
    "changed": (
        lambda c: c.execute(update(LOG).where(LOG.c.id == 3).values(actor="mallory")),
        "Entry 3 was changed",
    ),
    "changed details": (
        lambda c: c.execute(update(LOG).where(LOG.c.id == 3).values(details={"n": 9})),
        "Entry 3 was changed",
    ),
    "removed": (lambda c: c.execute(delete(LOG).where(LOG.c.id == 3)), "Entry 4 does not follow"),
    "removed first": (lambda c: c.execute(delete(LOG).where(LOG.c.id == 1)), "Entry 2 does not"),
    "removed last": (lambda c: c.execute(delete(LOG).where(LOG.c.id > 4)), "ought to end"),
    "moved": (_move, "Entry 2 "),
    "put in": (_insert, "ought to end"),
    "put in plainly": (
        lambda c: c.execute(
            insert(LOG).values(id=7, at=models.utc_now(), actor="m", action="a", details={})
        ),
        "Entry 7 was put in",
    ),
}


@pytest.mark.parametrize("name", DEEDS)
def test_whatever_is_done_to_it_is_found(engine: Engine, name: str) -> None:
    write(engine)
    deed, says = DEEDS[name]
    with engine.begin() as connection, unguarded(connection):
        deed(connection)
    faults = audit_chain.verify(engine).faults
    assert any(says in fault.what for fault in faults), faults
    assert not audit_chain.verify(engine, last=4).is_whole or name == "removed first"


def test_of_many_faults_some_are_kept_and_all_are_counted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_chain, "KEPT", 4)
    write(engine, 12)
    with engine.begin() as connection, unguarded(connection):
        connection.execute(update(LOG).values(actor="mallory"))
        connection.execute(delete(LOG).where(LOG.c.id == 12))
    verdict = audit_chain.verify(engine)
    assert (verdict.looked, verdict.more) == (11, 7)
    whats = [fault.what for fault in verdict.faults]
    assert len(whats) == 5 and "ought to end" in whats[-1]


def test_it_is_looked_at_as_it_is_read(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain that is ten times as long takes no more memory."""
    monkeypatch.setattr(audit_chain, "AT_ONCE", 20)
    peaks = []
    for more in (100, 900):
        write_many(engine, more)
        tracemalloc.start()
        assert audit_chain.verify(engine).is_whole
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000, peaks


def test_a_chain_written_anew_lacks_the_anchor(engine: Engine) -> None:
    write(engine)
    anchor = audit_chain.head(engine).hash
    write(engine, 1)
    assert audit_chain.verify(engine, anchor=anchor).is_whole
    with engine.begin() as connection:
        forget_audit(connection)
    write(engine)
    assert audit_chain.verify(engine).is_whole
    assert "No entry has the hash" in audit_chain.verify(engine, anchor=anchor).faults[0].what


def test_many_at_once_make_one_chain(engine: Engine) -> None:
    def some(_: int) -> None:
        write(engine, 5)
        with pytest.raises(RuntimeError), engine.begin() as connection:
            audit.record(connection, actor="anna", action="did not happen")
            raise RuntimeError

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(some, range(6)))
    verdict = audit_chain.verify(engine)
    assert (verdict.faults, verdict.looked) == ((), 30)
    with engine.begin() as connection:
        ids = list(connection.execute(select(LOG.c.id).order_by(LOG.c.id)).scalars())
    assert ids == list(range(1, 31))


def test_two_entries_of_one_transaction_follow_each_other(engine: Engine) -> None:
    with engine.begin() as connection:
        audit.record(connection, actor="anna", action="first")
        audit.record(connection, actor="anna", action="second")
    with engine.begin() as connection:
        assert list(connection.execute(select(LOG.c.action).order_by(LOG.c.id)).scalars()) == [
            "first",
            "second",
        ]
    assert audit_chain.verify(engine).is_whole


def test_the_command(engine: Engine, database_address: str, tmp_path: Path) -> None:
    write(engine)
    hsl = Terminal(database_address, tmp_path)
    whole = hsl("audit", "verify", "--json")
    assert (whole.returncode, json.loads(whole.stdout)["whole"]) == (0, True), whole.stderr
    anchor = hsl("audit", "anchor").stdout.strip()
    assert anchor == audit_chain.head(engine).hash
    lines = hsl("audit", "export", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert json.loads(lines[-1])["hash"] == anchor
    with engine.begin() as connection, unguarded(connection):
        connection.execute(delete(LOG).where(LOG.c.id == 2))
    broken = hsl("audit", "verify", "--anchor", anchor)
    assert broken.returncode == 1
    assert "Entry 3 does not follow" in broken.stdout
