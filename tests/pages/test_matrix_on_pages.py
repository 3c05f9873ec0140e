"""Every page for every role: it opens, and no widget that may be pressed is refused.

What a widget does is found out by pressing it: whatever deed it comes to asks who acts, and must
not have to refuse. So a new button that nobody greyed is found without being listed here.
"""

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import Engine, select, update
from streamlit.testing.v1 import AppTest

from hsl import acting, database, experiments, models
from hsl import settings as house_settings
from hsl.acting import Actor, Role, Way, permissions_of
from hsl.audience import segments, selection, suppression
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.sources import registry, runs
from hsl.audience.sources.definitions import Definition, Kind
from hsl.delivery import outbox, recurring, steering
from hsl.message import drafts, templates
from hsl.message.content import Content
from hsl.models import RecipientType

Open = Callable[..., AppTest]
HELLO = Content(text="Hello")
PEOPLE = select(models.users.c.user_id, models.users.c.username)
PLACES: tuple[tuple[str, dict[str, str]], ...] = (
    ("overview", {}),
    ("audience", {}),
    ("audience", {"view": "segments"}),
    ("audience", {"view": "do-not-message"}),
    ("compose", {}),
    ("messages", {}),
    ("messages", {"view": "calendar"}),
    ("messages", {"message": "1"}),  # paused
    ("messages", {"message": "2"}),  # sent, some failed, some uncertain
    ("messages", {"message": "3"}),  # about to leave
    ("messages", {"message": "4"}),  # waits for approval
    ("messages", {"experiment": "1"}),
    ("delivery", {}),
    ("audit", {}),
    ("settings", {}),
)
ROLES = {
    "viewer without names": permissions_of(Role.VIEWER, viewers_see_names=False),
    "viewer": permissions_of(Role.VIEWER),
    "editor": permissions_of(Role.EDITOR),
    "approver": permissions_of(Role.APPROVER),
    "admin": permissions_of(Role.ADMIN),
}
# Doors to what may be looked at: by the beginnings of their keys, and by their labels.
DOORS = ("list-", "next-", "last-", "now-", "need-", "calendar-", "clash-", "experiment-", "arm-",
         "uncertain-")  # fmt: skip
DOOR_LABELS = {
    "Help", "All messages", "Refresh", "Try it with made-up people", "Look at the settings",
    "Look again", "Choose among them", "Show the first page",
    "Show all of them", "Bring people in", "Choose people", "Find people", "Sign out",
    "Take all filters away", "Clear all", "Continue", "Templates", "Versions", "Show all time",
}  # fmt: skip


def message(engine: Engine, **more: Any) -> int:
    new = outbox.NewMessage(
        **{
            "content": HELLO,
            "people": PEOPLE,
            "author": "anna",
            "bot_id": 1,
            "recipient_type": RecipientType.GROUP,
            **more,
        }
    )
    return outbox.create(engine, new)


