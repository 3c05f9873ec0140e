"""`python -m hsl send`: from words on the command line to a message in the outbox."""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Engine

from hsl import bots, dispatch, languages
from hsl.audience import conditions, policy
from hsl.audience.cohort import Audience, Cohort
from hsl.commands import an_id, approving, fail, open_database, people, text_of
from hsl.delivery import outbox, recurring
from hsl.message import button_lines
from hsl.message.content import Button, Content, Translation
from hsl.message.payload import METHODS
from hsl.models import utc_now
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    who = command.add_argument_group("who")
    add_who(who)
    what = command.add_argument_group("what")
    one = what.add_mutually_exclusive_group(required=True)
    one.add_argument("--text", metavar="T")
    one.add_argument("--text-file", type=Path, metavar="F")
    one.add_argument("--photo", metavar="FILE_ID")
    one.add_argument("--video", metavar="FILE_ID")
    one.add_argument("--document", metavar="FILE_ID")
    what.add_argument("--caption", default="", metavar="T")
    add_buttons(what)
    add_translations(what)
    when = command.add_mutually_exclusive_group()
    when.add_argument("--at", metavar="ISO8601", help="when, with its zone; now if left out")
    when.add_argument(
        "--every", metavar='"DAYS TIME ZONE"', help="again and again: mon,thu 10:00 Europe/Moscow"
    )
    command.add_argument(
        "--ignore-cap", metavar="REASON", help="send in spite of HSL_FREQUENCY_CAP; audited"
    )
    command.add_argument("--until", metavar="DATE", help="the last day of --every")
    command.add_argument(
        "--keep-quiet",
        action="store_true",
        help="nobody gets it in their quiet hours (HSL_QUIET_HOURS); they get it in the morning",
    )
    command.add_argument(
        "--late-limit",
        type=float,
        default=outbox.LATE_LIMIT / 60,
        metavar="MINUTES",
        help="if nothing ran at its time, start it at most so late, else pause it and ask (60)",
    )
    command.add_argument("--bot", metavar="NAME", help="which bot sends it; the one in use")
    command.add_argument("--dry-run", action="store_true", help="show what would be sent, and stop")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=_run)


def add_buttons(command: Any) -> None:
    """Add the option `--button` to a parser or a group of one."""
    command.add_argument(
        "--button",
        action="append",
        default=[],
        metavar="ROW:TEXT=ACTION",
        help="ACTION is an address, callback:DATA or copy:TEXT",
    )


def add_translations(command: Any) -> None:
    """Add the options for other languages to a parser or a group of one."""
    command.add_argument(
        "--translation",
        action="append",
        default=[],
        metavar="LANG=FILE",
        help="its text for people whose language this is, such as ru=lesson.ru.html; all others "
        "get the text above",
    )
    command.add_argument(
        "--language", metavar="LANG", help="the language of the text above, such as en"
    )


def translated(parsed: argparse.Namespace, content: Content) -> Content:
    """The content with the languages that the words of `add_translations` give it."""
    said = dict(content.translations)
    for words in parsed.translation:
        code, found, file = words.partition("=")
        code = languages.normalised(code)
        if not found or not languages.is_code(code):
            fail(f"--translation {words} is not LANG=FILE, such as ru=lesson.ru.html")
        before = said.get(code, Translation())
        said[code] = before.model_copy(update={"text": text_of(Path(file))})
    values = {"default_language": parsed.language or content.default_language}
    return Content.model_validate({**dict(content), **values, "translations": said})


def add_who(command: Any) -> None:
    """Add the options that choose people to a parser or a group of one."""
    command.add_argument("--user", type=an_id, action="append", default=[], metavar="ID")
    command.add_argument("--stream", action="append", default=[], metavar="S")
    command.add_argument("--not-enrolled", action="store_true")
    command.add_argument("--segment", metavar="NAME", help="who is in this segment")
    people.add_where(command)
    command.add_argument("--all", action="store_true", help="everybody")
    command.add_argument(
        "--not-delivered", type=an_id, metavar="ID", help="who did not get message ID"
    )
    command.add_argument("--delivered", type=an_id, metavar="ID", help="who got message ID")


def buttons_of(parsed: argparse.Namespace) -> tuple[tuple[Button, ...], ...]:
    """The rows of buttons that the words of `--button` make."""
    try:
        return button_lines.numbered_rows(parsed.button)
    except button_lines.LineError as words:
        fail(f"--button {words} is not ROW:TEXT=ACTION, such as 1:Join=https://example.org")


