"""Forgetting from a person's window, and what the Audit page says of its chain."""

from sqlalchemy import Engine, select, update

from hsl import audit, models
from tests.pages.conftest import Open
from tests.unguarded import unguarded


def test_a_person_is_forgotten_once_their_id_is_typed(open_page: Open, house: Engine) -> None:
    users = models.users.c.user_id
    with house.begin() as connection:
        person = connection.execute(select(users).order_by(users).limit(1)).scalar_one()
    app = open_page("audience", person=str(person))
    assert app.button(key="forget-now").disabled
    app.text_input(key=f"forget-{person}").set_value(str(person)).run()
    app.button(key="forget-now").click().run()
    assert [error.value for error in app.error] == []
    with house.begin() as connection:
        found = connection.execute(select(users).where(users == person)).first()
    assert found is None
    (entry,), _total = audit.entries(house, action="person_forgotten")
    assert str(person) not in str((entry.object_id, entry.details))


def test_the_page_says_whether_the_chain_is_whole(open_page: Open, house: Engine) -> None:
    with house.begin() as connection:
        audit.record(connection, actor="anna", action="import")
    app = open_page("audit")
    assert "The chain of the last entries is whole." in [one.value for one in app.caption]
    with house.begin() as connection, unguarded(connection):
        connection.execute(update(models.audit_log).values(actor="mallory"))
    assert "changed after it was written" in open_page("audit").error[0].value
