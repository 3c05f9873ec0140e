"""The figures agree with what was delivered."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert, update

from hsl import audit, insights, models

DAY = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def delivered(engine: Engine) -> None:
    with engine.begin() as connection:
        message = connection.execute(
            insert(models.message_history).returning(models.message_history.c.id),
            {
                "message_text": "Hello\nthere",
                "message_type": "text",
                "buttons": [],
                "options": {},
                "version": 1,
                "action": "send",
                "author": "anna",
                "bot_id": 1,
                "status": "sent",
                "recipient_type": "group",
                "audience_mode": "frozen",
                "audience_at_creation": 4,
                "created_at": DAY,
                "scheduled_at": DAY,
                "started_at": DAY,
                "total_recipients": 4,
                "successful_deliveries": 2,
                "failed_deliveries": 1,
                "uncertain_deliveries": 1,
                "cancelled_deliveries": 0,
                "deleted_deliveries": 0,
            },
        ).scalar_one()
        rows = [(1, "sent", None), (2, "sent", None), (3, "failed", "blocked")]
        rows.append((4, "uncertain", "no_answer"))
        connection.execute(
            insert(models.message_recipients),
            [
                {
                    "message_id": message,
                    "user_id": user,
                    "delivery_status": status,
                    "reason": reason,
                    "attempts": 1,
                    "sending_at": DAY,
                }
                for user, status, reason in rows
            ],
        )
        places = [(1, "4th"), (2, "4th"), (2, "5th"), (3, "5th"), (5, "5th")]
        connection.execute(
            insert(models.enrollments),
            [{"user_id": user, "course_stream": stream} for user, stream in places],
        )


def test_it_counts_by_message_hour_status_and_reason(engine: Engine) -> None:
    frame = insights.Ledger(engine).deliveries(insights.Filter())
    assert frame["people"].sum() == 4
    assert set(frame["hour"]) == {"2026-03-01 22"}
    assert insights.reasons(frame).to_dict("records") == [
        {"reason": "blocked the bot", "people": 1}
    ]


def test_who_is_in_two_streams_counts_in_both(engine: Engine) -> None:
    frame = insights.Ledger(engine).deliveries(insights.Filter())
    found = insights.by_stream(frame).set_index("stream")
    assert found.loc["4th", ["tried", "delivered"]].tolist() == [2, 2]
    assert found.loc["5th", ["tried", "delivered"]].tolist() == [2, 1]
    assert insights.by_stream(frame, ["4th"])["stream"].tolist() == ["4th"]


def test_the_ledger_counts_anew_what_changed(engine: Engine) -> None:
    ledger = insights.Ledger(engine)
    assert len(insights.reasons(ledger.deliveries(insights.Filter()))) == 1
    with engine.begin() as connection:
        connection.execute(
            update(models.message_recipients)
            .where(models.message_recipients.c.user_id == 4)
            .values(delivery_status="failed", reason="not_found")
        )
        connection.execute(
            update(models.message_history).values(failed_deliveries=2, uncertain_deliveries=0)
        )
    assert len(insights.reasons(ledger.deliveries(insights.Filter()))) == 2


def test_the_ledger_sees_people_in_their_new_streams(engine: Engine) -> None:
    ledger = insights.Ledger(engine)
    assert ledger.deliveries(insights.Filter(streams=("6th",))).empty
    with engine.begin() as connection:
        connection.execute(insert(models.enrollments).values(user_id=1, course_stream="6th"))
        audit.record(connection, actor="anna", action="import")
    assert ledger.deliveries(insights.Filter(streams=("6th",)))["people"].sum() == 1


def test_a_filter_by_stream_counts_each_person_once(engine: Engine) -> None:
    both = insights.Ledger(engine).deliveries(insights.Filter(streams=("4th", "5th")))
    assert both["people"].sum() == 3


def test_a_period_leaves_out_what_is_not_in_it(engine: Engine) -> None:
    later = insights.Filter(since=datetime(2026, 3, 2, tzinfo=UTC))
    assert insights.Ledger(engine).deliveries(later).empty
    assert insights.shares(insights.Ledger(engine).deliveries(later), ["message_id"]).empty


def test_days_and_hours_are_those_of_the_zone(engine: Engine) -> None:
    frame = insights.Ledger(engine).deliveries(insights.Filter())
    moscow = ZoneInfo("Europe/Moscow")
    assert str(insights.over_time(frame, moscow)["day"].iloc[0]) == "2026-03-02"
    assert insights.by_hour(frame, moscow)["hour_of_day"].tolist() == [1]
    assert insights.by_hour(frame, moscow)["share"].tolist() == [0.5]


def test_a_message_has_its_title(engine: Engine) -> None:
    frame = insights.Ledger(engine).deliveries(insights.Filter())
    assert insights.by_message(engine, frame)["title"].tolist() == ["1 · Hello"]


def test_reach_is_the_share_that_got_something(engine: Engine) -> None:
    found = insights.reach(engine, days=1_000).set_index("stream")
    assert found.loc["4th", "share"] == 1.0
    assert found.loc["5th", "share"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("delivered", "tried", "low", "high"),
    [(0, 0, 0.0, 1.0), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)],
)
def test_the_interval_is_wilsons(delivered: int, tried: int, low: float, high: float) -> None:
    assert insights.wilson(delivered, tried) == pytest.approx((low, high), abs=1e-4)