def _run(parsed: argparse.Namespace, settings: Settings) -> int:
    """Check, show, ask, and put the message into the outbox."""
    engine, at = open_database(settings), _time(parsed.at) if parsed.at else None
    settings = bots.speaking(engine, settings, parsed.bot)
    audience = audience_of(parsed, engine)
    if parsed.ignore_cap is not None:
        if not parsed.ignore_cap.strip():
            fail('--ignore-cap needs a reason, such as "the lesson is off".')
        audience = audience.model_copy(update={"ignore_cap": parsed.ignore_cap.strip()})
    content = _content(parsed)
    if parsed.until and not parsed.every:
        fail("--until is the last day of --every. Add --every, or leave it out.")
    rule = recurring.Repeat.parse(parsed.every, parsed.until) if parsed.every else None
    first = at if rule is None else rule.after(utc_now())
    found = dispatch.look(engine, settings, content, audience, at=first)
    if not found.may_go:
        raise outbox.OutboxError("; ".join(problem.message for problem in found.problems))
    total, unreachable, seconds = found.people, found.unreachable, found.seconds
    lost = f"; {unreachable:,} of them unreachable" if unreachable else ""
    summary = f"{total:,} people: {audience.sentence()}{lost}"
    summary += f"; {policy.sentence(found.left_out)}" if found.left_out else ""
    if content.translations:
        parts = [f"{code or 'default'} {people:,}" for code, people in found.languages.items()]
        summary += f"; by language: {', '.join(parts)}"
    facts = {
        "total_recipients": total, "unreachable": unreachable, "left_out": found.left_out,
        **({"languages": found.languages} if content.translations else {}),
    }  # fmt: skip
    quiet = dispatch.quiet_warning(settings, at, keep_quiet=parsed.keep_quiet)
    for warning in [*found.warnings, *([quiet] if quiet and rule is None else [])]:
        print(warning, file=sys.stderr)
    if parsed.dry_run:
        waits = " It would wait for a second person's approval." if found.needs_approval else ""
        _say(
            parsed,
            {**facts, "seconds": seconds, "needs_approval": found.needs_approval},
            f"Would go to {summary}. It would take about {seconds:.0f} s.{waits} Nothing was made.",
        )
        return 0
    if not parsed.yes and not _agreed(summary, seconds):
        print("Nothing was sent.")
        return 1
    if not 0 <= parsed.late_limit < float("inf"):
        fail(f"--late-limit {parsed.late_limit:g} is no number of minutes. Write 60.")
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
    waits = approving.wait_of(engine, message_id)
    _say(
        parsed,
        {"id": message_id, **facts, "waits_for_approval": bool(waits)},
        f"Message {message_id} to {summary} {when}.{waits} "
        f"See `python -m hsl status {message_id}`.",
    )
    return 0


def audience_of(parsed: argparse.Namespace, engine: Engine) -> Audience:
    """Whom the words of `add_who` choose: what is said of people must all hold."""
    said = people.cohort_of(engine, parsed.where) if parsed.where else Cohort()
    segment = _segment(parsed.segment) if parsed.segment else None
    places = Cohort(
        where=conditions.all_of(*[part for part in (segment, said.where) if part is not None]),
        streams=tuple(parsed.stream),
        not_enrolled=parsed.not_enrolled,
        everyone=parsed.all,
        got_message=parsed.delivered,
        missed_message=parsed.not_delivered,
    )
    named = Cohort(user_ids=tuple(dict.fromkeys(parsed.user)))
    audience = Audience(include=tuple(c for c in (places, named) if not c.is_empty))
    if audience.is_empty:
        fail(
            "Nobody is chosen. Add --where, --stream, --user, --segment, --not-enrolled, "
            "--not-delivered or --all."
        )
    return audience


def _segment(name: str) -> conditions.Segment:
    try:
        return conditions.Segment(name=name)
    except ValidationError:
        fail("--segment: no segment has such a name. `python -m hsl segment list` shows them.")


def _content(parsed: argparse.Namespace) -> Content:
    return translated(parsed, _in_one_language(parsed))


def _in_one_language(parsed: argparse.Namespace) -> Content:
    lines = buttons_of(parsed)
    for kind in METHODS:
        file_id = getattr(parsed, kind.value)
        if file_id:
            return Content(message_type=kind, file_id=file_id, text=parsed.caption, buttons=lines)
    if parsed.caption:
        fail("--caption goes with --photo, --video or --document. Write it into --text.")
    text = parsed.text if parsed.text_file is None else text_of(parsed.text_file)
    return Content(text=text, buttons=lines)


def _time(words: str) -> datetime:
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        fail(f"--at {words} is not a time. Write 2026-12-01T10:00+03:00.")
    if moment.tzinfo is None:
        fail(f"--at {words} has no zone. Add one, such as {words}+03:00.")
    if not 1970 < moment.year < 2200:
        fail(f"--at {words} is no year in which to send. Write 2026-12-01T10:00+03:00.")
    return moment


def _agreed(summary: str, seconds: float) -> bool:
    if not sys.stdin.isatty():
        fail("Nobody can be asked here. Add --yes to send, or --dry-run to look.")
    answer = input(f"Send to {summary}, in about {seconds:.0f} s? [y/N] ")
    return answer.strip().lower() in {"y", "yes"}


def _say(parsed: argparse.Namespace, values: dict[str, object], words: str) -> None:
    print(json.dumps(values) if parsed.json else words)
