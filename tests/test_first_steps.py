"""The first steps check themselves, and the sample goes without touching anything else."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, update

from hsl import audit, first_steps, models
from hsl.audience import importer
from hsl.first_steps import SampleError, Step
from hsl.models import DeliveryStatus, MessageStatus, RecipientType
from hsl.settings import Settings, load_settings

OWN = 9_001  # a person who is not of the sample
BOT = 123


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("BOT_TOKEN", f"{BOT}:secret")
    return load_settings()


@pytest.fixture
def sample(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first of the sample's people, brought in as the start does it; their ids."""
    lines = first_steps.SAMPLE_FILE.read_text("utf-8").splitlines()
    file = tmp_path / "sample_users.csv"
    file.write_text("\n".join(lines[:41]), "utf-8")
    importer.import_file(engine, file, actor=first_steps.SAMPLE_ACTOR, rejects_dir=tmp_path)
    with file.open(encoding="utf-8") as rows:
        return sorted({int(row["user_id"]) for row in csv.DictReader(rows)})


def add_person(engine: Engine, user_id: int = OWN) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(models.users).values(
                user_id=user_id, first_name="Own", attributes={}, updated_at=models.utc_now()
            )
        )


def add_message(
    engine: Engine, people: list[int], *, bot: int, status: MessageStatus = MessageStatus.SENT
) -> int:
    """A message that these people got, or that waits for them."""
    is_over = status is MessageStatus.SENT
    with engine.begin() as connection:
        message = connection.execute(
            insert(models.message_history)
            .values(
                message_text="Hello",
                message_type="text",
                buttons=[],
                options={},
                version=1,
                action="send",
                author="analyst",
                bot_id=bot,
                status=status,
                recipient_type=RecipientType.INDIVIDUAL,
                audience_mode="frozen",
                audience_at_creation=len(people),
                left_out={},
                keep_quiet=False,
                created_at=models.utc_now(),
                scheduled_at=models.utc_now(),
                total_recipients=len(people),
                successful_deliveries=len(people) if is_over else 0,
                failed_deliveries=0,
                uncertain_deliveries=0,
                cancelled_deliveries=0,
                deleted_deliveries=0,
            )
            .returning(models.message_history.c.id)
        ).scalar_one()
        connection.execute(
            insert(models.message_recipients),
            [
                {
                    "message_id": message,
                    "user_id": person,
                    "delivery_status": DeliveryStatus.SENT if is_over else DeliveryStatus.PENDING,
                    "attempts": 1,
                }
                for person in people
            ],
        )
    return int(message)


def count(engine: Engine, table: object) -> int:
    with engine.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_each_step_is_done_once_it_is_true(engine: Engine, settings: Settings) -> None:
    assert first_steps.look(engine, settings).next is Step.PEOPLE

    add_person(engine)
    assert first_steps.look(engine, settings).next is Step.TO_YOURSELF
    add_message(engine, [OWN], bot=BOT)
    assert first_steps.look(engine, settings).next is Step.FIRST_MESSAGE
    add_person(engine, OWN + 1)
    add_message(engine, [OWN, OWN + 1], bot=BOT)

    progress = first_steps.look(engine, settings)
    assert progress.next is None
    assert progress.is_over


def test_without_a_token_the_first_step_is_to_get_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOT_TOKEN", raising=False)
    assert first_steps.look(engine, load_settings()).next is Step.TOKEN


def test_another_bots_messages_are_no_step_of_this_one(engine: Engine, settings: Settings) -> None:
    add_person(engine)
    add_message(engine, [OWN], bot=first_steps.SANDBOX_BOT)
    assert first_steps.look(engine, settings).next is Step.TO_YOURSELF


def test_made_up_people_alone_are_not_ones_own(
    engine: Engine, settings: Settings, sample: list[int]
) -> None:
    assert first_steps.look(engine, settings).next is Step.PEOPLE
    add_person(engine)
    assert first_steps.look(engine, settings).next is Step.TO_YOURSELF


def test_they_are_dismissed_for_the_whole_house(engine: Engine, settings: Settings) -> None:
    first_steps.dismiss(engine, "anna")
    assert first_steps.look(engine, settings).is_over
    assert audit.entries(engine, action=first_steps.DISMISSED)[0][0].actor == "anna"


def test_the_sample_goes_with_what_only_it_got(engine: Engine, sample: list[int]) -> None:
    add_person(engine)
    add_message(engine, sample, bot=first_steps.SANDBOX_BOT)
    with_own = add_message(engine, [sample[0], OWN], bot=first_steps.SANDBOX_BOT)
    of_a_bot = add_message(engine, sample[:2], bot=BOT)
    assert first_steps.sample(engine) == first_steps.Sample(len(sample), 1, 0)

    removed = first_steps.remove_sample(engine, "anna")

    assert (removed.people, removed.messages) == (len(sample), 1)
    with engine.begin() as connection:
        people = connection.execute(select(models.users.c.user_id)).scalars().all()
        messages = connection.execute(select(models.message_history.c.id)).scalars().all()
        recipients = connection.execute(select(models.message_recipients.c.message_id)).scalars()
        assert sorted(recipients) == sorted([with_own, with_own, of_a_bot, of_a_bot])
    assert people == [OWN]
    assert sorted(messages) == sorted([with_own, of_a_bot])
    assert count(engine, models.enrollments) == 0
    (entry,), _total = audit.entries(engine, action=first_steps.REMOVED)
    assert (entry.actor, entry.details) == ("anna", {"people": len(sample), "messages": 1})
    assert first_steps.sample(engine).people == 0


def test_who_was_changed_since_stays(engine: Engine, sample: list[int]) -> None:
    users = models.users
    with engine.begin() as connection:
        connection.execute(
            update(users).where(users.c.user_id == sample[0]).values(first_name="Renamed")
        )
        connection.execute(
            update(users)
            .where(users.c.user_id == sample[1])
            .values(attributes={"city": "Omsk", "tariff": "gold"})
        )
        connection.execute(
            insert(models.source_places).values(
                source_id=1, user_id=sample[2], course_stream="9th", run_id=1
            )
        )
    first_steps.remove_sample(engine, "anna")
    with engine.begin() as connection:
        left = connection.execute(select(users.c.user_id).order_by(users.c.user_id)).scalars()
        assert list(left) == sample[:3]


def test_nothing_goes_while_a_message_of_the_sandbox_is_on_its_way(
    engine: Engine, sample: list[int]
) -> None:
    add_message(engine, sample, bot=first_steps.SANDBOX_BOT, status=MessageStatus.SENDING)
    with pytest.raises(SampleError, match="Nothing was removed: 1 message of the sandbox is not"):
        first_steps.remove_sample(engine, "anna")
    assert count(engine, models.users) == len(sample)


def test_people_with_the_samples_ids_who_came_otherwise_stay(engine: Engine) -> None:
    add_person(engine, 700_000_000)
    assert first_steps.sample(engine).people == 0
    assert first_steps.remove_sample(engine, "anna").people == 0
    assert count(engine, models.users) == 1
