"""Keys of the API in Settings: a secret that is shown once, and an end to it."""

from collections.abc import Callable

from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from hsl import acting, keys
from hsl.acting import Permission

Open = Callable[..., AppTest]


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))  # type: ignore[attr-defined]


def test_a_key_is_made_shown_once_and_revoked(open_page: Open, house: Engine) -> None:
    app = open_page("settings")
    press(app, "Add a key")
    press(app, "Make the key")
    assert "1 to 60 characters" in app.error[0].value
    next(one for one in app.text_input if "program" in one.label).set_value("<b>crm").run()
    app.checkbox(key="api-key-scope-names").check().run()
    press(app, "Make the key")
    assert not app.exception
    secret = app.code[0].value
    found = keys.of_secret(house, secret)
    assert found is not None
    assert found.scopes == {Permission.LOOK, Permission.NAMES}
    press(app, "I have it")
    assert not app.exception
    assert all(secret not in block.value for block in app.code)
    assert "&lt;b&gt;crm" in html(app)
    assert secret not in html(app)
    app.button(key=f"api-key-{found.id}").click().run()
    app.button(key="confirm").click().run()
    assert not app.exception
    assert keys.of_secret(house, secret) is None


def test_who_may_not_manage_sees_no_keys(open_page: Open, house: Engine) -> None:
    keys.add(house, "crm", [Permission.LOOK], days=None, actor="anna")
    approver = acting.Actor("boris", acting.ROLES[acting.Role.APPROVER])
    acting.acted_by(lambda: approver)
    try:
        app = open_page("settings")
    finally:
        acting.acted_by(None)
    assert not app.exception
    assert "Keys of the API" not in [header.value for header in app.header]
