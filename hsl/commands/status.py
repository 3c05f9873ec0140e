"""`python -m hsl status`: what became of the messages, and what becomes of one next."""

import argparse
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from hsl import database, dispatch
from hsl.audience import policy
from hsl.audience.cohort import Audience
from hsl.commands import an_id, open_database
from hsl.delivery import deciding, history, outbox, recurring, sums, texts
from hsl.delivery.deciding import Waiting
from hsl.delivery.history import Message
from hsl.models import Action, AudienceMode, MessageStatus
from hsl.settings import Settings

LISTED = 20  # messages


@dataclass(frozen=True)
class State:
    """One message as it stands.

    `expected` is how many it will go to, where that may change; `got` is how many people got which
    version of its text; `waiting` is for what it waits, where it waits for a second person.
    """

    message: Message
    closing: sums.ClosingSum
    progress: dict[str, float | None]
    expected: int | None
    rule: recurring.Rule | None
    got: dict[int, int]
    waiting: Waiting | None

    def for_machines(self) -> dict[str, Any]:
        """What `--json` prints: status, counters and the closing sum."""
        message, closing = self.message, self.closing
        return {
            "id": message.id,
            "title": message.title,
            "action": message.action,
            "is_test": message.is_test,
            "languages": [code for code in message.content.languages if code],
            "changes_message": message.target_message_id,
            "status": message.status,
            "status_reason": message.status_reason,
            "waits_for_approval": message.waits_for_approval,
            "approval_asked_by": self.waiting and self.waiting.asked_by,
            "approval_asked_at": self.waiting and self.waiting.asked_at.isoformat(),
            "to": message.to,
            "author": message.author,
            "version": message.version,
            "got_version": self.got,
            "total_recipients": closing.total,
            "expected_recipients": self.expected,
            "sent": closing.sent,
            "failed": closing.failed,
            "failed_by_reason": closing.failed_by_reason,
            "uncertain": closing.uncertain,
            "pending": closing.pending,
            "sending": closing.in_flight,
            "cancelled": closing.cancelled,
            "deleted": closing.deleted,
            "sum": message.closing.sentence(),
            "left_out": message.left_out,
            "experiment": message.experiment_id,
            "arm": message.arm,
            "scheduled_at": message.scheduled_at.isoformat(),
            "started_at": message.started_at and message.started_at.isoformat(),
            "finished_at": message.finished_at and message.finished_at.isoformat(),
            **self.progress,
        }

    def lines(self, settings: Settings) -> list[str]:
        """What a person reads."""
        message = self.message
        reason = f" ({message.status_reason})" if message.status_reason else ""
        found = [f"Message {message.id}: {message.status}{reason}", message.title]
        to = "" if message.action is not Action.SEND else f"To {message.to}, "
        found.append(f"{to}by {message.author}, {self._when(settings)}")
        if self.waiting is not None:
            found.append(self._for_whom(self.waiting, settings))
        if message.is_test:
            found.append("A test: no figure counts it")
        if message.content.translations:
            codes = [code or "default" for code in message.content.languages]
            found.append(f"In {len(codes)} languages: {', '.join(codes)}")
        if self.rule is not None:
            found.append(f"By rule {self.rule.id}: {self.rule.repeat.sentence()}")
        if message.version > 1:
            found.append(self._versions())
        if self.expected is not None:
            found.append(f"{self.expected:,} people expected: they are chosen when it starts")
            return found
        found.append(message.closing.sentence())
        if message.left_out:
            found.append(f"Beside them: {policy.sentence(message.left_out)}")
        if message.started_at is not None:
            found.append(self._how_far())
        return found

    def _versions(self) -> str:
        went = [f"version {n} went to {people:,}" for n, people in sorted(self.got.items())]
        return f"Its text is version {self.message.version}: {', '.join(went) or 'nobody got one'}"

    def _for_whom(self, waiting: Waiting, settings: Settings) -> str:
        return (
            f"Waits for a second person: {waiting.asked_by} asked on "
            f"{_moment(waiting.asked_at, settings)} to write to {waiting.people:,} people; nobody "
            "is sent to before another account has approved it"
        )

    def _when(self, settings: Settings) -> str:
        message = self.message
        if message.started_at is None:
            return f"for {_moment(message.scheduled_at, settings)}"
        ended = message.finished_at
        return f"started {_moment(message.started_at, settings)}" + (
            f", finished {_moment(ended, settings)}" if ended else ""
        )

    def _how_far(self) -> str:
        words = f"{self.progress['percent']:.1f} % done"
        left = self.progress["seconds_left"]
        if self.message.status == MessageStatus.SENDING:
            words += f", {self.progress['rate']:.1f}/s"
            words += f", about {left:.0f} s left" if left is not None else ""
        return words


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("id", type=an_id, nargs="?", metavar="ID")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = open_database(settings)
    if parsed.id is None:
        _print_last(parsed, engine)
        return
    found = state_of(engine, parsed.id)
    if parsed.json:
        print(json.dumps(found.for_machines()))
    else:
        print("\n".join(found.lines(settings)))


def state_of(engine: Engine, message_id: int) -> State:
    """How this message stands. Raises OutboxError where there is none of this id."""
    message = history.one(engine, message_id)
    if message is None:
        raise outbox.OutboxError(
            f"There is no message {message_id}. `python -m hsl status` lists them."
        )
    with database.read_only(engine).begin() as connection:
        closing = sums.closing_sum(connection, message_id)
    return State(
        message=message,
        closing=closing,
        progress=history.progress(engine, message_id),
        expected=_expected(engine, message),
        rule=recurring.of_message(engine, message_id),
        got=texts.got_by_version(engine, message_id),
        waiting=deciding.of_message(engine, message_id),
    )


def _expected(engine: Engine, message: Message) -> int | None:
    chosen_later = message.audience_mode == AudienceMode.LIVE and message.started_at is None
    if not chosen_later or message.status == MessageStatus.CANCELLED or message.audience is None:
        return None
    return dispatch.count(engine, Audience.model_validate(message.audience)).people


def _print_last(parsed: argparse.Namespace, engine: Engine) -> None:
    messages, total = history.listing(engine, limit=LISTED)
    if parsed.json:
        print(
            json.dumps(
                [
                    {
                        "id": m.id,
                        "status": m.status,
                        "waits_for_approval": m.waits_for_approval,
                        "title": m.title,
                        "sum": _sum(m),
                    }
                    for m in messages
                ]
            )
        )
        return
    for message in messages:
        title = message.title if len(message.title) <= 40 else f"{message.title[:39]}…"
        waits = "waits for approval; " if message.waits_for_approval else ""
        print(f"{message.id:>6}  {message.status:<9}  {title:<40}  {waits}{_sum(message)}")
    if total > len(messages):
        print(f"… and {total - len(messages):,} earlier ones.")
    if not total:
        print('No messages yet. Try: python -m hsl send --stream 4th_stream --text "Hello"')


def _moment(moment: datetime, settings: Settings) -> str:
    return f"{moment.astimezone(settings.zone):%Y-%m-%d %H:%M:%S %Z}"


def _sum(message: Message) -> str:
    if message.closing.total:
        return message.closing.sentence()
    return f"{message.audience_at_creation:,} people when it was made"
