"""Accounts: what they are called, their passwords, and who may change them."""

import pytest
from sqlalchemy import Engine, select

from hsl import acting, audit
from hsl.accounts import AccountError, links, passwords, registry, sessions
from hsl.accounts.tables import accounts
from hsl.acting import ROLES, Actor, NotAllowedError, Role
from hsl.settings import Settings
from tests.accounts.conftest import PASSWORD

ADMIN, EDITOR = Role.ADMIN, Role.EDITOR


def opened(engine: Engine, settings: Settings, account_id: int) -> str:
    with engine.begin() as connection:
        return sessions.begin(connection, settings, account_id, address="10.0.0.1", browser="B")


def test_an_account_is_added_and_its_password_is_no_text(engine: Engine) -> None:
    assert not registry.exist(engine)
    registry.add(engine, "Анна", ADMIN, password=PASSWORD, email="Anna@School.org")
    assert registry.exist(engine)
    (found,) = registry.listing(engine)
    assert (found.name, found.role, found.email) == ("Анна", ADMIN, "anna@school.org")
    with engine.begin() as connection:
        kept = connection.execute(select(accounts.c.password_hash)).scalar_one()
    assert kept.startswith("$argon2id$")
    entries, _total = audit.entries(engine)
    assert entries[0].action == "account_added"
    assert PASSWORD not in str(entries) and "argon" not in str(entries)


@pytest.mark.parametrize("name", ["анна", "АННА", " Анна "])
def test_names_are_the_same_whatever_their_case(engine: Engine, name: str) -> None:
    registry.add(engine, "Анна", ADMIN)
    with pytest.raises(AccountError, match="already"):
        registry.add(engine, name, EDITOR)


@pytest.mark.parametrize("name", ["", "a", "-anna", "an na", "a\nb", "x" * 65, "<b>anna</b>"])
def test_what_is_no_name_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(AccountError, match="cannot be a name"):
        registry.add(engine, name, EDITOR)


@pytest.mark.parametrize("name", ["operator", "Scheduler", "nobody"])
def test_nobody_is_called_as_the_program_signs(engine: Engine, name: str) -> None:
    with pytest.raises(AccountError, match="signs for the program"):
        registry.add(engine, name, EDITOR)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "password1234",
        "Passw0rd2024!",
        "qwertyuiop123",
        "123456789012",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabc",
        "annaannaanna",
        "Anna.Schmidt1",
        "пароль123456",
        "x" * 1025,
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(AccountError):
        passwords.check(password, "anna.schmidt", None)


@pytest.mark.parametrize("password", [PASSWORD, "лампа в январе", "tR4&kq!9zLw2", "a cup, a goat"])
def test_a_password_of_its_own_is_taken(password: str) -> None:
    passwords.check(password, "anna.schmidt", None)


def test_the_last_admin_stays_one(engine: Engine) -> None:
    registry.add(engine, "anna", ADMIN, password=PASSWORD)
    registry.add(engine, "vera", ADMIN)  # cannot sign in yet
    for change in (
        lambda: registry.disable(engine, "anna"),
        lambda: registry.change_role(engine, "anna", EDITOR),
    ):
        with pytest.raises(AccountError, match="last admin"):
            change()
    registry.change_password(engine, "vera", PASSWORD)
    registry.disable(engine, "anna")
    assert [one.is_disabled for one in registry.listing(engine)] == [True, False]


@pytest.mark.parametrize("change", ["role", "password", "disable", "link", "everywhere"])
def test_what_changes_an_account_ends_its_sessions(
    engine: Engine, settings: Settings, change: str
) -> None:
    registry.add(engine, "anna", ADMIN, password=PASSWORD)
    account = registry.add(engine, "boris", EDITOR, password=PASSWORD)
    opened(engine, settings, account)
    assert len(sessions.listing(engine, settings, account)) == 1
    if change == "role":
        registry.change_role(engine, "boris", Role.VIEWER)
    elif change == "password":
        registry.change_password(engine, "boris", PASSWORD + "!")
    elif change == "disable":
        registry.disable(engine, "boris")
    elif change == "link":
        links.use(engine, links.make(engine, "boris"), PASSWORD)
    else:
        sessions.sign_out_everywhere(engine, account)
    assert sessions.listing(engine, settings, account) == []


def test_only_an_admin_changes_accounts(engine: Engine, settings: Settings) -> None:
    account = registry.add(engine, "boris", EDITOR, password=PASSWORD)
    other = registry.add(engine, "anna", ADMIN, password=PASSWORD)
    deeds = [
        lambda: registry.listing(engine),
        lambda: registry.add(engine, "vera", ADMIN),
        lambda: registry.change_role(engine, "boris", ADMIN),
        lambda: registry.change_email(engine, "boris", "b@b.org"),
        lambda: registry.change_password(engine, "anna", PASSWORD),
        lambda: registry.disable(engine, "anna"),
        lambda: registry.enable(engine, "anna"),
        lambda: registry.reset_second_factor(engine, "anna"),
        lambda: links.make(engine, "anna"),
        lambda: sessions.listing(engine, settings, other),
        lambda: sessions.sign_out_everywhere(engine, other),
    ]
    for role in (Role.VIEWER, EDITOR, Role.APPROVER):
        with acting.acting_as(Actor("boris", ROLES[role], account_id=account)):
            for deed in deeds:
                with pytest.raises(NotAllowedError):
                    deed()


def test_ones_own_password_needs_the_old_one(engine: Engine, settings: Settings) -> None:
    account = registry.add(engine, "boris", EDITOR, password=PASSWORD)
    opened(engine, settings, account)
    with acting.acting_as(Actor("boris", ROLES[EDITOR], account_id=account)):
        with pytest.raises(AccountError, match="old password is wrong"):
            registry.change_password(engine, "boris", "another good one", old="guess")
        (here,) = sessions.listing(engine, settings, account)
        registry.change_password(
            engine, "boris", "another good one", old=PASSWORD, but=here.token_hash
        )
        assert sessions.listing(engine, settings, account) == [here]


def test_a_link_sets_a_password_once(engine: Engine) -> None:
    registry.add(engine, "boris", EDITOR)
    first, second = links.make(engine, "boris"), links.make(engine, "boris")
    assert links.look(engine, first) is None
    assert links.look(engine, second) == links.Link("boris")
    with pytest.raises(AccountError, match="shorter"):
        links.use(engine, second, "short")
    links.use(engine, second, PASSWORD)
    with pytest.raises(AccountError, match="was used"):
        links.use(engine, second, PASSWORD)
    entries, _total = audit.entries(engine)
    assert first not in str(entries) and second not in str(entries)


def test_the_first_link_makes_the_first_admin_alone(engine: Engine) -> None:
    token = links.make(engine)
    assert links.waits_for_first(engine)
    account = links.use(engine, token, PASSWORD, name="anna")
    (found,) = registry.listing(engine)
    assert (found.id, found.role) == (account, ADMIN)
    with pytest.raises(AccountError, match="already"):
        links.make(engine)


def test_a_first_link_opens_nothing_once_there_is_an_account(engine: Engine) -> None:
    token = links.make(engine)
    registry.add(engine, "anna", ADMIN)
    assert links.look(engine, token) is None
    with pytest.raises(AccountError, match="was used"):
        links.use(engine, token, PASSWORD, name="eve")
