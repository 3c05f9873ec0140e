"""The audit's chain: each entry's hash is over all that it says and the hash of the one before.

Whoever changes, removes, adds or moves an entry breaks it. The head says where it ends. Whoever
owns the database could write all of it anew; a head that is kept elsewhere (`head`) tells that too.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, update

from hsl import database, models
from hsl.words import _

TURN = 7_305_013  # of writing at the end of the chain
AT_ONCE = 10_000  # entries read at a time
MOST = 20  # faults that are told
KEPT = 1_000  # faults that are kept; others are counted, so that any chain fits into memory
FIELDS = (
    "id",
    "at",
    "actor",
    "action",
    "object_type",
    "object_id",
    "details",
    "way",
    "address",
    "account_id",
    "previous_hash",
)
Log, Heads = models.audit_log, models.audit_head


@dataclass(frozen=True)
class NewEntry:
    """What is to be written: all of an entry but its place in the chain."""

    at: datetime
    actor: str
    action: str
    object_type: str | None
    object_id: str | None
    details: dict[str, Any]
    way: str | None
    address: str | None
    account_id: int | None


@dataclass(frozen=True)
class Head:
    """The end of the chain: its last entry, how many there are, and the last one's hash."""

    entry_id: int
    entries: int
    hash: str


@dataclass(frozen=True)
class Fault:
    """What is wrong at an entry, in one sentence."""

    entry_id: int | None
    what: str


@dataclass(frozen=True)
class Verdict:
    """What a look at the chain found; `looked` is how many entries, `head` its last one's hash.

    `more` is how many faults there are beside the first KEPT ones, which are in `faults`.
    """

    looked: int
    head: str
    faults: tuple[Fault, ...]
    more: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def add(connection: Connection, entry: NewEntry) -> None:
    """Write it after the last one. No other transaction writes there until this one is over."""
    database.take_turns(connection, TURN)
    last = _head(connection)
    row: dict[str, Any] = {
        **entry.__dict__,
        "details": json.loads(json.dumps(entry.details)),
        "id": last.entry_id + 1,
        "previous_hash": last.hash,
    }
    row["hash"] = hash_of(row)
    connection.execute(insert(Log).values(row))
    head = {"entry_id": row["id"], "entries": last.entries + 1, "hash": row["hash"]}
    if last.entries:
        connection.execute(update(Heads).values(head))
    else:
        connection.execute(insert(Heads).values(id=1, **head))


def head(engine: Engine) -> Head:
    """Where the chain ends now; its hash is empty where there is no entry."""
    with database.read_only(engine).begin() as connection:
        return _head(connection)


def _head(connection: Connection) -> Head:
    found = connection.execute(select(Heads.c.entry_id, Heads.c.entries, Heads.c.hash)).first()
    return Head(0, 0, "") if found is None else Head(found.entry_id, found.entries, found.hash)


def hash_of(row: dict[str, Any]) -> str:
    """SHA-256, in hex, of an entry's FIELDS as JSON that is the same on every database."""
    plain = {name: row[name] for name in FIELDS}
    plain["at"] = plain["at"].isoformat(timespec="microseconds")
    plain["details"] = _plain(plain["details"])
    said = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    """JSON without the difference of 1.0 and 1, which PostgreSQL does not always keep."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def verify(engine: Engine, *, anchor: str | None = None, last: int | None = None) -> Verdict:
    """Look at the whole chain, or at its `last` entries; `anchor` is a head that was kept.

    Everything is read at one moment, so that what is written meanwhile makes no fault, and as it
    is looked at, so that a chain of any length takes the same memory.
    """
    faults: list[Fault] = []
    more = 0
    with database.one_moment(engine) as connection:
        end = _head(connection)
        begins = _begin(connection, last)
        before, looked, found_anchor = "", 0, anchor is None
        for row in _rows(connection, begins):
            if looked == 0 and begins > 0:
                before = row["previous_hash"]
            for fault in _of_entry(row, before):
                if len(faults) < KEPT:
                    faults.append(fault)
                else:
                    more += 1
            before, looked = row["hash"], looked + 1
            found_anchor = found_anchor or before == anchor
        if before != end.hash or (begins == 0 and looked != end.entries):
            faults.append(
                Fault(
                    None,
                    _(
                        "The chain ought to end at entry {entry}, with {count} in all, and ends "
                        "otherwise: entries were removed from its end or put there.",
                        entry=str(end.entry_id),
                        count=str(end.entries),
                    ),
                )
            )
        if not found_anchor:
            faults.append(
                Fault(
                    None,
                    _(
                        "No entry has the hash {anchor}: the chain was cut or written anew.",
                        anchor=str(anchor),
                    ),
                )
            )
    return Verdict(looked, before, tuple(faults), more)


def _begin(connection: Connection, last: int | None) -> int:
    """The id after which the last entries are; 0: all of them."""
    if last is None:
        return 0
    newest = select(Log.c.id).order_by(Log.c.id.desc()).limit(last + 1).subquery()
    found = connection.execute(select(func.count(), func.min(newest.c.id))).one()
    return int(found[1]) if found[0] > last else 0


def _rows(connection: Connection, begins: int) -> Iterator[dict[str, Any]]:
    wanted = select(*(Log.c[name] for name in (*FIELDS, "hash"))).where(Log.c.id > begins)
    rows = connection.execute(
        wanted.order_by(Log.c.id), execution_options={"yield_per": AT_ONCE}
    ).mappings()
    return (dict(row) for row in rows)


def _of_entry(row: dict[str, Any], before: str) -> Iterator[Fault]:
    number, entry = row["id"], str(row["id"])
    if not row["hash"]:
        said = _("Entry {entry} was put in by another way than this program.", entry=entry)
        yield Fault(number, said)
        return
    if row["hash"] != hash_of(row):
        yield Fault(number, _("Entry {entry} was changed after it was written.", entry=entry))
    if row["previous_hash"] != before:
        said = _(
            "Entry {entry} does not follow the one before it: some were removed or moved.",
            entry=entry,
        )
        yield Fault(number, said)
