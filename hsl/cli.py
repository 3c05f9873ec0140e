"""The command line: `python -m hsl COMMAND`. Exit status 0, 1 (failed) or 2 (usage)."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hsl import (
    __version__,
    audience_commands,
    database,
    dispatch,
    moving,
    people,
    sending,
    sourcing,
    status,
)
from hsl.archive import ArchiveError
from hsl.archive import command as archive_command
from hsl.audience import importer
from hsl.audience.sources.errors import SourceError
from hsl.delivery import changes, history, outbox, recurring, steering, sums, texts
from hsl.reports import command as report_command
from hsl.reports.figures import ReportError
from hsl.sandbox.options import SandboxOptions
from hsl.settings import Settings, SettingsError, get_settings

ACTOR = "operator"
LISTED = 10_000  # uncertain recipients
SANDBOX_WORDS = {
    "rate": "messages a second of one bot",
    "tolerance": "messages of one bot that may come early",
    "chat_rate": "messages a second to one chat",
    "latency": "seconds an answer takes",
    "blocked_share": "share of people who blocked the bot, 0 to 1",
    "deactivated_share": "share of people who are gone",
    "never_started_share": "share of people who never started the bot",
    "revoked": "refuse the token, as if it were revoked",
    "no_stars": "take no paid broadcast",
    "fail_next": "answer so many sends with 502",
    "drop_before_next": "hang up on so many sends before accepting them",
    "drop_after_next": "accept so many sends, then hang up",
    "garble_next": "accept so many sends, and answer with rubbish",
    "refuse_for": "ask the next send to wait so many seconds",
}


class UsageError(ValueError):
    """The command's words do not fit together; exit status 2."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parsed = _parser().parse_args(arguments)
    try:
        settings = get_settings()
        ended = int(parsed.run(parsed, settings) or 0)
        sys.stdout.flush()
        return ended
    except BrokenPipeError:
        # Who reads has seen enough, as `head` does. Python flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (SettingsError, UsageError) as error:
        print(f"hsl: {error}", file=sys.stderr)
        return 2
    except (
        database.DatabaseError,
        outbox.OutboxError,
        importer.ImportRefused,
        moving.MoveError,
        *audience_commands.ERRORS,
        SourceError,
        ArchiveError,
        ReportError,
        OSError,
    ) as error:
        print(f"hsl: {error}", file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or type(error).__name__
        print(f"hsl: the database fails: {cause}. Try `python -m hsl doctor`.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hsl", description="Write to the people of a course through a Telegram bot."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[..., Any], words: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(run=run)
        return command

    add(
        "up",
        _up,
        "Migrate, then run the pages and the scheduler (and the sandbox without a token).",
    )
    add("web", _web, "Run the pages alone.")
    add("scheduler", _scheduler, "Run a scheduler alone: it sends what is due.")
    _add_sandbox(add("sandbox", _sandbox, "Run the local Bot API server alone."))
    command = add("import", _import, "Add or update people from CSV, Parquet, Excel or JSON lines.")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command = add("people", _people, "Count and list people, or those of an expression.")
    people.add_where(command)
    command.add_argument("--limit", type=int, default=people.LISTED, metavar="N", help="list N")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    sourcing.add_commands(
        add("source", _source, "People from where they are, again and again: a query or files.")
    )
    _add_send(add("send", _send, "Send a message now, or schedule it."))
    command = add("status", _status, "Show one message's state, or the last messages.")
    command.add_argument("id", type=int, nargs="?", metavar="ID")
    command.add_argument("--json", action="store_true", help="print JSON")
    for name, run, words in (
        ("pause", _pause, "Pause a message; nobody is sent to until it is resumed."),
        ("resume", _resume, "Go on with a paused message."),
        ("cancel", _cancel, "Cancel a message for everybody who was not sent to yet."),
        ("retry", _retry, "Try a finished message's failed recipients again."),
    ):
        command = add(name, run, words)
        command.add_argument("id", type=int, metavar="ID")
        if name == "retry":
            command.add_argument("--reason", action="append", default=[], help="only these reasons")
    command = add("uncertain", _uncertain, "Those whose answer was lost: list or settle them.")
    command.add_argument("id", type=int, metavar="ID")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--mark-delivered", action="store_true", help="take them for delivered")
    how.add_argument(
        "--send-again", action="store_true", help="send to them once more: some may get it twice"
    )
    command.add_argument("--user", type=int, action="append", default=[], metavar="ID")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.add_argument("--json", action="store_true", help="print JSON")
    command = add("edit", _edit, "Change a message for those still to come, or where it arrived.")
    command.add_argument("id", type=int, metavar="ID")
    text = command.add_mutually_exclusive_group(required=True)
    text.add_argument("--text", metavar="T", help="its text, or the caption of its file")
    text.add_argument("--text-file", type=Path, metavar="F")
    sending.add_buttons(command)
    command.add_argument(
        "--sent", action="store_true", help="in the chats where it arrived, by a run of its own"
    )
    command = add("delete", _delete, "Delete a message from the chats where it arrived (48 hours).")
    command.add_argument("id", type=int, metavar="ID")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command = add("rules", _rules, "List the messages that go again and again.")
    command.add_argument("--json", action="store_true", help="print JSON")
    command = add("stop", _stop, "Stop a rule, and cancel the message that it made ahead.")
    command.add_argument("id", type=int, metavar="RULE")
    audience_commands.add(add, actor=ACTOR, engine_of=_engine, fail=_fail)
    command = add(
        "migrate-to",
        _migrate_to,
        "Copy everything from SQLite into an empty PostgreSQL database, and compare every row.",
    )
    command.add_argument("address", metavar="postgresql+psycopg://…")
    command.add_argument("--json", action="store_true", help="print JSON")
    command = add("archive", _archive, "Move old recipients' rows into files, or back.")
    archive_command.add_options(command)
    command = add("report", _report, "Write what became of a message or a period as one HTML file.")
    report_command.add_options(command)
    command = add("person", _person, "Show what one person got, archived messages too.")
    command.add_argument("id", type=int, metavar="ID")
    command.add_argument("--json", action="store_true", help="print JSON")
    command = add("doctor", _doctor, "Check database, token, clock, scheduler and disk.")
    command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _add_sandbox(command: argparse.ArgumentParser) -> None:
    usual = SandboxOptions(latency=0.05)
    command.add_argument("--port", type=int, help="port (HSL_SANDBOX_PORT)")
    command.add_argument("--log", type=Path, help="also write what was accepted to this file")
    for name, words in SANDBOX_WORDS.items():
        value = getattr(usual, name)
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            command.add_argument(flag, action="store_true", help=words)
        else:
            command.add_argument(
                flag, type=type(value), default=value, metavar="N", help=f"{words} ({value:g})"
            )


def _add_send(command: argparse.ArgumentParser) -> None:
    who = command.add_argument_group("who")
    sending.add_who(who)
    what = command.add_argument_group("what")
    one = what.add_mutually_exclusive_group(required=True)
    one.add_argument("--text", metavar="T")
    one.add_argument("--text-file", type=Path, metavar="F")
    one.add_argument("--video", metavar="FILE_ID")
    one.add_argument("--document", metavar="FILE_ID")
    what.add_argument("--caption", default="", metavar="T")
    sending.add_buttons(what)
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
    command.add_argument("--dry-run", action="store_true", help="show what would be sent, and stop")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _engine(settings: Settings) -> Engine:
    engine = database.engine_for(settings)
    database.migrate(engine)
    return engine


def _up(_parsed: argparse.Namespace, settings: Settings) -> int:
    from hsl import up

    return up.run(settings)


def _web(_parsed: argparse.Namespace, settings: Settings) -> None:
    from hsl import web

    _engine(settings).dispose()
    web.run(settings)


def _scheduler(_parsed: argparse.Namespace, settings: Settings) -> None:
    from hsl import scheduler

    _engine(settings).dispose()
    scheduler.run(settings)


def _sandbox(parsed: argparse.Namespace, settings: Settings) -> None:
    from hsl.sandbox import server

    options = SandboxOptions(**{name: getattr(parsed, name) for name in SANDBOX_WORDS})
    server.run(options, port=parsed.port or settings.sandbox_port, log_file=parsed.log)


def _import(parsed: argparse.Namespace, settings: Settings) -> None:
    from tqdm import tqdm

    with tqdm(total=100, unit="%", disable=None, bar_format="{desc} {bar} {n:.0f} %") as bar:

        def progress(share: float, stage: str) -> None:
            bar.set_description_str(stage)
            bar.update(100 * share - bar.n)

        report = importer.import_file(
            _engine(settings),
            parsed.file,
            actor=ACTOR,
            rejects_dir=settings.data_dir,
            progress=progress,
        )
    counted = {
        name: getattr(report, name) for name in ("added", "updated", "unchanged", "rejected")
    }
    if parsed.json:
        where = None if report.rejects_file is None else str(report.rejects_file)
        left_out = list(report.unindexed)
        print(json.dumps({**counted, "rejects_file": where, "unindexed": left_out}))
        return
    print(", ".join(f"{people:,} {word}" for word, people in counted.items()))
    if report.rejects_file is not None:
        print(f"The rejected rows and why: {report.rejects_file}")
    if report.warning:
        print(report.warning)


def _people(parsed: argparse.Namespace, settings: Settings) -> int:
    return people.run(parsed, _engine(settings), _fail)


def _source(parsed: argparse.Namespace, settings: Settings) -> int:
    return sourcing.run(parsed, settings, _engine(settings), fail=_fail)


def _send(parsed: argparse.Namespace, settings: Settings) -> int:
    return sending.run(
        parsed, settings, _engine(settings), fail=_fail, at=_time(parsed.at) if parsed.at else None
    )


def _fail(words: str) -> NoReturn:
    raise UsageError(words)


def _time(words: str) -> datetime:
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        raise UsageError(f"--at {words} is not a time. Write 2026-12-01T10:00+03:00.") from None
    if moment.tzinfo is None:
        raise UsageError(f"--at {words} has no zone. Add one, such as {words}+03:00.")
    return moment


def _status(parsed: argparse.Namespace, settings: Settings) -> None:
    status.run(parsed, settings, _engine(settings))


def _pause(parsed: argparse.Namespace, settings: Settings) -> None:
    steering.pause(_engine(settings), parsed.id, actor=ACTOR)
    print(f"Message {parsed.id} is paused.")


def _resume(parsed: argparse.Namespace, settings: Settings) -> None:
    steering.resume(_engine(settings), parsed.id, actor=ACTOR)
    print(f"Message {parsed.id} goes on.")


def _cancel(parsed: argparse.Namespace, settings: Settings) -> None:
    stopped = steering.cancel(_engine(settings), parsed.id, actor=ACTOR)
    print(f"Message {parsed.id} is cancelled; {stopped:,} people will not get it.")


def _retry(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = _engine(settings)
    back = steering.retry_failed(engine, parsed.id, actor=ACTOR, reasons=tuple(parsed.reason))
    print(f"Message {parsed.id}: {back:,} failed recipients are tried again.")


def _edit(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = _engine(settings)
    message = history.one(engine, parsed.id)
    if message is None:
        raise outbox.OutboxError(f"There is no message {parsed.id}.")
    text = parsed.text if parsed.text_file is None else parsed.text_file.read_text("utf-8")
    before = texts.standing(engine, parsed.id) if parsed.sent else message.content
    before = before or message.content
    buttons = sending.buttons_of(parsed, _fail) or before.buttons
    content = before.model_copy(update={"text": text, "buttons": buttons})
    number = dispatch.save_edit(
        engine, message_id=parsed.id, content=content, in_chats=parsed.sent, author=ACTOR
    )
    if parsed.sent:
        print(f"Message {number} edits message {parsed.id}. See `python -m hsl status {number}`.")
    else:
        print(f"Message {parsed.id} is changed for everybody still to come.")


def _delete(parsed: argparse.Namespace, settings: Settings) -> int:
    engine = _engine(settings)
    question = f"Delete it from {changes.deletable(engine, parsed.id):,} chats for good? [y/N] "
    if not _confirmed(parsed, question):
        print("Nothing was deleted. Add --yes to delete.", file=sys.stderr)
        return 1
    number = changes.delete_sent(engine, parsed.id, actor=ACTOR)
    print(f"Message {number} deletes message {parsed.id}. See `python -m hsl status {number}`.")
    return 0


def _rules(parsed: argparse.Namespace, settings: Settings) -> None:
    rules = recurring.at_work(_engine(settings))
    if parsed.json:
        found = [
            {
                "id": rule.id,
                "rule": rule.repeat.sentence(),
                "next_at": rule.next_at and rule.next_at.isoformat(),
                "next_message": rule.next_message_id,
            }
            for rule in rules
        ]
        print(json.dumps(found))
        return
    for rule in rules:
        first = (rule.text.splitlines() or [""])[0][:40]
        print(f"{rule.id:>6}  {first:<40}  {rule.repeat.sentence()}; next {rule.next_at}")
    if not rules:
        print('No rules. Try: python -m hsl send --all --text T --every "mon 10:00 Europe/Moscow"')


def _stop(parsed: argparse.Namespace, settings: Settings) -> None:
    cancelled = recurring.stop(_engine(settings), parsed.id, actor=ACTOR)
    print(f"Rule {parsed.id} is stopped; {cancelled} scheduled message(s) cancelled.")


def _migrate_to(parsed: argparse.Namespace, settings: Settings) -> None:
    from tqdm import tqdm

    if not parsed.address.startswith("postgresql"):
        raise UsageError("migrate-to needs an address such as postgresql+psycopg://user@host/name.")
    source = database.engine_for(settings)
    if source.dialect.name != "sqlite":
        raise UsageError("The database in use (DATABASE_URL) is PostgreSQL already.")
    with tqdm(unit=" rows", disable=None) as bar:

        def progress(table: str, rows: int) -> None:
            bar.set_description_str(table)
            bar.update(rows)

        moved = moving.move(
            source,
            database.open_engine(parsed.address, archive=settings.archive_dir),
            progress,
        )
    if parsed.json:
        print(json.dumps([asdict(table) for table in moved]))
        return
    for table in moved:
        print(f"{table.name:<20} {table.rows:>12,} rows, equal on both sides ({table.checksum})")
    if database.archive_of(source).exists():
        print(f"Archived rows stay in {database.archive_of(source)}: keep HSL_DATA_DIR as it is.")
    print("Now set DATABASE_URL to the new address, and start nothing on the old database again.")


def _archive(parsed: argparse.Namespace, settings: Settings) -> int:
    return archive_command.run(parsed, settings, _engine(settings), actor=ACTOR)


def _report(parsed: argparse.Namespace, settings: Settings) -> None:
    report_command.run(parsed, settings, _engine(settings), fail=_fail)


def _person(parsed: argparse.Namespace, settings: Settings) -> None:
    found = history.of_person(_engine(settings), parsed.id)
    if parsed.json:
        print(json.dumps([{**asdict(one), "at": one.at.isoformat()} for one in found]))
        return
    for one in found:
        when = one.at.astimezone(settings.zone)
        outcome = sums.REASON_WORDS.get(one.reason or "", one.reason) or one.status
        print(f"{one.message_id:>6}  {when:%Y-%m-%d %H:%M %Z}  {outcome:<22}  {one.title}")
    if not found:
        print(f"No message was ever meant for {parsed.id}.")


def _confirmed(parsed: argparse.Namespace, question: str) -> bool:
    if parsed.yes:
        return True
    return sys.stdin.isatty() and input(question).strip().lower() in {"y", "yes"}


def _uncertain(parsed: argparse.Namespace, settings: Settings) -> int:
    engine, chosen = _engine(settings), tuple(parsed.user)
    if history.one(engine, parsed.id) is None:
        raise outbox.OutboxError(
            f"There is no message {parsed.id}. `python -m hsl status` lists them."
        )
    if parsed.mark_delivered:
        settled = steering.mark_delivered(engine, parsed.id, actor=ACTOR, user_ids=chosen)
        words = f"{settled:,} uncertain recipients count as delivered now."
    elif parsed.send_again:
        question = "Some of them may get it twice. Send again? [y/N] "
        if not _confirmed(parsed, question):
            print("Nothing was sent. Add --yes to send again.", file=sys.stderr)
            return 1
        settled = steering.send_again(engine, parsed.id, actor=ACTOR, user_ids=chosen)
        words = f"{settled:,} uncertain recipients are sent to once more."
    else:
        _list_uncertain(parsed, engine, chosen)
        return 0
    print(json.dumps({"settled": settled}) if parsed.json else f"Message {parsed.id}: {words}")
    return 0


def _list_uncertain(parsed: argparse.Namespace, engine: Engine, chosen: tuple[int, ...]) -> None:
    table, total = history.recipients(engine, parsed.id, status="uncertain", limit=LISTED)
    if chosen:
        table = table[table["user_id"].isin(chosen)]
        total = len(table)
    if parsed.json:
        print(json.dumps([int(number) for number in table["user_id"]]))
        return
    if not total:
        print(f"Message {parsed.id} has no such uncertain recipients.")
        return
    print(f"{total:,} recipients may or may not have got it: the answer to their request was lost.")
    for row in table.fillna("").to_dict("records"):
        print(f"{row['user_id']}  {row['first_name']}  {row['error_description']}")
    if total > len(table):
        print(f"… and {total - len(table):,} more. The message's page has them all as CSV.")


def _doctor(parsed: argparse.Namespace, settings: Settings) -> int:
    from hsl import doctor

    checks = doctor.examine(settings)
    if parsed.json:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        for check in checks:
            words = check.detail if check.ok else f"{check.detail} {check.remedy}"
            print(f"{'ok ' if check.ok else 'NOT'}  {check.name}: {words}")
    return 0 if all(check.ok for check in checks) else 1
