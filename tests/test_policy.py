"""Who is left out of a message and by which rule; the chosen always are recipients and left out."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, insert, select, update

from hsl import audit, choice, dispatch, models
from hsl.audience import importer, policy, segments, suppression
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.policy import Cap
from hsl.delivery import choosing, outbox, preparing, starting, steering
from hsl.delivery.outcome import Outcome, Verdict
from hsl.message.content import Content
from hsl.models import Action, AudienceMode, DeliveryStatus, MessageStatus, utc_now
from hsl.settings import ROOT, Settings, load_settings
from tests.delivery.test_outbox import depart, record

EVERYBODY = Audience(include=(Cohort(everyone=True),))
NOW = utc_now()
TABLES = (
    models.message_recipients,
    models.message_history,
    models.suppressions,
    models.segment_members,
    models.segment_sizes,
    models.segments,
    models.users,
)


def settings(cap: str = "") -> Settings:
    return load_settings(frequency_cap=cap)


def put(engine: Engine, ids: list[int]) -> None:
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(delete(table))
        connection.execute(
            insert(models.users),
            [{"user_id": i, "attributes": {}, "updated_at": NOW} for i in ids],
        )


def past_message(
    engine: Engine,
    outcomes: dict[int, str],
    *,
    days_ago: float = 1,
    action: Action = Action.SEND,
    status: MessageStatus = MessageStatus.SENT,
    scheduled_at: datetime | None = None,
) -> int:
    """A message with what became of it for each person."""
    left = NOW - timedelta(days=days_ago)
    with engine.begin() as connection:
        number: int = connection.execute(
            insert(models.message_history).returning(models.message_history.c.id),
            {
                "message_text": "x",
                "author": "anna",
                "bot_id": 1,
                "action": action,
                "status": status,
                "recipient_type": "group",
                "scheduled_at": scheduled_at or left,
                "started_at": None if status is MessageStatus.SCHEDULED else left,
                "total_recipients": len(outcomes),
                "buttons": [],
                "options": {},
                "left_out": {},
            },
        ).scalar_one()
        connection.execute(
            insert(models.message_recipients),
            [
                {
                    "message_id": number,
                    "user_id": i,
                    "delivery_status": outcome,
                    "sending_at": None if outcome == "pending" else left,
                }
                for i, outcome in outcomes.items()
            ],
        )
    return number


def send(engine: Engine, cap: str = "", audience: Audience = EVERYBODY, **more: object) -> int:
    return dispatch.send(
        engine,
        settings(cap),
        content=Content(text="Hi"),
        audience=audience,
        author="anna",
        **more,  # type: ignore[arg-type]
    )


def recipients(engine: Engine, message_id: int) -> list[int]:
    row = models.message_recipients.c
    with engine.begin() as connection:
        found = connection.execute(select(row.user_id).where(row.message_id == message_id)).all()
    return sorted(r.user_id for r in found)


def message(engine: Engine, message_id: int) -> models.MessageHistory:
    with engine.begin() as connection:
        return connection.execute(  # type: ignore[return-value]
            select(models.message_history).where(models.message_history.c.id == message_id)
        ).one()


def mark(engine: Engine, *ids: int) -> dispatch.Suppressed:
    return dispatch.suppress(engine, ids, reason="asked by phone", actor="anna")


@pytest.mark.parametrize(
    ("words", "cap"),
    [("", None), ("2/7d", Cap(2, 7)), (" 1/1d ", Cap(1, 1)), ("12/365d", Cap(12, 365))],
)
def test_a_cap_is_read(words: str, cap: Cap | None) -> None:
    assert Cap.parse(words) == cap


@pytest.mark.parametrize("words", ["2", "0/7d", "2/7", "2/0d", "two/7d", "2/7d2"])
def test_what_is_no_cap_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="such as 2/7d"):
        Cap.parse(words)
    with pytest.raises(ValueError, match="such as 2/7d"):
        settings(words)


def test_a_marked_person_gets_nothing_however_they_are_chosen(engine: Engine) -> None:
    put(engine, [1, 2, 3])
    mark(engine, 2)
    number = send(engine)
    assert recipients(engine, number) == [1, 3]
    assert message(engine, number).left_out == {models.DO_NOT_MESSAGE: 1}
    with pytest.raises(outbox.OutboxError, match="1 left out: do-not-message"):
        send(engine, audience=Audience(include=(Cohort(user_ids=(2,)),)))


def test_no_import_and_no_answer_takes_the_mark_away(engine: Engine, tmp_path: Path) -> None:
    put(engine, [1, 2])
    mark(engine, 1)
    file = tmp_path / "people.csv"
    file.write_text("user_id,first_name,stream\n1,Anna,4th\n2,Boris,4th\n")
    for _ in range(2):
        importer.import_file(engine, file, actor="test", rejects_dir=tmp_path)
    with engine.begin() as connection:
        connection.execute(update(models.users).values(unreachable_reason=None))
    marks, total = suppression.listing(engine)
    assert (total, marks[0].user_id, marks[0].name, marks[0].reason) == (
        1, 1, "Anna", "asked by phone",
    )  # fmt: skip
    assert recipients(engine, send(engine)) == [2]


def test_nothing_but_its_own_room_writes_marks() -> None:
    writes = re.compile(
        r"(insert|update|delete)\(\s*(models\.)?(suppressions|Suppression)\b"
        r"|(INSERT INTO|UPDATE|DELETE FROM)\s+suppressions\b"
        r"|suppressions\.(insert|update|delete)\("
    )
    own = {"suppression.py", "warehouse"}  # the warehouse has a copy, for reading
    rooms = [p for p in (ROOT / "hsl").rglob("*.py") if own.isdisjoint({p.name, p.parent.name})]
    assert len(rooms) > 50
    assert [path.name for path in rooms if writes.search(path.read_text("utf-8"))] == []


def test_a_mark_may_come_before_the_person(engine: Engine, tmp_path: Path) -> None:
    put(engine, [2])
    mark(engine, 7)
    file = tmp_path / "people.csv"
    file.write_text("user_id\n7\n")
    importer.import_file(engine, file, actor="test", rejects_dir=tmp_path)
    assert recipients(engine, send(engine)) == [2]


def test_a_mark_is_taken_away_by_a_person_and_both_are_audited(engine: Engine) -> None:
    put(engine, [1])
    assert mark(engine, 1, 1).marked == 1
    assert mark(engine, 1).marked == 0
    assert suppression.remove(engine, [1], actor="boris") == 1
    with pytest.raises(suppression.SuppressionError, match="no such do-not-message mark"):
        suppression.remove(engine, [1], actor="boris")
    entries, _ = audit.entries(engine, object_type="person")
    assert [(e.actor, e.action) for e in entries] == [
        ("boris", "unsuppressed"),
        ("anna", "suppressed"),
    ]
    assert entries[1].details["reason"] == "asked by phone"
    assert recipients(engine, send(engine)) == [1]


@pytest.mark.parametrize(("ids", "reason"), [([1], " "), ([0], "x"), ([2**52], "x")])
def test_a_mark_needs_a_reason_and_an_id(engine: Engine, ids: list[int], reason: str) -> None:
    with pytest.raises(suppression.SuppressionError):
        dispatch.suppress(engine, ids, reason=reason, actor="anna")
    assert suppression.listing(engine)[1] == 0


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("user_id\n1\n2\n", [1, 2]),
        ("\ufeffname,user_id\nAnna,5\n\n", [5]),
        ("7\n8\n", [7, 8]),
        ("number,telegram_id\n1,555\n2,556\n", [555, 556]),
        ("id,tg_id\n1,555\n", [555]),
        ("Telegram\n555\n", [555]),
        ("user_id\nx\n", None),
        ("+7556\n557\n558\n", None),
        ("7556 (Anna)\n557\n", None),
        ("number,contact\n1,555\n", None),
        ("1,555\n2,556\n", None),
        ("user_id,telegram_id\n1,555\n", None),
        ("user_id\n²\n", None),
        ("user_id\n" + "9" * 5_000 + "\n", None),
        ("user_id\n\x00\n", None),
        ("", None),
    ],
)
def test_a_list_of_ids_is_read(tmp_path: Path, words: str, ids: list[int] | None) -> None:
    file = tmp_path / "ids.csv"
    file.write_text(words, encoding="utf-8")
    if ids is None:
        with pytest.raises(suppression.SuppressionError, match="Nobody was marked"):
            suppression.read_ids(file)
    else:
        assert suppression.read_ids(file) == ids


@pytest.mark.parametrize(
    "content", ["user_id\nЙ\n".encode("cp1251"), b"user_id\r\n" + b"9" * 200_000]
)
def test_a_list_that_is_no_csv_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ids.csv"
    file.write_bytes(content)
    with pytest.raises(suppression.SuppressionError, match="Nobody was marked"):
        suppression.read_ids(file)


@pytest.mark.parametrize("words", ["²", "9" * 30, "9" * 5_000])
def test_the_marked_are_searched_by_any_words(engine: Engine, words: str) -> None:
    put(engine, [1])
    mark(engine, 1)
    assert suppression.listing(engine, words=words)[1] == 0
    assert suppression.listing(engine, words="1")[1] == 1


def test_a_mark_withdraws_what_waits_and_leaves_the_rest(engine: Engine) -> None:
    put(engine, [1, 2])
    waiting = send(engine)
    edit = past_message(engine, {1: "pending"}, action=Action.EDIT, status=MessageStatus.SENDING)
    done = past_message(engine, {1: "sent"})
    assert mark(engine, 1) == dispatch.Suppressed(marked=1, withdrawn=1)
    assert (message(engine, waiting).cancelled_deliveries, recipients(engine, waiting)) == (
        1,
        [1, 2],
    )
    with engine.begin() as connection:
        rows = connection.execute(select(models.message_recipients)).all()
    states = {(r.message_id, r.user_id): (r.delivery_status, r.reason) for r in rows}
    assert states == {
        (waiting, 1): (DeliveryStatus.CANCELLED, models.DO_NOT_MESSAGE),
        (waiting, 2): (DeliveryStatus.PENDING, None),
        (edit, 1): (DeliveryStatus.PENDING, None),
        (done, 1): (DeliveryStatus.SENT, None),
    }


def test_a_message_that_only_waits_for_the_marked_ends(engine: Engine) -> None:
    put(engine, [1])
    number = send(engine)
    starting.start_due(engine, now=utc_now(), resolve=lambda _: select())
    mark(engine, 1)
    assert message(engine, number).status == MessageStatus.SENT


def test_a_marked_person_is_not_tried_again(engine: Engine) -> None:
    put(engine, [1, 2])
    failed = past_message(engine, {1: "failed", 2: "failed"})
    lost = past_message(engine, {1: "uncertain", 2: "uncertain"})
    with engine.begin() as connection:
        for number, column in ((failed, "failed_deliveries"), (lost, "uncertain_deliveries")):
            connection.execute(
                update(models.message_history)
                .where(models.message_history.c.id == number)
                .values({column: 2})
            )
    mark(engine, 1)
    assert dispatch.retry_failed(engine, failed, actor="anna") == 1
    assert dispatch.send_again(engine, lost, actor="anna") == 1
    assert steering.mark_delivered(engine, lost, actor="anna") == 1


def test_who_is_marked_while_a_request_is_out_is_not_tried_again(engine: Engine) -> None:
    put(engine, [1, 2])
    number = send(engine)
    starting.start_due(engine, now=utc_now(), resolve=lambda _: select())
    departures = depart(engine)
    assert {d.user_id for d in departures} == {1, 2}
    assert mark(engine, 1).withdrawn == 0
    record(engine, departures, Outcome(Verdict.RATE_LIMITED, "rate", retry_after=1.0))
    row = models.message_recipients.c
    with engine.begin() as connection:
        rows = connection.execute(select(row.user_id, row.delivery_status)).all()
    assert {r.user_id: r.delivery_status for r in rows} == {1: "cancelled", 2: "pending"}
    assert message(engine, number).cancelled_deliveries == 1


def test_who_is_marked_while_a_message_is_made_gets_nothing(engine: Engine) -> None:
    put(engine, [1, 2, 3, 4])
    number = send(engine, audience=Audience(include=(Cohort(user_ids=(1, 2, 3)),)))
    edit = past_message(engine, {4: "pending"}, action=Action.EDIT, status=MessageStatus.SENDING)
    starting.start_due(engine, now=utc_now(), resolve=lambda _: select())
    with engine.begin() as connection:  # as one whose transaction did not see the recipients
        suppression.add(connection, [1, 3, 4], reason="asked by phone", actor="anna")
    assert {(d.message_id, d.user_id) for d in depart(engine)} == {(number, 2), (edit, 4)}
    found = message(engine, number)
    assert (found.cancelled_deliveries, found.status) == (2, MessageStatus.SENDING)
    rows = models.message_recipients
    with engine.begin() as connection:
        mine = connection.execute(
            select(rows).where(rows.c.message_id == number, rows.c.user_id != 2)
        ).all()
    assert {
        (r.delivery_status, r.reason, r.attempts, r.sending_at, r.lease_owner) for r in mine
    } == {("cancelled", models.DO_NOT_MESSAGE, 0, None, None)}
    entries, _ = audit.entries(engine, action="message_withdrawn")
    assert [(e.actor, e.details["people"]) for e in entries] == [("scheduler", 2)]


def test_a_message_whose_last_people_are_marked_ends_as_it_departs(engine: Engine) -> None:
    put(engine, [1])
    number = send(engine)
    starting.start_due(engine, now=utc_now(), resolve=lambda _: select())
    with engine.begin() as connection:
        suppression.add(connection, [1], reason="asked by phone", actor="anna")
    assert depart(engine) == []
    assert message(engine, number).status == MessageStatus.SENT


def test_marking_again_withdraws_what_came_between(engine: Engine) -> None:
    put(engine, [1, 2])
    number = send(engine)
    with engine.begin() as connection:
        suppression.add(connection, [1], reason="asked by phone", actor="anna")
    assert mark(engine, 1, 2) == dispatch.Suppressed(marked=1, withdrawn=2)
    assert message(engine, number).cancelled_deliveries == 2


def test_an_exclusion_list_holds_for_every_message(engine: Engine) -> None:
    put(engine, [1, 2, 3])
    segments.add(
        engine, name="Staff", owner="anna", cohort=Cohort(user_ids=(1, 2)), is_exclusion=True
    )
    mark(engine, 2)
    number = send(engine)
    assert recipients(engine, number) == [3]
    assert message(engine, number).left_out == {models.DO_NOT_MESSAGE: 1, "list: Staff": 1}
    segments.edit(engine, "Staff", actor="anna", is_exclusion=False)
    assert recipients(engine, send(engine)) == [1, 3]


@pytest.mark.parametrize(
    ("outcome", "days_ago", "counts"),
    [
        ("sent", 1, True),
        ("sent", 6.9, True),
        ("sent", 7.1, False),
        ("deleted", 1, True),
        ("uncertain", 1, True),
        ("sending", 0.0001, True),
        ("failed", 1, False),
        ("cancelled", 1, False),
    ],
)
def test_what_counts_towards_the_cap(
    engine: Engine, outcome: str, days_ago: float, counts: bool
) -> None:
    put(engine, [1, 2])
    past_message(engine, {1: outcome}, days_ago=days_ago)
    number = send(engine, "1/7d")
    assert recipients(engine, number) == ([2] if counts else [1, 2])
    assert message(engine, number).left_out == ({policy.CAPPED: 1} if counts else {})


def test_edits_in_chats_count_for_nothing_and_the_second_message_for_two(engine: Engine) -> None:
    put(engine, [1, 2])
    past_message(engine, {1: "sent", 2: "sent"})
    past_message(engine, {1: "sent"}, action=Action.EDIT)
    past_message(engine, {2: "sent"})
    assert recipients(engine, send(engine, "2/7d")) == [1]


def test_what_still_waits_counts_too(engine: Engine) -> None:
    put(engine, [1, 2, 3])
    first = send(engine, "1/7d", Audience(include=(Cohort(user_ids=(1,)),)))
    in_a_month = NOW + timedelta(days=30)
    past_message(engine, {2: "pending"}, status=MessageStatus.SCHEDULED, scheduled_at=in_a_month)
    assert recipients(engine, send(engine, "1/7d")) == [2, 3]
    steering.cancel(engine, first, actor="anna")
    later = send(engine, "1/7d", scheduled_at=in_a_month + timedelta(days=3))
    assert recipients(engine, later) == [1, 3]


def test_the_cap_is_reckoned_from_when_it_goes(engine: Engine) -> None:
    put(engine, [1, 2])
    past_message(engine, {1: "sent"}, days_ago=5)
    soon = send(engine, "1/7d", scheduled_at=utc_now() + timedelta(days=1))
    steering.cancel(engine, soon, actor="anna")
    assert recipients(engine, soon) == [2]
    late = send(engine, "1/7d", scheduled_at=utc_now() + timedelta(days=3))
    assert recipients(engine, late) == [1, 2]


def test_the_cap_is_ignored_for_a_reason_that_is_audited(engine: Engine) -> None:
    put(engine, [1, 2])
    past_message(engine, {1: "sent"})
    urgent = EVERYBODY.model_copy(update={"ignore_cap": "the lesson is off"})
    number = send(engine, "1/7d", urgent)
    assert recipients(engine, number) == [1, 2]
    entries, _ = audit.entries(engine, action="message_created")
    assert entries[0].details["frequency_cap_ignored_because"] == "the lesson is off"
    mark(engine, 1)
    assert recipients(engine, send(engine, "1/7d", urgent)) == [2]


def test_a_live_audience_is_judged_when_it_starts(engine: Engine) -> None:
    put(engine, [1, 2, 3])
    at = utc_now() + timedelta(minutes=1)
    number = send(engine, "1/7d", scheduled_at=at, audience_mode=AudienceMode.LIVE)
    assert message(engine, number).left_out == {}
    past_message(engine, {1: "sent"})
    mark(engine, 2)
    starting.start_due(
        engine,
        now=at + timedelta(seconds=1),
        resolve=lambda chosen: choice.Choice(settings("1/7d"), Audience.model_validate(chosen)),
    )
    assert recipients(engine, number) == [3]
    found = message(engine, number)
    assert found.left_out == {policy.CAPPED: 1, models.DO_NOT_MESSAGE: 1}
    assert (found.total_recipients, found.status) == (1, MessageStatus.SENDING)


def test_a_message_whose_people_cannot_be_chosen_waits_and_says_why(engine: Engine) -> None:
    put(engine, [1])
    at = utc_now() + timedelta(minutes=1)
    number = send(engine, scheduled_at=at, audience_mode=AudienceMode.LIVE)

    def gone(_: object) -> object:
        raise outbox.OutboxError("There is no segment VIP.")

    starting.start_due(engine, now=at + timedelta(seconds=1), resolve=gone)  # type: ignore[arg-type]
    found = message(engine, number)
    assert found.status == MessageStatus.PAUSED
    assert "There is no segment VIP." in str(found.status_reason)


def test_a_large_message_is_judged_alike(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LARGE", 5)
    monkeypatch.setattr(preparing, "AT_ONCE", 3)
    put(engine, list(range(1, 21)))
    mark(engine, 4, 5)
    past_message(engine, {7: "sent"})
    original = preparing.finish

    def marked_meanwhile(connection: object, number: int) -> bool:
        # Whoever is marked while the recipients are written must not get it either.
        connection.execute(  # type: ignore[attr-defined]
            insert(models.suppressions).values(
                user_id=9, reason="x", marked_by="x", marked_at=utc_now()
            )
        )
        return original(connection, number)  # type: ignore[arg-type]

    monkeypatch.setattr(preparing, "finish", marked_meanwhile)
    number = send(engine, "1/7d")
    assert recipients(engine, number) == [i for i in range(1, 21) if i not in (4, 5, 7, 9)]
    found = message(engine, number)
    assert found.left_out == {models.DO_NOT_MESSAGE: 3, policy.CAPPED: 1}
    assert found.total_recipients == 16


PEOPLE = st.sets(st.integers(1, 30), max_size=30)


@examples(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    people=st.sets(st.integers(1, 30), min_size=1),
    marked=PEOPLE,
    lists=st.lists(PEOPLE.filter(bool), max_size=2),
    sent=st.lists(PEOPLE, max_size=3),
    cap=st.sampled_from(["", "1/7d", "2/7d"]),
)
def test_the_chosen_are_recipients_and_left_out(
    engine: Engine,
    people: set[int],
    marked: set[int],
    lists: list[set[int]],
    sent: list[set[int]],
    cap: str,
) -> None:
    put(engine, sorted(people))
    if marked:
        mark(engine, *marked)
    for place, members in enumerate(lists):
        segments.add(
            engine,
            name=f"L{place}",
            owner="anna",
            cohort=Cohort(user_ids=tuple(members)),
            is_exclusion=True,
        )
    for who in sent:
        if who:
            past_message(engine, dict.fromkeys(sorted(who), "sent"))
    expected = _expected(people, marked, lists, sent, cap)
    found = dispatch.look(engine, settings(cap), Content(text="Hi"), EVERYBODY)
    assert found.left_out == expected.left_out
    assert found.people == expected.recipients == len(people) - sum(found.left_out.values())
    if not expected.recipients:
        with pytest.raises(outbox.OutboxError):
            send(engine, cap)
        return
    number = send(engine, cap)
    assert len(recipients(engine, number)) == expected.recipients
    assert message(engine, number).left_out == expected.left_out
    assert message(engine, number).total_recipients == expected.recipients


def _expected(
    people: set[int], marked: set[int], lists: list[set[int]], sent: list[set[int]], cap: str
) -> choosing.Chosen:
    """The same in plain Python: the first rule that fits."""
    found = choosing.Chosen(0, {})
    most = Cap.parse(cap)
    for person in people:
        got = sum(person in who for who in sent)
        rule = (
            models.DO_NOT_MESSAGE
            if person in marked
            else next((f"list: L{i}" for i, who in enumerate(lists) if person in who), None)
            or (policy.CAPPED if most and got >= most.messages else None)
        )
        if rule is None:
            found = replace(found, recipients=found.recipients + 1)
        else:
            found.left_out[rule] = found.left_out.get(rule, 0) + 1
    return found


def test_the_count_of_the_last_look_is_that_of_the_message(engine: Engine) -> None:
    put(engine, [1, 2, 3])
    mark(engine, 1)
    found = dispatch.look(engine, settings(), Content(text="Hi"), EVERYBODY)
    number = send(engine)
    with engine.begin() as connection:
        total = connection.execute(
            select(func.count()).where(models.message_recipients.c.message_id == number)
        ).scalar_one()
    assert (found.people, found.left_out) == (total, message(engine, number).left_out)
