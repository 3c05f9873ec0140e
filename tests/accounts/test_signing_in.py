"""Signing in: passwords, second factors, what has to wait, and when a session ends."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Literal

import pyotp
import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters
from sqlalchemy import Engine, select, update

from hsl import acting, audit, database, guarding, outward, resealing, sealing
from hsl.accounts import (
    AccountError,
    attempts,
    passwords,
    registry,
    second_factor,
    sessions,
    signing_in,
    tokens,
)
from hsl.accounts.attempts import LockedError
from hsl.accounts.signing_in import Browser, SignedIn, SignInError
from hsl.accounts.tables import account_sessions, sign_in_attempts
from hsl.acting import ROLES, Actor, Role
from hsl.settings import Settings, load_settings
from hsl.webhooks import kept as webhooks
from tests.accounts.conftest import PASSWORD

HERE = Browser("192.0.2.7", "Firefox")


@pytest.fixture
def anna(engine: Engine) -> int:
    return registry.add(engine, "anna", Role.ADMIN, password=PASSWORD)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time that everything here goes by."""
    moment = [datetime.now(UTC)]
    monkeypatch.setattr(database, "now", lambda _connection: moment[0])

    def later(seconds: float) -> None:
        moment[0] += timedelta(seconds=seconds)

    return later


def signed_in(engine: Engine, settings: Settings, **changes: str) -> SignedIn:
    asked = {"name": "anna", "password": PASSWORD, **changes}
    browser = Browser(asked.pop("address", HERE.address), HERE.name)
    return signing_in.with_password(engine, settings, asked["name"], asked["password"], browser)


def session(engine: Engine, settings: Settings, token: str) -> sessions.Session | None:
    with engine.begin() as connection:
        return sessions.look(connection, settings, tokens.hashed(token))


def test_who_signs_in_has_a_session(engine: Engine, settings: Settings, anna: int) -> None:
    entered = signed_in(engine, settings, name="ANNA")
    found = session(engine, settings, entered.token)
    assert found is not None and not entered.waits_for_code
    assert (found.account_id, found.name, found.role) == (anna, "anna", Role.ADMIN)
    with engine.begin() as connection:
        kept = connection.execute(select(account_sessions.c.token_hash)).scalar_one()
    assert entered.token not in kept
    entries, _total = audit.entries(engine, action="signed_in")
    assert entries[0].details == {"address": HERE.address}
    assert entered.token not in str(entries)


@pytest.mark.parametrize("asked", [{"password": "wrong one"}, {"name": "nobody-here"}])
def test_a_wrong_name_and_a_wrong_password_read_the_same(
    engine: Engine, settings: Settings, anna: int, asked: dict[str, str]
) -> None:
    with pytest.raises(SignInError, match=r"^The name or the password is wrong\.$"):
        signed_in(engine, settings, **asked)
    entries, _total = audit.entries(engine, action="sign_in_failed")
    assert len(entries) == 1
    assert "wrong one" not in str(entries) and "nobody-here" not in str(entries)


