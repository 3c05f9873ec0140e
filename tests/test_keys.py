"""Keys of the API: shown once, kept hashed, over when they are."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

from hsl import acting, audit, keys, models, outward
from hsl.acting import Permission


def test_a_key_is_found_by_its_secret_alone_and_the_secret_is_not_kept(engine: Engine) -> None:
    key, secret = keys.add(engine, "crm", [Permission.LOOK], days=None, actor="anna")
    found = keys.of_secret(engine, secret)
    assert found is not None
    assert (found.id, found.scopes, found.name) == (key.id, {Permission.LOOK}, "crm")
    assert keys.listing(engine)[0].last_used_at is not None
    for other in (secret[:-1], secret[:-1] + ("a" if secret[-1] != "a" else "b"), "", "hsl_"):
        assert keys.of_secret(engine, other) is None
    with engine.begin() as connection:
        kept = repr(connection.execute(select(outward.api_keys)).all())
    kept += repr(audit.entries(engine))
    assert secret not in kept
    assert secret[keys.SHOWN :] not in kept


def test_a_key_that_is_revoked_or_over_opens_nothing(engine: Engine) -> None:
    _, revoked = keys.add(engine, "one", [Permission.LOOK], days=None, actor="anna")
    _, over = keys.add(engine, "two", [Permission.LOOK], days=1, actor="anna")
    assert keys.of_secret(engine, over) is not None
    keys.revoke(engine, "one", actor="anna")
    with engine.begin() as connection:
        past = models.utc_now() - timedelta(seconds=1)
        connection.execute(
            update(outward.api_keys).where(outward.api_keys.c.name == "two").values(expires_at=past)
        )
    assert keys.of_secret(engine, revoked) is None
    assert keys.of_secret(engine, over) is None
    assert [key.state for key in keys.listing(engine)] == ["expired", "revoked"]
    with pytest.raises(keys.ApiKeyError, match="no key one to revoke"):
        keys.revoke(engine, "one", actor="anna")


def test_only_an_admin_makes_keys(engine: Engine) -> None:
    approver = acting.Actor("boris", acting.ROLES[acting.Role.APPROVER])
    with acting.acting_as(approver), pytest.raises(acting.NotAllowedError, match="boris may not"):
        keys.add(engine, "crm", [Permission.LOOK], days=None, actor="boris")
    assert keys.listing(engine) == []


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [(" ", None, "1 to 60"), ("a\x00", None, "1 to 60"), ("crm", 0, "1 to 3,650 days")],
)
def test_what_is_no_key_is_refused(engine: Engine, name: str, days: int | None, words: str) -> None:
    with pytest.raises(keys.ApiKeyError, match=words):
        keys.add(engine, name, [Permission.LOOK], days=days, actor="anna")


def test_a_name_is_given_once(engine: Engine) -> None:
    keys.add(engine, "crm", [Permission.LOOK], days=None, actor="anna")
    with pytest.raises(keys.ApiKeyError, match="a key crm already"):
        keys.add(engine, "crm", [Permission.LOOK], days=None, actor="anna")


def test_the_terminal_prints_the_secret_once(
    database_address: str,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from hsl import cli, settings

    monkeypatch.setenv("DATABASE_URL", database_address)
    settings.get_settings.cache_clear()
    try:
        assert cli.main(["key", "add", "crm", "--scope", "send", "--days", "30", "--json"]) == 0
        made = json.loads(capsys.readouterr().out)
        assert keys.of_secret(engine, made["secret"]) is not None
        assert cli.main(["key", "list"]) == 0
        listed = capsys.readouterr().out
        assert made["prefix"] in listed
        assert made["secret"] not in listed
        assert cli.main(["key", "revoke", "crm"]) == 0
        assert keys.of_secret(engine, made["secret"]) is None
    finally:
        settings.get_settings.cache_clear()
