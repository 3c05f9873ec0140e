"""Tests of a message before it goes: the exact content, to a few, by the road of every message.

A test is an ordinary individual message with the action `test`. So it is paced, recorded and shown
like any other, and is none of what is counted: no figure, chart, report, cohort or frequency cap
asks for that action, as what testers get says nothing about the people of a course. Whoever has a
do-not-message mark gets no test either; exclusion lists and the cap do not hold for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select

from hsl import database, models
from hsl.acting import Permission, needs
from hsl.audience import policy
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import outbox
from hsl.message import placeholders, testing
from hsl.message.content import Content, Translation
from hsl.models import Action, DeliveryStatus, RecipientType
from hsl.settings import Settings
from hsl.words import _

History, Recipients, People = models.message_history, models.message_recipients, models.users
LATE_LIMIT = 600.0  # seconds after which a test that nothing sent asks before it goes


@dataclass(frozen=True)
class Outcome:
    """What became of a test for one person; `language` is that of the text they got."""

    message_id: int
    language: str
    user_id: int
    name: str
    status: DeliveryStatus
    reason: str | None
    description: str | None

    @property
    def is_over(self) -> bool:
        """True once nothing more happens by itself."""
        return self.status not in {DeliveryStatus.PENDING, DeliveryStatus.SENDING}


@needs(Permission.WRITE)
def send(
    engine: Engine,
    settings: Settings,
    content: Content,
    testers: Sequence[int],
    *,
    author: str,
    example: Mapping[str, object] | None = None,
) -> list[int]:
    """Send the content to each tester, once in each of its languages; the messages' ids.

    Placeholders are filled from the tester, or from `example` for all of them. All messages are
    made in one transaction. Raises OutboxError, and then nothing was made.
    """
    if not testers:
        raise outbox.OutboxError(_("Nobody is chosen to send the test to. Choose somebody first."))
    if len(testers) > testing.MOST:
        raise outbox.OutboxError(
            _("A test goes to {most} people at most. Choose fewer.", most=testing.MOST)
        )
    if problems := content.check():
        raise outbox.OutboxError(_("Nothing was sent: {why}", why=problems[0].message))
    written = content if example is None else filled(content, example)
    chosen = select(People.c.user_id, People.c.username).where(People.c.user_id.in_(testers))
    audience = Audience(include=(Cohort(user_ids=tuple(testers)),))
    with engine.begin() as connection:
        return [
            outbox.add(
                connection,
                outbox.NewMessage(
                    content=written.for_language(code),
                    people=policy.allowed(chosen),
                    author=author,
                    bot_id=settings.bot_id,
                    recipient_type=RecipientType.INDIVIDUAL,
                    cohort=audience.model_dump(mode="json"),
                    late_limit=LATE_LIMIT,
                    action=Action.TEST,
                ),
            )
            for code in written.languages
        ]


def filled(content: Content, person: Mapping[str, object]) -> Content:
    """The content with this person's values in its placeholders, in every language."""
    return content.model_copy(
        update={
            "text": placeholders.render(content.text, person),
            "translations": {
                code: Translation(text=placeholders.render(said.text, person), buttons=said.buttons)
                for code, said in content.translations.items()
            },
        }
    )


@needs(Permission.NAMES)
def outcomes(engine: Engine, message_ids: Sequence[int]) -> list[Outcome]:
    """What became of these tests, as far as it is known now."""
    statement = (
        select(Recipients, People.c.first_name, History.c.translations)
        .join(History, History.c.id == Recipients.c.message_id)
        .outerjoin(People, People.c.user_id == Recipients.c.user_id)
        .where(Recipients.c.message_id.in_(message_ids))
        .order_by(Recipients.c.message_id, Recipients.c.user_id)
    )
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(statement).all()
    return [
        Outcome(
            message_id=row.message_id,
            language=str((row.translations or {}).get("default_language", "")),
            user_id=row.user_id,
            name=row.first_name or (f"@{row.username}" if row.username else str(row.user_id)),
            status=DeliveryStatus(row.delivery_status),
            reason=row.reason,
            description=row.error_description,
        )
        for row in rows
    ]
