"""The one rule of which files may wait for a later time.

Telegram calls a file_id persistent (core.telegram.org/bots/faq), and its servers find the file
again through a message that holds it. A file that was uploaded here has one, in the team's own
chat; one that was named by its file_id alone may have lost all of its messages by then.
"""

from sqlalchemy import Connection, Engine, select

from hsl import database, models
from hsl.message.content import Content
from hsl.models import MessageType
from hsl.words import N_

Files = models.media_files
MAY_LAPSE = N_(
    "Its file_id may lapse before a later time. Send it now, or upload the file here: what stands "
    "in the team's own chat can wait."
)

ANOTHERS = N_(
    "Its file was uploaded through another bot, and this one cannot send it. Drop the file here "
    "again, or choose that bot."
)


def is_anothers(connection: Connection, bot_id: int, content: Content) -> bool:
    """True where other bots know the content's file_id, and this one does not."""
    if content.message_type is MessageType.TEXT or not content.file_id:
        return False
    found = select(Files.c.bot_id).where(Files.c.file_id == content.file_id)
    owners = {row.bot_id for row in connection.execute(found)}
    return bool(owners) and bot_id not in owners


def can_wait(connection: Connection, bot_id: int, content: Content) -> bool:
    """True for a text, for a file that stands in the team's own chat, and while there is none."""
    if content.message_type is MessageType.TEXT or not content.file_id:
        return True
    found = select(Files.c.id).where(
        Files.c.bot_id == bot_id,
        Files.c.file_id == content.file_id,
        Files.c.message_id.is_not(None),
    )
    return connection.execute(found).first() is not None


def can_be_scheduled(engine: Engine, bot_id: int, content: Content) -> bool:
    """`can_wait`, in a transaction of its own."""
    with database.read_only(engine).begin() as connection:
        return can_wait(connection, bot_id, content)
