"""`python -m hsl send`: from words on the command line to a message in the outbox."""

import argparse
import json
import re
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import Engine

from hsl import dispatch, people
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import outbox, recurring
from hsl.message.content import Button, Content
from hsl.models import MessageType
from hsl.settings import Settings

BUTTON = re.compile(r"(?P<row>\d+):(?P<text>[^=]+)=(?P<action>.+)", re.DOTALL)
Fail = Callable[[str], NoReturn]


def add_buttons(command: Any) -> None:
    """Add the option `--button` to a parser or a group of one."""
    command.add_argument(
        "--button",
        action="append",
        default=[],
        metavar="ROW:TEXT=ACTION",
        help="ACTION is an address, callback:DATA or copy:TEXT",
    )


def buttons_of(parsed: argparse.Namespace, fail: Fail) -> tuple[tuple[Button, ...], ...]:
    """The rows of buttons that the words of `--button` make."""
    buttons: dict[int, list[Button]] = {}
    for words in parsed.button:
        match = BUTTON.fullmatch(words)
        if match is None:
            fail(f"--button {words} is not ROW:TEXT=ACTION, such as 1:Join=https://example.org")
        buttons.setdefault(int(match["row"]), []).append(_button(match["text"], match["action"]))
    return tuple(tuple(buttons[row]) for row in sorted(buttons))


def run(
    parsed: argparse.Namespace,
    settings: Settings,
    engine: Engine,
    *,
    fail: Fail,
    at: datetime | None,
) -> int:
    """Check, show, ask, and put the message into the outbox. Returns the exit status."""
    audience = _audience(parsed, engine, fail)
    content = _content(parsed, fail)
    rule = recurring.Repeat.parse(parsed.every, parsed.until) if parsed.every else None
    found = dispatch.look(engine, settings, content, audience)
    if not found.may_go:
        raise outbox.OutboxError("; ".join(problem.message for problem in found.problems))
    total, unreachable, seconds = found.people, found.unreachable, found.seconds
    summary = f"{total:,} people: {audience.sentence()}; {unreachable:,} of them unreachable"
    quiet = dispatch.quiet_warning(settings, at, keep_quiet=parsed.keep_quiet)
    for warning in [*found.warnings, *([quiet] if quiet and rule is None else [])]:
        print(warning, file=sys.stderr)
    if parsed.dry_run:
        _say(
            parsed,
            {"total_recipients": total, "unreachable": unreachable, "seconds": seconds},
            f"Would go to {summary}. It would take about {seconds:.0f} s. Nothing was made.",
        )
        return 0
    if not parsed.yes and not _agreed(summary, seconds, fail):
        print("Nothing was sent.")
        return 1
    late_limit, keep_quiet = 60 * parsed.late_limit, parsed.keep_quiet
    if rule is not None:
        message_id = dispatch.repeat(
            engine,
            settings,
            content=content,
            audience=audience,
            rule=rule,
            author="operator",
            late_limit=late_limit,
            keep_quiet=keep_quiet,
        )
        when = f"goes {rule.sentence()}"
    else:
        message_id = dispatch.send(
            engine,
            settings,
            content=content,
            audience=audience,
            author="operator",
            scheduled_at=at,
            follows_message_id=parsed.not_delivered or parsed.delivered,
            late_limit=late_limit,
            keep_quiet=keep_quiet,
        )
        when = f"is scheduled for {at.isoformat()}" if at else "is in the outbox"
    _say(
        parsed,
        {"id": message_id, "total_recipients": total, "unreachable": unreachable},
        f"Message {message_id} to {summary} {when}. See `python -m hsl status {message_id}`.",
    )
    return 0


def _audience(parsed: argparse.Namespace, engine: Engine, fail: Fail) -> Audience:
    if parsed.segment:
        fail(f"There is no segment {parsed.segment}. Choose people by --stream, --user or --all.")
    said = people.cohort_of(engine, parsed.where, fail) if parsed.where else Cohort()
    places = Cohort(
        where=said.where,
        streams=tuple(parsed.stream),
        not_enrolled=parsed.not_enrolled,
        everyone=parsed.all,
        got_message=parsed.delivered,
        missed_message=parsed.not_delivered,
    )
    named = Cohort(user_ids=tuple(dict.fromkeys(parsed.user)))
    audience = Audience(include=tuple(c for c in (places, named) if not c.is_empty))
    if audience.is_empty:
        fail("Nobody is chosen. Add --where, --stream, --user, --not-enrolled or --all.")
    return audience


def _content(parsed: argparse.Namespace, fail: Fail) -> Content:
    lines = buttons_of(parsed, fail)
    if parsed.video or parsed.document:
        return Content(
            message_type=MessageType.VIDEO if parsed.video else MessageType.DOCUMENT,
            file_id=parsed.video or parsed.document,
            text=parsed.caption,
            buttons=lines,
        )
    text = parsed.text if parsed.text_file is None else parsed.text_file.read_text("utf-8")
    return Content(text=text, buttons=lines)


def _button(text: str, action: str) -> Button:
    if action.startswith("callback:"):
        return Button(text=text, callback_data=action.removeprefix("callback:"))
    if action.startswith("copy:"):
        return Button(text=text, copy_text=action.removeprefix("copy:"))
    return Button(text=text, url=action)


def _agreed(summary: str, seconds: float, fail: Fail) -> bool:
    if not sys.stdin.isatty():
        fail("Nobody can be asked here. Add --yes to send, or --dry-run to look.")
    answer = input(f"Send to {summary}, in about {seconds:.0f} s? [y/N] ")
    return answer.strip().lower() in {"y", "yes"}


def _say(parsed: argparse.Namespace, values: dict[str, object], words: str) -> None:
    print(json.dumps(values) if parsed.json else words)
