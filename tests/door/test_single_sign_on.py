"""Single sign-on against a real provider on this machine."""

from collections.abc import Iterator

import httpx2
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import select

from hsl import audit
from hsl.accounts import attempts, registry
from hsl.accounts.tables import sign_in_attempts
from hsl.acting import Role
from tests.door.conftest import PASSWORD, Served, ask, serving, until
from tests.door.provider import CLIENT, SECRET, Provider, provider


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Served, Provider]]:
    with (
        provider() as known,
        serving(
            tmp_path_factory.mktemp("single"),
            HSL_OIDC_ISSUER=known.address,
            HSL_OIDC_CLIENT_ID=CLIENT,
            HSL_OIDC_CLIENT_SECRET=SECRET,
        ) as served,
    ):
        registry.add(served.engine, "anna", Role.ADMIN, password=PASSWORD, email="anna@school.org")
        until(lambda: ask(served.address).status_code == 401)
        yield served, known


@pytest.fixture(autouse=True)
def honest(house: tuple[Served, Provider]) -> None:
    known = house[1]
    known.claims = {"sub": "a1", "email": "Anna@School.org", "email_verified": True}
    known.lies, known.signs_with, known.is_away = {}, known.key, False


def go(client: httpx2.Client) -> str:
    """Ask to sign in, and let the provider send one back; where it sends one."""
    leave = client.get("/single-sign-on?next=/messages")
    assert leave.status_code == 303, leave.text
    return ask(leave.headers["location"]).headers["location"]


def test_whom_the_provider_knows_comes_in(house: tuple[Served, Provider]) -> None:
    served, known = house
    with served.browser() as client:
        assert "/single-sign-on?next=%2F" in client.get("/sign-in").text
        entered = client.get(go(client))
        assert (entered.status_code, entered.headers["location"]) == (303, "/messages")
        assert client.get("/signed-in").status_code == 204
    # From now on she is known by the provider's id, whatever her address there.
    known.claims = {"sub": "a1"}
    with served.browser() as client:
        assert client.get(go(client)).status_code == 303
    # And nobody else is, to whom her address was given.
    known.claims = {"sub": "other", "email": "anna@school.org", "email_verified": True}
    with served.browser() as client:
        assert client.get(go(client)).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "b2", "email": "eve@evil.example", "email_verified": True},
        {"sub": "b2", "email": "anna@school.org", "email_verified": False},
        {"sub": "b2", "email": "anna@school.org"},
        {"sub": "b2", "email": "anna@school.org", "email_verified": "true"},
    ],
)
def test_who_has_no_account_stays_out(
    house: tuple[Served, Provider], claims: dict[str, object]
) -> None:
    served, known = house
    known.claims = claims
    with served.browser() as client:
        answer = client.get(go(client))
        assert answer.status_code == 403 and "no account here" in answer.text
        assert client.get("/signed-in").status_code == 401


@pytest.mark.parametrize(
    "lies",
    [
        {"nonce": "another"},
        {"aud": "somebody-else"},
        {"iss": "https://evil.example"},
        {"exp": 1},
    ],
)
def test_a_token_that_is_not_for_this_is_refused(
    house: tuple[Served, Provider], lies: dict[str, object]
) -> None:
    served, known = house
    known.lies = lies
    with served.browser() as client:
        answer = client.get(go(client))
        assert answer.status_code == 403 and "not valid" in answer.text


def test_a_token_that_another_signed_is_refused(house: tuple[Served, Provider]) -> None:
    served, known = house
    known.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    with served.browser() as client:
        assert client.get(go(client)).status_code == 403


def test_who_did_not_begin_here_does_not_come_in(house: tuple[Served, Provider]) -> None:
    served, _known = house
    with served.browser() as client, served.browser() as other:
        back = go(client)
        assert other.get(back).status_code == 403  # another browser, without what was kept
        wrong = back.replace("state=", "state=x")
        assert client.get(wrong).status_code == 403
        assert client.get(back).status_code == 403  # one way back each


def test_disabled_is_disabled(house: tuple[Served, Provider]) -> None:
    served, known = house
    registry.add(served.engine, "vera", Role.EDITOR, email="vera@school.org")
    known.claims = {"sub": "v3", "email": "vera@school.org", "email_verified": True}
    registry.disable(served.engine, "vera")
    with served.browser() as client:
        assert client.get(go(client)).status_code == 403


def refused(served: Served, address: str) -> list[str]:
    """Why single sign-on failed from this address, as the audit says it, the first first."""
    entries, _total = audit.entries(served.engine, action="sign_in_failed", limit=500)
    mine = [e.details for e in reversed(entries) if e.details["address"] == address]
    assert all(details["by"] == "single sign-on" for details in mine)
    return [details["reason"] for details in mine]


def test_failures_count_for_the_address_and_are_audited(house: tuple[Served, Provider]) -> None:
    served, known = house
    here = {"X-Forwarded-For": "203.0.113.50"}
    known.lies = {"nonce": "another"}
    with served.browser() as client:
        client.headers.update(here)
        assert "not valid" in client.get(go(client)).text
        for _again in range(attempts.FREE_BY_ADDRESS - 1):
            assert "not finished" in client.get("/single-sign-on/back?state=x&code=y").text
        known.lies = {}
        locked = client.get(go(client))
        assert locked.status_code == 403 and "Too many attempts failed" in locked.text
        asked = {"name": "anna", "password": PASSWORD}
        assert "Too many" in client.post("/sign-in", data=asked, headers=served.origin).text
    reasons = refused(served, "203.0.113.50")
    assert len(reasons) == attempts.FREE_BY_ADDRESS
    assert "not valid" in reasons[0] and "not finished" in reasons[-1]
    with served.browser() as client:  # another address comes in
        client.headers["X-Forwarded-For"] = "203.0.113.51"
        assert client.get(go(client)).status_code == 303


def test_who_comes_in_did_not_fail_and_a_provider_that_is_away_is_nobodys_guess(
    house: tuple[Served, Provider],
) -> None:
    served, known = house
    with served.browser() as client:
        client.headers["X-Forwarded-For"] = "203.0.113.52"
        for _again in range(3):
            assert client.get(go(client)).status_code == 303
        back = go(client)
        known.is_away = True
        assert "does not answer" in client.get(back).text
    with served.engine.begin() as connection:
        row = connection.execute(
            select(sign_in_attempts.c.failures).where(
                sign_in_attempts.c.subject == attempts.of_address("203.0.113.52")
            )
        ).one()
    assert row.failures == 0
    (reason,) = refused(served, "203.0.113.52")
    assert "does not answer as it should" in reason
