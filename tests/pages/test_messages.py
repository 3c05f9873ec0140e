"""Messages: the list, one message, its actions, and the follow-up to those who missed it."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, update
from streamlit.testing.v1 import AppTest

from hsl import dispatch, models, settings
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import changes, history, steering
from hsl.message import drafts
from hsl.message.content import Content

Open = Callable[..., AppTest]


def press(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if words in button.label).click()
    return app.run()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


@pytest.fixture
def message(house: Engine) -> int:
    """A message to 4th_stream that is being sent, ten of 56 failed."""
    number = dispatch.send(
        house,
        settings.get_settings(),
        content=Content(text="Hello <b>all</b>"),
        audience=Audience(include=(Cohort(streams=("4th_stream",)),)),
        author="anna",
    )
    recipients = models.message_recipients
    with house.begin() as connection:
        first = connection.execute(recipients.select().order_by(recipients.c.id).limit(10)).all()
        connection.execute(
            update(recipients)
            .where(recipients.c.id.in_([row.id for row in first]))
            .values(delivery_status="failed", reason="blocked", sending_at=models.utc_now())
        )
        connection.execute(
            update(models.message_history).values(
                status="sending", failed_deliveries=10, started_at=models.utc_now()
            )
        )
    return number


def test_the_list_leads_to_the_message(open_page: Open, message: int) -> None:
    app = open_page("messages")
    assert any("Hello all" in label for label in labels(app))
    press(app, "Hello all")
    assert app.query_params["message"] == str(message)


def test_its_sum_and_recipients_are_shown(open_page: Open, message: int) -> None:
    app = open_page("messages", message=str(message))
    shown = " ".join(element.proto.body for element in app.get("html"))
    assert "56 chosen = 10 blocked the bot + 46 not tried yet" in shown
    assert len(app.dataframe[0].value) == 50
    app.selectbox(key="reason").set_value("blocked").run()
    assert len(app.dataframe[0].value) == 10


def test_it_is_paused_resumed_and_cancelled_from_its_page(
    open_page: Open, house: Engine, message: int
) -> None:
    app = open_page("messages", message=str(message))
    press(app, "Pause")
    found = history.one(house, message)
    assert found is not None
    assert found.status == "paused"
    press(app, "Resume")
    press(app, "Cancel")
    found = history.one(house, message)
    assert found is not None
    assert found.status == "sending"
    press(app, "Cancel the message")
    found = history.one(house, message)
    assert found is not None
    assert found.status == "cancelled"
    assert found.closing.sentence() == "56 chosen = 10 blocked the bot + 46 cancelled"


def test_one_click_writes_to_those_who_missed_it(
    open_page: Open, house: Engine, message: int
) -> None:
    app = open_page("messages", message=str(message))
    press(app, "Write to the 56 who did not get it")
    draft = drafts.listing(house, "analyst")[0]
    assert draft.follows_message_id == message
    assert draft.content.text == "Hello <b>all</b>"
    assert draft.audience is not None
    audience = Audience.model_validate(draft.audience)
    assert dispatch.count(house, audience).people == 56


def test_a_message_that_is_not_there_is_said(open_page: Open) -> None:
    app = open_page("messages", message="99")
    assert any("There is no message 99" in info.value for info in app.info)


@pytest.mark.parametrize(
    "address",
    [
        {"message": "9" * 30},
        {"message": "9" * 5000},
        {"message": "²"},
        {"experiment": "9" * 30},
        {"sheet": "9" * 30},
        {"q": "9" * 30},
        {"q": "²"},
    ],
)
def test_no_number_in_the_address_breaks_the_page(
    open_page: Open, message: int, address: dict[str, str]
) -> None:
    app = open_page("messages", **address)
    assert [error.value for error in app.error] == []
    app = open_page("messages", message=str(message), rows="9" * 30)
    assert [error.value for error in app.error] == []
    press(app, "Show the first page")
    assert len(app.dataframe[0].value) == 50


def test_a_paused_message_is_edited_on_the_desk(
    open_page: Open, house: Engine, message: int
) -> None:
    app = press(open_page("messages", message=str(message)), "Pause")
    press(app, "Edit for those still to come")
    (draft,) = drafts.listing(house, "analyst")
    assert (draft.edits_message_id, draft.content.text) == (message, "Hello <b>all</b>")
    desk = open_page("compose", draft=str(draft.id))
    assert desk.title[0].value == f"Edit {message}"
    drafts.save(
        house,
        "analyst",
        draft,
        content=Content(text="Mended"),
        audience=draft.audience,
        plan=draft.plan,
    )
    desk = press(open_page("compose", draft=str(draft.id)), "Continue")
    press(desk, "Save the change")
    found = history.one(house, message)
    assert found is not None
    assert (found.content.text, found.version) == ("Mended", 2)
    assert drafts.listing(house, "analyst") == []


def test_a_sent_message_is_deleted_from_the_chats_after_a_question(
    open_page: Open, house: Engine, message: int
) -> None:
    recipients = models.message_recipients
    with house.begin() as connection:
        connection.execute(
            update(recipients)
            .where(recipients.c.delivery_status == "pending")
            .values(delivery_status="sent", telegram_message_id=7, sent_at=models.utc_now())
        )
        connection.execute(
            update(models.message_history).values(status="sent", successful_deliveries=46)
        )
    app = press(open_page("messages", message=str(message)), "Delete it from the chats")
    assert history.runs(house, message) == []
    press(app, "Delete it from 46 chats")
    (run,) = history.runs(house, message)
    assert (run.closing.total, run.author) == (46, "analyst")


def test_the_failed_are_tried_again_for_chosen_reasons(
    open_page: Open, house: Engine, message: int
) -> None:
    rows = models.message_recipients
    with house.begin() as connection:
        failed = connection.execute(rows.select().where(rows.c.delivery_status == "failed")).all()
        connection.execute(
            update(rows)
            .where(rows.c.id.in_([row.id for row in failed[:3]]))
            .values(reason="not_found")
        )
        connection.execute(
            update(rows).where(rows.c.delivery_status == "pending").values(delivery_status="sent")
        )
        connection.execute(
            update(models.message_history).values(status="sent", successful_deliveries=46)
        )
    app = open_page("messages", message=str(message))
    press(app, "Try the 10 failed again")
    next(m for m in app.multiselect if "failed because" in m.label).set_value(["not_found"]).run()
    press(app, "Try 3 again")
    found = history.one(house, message)
    assert found is not None
    assert (found.status, found.closing.pending, found.closing.failed) == ("sending", 3, 7)


def everybody_got_it(house: Engine) -> None:
    with house.begin() as connection:
        connection.execute(
            update(models.message_recipients).values(
                delivery_status="sent",
                reason=None,
                telegram_message_id=7,
                version=1,
                sent_at=models.utc_now(),
            )
        )
        connection.execute(
            update(models.message_history).values(
                status="sent", failed_deliveries=0, successful_deliveries=56
            )
        )


def words(app: AppTest) -> str:
    """All that stands on the page in words, previews with them."""
    html = [element.proto.body for element in app.get("html")]
    return " ".join([*html, *(m.value for m in app.markdown), *(c.value for c in app.caption)])


def test_the_table_names_the_version_that_each_got_where_there_are_several(
    open_page: Open, house: Engine, message: int
) -> None:
    table = open_page("messages", message=str(message)).dataframe[0].value
    assert "Version" not in table
    assert list(table["Reason"][:10]) == ["blocked the bot"] * 10
    steering.pause(house, message, actor="anna")
    changes.edit(house, message, Content(text="Better"), actor="anna")
    with house.begin() as connection:
        connection.execute(update(models.message_recipients).values(version=1))
    table = open_page("messages", message=str(message)).dataframe[0].value
    assert set(table["Version"]) == {"1"}


def test_a_table_without_a_reason_has_no_columns_for_it(
    open_page: Open, house: Engine, message: int
) -> None:
    everybody_got_it(house)
    table = open_page("messages", message=str(message)).dataframe[0].value
    assert list(table.columns) == ["Person", "Status", "Time", "Id"]


def test_content_shows_what_stands_in_the_chats_and_the_next_edit_starts_there(
    open_page: Open, house: Engine, message: int
) -> None:
    everybody_got_it(house)
    run = changes.edit_sent(house, message, Content(text="Moved to Tuesday"), actor="boris")
    before = open_page("messages", message=str(message), tab="Content")
    assert "Moved to Tuesday" not in words(before)
    with house.begin() as connection:
        connection.execute(
            update(models.message_history)
            .where(models.message_history.c.id == run)
            .values(status="sent", successful_deliveries=50)
        )
    app = open_page("messages", message=str(message), tab="Content")
    assert "edited by boris" in words(app)
    assert f"in 50 of 56 chats ([message {run}]" in words(app)
    assert app.code[0].value == "Moved to Tuesday"
    assert any("As it was sent: 56 people got it" in e.label for e in app.expander)
    press(app, "Edit it in the chats")
    (draft,) = drafts.listing(house, "analyst")
    assert (draft.content.text, draft.edits_message_id) == ("Moved to Tuesday", message)


def test_the_last_look_of_an_edit_names_how_many_and_how_long(
    open_page: Open, house: Engine, message: int
) -> None:
    app = press(open_page("messages", message=str(message)), "Pause")
    press(app, "Edit for those still to come")
    (draft,) = drafts.listing(house, "analyst")
    desk = press(open_page("compose", draft=str(draft.id)), "Continue")
    said = " ".join(text.value for text in desk.text)
    assert "for the 46 people who are still to get it; that takes about 2 s" in said
    everybody_got_it(house)
    drafts.discard(house, "analyst", draft.id)
    press(open_page("messages", message=str(message)), "Edit it in the chats")
    (draft,) = drafts.listing(house, "analyst")
    desk = press(open_page("compose", draft=str(draft.id)), "Continue")
    said = " ".join(text.value for text in desk.text)
    assert "in the 56 chats where it stands; that takes about 2 s" in said


def test_the_timeline_speaks_plainly(open_page: Open, house: Engine, message: int) -> None:
    steering.pause(house, message, actor="anna")
    said = words(open_page("messages", message=str(message), tab="Timeline"))
    assert "Written, to go at once to 56 people" in said
    assert "Started, to 56 people" in said
    assert "Paused <span class='hsl-dim'>by anna</span>" in said
    assert "production" not in said


def test_a_run_is_said_to_edit_and_not_to_send(
    open_page: Open, house: Engine, message: int
) -> None:
    everybody_got_it(house)
    run = changes.edit_sent(house, message, Content(text="Moved"), actor="boris")
    with house.begin() as connection:
        connection.execute(
            update(models.message_recipients)
            .where(models.message_recipients.c.message_id == run)
            .values(delivery_status="sent")
        )
        connection.execute(
            update(models.message_history)
            .where(models.message_history.c.id == run)
            .values(status="sent", successful_deliveries=56, started_at=models.utc_now())
        )
    app = open_page("messages", message=str(run))
    assert set(app.dataframe[0].value["Status"]) == {"● edited"}
    assert "done</span>" in words(app)
    assert "56</b> edited" in words(app)