def test_a_wrong_name_takes_as_long_as_a_wrong_password(
    engine: Engine, settings: Settings, anna: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argon2 is nearly all of it: it is asked as often, at the same costs."""
    costs: list[Parameters] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            costs.append(extract_parameters(str(hash)))
            return super().verify(hash, password)

    hasher = Watched(time_cost=2, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    monkeypatch.setattr(passwords, "_NOBODYS", hasher.hash("nobody has this"))
    registry.change_password(engine, "anna", PASSWORD + "!")

    def takes(name: str) -> list[Parameters]:
        costs.clear()
        with pytest.raises(SignInError):
            signed_in(engine, settings, name=name, password="wrong one", address="198.51.100.1")
        return [*costs]

    assert takes("nobody-here") == takes("anna") == [extract_parameters(hasher.hash("x"))]


def test_who_is_disabled_does_not_get_in(engine: Engine, settings: Settings, anna: int) -> None:
    entered = signed_in(engine, settings)
    registry.add(engine, "vera", Role.ADMIN, password=PASSWORD)
    registry.disable(engine, "anna")
    assert session(engine, settings, entered.token) is None
    with pytest.raises(SignInError):
        signed_in(engine, settings)


def test_each_failure_makes_the_wait_twice_as_long(
    engine: Engine, settings: Settings, anna: int, clock: Callable[[float], None]
) -> None:
    for _free in range(attempts.FREE_BY_ACCOUNT):
        with pytest.raises(SignInError):
            signed_in(engine, settings, password="wrong one")
    for wait in (1, 2, 4, 8):
        with pytest.raises(LockedError, match="Try again in"):
            signed_in(engine, settings)  # not even the right one
        clock(wait + 0.1)
        with pytest.raises(SignInError):
            signed_in(engine, settings, password="wrong one")
    clock(attempts.LONGEST_WAIT.total_seconds())
    assert signed_in(engine, settings).token
    with pytest.raises(SignInError):  # and what failed before counts no more
        signed_in(engine, settings, password="wrong one")


def test_names_that_nobody_has_wait_as_well(
    engine: Engine, settings: Settings, clock: Callable[[float], None]
) -> None:
    for _free in range(attempts.FREE_BY_ACCOUNT):
        with pytest.raises(SignInError):
            signed_in(engine, settings, name="nobody-here")
    with pytest.raises(LockedError):
        signed_in(engine, settings, name="nobody-here")


def test_an_address_waits_whatever_names_it_tries(
    engine: Engine, settings: Settings, anna: int, clock: Callable[[float], None]
) -> None:
    for number in range(attempts.FREE_BY_ADDRESS):
        with pytest.raises(SignInError):
            signed_in(engine, settings, name=f"name{number}")
    with pytest.raises(LockedError):
        signed_in(engine, settings)
    assert signed_in(engine, settings, address="192.0.2.8").token


def test_an_account_of_ones_own_does_not_free_an_address(
    engine: Engine, settings: Settings, anna: int, clock: Callable[[float], None]
) -> None:
    for number in range(attempts.FREE_BY_ADDRESS - 1):
        with pytest.raises(SignInError):
            signed_in(engine, settings, name=f"name{number}")
        assert signed_in(engine, settings).token
    with pytest.raises(SignInError):
        signed_in(engine, settings, name="one-more")
    with pytest.raises(LockedError):
        signed_in(engine, settings)


def test_many_guesses_at_once_are_no_more_guesses(
    engine: Engine, settings: Settings, anna: int
) -> None:
    def guess(number: int) -> str:
        try:
            signed_in(engine, settings, password=f"guess {number}", address=f"192.0.2.{number}")
        except AccountError as refused:
            return type(refused).__name__
        return "in"

    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(guess, range(24)))
    assert came.count("SignInError") <= attempts.FREE_BY_ACCOUNT + 2
    assert came.count("LockedError") >= 24 - attempts.FREE_BY_ACCOUNT - 2


def test_one_ipv6_host_has_one_count() -> None:
    one, other = attempts.of_address("2001:db8::1"), attempts.of_address("2001:db8::ffff:2")
    assert one == other != attempts.of_address("2001:db8:0:1::1")
    assert attempts.of_address("<script>") == attempts.of_address(None)


def test_a_session_ends_when_nobody_uses_it(
    engine: Engine, settings: Settings, anna: int, clock: Callable[[float], None]
) -> None:
    token = signed_in(engine, settings).token
    clock(settings.session_idle - 1)
    sessions.seen(engine, tokens.hashed(token))
    clock(settings.session_idle - 1)
    assert session(engine, settings, token)
    clock(2)
    assert session(engine, settings, token) is None


def test_a_session_ends_however_much_it_is_used(
    engine: Engine, settings: Settings, anna: int, clock: Callable[[float], None]
) -> None:
    token, lasted = signed_in(engine, settings).token, 0.0
    while session(engine, settings, token):
        sessions.seen(engine, tokens.hashed(token))
        clock(settings.session_idle / 2)
        lasted += settings.session_idle / 2
    assert settings.session_longest <= lasted < settings.session_longest + settings.session_idle
    signed_in(engine, settings)
    with engine.begin() as connection:
        assert len(connection.execute(select(account_sessions.c.id)).all()) == 1


class Phone:
    """Shows the code of a moment."""

    def __init__(self, engine: Engine, settings: Settings, account_id: int) -> None:
        self.engine = engine
        self._totp = pyotp.parse_uri(second_factor.start(engine, settings, account_id))

    @property
    def secret(self) -> str:
        return str(self._totp.secret)

    def code(self) -> str:
        with self.engine.begin() as connection:
            return self._totp.at(database.now(connection))


@pytest.fixture
def phone(
    engine: Engine, settings: Settings, anna: int, clock: Callable[[float], None]
) -> tuple[Phone, list[str]]:
    with acting.acting_as(Actor("anna", ROLES[Role.ADMIN], account_id=anna)):
        phone = Phone(engine, settings, anna)
        codes = second_factor.confirm(engine, settings, anna, phone.code())
    clock(60)
    return phone, codes


def with_code(engine: Engine, settings: Settings, waiting: SignedIn, code: str) -> SignedIn:
    return signing_in.with_code(engine, settings, tokens.hashed(waiting.token), code, HERE)


def test_a_second_factor_is_asked_for(
    engine: Engine, settings: Settings, phone: tuple[Phone, list[str]]
) -> None:
    waiting = signed_in(engine, settings)
    assert waiting.waits_for_code
    assert session(engine, settings, waiting.token) is None
    with pytest.raises(SignInError, match="code is not right"):
        with_code(engine, settings, waiting, "000000")
    entered = with_code(engine, settings, waiting, phone[0].code())
    assert session(engine, settings, entered.token)
    assert entered.token != waiting.token
    with pytest.raises(SignInError, match="took too long"):
        with_code(engine, settings, waiting, phone[0].code())


def test_a_code_opens_once(
    engine: Engine,
    settings: Settings,
    phone: tuple[Phone, list[str]],
    clock: Callable[[float], None],
) -> None:
    code = phone[0].code()
    with_code(engine, settings, signed_in(engine, settings), code)
    with pytest.raises(SignInError):
        with_code(engine, settings, signed_in(engine, settings), code)
    clock(30)
    assert with_code(engine, settings, signed_in(engine, settings), phone[0].code()).token


def test_a_recovery_code_opens_once(
    engine: Engine, settings: Settings, anna: int, phone: tuple[Phone, list[str]]
) -> None:
    codes = phone[1]
    assert len(set(codes)) == second_factor.CODES
    assert with_code(engine, settings, signed_in(engine, settings), codes[0].upper() + " ").token
    with pytest.raises(SignInError):
        with_code(engine, settings, signed_in(engine, settings), codes[0])
    assert second_factor.codes_left(engine, anna) == second_factor.CODES - 1
    entries, _total = audit.entries(engine)
    assert not any(code in str(entries) for code in codes)


def test_guessing_codes_has_to_wait(
    engine: Engine, settings: Settings, phone: tuple[Phone, list[str]]
) -> None:
    for _free in range(attempts.FREE_BY_ACCOUNT):
        with pytest.raises(SignInError):  # the right password each time does not help
            with_code(engine, settings, signed_in(engine, settings), "000000")
    with pytest.raises(LockedError):
        with_code(engine, settings, signed_in(engine, settings), phone[0].code())


def test_the_second_factor_is_taken_away_by_a_code_or_an_admin(
    engine: Engine, settings: Settings, anna: int, phone: tuple[Phone, list[str]]
) -> None:
    herself = Actor("anna", ROLES[Role.ADMIN], account_id=anna)
    with acting.acting_as(herself), pytest.raises(AccountError, match="code is not right"):
        second_factor.remove(engine, settings, anna, "000000")
    registry.reset_second_factor(engine, "anna")
    assert not signed_in(engine, settings).waits_for_code


def kept_secret(engine: Engine) -> str:
    with engine.begin() as connection:
        return str(registry.row_of(connection, "anna").totp_secret)


def test_the_secret_of_the_codes_is_sealed_where_a_key_is_set(engine: Engine, anna: int) -> None:
    given = load_settings(HSL_SECRET_KEY=sealing.new_key())
    with acting.acting_as(Actor("anna", ROLES[Role.ADMIN], account_id=anna)):
        phone = Phone(engine, given, anna)
        kept = kept_secret(engine)
        assert kept.startswith(second_factor.SEALED) and phone.secret not in kept
        second_factor.confirm(engine, given, anna, phone.code())
    assert kept_secret(engine) == kept


def test_one_from_before_the_key_is_sealed_at_its_next_use(
    engine: Engine, settings: Settings, phone: tuple[Phone, list[str]]
) -> None:
    assert kept_secret(engine) == phone[0].secret
    given = load_settings(HSL_SECRET_KEY=sealing.new_key())
    with pytest.raises(SignInError):
        with_code(engine, given, signed_in(engine, given), "000000")
    assert kept_secret(engine) == phone[0].secret
    assert with_code(engine, given, signed_in(engine, given), phone[0].code()).token
    assert kept_secret(engine).startswith(second_factor.SEALED)
    assert audit.entries(engine, action="second_factor_sealed")[1] == 1


def test_without_its_key_a_recovery_code_opens(
    engine: Engine, settings: Settings, phone: tuple[Phone, list[str]]
) -> None:
    given = load_settings(HSL_SECRET_KEY=sealing.new_key())
    sealed = resealing.seal_all(engine, given, actor="operator")
    assert (sealed.second_factors, sealed.bots, sealed.webhooks) == (1, 0, 0)
    for other in (settings, load_settings(HSL_SECRET_KEY=sealing.new_key())):
        with pytest.raises(AccountError, match="codes cannot be checked now"):
            with_code(engine, other, signed_in(engine, other), phone[0].code())
    assert with_code(engine, settings, signed_in(engine, settings), phone[1][0]).token
    assert with_code(engine, given, signed_in(engine, given), phone[0].code()).token


def test_the_doctor_tells_what_is_not_sealed_or_cannot_be_opened(
    engine: Engine, settings: Settings, phone: tuple[Phone, list[str]]
) -> None:
    plain = guarding.sealed(engine, settings)
    assert not plain.ok
    assert "of 1 second factor are made from stands in the database as it is" in plain.detail
    assert "python -m hsl secret-key" in plain.remedy

    given = load_settings(HSL_SECRET_KEY=sealing.new_key())
    before = guarding.sealed(engine, given)
    assert not before.ok
    assert before.remedy == "Seal it: run `python -m hsl bot rotate --key`."

    webhooks.add(engine, given, "https://crm.example.org/events", actor="anna")
    resealing.seal_all(engine, given, actor="operator")
    well = guarding.sealed(engine, given)
    assert (well.ok, well.detail) == (True, "2 are kept, all sealed.")
    lost = guarding.sealed(engine, settings)
    assert not lost.ok
    assert lost.detail == "2 secrets are sealed, and no key is set that opens them."
    wrong = guarding.sealed(engine, load_settings(HSL_SECRET_KEY="no-key"))
    assert not wrong.ok
    assert "HSL_SECRET_KEY holds no key" in wrong.detail


def test_without_secrets_the_doctor_asks_for_no_key(engine: Engine, settings: Settings) -> None:
    assert guarding.sealed(engine, settings).ok


def test_all_is_sealed_with_a_new_key_or_nothing_is(
    engine: Engine, phone: tuple[Phone, list[str]]
) -> None:
    old, new = sealing.new_key(), sealing.new_key()
    first = load_settings(HSL_SECRET_KEY=old)
    webhooks.add(engine, first, "https://crm.example.org/events", actor="anna")
    resealing.seal_all(engine, first, actor="operator")
    before = kept_secret(engine)
    with pytest.raises(sealing.SealError, match="another key"):
        resealing.seal_all(engine, load_settings(HSL_SECRET_KEY=new), actor="operator")
    assert kept_secret(engine) == before
    found = resealing.seal_all(
        engine, load_settings(HSL_SECRET_KEY=f"{new},{old}"), actor="operator"
    )
    assert (found.webhooks, found.second_factors) == (1, 1)
    alone = load_settings(HSL_SECRET_KEY=new)
    assert with_code(engine, alone, signed_in(engine, alone), phone[0].code()).token
    with engine.begin() as connection:
        secret = connection.execute(select(outward.webhooks.c.sealed_secret)).scalar_one()
    assert sealing.unseal(alone, secret).startswith(b"whsec_")


def test_a_hash_of_old_costs_is_made_anew(
    engine: Engine, settings: Settings, anna: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        before = registry.row_of(connection, "anna").password_hash
    dearer = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", dearer)
    signed_in(engine, settings)
    with engine.begin() as connection:
        after = registry.row_of(connection, "anna").password_hash
    assert before != after and "t=2" in after
    assert signed_in(engine, settings).token


def test_a_link_of_yesterday_opens_nothing(
    engine: Engine, anna: int, clock: Callable[[float], None]
) -> None:
    from hsl.accounts import links

    token = links.make(engine, "anna")
    clock(links.LASTS.total_seconds() + 1)
    assert links.look(engine, token) is None


def test_a_session_whose_row_is_gone_is_no_session(
    engine: Engine, settings: Settings, anna: int
) -> None:
    token = signed_in(engine, settings).token
    with engine.begin() as connection:
        connection.execute(update(account_sessions).values(token_hash="other"))
    assert session(engine, settings, token) is None
    with engine.begin() as connection:
        assert connection.execute(select(sign_in_attempts)).all() != []