@pytest.fixture(scope="module")
def furnished(database_with_people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which there is something of everything to act on, as `vera` sees it."""
    folder = tmp_path_factory.mktemp("furnished")
    shutil.copyfile(database_with_people, folder / "hsl.db")
    engine = database.open_engine(f"sqlite:///{folder / 'hsl.db'}", archive=folder / "archive")
    _furnish(engine, folder)
    engine.dispose()
    return folder / "hsl.db"


@pytest.fixture
def furnish_anew(house: Engine, furnished: Path) -> Callable[[], None]:
    """Make the house's database that one, whatever was done in it and whoever has it open."""

    def anew() -> None:
        with (
            contextlib.closing(sqlite3.connect(furnished)) as source,
            contextlib.closing(sqlite3.connect(str(house.url.database))) as target,
        ):
            source.backup(target)
        st.cache_data.clear()

    return anew


@pytest.fixture
def full(house: Engine, furnish_anew: Callable[[], None]) -> Engine:
    """A house with that database."""
    furnish_anew()
    return house


def _furnish(house: Engine, folder: Path) -> None:
    everybody = Audience(include=(Cohort(everyone=True),))
    assert message(house) == 1
    steering.pause(house, 1, actor="anna")
    assert message(house) == 2
    _deliver(house)
    soon = models.utc_now() + timedelta(hours=1)
    assert message(house) == 3
    with house.begin() as connection:
        connection.execute(
            update(models.message_history)
            .where(models.message_history.c.id == 3)
            .values(take_back_until=soon)
        )
    strict = house.execution_options(hsl_second_approver_over=10)
    assert message(strict, scheduled_at=soon + timedelta(days=30)) == 4
    experiments.create(
        house, house_settings.load_settings(), name="A or B", audience=everybody, author="anna",
        arms=(experiments.Arm("A", 50, HELLO), experiments.Arm("B", 40, HELLO),
              experiments.Arm(experiments.HOLD_OUT, 10, None)),
        scheduled_at=soon,
    )  # fmt: skip
    recurring.create(
        house, repeat=recurring.Repeat.parse("mon 10:00 UTC", None), content=HELLO, people=PEOPLE,
        audience=everybody.model_dump(mode="json"), group="everybody", author="anna", bot_id=1,
    )  # fmt: skip
    cohort = Cohort(streams=("4th_stream",))
    segments.add(house, name="fourth", owner="anna", cohort=cohort)
    selection.add(house, "vera", cohort, "4th")
    with house.begin() as connection:
        suppression.add(connection, [700000000], reason="asked", actor="anna")
    drafts.start(house, "vera", content=HELLO)
    templates.keep(house, models.TemplateKind.TEMPLATE, "hello", HELLO, author="anna")
    path = folder / "people.csv"
    path.write_text("user_id\n1\nnobody\n")
    registry.add(house, Definition(name="crm", kind=Kind.FILES, address=str(path)), actor="anna")


def _deliver(engine: Engine) -> None:
    """Message 2 is over: all got it but one who failed and one who is uncertain."""
    history, rows = models.message_history, models.message_recipients
    now = models.utc_now()
    mine = rows.c.message_id == 2
    with engine.begin() as connection:
        ids = list(connection.execute(select(rows.c.user_id).where(mine)).scalars())
        for which, values in (
            (ids, {"delivery_status": "sent", "sent_at": now, "telegram_message_id": 1}),
            (ids[:1], {"delivery_status": "failed", "reason": "blocked"}),
            (ids[1:2], {"delivery_status": "uncertain", "reason": "no_answer"}),
        ):
            connection.execute(update(rows).where(mine, rows.c.user_id.in_(which)).values(values))
        connection.execute(
            update(history)
            .where(history.c.id == 2)
            .values(
                status="sent", started_at=now, finished_at=now, failed_deliveries=1,
                uncertain_deliveries=1, successful_deliveries=len(ids) - 2,
            )
        )  # fmt: skip


@pytest.fixture
def open_as(full: Engine, open_page: Open) -> Iterator[Callable[..., AppTest]]:
    """Open a place as somebody who may do what the role says."""

    def opened(role: str, page: str, parameters: dict[str, str]) -> AppTest:
        actor = Actor("vera", ROLES[role], Way.PAGES)
        acting.acted_by(lambda: actor)
        app = AppTest.from_file(str(house_settings.ROOT / "app.py"), default_timeout=30)
        if page != "overview":
            app.switch_page(f"pages/{page}.py")
        for key, value in parameters.items():
            app.query_params[key] = value
        return app.run()

    yield opened
    acting.acted_by(None)


def told(app: AppTest) -> list[str]:
    """What stands on a page as an error, a warning or a toast."""
    return [one.value for one in [*app.error, *app.warning, *app.toast]]


def pressable(app: AppTest) -> list[Any]:
    """The buttons that may be pressed and are no mere doors."""
    return [
        button
        for button in app.button
        if not button.disabled
        and not (button.key or "").startswith(DOORS)
        and button.label not in DOOR_LABELS
    ]


def name_of(widget: Any) -> tuple[str, str]:
    """By what it is found in another session: label and key, without the session's own part."""
    return widget.label, re.sub(r"[0-9a-f]{12}", "", widget.key or "")


def names_of(app: AppTest) -> list[tuple[str, str]]:
    return list(dict.fromkeys(name_of(button) for button in pressable(app)))


def is_not_refused(app: AppTest, *what: Any) -> None:
    assert not app.exception, what
    assert [words for words in told(app) if "vera may not" in words.replace("\\", "")] == [], what


def changeable(app: AppTest, kind: str) -> list[Any]:
    """The widgets of a kind that may be changed."""
    return [one for one in app.get(kind) if not one.disabled]


class Shown(str):
    """An option as it is shown already, which no page's function shows once more."""

    __slots__ = ()

    def __format__(self, _how: str) -> str:
        raise ValueError("this is shown already")


def _choose_another(widget: Any) -> bool:
    others = [option for place, option in enumerate(widget.options) if place != widget.index]
    if others:
        widget.set_value(Shown(others[-1]))
    return bool(others)


def _choose_one_more(widget: Any) -> bool:
    others = [one for place, one in enumerate(widget.options) if place not in widget.indices]
    if others:
        widget.select(Shown(others[-1]))
    return bool(others)


def _turn(widget: Any) -> bool:
    widget.set_value(not widget.value)
    return True


def _type(widget: Any) -> bool:
    widget.set_value("700000001")
    return True


# How widgets that are no buttons are changed, by kind; False where there is nothing to choose.
CHANGED: dict[str, Callable[[Any], bool]] = {
    "checkbox": _turn,
    "toggle": _turn,
    "text_input": _type,
    "text_area": _type,
    "radio": _choose_another,
    "selectbox": _choose_another,
    "multiselect": _choose_one_more,
    "button_group": _choose_one_more,
}


def change_each(app: AppTest, changed: set[tuple[str | None, ...]]) -> None:
    """Change whatever may be changed and is no button, one after the other, and add it."""
    for kind, change in CHANGED.items():
        for label, key in [(one.label, one.key) for one in changeable(app, kind)]:
            same = [one for one in changeable(app, kind) if (one.label, one.key) == (label, key)]
            # What was changed before may have taken it away.
            if same and (kind, label, key) not in changed and change(same[0]):
                app.run()
                is_not_refused(app, label, key)
                changed.add((kind, label, key))


def named(place: tuple[str, dict[str, str]]) -> str:
    page, parameters = place
    return page + "".join(f"-{name}-{value}" for name, value in parameters.items())


@pytest.mark.parametrize("role", ROLES)
def test_every_page_opens_for_every_role_and_no_widget_of_it_is_refused(
    role: str, open_as: Open
) -> None:
    changed: dict[str, set[tuple[str | None, ...]]] = {page: set() for page, _place in PLACES}
    for page, parameters in PLACES:
        app = open_as(role, page, parameters)
        assert not app.exception, (role, page, parameters)
        assert not [one.value for one in app.error], (role, page, parameters)
        grey = [button for button in app.button if button.disabled and "may not" in button.help]
        for button in grey:
            assert "An admin can give the role" in button.help, button.label
        if role == "admin":
            assert grey == []
        elif role != "approver":  # who may do whatever an editor may
            change_each(app, changed[page])


@pytest.mark.parametrize("place", PLACES, ids=named)
@pytest.mark.parametrize("role", ["viewer", "editor", "approver"])
def test_no_button_that_may_be_pressed_is_refused(
    role: str,
    place: tuple[str, dict[str, str]],
    open_as: Open,
    furnish_anew: Callable[[], None],
) -> None:
    # An approver may do whatever an editor may, as whom the others are pressed.
    tried = names_of(open_as("editor", *place)) if role == "approver" else []
    app = open_as(role, *place)
    names = [name for name in names_of(app) if name not in tried]
    for name in names:
        if name != names[0]:
            furnish_anew()  # what was pressed before may have taken it away
            app = open_as(role, *place)
        next(one for one in pressable(app) if name_of(one) == name).click().run()
        for answer in [one for one in app.button if one.key == "confirm" and not one.disabled]:
            answer.click().run()  # of the dialog that it opened
        is_not_refused(app, name)


@pytest.mark.parametrize(
    ("role", "writes", "sends"),
    [("viewer", False, False), ("editor", True, False), ("approver", True, True)],
)
def test_who_is_named_is_chosen_and_marked_by_those_who_may(
    role: str, writes: bool, sends: bool, open_as: Open
) -> None:
    app = open_as(role, "audience", {})
    box = next(box for box in app.multiselect if box.label == "People by name")
    number = box.options[0].rpartition(" · ")[2]
    box.set_value([int(number)]).run()
    add = next(button for button in app.button if "ticked" in button.label)
    assert add.disabled is not writes
    app = open_as(role, "audience", {"view": "do-not-message"})
    app.text_input(key="mark-whom").set_value(number).run()
    mark = next(button for button in app.button if button.label == "Mark as do-not-message")
    assert mark.disabled is not sends


def test_an_editor_comes_as_far_as_the_last_look(open_as: Open) -> None:
    app = open_as("editor", "compose", {})
    next(button for button in app.button if button.label == "Continue").click().run()
    send = next(button for button in app.button if button.key == "send")
    assert send.disabled
    assert "role approver" in send.help


def test_rejected_rows_are_for_those_who_see_names(open_as: Open, full: Engine) -> None:
    runs.run(full, "crm", settings=house_settings.get_settings(), actor="anna")
    for role, may in (("viewer without names", False), ("viewer", True)):
        app = open_as(role, "settings", {})
        (rows,) = [one for one in app.get("download_button") if "rejected rows" in one.proto.label]
        assert rows.proto.disabled is not may
