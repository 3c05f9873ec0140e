"""The library's rules, on SQLite and on PostgreSQL."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from hsl import models
from hsl.delivery import changes, outbox
from hsl.media import lasting, library
from hsl.media.errors import MediaError
from hsl.message.content import Content
from hsl.models import MessageType, RecipientType

BOT = 1


def keep(engine: Engine, name: str, *, bot: int = BOT, **values: Any) -> library.File:
    kept = {
        "kind": MessageType.PHOTO,
        "file_id": f"id-{len(name)}-{sum(map(ord, name))}",
        "name": name,
        "sha256": f"sha of {name}",
        "chat_id": -7,
        "message_id": 5,
        **values,
    }
    return library.add(engine, bot, kept, actor="anna", action="media_uploaded")


def send(engine: Engine, content: Content, **arguments: Any) -> int:
    with engine.begin() as connection:
        if connection.execute(select(models.users.c.user_id)).first() is None:
            connection.execute(
                insert(models.users),
                {"user_id": 9, "first_name": "P", "attributes": {}, "updated_at": models.utc_now()},
            )
    new = outbox.NewMessage(
        content=content,
        people=select(models.users.c.user_id, models.users.c.username),
        author="anna",
        bot_id=BOT,
        recipient_type=RecipientType.GROUP,
        **arguments,
    )
    return outbox.create(engine, new)


def a_photo(file: library.File) -> Content:
    return Content(message_type=file.kind, file_id=file.file_id, text="See")


def audited(engine: Engine) -> list[str]:
    with engine.begin() as connection:
        log = models.audit_log.c
        rows = connection.execute(
            select(log.action).where(log.object_type == "media").order_by(log.id)
        )
        return [row.action for row in rows]


def names(engine: Engine, **wanted: Any) -> list[str]:
    return [file.name for file in library.listing(engine, BOT, **wanted)[0]]


def test_files_are_found_by_name_and_kind(engine: Engine) -> None:
    keep(engine, "Программа курса.pdf", kind=MessageType.DOCUMENT)
    keep(engine, "lesson 100%.png")
    keep(engine, "lesson_one.png")
    assert names(engine) == ["lesson_one.png", "lesson 100%.png", "Программа курса.pdf"]
    assert names(engine, search="КУРСА прог") == ["Программа курса.pdf"]
    assert names(engine, search="0%") == ["lesson 100%.png"]
    assert names(engine, search="n_o") == ["lesson_one.png"]
    assert names(engine, kind=MessageType.DOCUMENT) == ["Программа курса.pdf"]
    files, total = library.listing(engine, BOT, limit=1, offset=1)
    assert ([file.name for file in files], total) == (["lesson 100%.png"], 3)


def test_a_file_belongs_to_one_bot(engine: Engine) -> None:
    file = keep(engine, "a.png")
    other = keep(engine, "a.png", bot=2)
    assert (other.file_id, other.id == file.id) == (file.file_id, False)
    assert names(engine) == ["a.png"]
    with pytest.raises(MediaError, match="no longer"):
        library.remove(engine, BOT, other.id, actor="anna")


def test_the_same_content_is_kept_once(engine: Engine) -> None:
    first = keep(engine, "a.png", file_id="one")
    again = keep(engine, "b.png", file_id="two", sha256="sha of a.png")
    assert again.id == first.id
    assert names(engine) == ["a.png"]
    assert audited(engine) == ["media_uploaded"]


def test_it_counts_the_messages_that_use_a_file(engine: Engine) -> None:
    file = keep(engine, "a.png")
    assert file.used == 0
    send(engine, a_photo(file))
    send(engine, a_photo(file))
    found = library.find(engine, BOT, file.file_id)
    assert found is not None
    assert found.used == 2


def test_renaming_is_audited_with_both_names(engine: Engine) -> None:
    file = keep(engine, "a.png")
    library.rename(engine, BOT, file.id, " Lesson/1.png ", actor="boris")
    assert names(engine) == ["1.png"]
    with engine.begin() as connection:
        row = connection.execute(
            select(models.audit_log).where(models.audit_log.c.action == "media_renamed")
        ).one()
    assert (row.actor, row.details) == ("boris", {"before": "a.png", "after": "1.png"})
    with pytest.raises(MediaError, match="needs a name"):
        library.rename(engine, BOT, file.id, "  ", actor="boris")


def test_one_that_nothing_uses_is_gone_when_it_is_removed(engine: Engine) -> None:
    file = keep(engine, "a.png")
    library.remove(engine, BOT, file.id, actor="anna")
    assert library.find(engine, BOT, file.file_id) is None
    assert audited(engine) == ["media_uploaded", "media_removed"]


def test_one_that_a_message_uses_is_hidden_and_may_still_wait(engine: Engine) -> None:
    file = keep(engine, "a.png")
    message = send(engine, a_photo(file), scheduled_at=models.utc_now() + timedelta(hours=1))
    library.remove(engine, BOT, file.id, actor="anna")
    assert names(engine) == []
    hidden = library.find(engine, BOT, file.file_id)
    assert hidden is not None
    assert hidden.is_removed
    changes.edit(engine, message, a_photo(file).model_copy(update={"text": "Look"}), actor="anna")
    back = library.uploaded(engine, BOT, "sha of a.png", MessageType.PHOTO, actor="boris")
    assert back is not None
    assert names(engine) == ["a.png"]
    assert audited(engine) == ["media_uploaded", "media_removed", "media_listed_again"]


def test_one_that_a_rule_uses_is_hidden_only(engine: Engine) -> None:
    file = keep(engine, "a.png")
    with engine.begin() as connection:
        connection.execute(
            insert(models.recurring_messages),
            {
                "author": "anna",
                "content": a_photo(file).model_dump(mode="json"),
                "audience": {},
                "weekdays": [0],
                "local_time": "10:00",
                "zone": "UTC",
                "keep_quiet": False,
                "created_at": models.utc_now(),
            },
        )
    library.remove(engine, BOT, file.id, actor="anna")
    assert library.find(engine, BOT, file.file_id) is not None


def test_only_what_stands_in_the_teams_chat_may_wait(engine: Engine) -> None:
    file = keep(engine, "a.png")
    named = keep(engine, "b.png", message_id=None, chat_id=None, sha256=None)
    foreign = keep(engine, "c.png", bot=2)
    unknown = Content(message_type=MessageType.VIDEO, file_id="never-seen")
    soon = models.utc_now() + timedelta(hours=1)
    assert send(engine, a_photo(file), scheduled_at=soon)
    for content in (a_photo(named), a_photo(foreign), unknown):
        assert not lasting.can_be_scheduled(engine, BOT, content)
        with pytest.raises(outbox.OutboxError, match="may lapse before a later time"):
            send(engine, content, scheduled_at=soon)
        assert send(engine, content)
    message = send(engine, Content(text="Hello"), scheduled_at=soon)
    with pytest.raises(outbox.OutboxError, match="Nothing was changed"):
        changes.edit(engine, message, a_photo(named), actor="anna")
