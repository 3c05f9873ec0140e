"""`python -m hsl edit` and `delete`: a message that is on its way or arrived."""

import argparse
import sys
from pathlib import Path

from hsl import dispatch
from hsl.commands import ACTOR, an_id, approving, confirmed, open_database, send, text_of
from hsl.delivery import changes, history, outbox, texts
from hsl.settings import Settings


def add_edit(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("id", type=an_id, metavar="ID")
    text = command.add_mutually_exclusive_group(required=True)
    text.add_argument("--text", metavar="T", help="its text, or the caption of its file")
    text.add_argument("--text-file", type=Path, metavar="F")
    send.add_buttons(command)
    send.add_translations(command)
    command.add_argument(
        "--sent", action="store_true", help="in the chats where it arrived, by a run of its own"
    )
    command.set_defaults(run=_edit)


def add_delete(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("id", type=an_id, metavar="ID")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(run=_delete)


def _edit(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = open_database(settings)
    message = history.one(engine, parsed.id)
    if message is None:
        raise outbox.OutboxError(f"There is no message {parsed.id}.")
    text = parsed.text if parsed.text_file is None else text_of(parsed.text_file)
    before = texts.standing(engine, parsed.id) if parsed.sent else message.content
    before = before or message.content
    buttons = send.buttons_of(parsed) or before.buttons
    content = before.model_copy(update={"text": text, "buttons": buttons})
    content = send.translated(parsed, content)
    number = dispatch.save_edit(
        engine, message_id=parsed.id, content=content, in_chats=parsed.sent, author=ACTOR
    )
    waits = approving.wait_of(engine, number)
    if parsed.sent:
        print(
            f"Message {number} edits message {parsed.id}.{waits} "
            f"See `python -m hsl status {number}`."
        )
    else:
        print(f"Message {parsed.id} is changed for everybody still to come.{waits}")


def _delete(parsed: argparse.Namespace, settings: Settings) -> int:
    engine = open_database(settings)
    question = f"Delete it from {changes.deletable(engine, parsed.id):,} chats for good? [y/N] "
    if not confirmed(parsed, question):
        print("Nothing was deleted. Add --yes to delete.", file=sys.stderr)
        return 1
    number = changes.delete_sent(engine, parsed.id, actor=ACTOR)
    print(f"Message {number} deletes message {parsed.id}. See `python -m hsl status {number}`.")
    return 0
