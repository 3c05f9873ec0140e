"""The uncertain on a message's page: left, taken for delivered, or sent to again when asked."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select, update
from streamlit.testing.v1 import AppTest

from hsl import models
from tests.pages.test_messages import labels, message, press

__all__ = ["message"]
Open = Callable[..., AppTest]
Recipients, History = models.message_recipients, models.message_history


@pytest.fixture
def lost(house: Engine, message: int) -> list[int]:
    """The message's first four people are uncertain, and the others got it; their ids."""
    with house.begin() as connection:
        rows = connection.execute(select(Recipients).order_by(Recipients.c.id)).all()
        ids = [row.user_id for row in rows[:4]]
        connection.execute(
            update(Recipients).values(delivery_status="sent", reason=None, telegram_message_id=7)
        )
        connection.execute(
            update(Recipients)
            .where(Recipients.c.user_id.in_(ids))
            .values(delivery_status="uncertain", reason="no_answer", telegram_message_id=None)
        )
        connection.execute(
            update(History).values(
                status="sent",
                failed_deliveries=0,
                uncertain_deliveries=4,
                successful_deliveries=52,
                finished_at=models.utc_now(),
            )
        )
    return ids


def statuses(engine: Engine, ids: list[int]) -> list[str]:
    with engine.begin() as connection:
        rows = connection.execute(select(Recipients).where(Recipients.c.user_id.in_(ids))).all()
    found = {row.user_id: row.delivery_status for row in rows}
    return [found[i] for i in ids]


def audited(engine: Engine) -> list[tuple[str, str]]:
    log = models.audit_log.c
    with engine.begin() as connection:
        rows = connection.execute(
            select(log.actor, log.action).where(log.action.startswith("uncertain")).order_by(log.id)
        ).all()
    return [(row.actor, row.action) for row in rows]


def shown(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def tick(app: AppTest, *rows: int) -> AppTest:
    key = app.dataframe[0].key
    app.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def test_leaving_them_changes_nothing(open_page: Open, house: Engine, lost: list[int]) -> None:
    app = open_page("messages", message="1")
    assert "4 people may or may not have got it" in shown(app)
    press(app, "Choose among them")
    assert len(app.dataframe[0].value) == 4
    assert statuses(house, lost) == ["uncertain"] * 4
    assert audited(house) == []


def test_all_are_taken_for_delivered(open_page: Open, house: Engine, lost: list[int]) -> None:
    app = press(open_page("messages", message="1"), "Take the 4 for delivered")
    assert statuses(house, lost) == ["sent"] * 4
    assert audited(house) == [("analyst", "uncertain_marked_delivered")]
    assert "may or may not" not in shown(app)


def test_all_are_sent_to_again_after_a_question(
    open_page: Open, house: Engine, lost: list[int]
) -> None:
    app = press(open_page("messages", message="1"), "Send to the 4 again")
    assert any("would get it twice" in words.value for words in app.markdown)
    assert (statuses(house, lost), audited(house)) == (["uncertain"] * 4, [])
    press(app, "Send again")
    assert statuses(house, lost) == ["pending"] * 4
    assert audited(house) == [("analyst", "uncertain_sent_again")]


def test_some_are_settled_one_way_and_some_the_other(
    open_page: Open, house: Engine, lost: list[int]
) -> None:
    app = press(open_page("messages", message="1"), "Choose among them")
    press(tick(app, 1, 2), "Take the 2 ticked for delivered")
    assert statuses(house, lost) == ["uncertain", "sent", "sent", "uncertain"]
    assert len(app.dataframe[0].value) == 2
    press(tick(app, 1), "Send to the 1 ticked again")
    press(app, "Send again")
    assert statuses(house, lost) == ["uncertain", "sent", "sent", "pending"]


def test_a_cancelled_message_offers_no_sending_and_says_why(
    open_page: Open, house: Engine, lost: list[int]
) -> None:
    with house.begin() as connection:
        connection.execute(update(History).values(status="cancelled"))
    app = press(open_page("messages", message="1"), "Choose among them")
    assert "It is cancelled, so nobody can be sent to again" in shown(app)
    offered = set(labels(app)) - {"Use again"}  # a draft with the same text
    assert not any("again" in label.lower() for label in offered)
    press(app, "Take the 4 for delivered")
    assert statuses(house, lost) == ["sent"] * 4
