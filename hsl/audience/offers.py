"""What there is to choose from in a condition, taken from the people and messages themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hsl.order import naturally
from hsl.warehouse.store import Store
from hsl.words import _

MOST_MESSAGES = 200
TITLE_LENGTH = 40  # characters


@dataclass(frozen=True)
class Message:
    """A message that people were sent."""

    id: int
    title: str
    started_at: datetime


@dataclass(frozen=True)
class Offers:
    """Statuses of enrolments, reasons of being unreachable, messages (newest first), buttons."""

    statuses: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    buttons: tuple[str, ...] = ()


def offers(store: Store) -> Offers:
    """What the store holds at this moment."""
    rows = store.frame(
        f"""SELECT id, message_text, started_at FROM message_history
        WHERE action = 'send' AND started_at IS NOT NULL
        ORDER BY started_at DESC, id DESC LIMIT {MOST_MESSAGES}"""
    )
    return Offers(
        statuses=_values(store, "SELECT DISTINCT status FROM enrollments"),
        reasons=_values(store, "SELECT DISTINCT unreachable_reason FROM users"),
        messages=tuple(
            Message(int(row["id"]), _title(row["message_text"]), row["started_at"].to_pydatetime())
            for row in rows.to_dict("records")
        ),
        buttons=_values(store, "SELECT DISTINCT button FROM button_presses"),
    )


def _values(store: Store, sql: str) -> tuple[str, ...]:
    found: Sequence[object] = store.frame(sql).iloc[:, 0].dropna().tolist()
    return tuple(naturally(str(value) for value in found))


def _title(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), _("no text"))
    return first if len(first) <= TITLE_LENGTH else f"{first[: TITLE_LENGTH - 1]}…"
