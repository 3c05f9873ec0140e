"""Several bots: their tokens sealed, each message its bot's, and a scheduler for each."""

import asyncio
import io
import time
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, select

from hsl import bots, cli, database, fleet, models, resealing, sealing
from hsl import settings as house
from hsl.acting import ROLES, Actor, NotAllowedError, Role, acting_as
from hsl.settings import Settings, load_settings
from tests.delivery.conftest import CreateMessage
from tests.delivery.test_sender import PATIENCE, Running, sandbox, status  # noqa: F401 - a fixture

TOKEN, OTHER = "101:AAA-canary", "202:BBB-canary"


def settings(port: int = 1, **more: object) -> Settings:
    return load_settings(
        HSL_TELEGRAM_API_URL=f"http://127.0.0.1:{port}",
        HSL_TIME_ZONE="UTC",
        **{"HSL_SECRET_KEY": Fernet.generate_key().decode(), **more},
    )


def sealed_tokens(engine: Engine) -> list[str]:
    with engine.begin() as connection:
        return [row.sealed_token for row in connection.execute(select(models.bots))]


def test_what_is_sealed_opens_with_its_key_alone() -> None:
    mine = settings()
    sealed = sealing.seal(mine, b"secret")
    assert "secret" not in sealed
    assert sealing.unseal(mine, sealed) == b"secret"
    with pytest.raises(sealing.SealError, match="another key, or changed"):
        sealing.unseal(settings(), sealed)
    with pytest.raises(sealing.SealError, match="another key, or changed"):
        sealing.unseal(mine, sealed[:-10] + "AAAAAAAAAA")


def test_a_key_is_replaced_without_a_moment_in_which_nothing_opens() -> None:
    old, new = sealing.new_key(), sealing.new_key()
    sealed = sealing.seal(settings(HSL_SECRET_KEY=old), b"secret")
    both = settings(HSL_SECRET_KEY=f"{new},{old}")
    assert sealing.unseal(both, sealed) == b"secret"
    anew = sealing.sealed_anew(both, sealed)
    assert sealing.unseal(settings(HSL_SECRET_KEY=new), anew) == b"secret"


def test_a_key_comes_from_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "key"
    mine = settings(HSL_SECRET_KEY=None, HSL_SECRET_KEY_FILE=str(file))
    with pytest.raises(sealing.SealError, match="No such file"):
        sealing.seal(mine, b"secret")
    file.write_bytes(b"\xff\xff")
    with pytest.raises(sealing.SealError, match="it is no text"):
        sealing.seal(mine, b"secret")
    file.write_text(f"{sealing.new_key()}\n")
    assert sealing.unseal(mine, sealing.seal(mine, b"secret")) == b"secret"


def test_a_missing_or_wrong_key_is_said_without_the_key() -> None:
    with pytest.raises(sealing.SealError, match="No key is set"):
        sealing.seal(settings(HSL_SECRET_KEY=None), b"secret")
    for wrong in ("hunter2-canary", f"{sealing.new_key()},hunter2-canary"):
        with pytest.raises(sealing.SealError, match="holds no key") as said:
            sealing.seal(settings(HSL_SECRET_KEY=wrong), b"secret")
        assert "hunter2" not in str(said.value)
    shown = {one.name: one.value for one in house.described(settings(HSL_SECRET_KEY="hunter2"))}
    assert shown["HSL_SECRET_KEY"] == "••••"


def test_bots_are_kept_used_rotated_and_removed(engine: Engine, sandbox: Running) -> None:  # noqa: F811
    mine = settings(sandbox.port)
    assert bots.speaking(engine, mine).is_sandbox
    assert bots.add(engine, mine, "school", TOKEN, actor="anna")
    bots.add(engine, mine, "club", OTHER, actor="anna")
    assert all("canary" not in sealed for sealed in sealed_tokens(engine))
    assert bots.speaking(engine, mine).token == TOKEN  # the first, as there is no BOT_TOKEN
    own = settings(sandbox.port, BOT_TOKEN="303:CCC", HSL_SECRET_KEY=mine.secret_key)
    assert bots.speaking(engine, own).bot_id == 303
    assert set(bots.served(engine, own).settings) == {101, 202, 303}
    assert set(bots.served(engine, mine).settings) == {101, 202}
    bots.use(engine, "club", actor="anna")
    assert bots.speaking(engine, own).token == OTHER
    assert bots.speaking(engine, own, "school").token == TOKEN
    bots.rotate(engine, mine, "school", "101:NEW", actor="anna")
    assert bots.speaking(engine, mine, "school").token == "101:NEW"
    with pytest.raises(bots.BotError, match="This token is of bot 404"):
        bots.rotate(engine, mine, "school", "404:NEW", actor="anna")
    with pytest.raises(bots.BotError, match="There are: club, school"):
        bots.speaking(engine, mine, "chess")
    with pytest.raises(bots.BotError, match="Bot 101 is kept already"):
        bots.add(engine, mine, "again", TOKEN, actor="anna")
    with pytest.raises(bots.BotError, match="There is a bot club already"):
        bots.add(engine, mine, "club", "505:E", actor="anna")
    bots.remove(engine, "club", actor="anna")
    assert [bot.name for bot in bots.listing(engine, mine)] == ["school"]
    bots.add(engine, mine, "club", OTHER, actor="anna")
    assert [bot.name for bot in bots.listing(engine, mine)] == ["club", "school"]
    with engine.begin() as connection:
        log = connection.execute(select(models.audit_log)).all()
    assert {entry.action for entry in log} == {
        "bot_added",
        "bot_used",
        "bot_rotated",
        "bot_removed",
    }
    assert "canary" not in str(log)


def test_a_key_that_went_stops_its_bots_alone(engine: Engine, sandbox: Running) -> None:  # noqa: F811
    old = settings(sandbox.port)
    bots.add(engine, old, "school", TOKEN, actor="anna")
    new = settings(sandbox.port, BOT_TOKEN="303:CCC")
    found = bots.served(engine, new)
    assert set(found.settings) == {303}
    assert "another key" in found.faults["school"]
    keys = ",".join(
        one.secret_key.get_secret_value() for one in (new, old) if one.secret_key is not None
    )
    both = settings(sandbox.port, HSL_SECRET_KEY=keys)
    assert resealing.seal_all(engine, both, actor="anna").bots == 1
    assert set(bots.served(engine, new).settings) == {101, 303}


def test_a_bot_with_waiting_messages_is_not_removed_by_accident(
    engine: Engine,
    sandbox: Running,  # noqa: F811
    create_message: CreateMessage,
) -> None:
    mine = settings(sandbox.port)
    bots.add(engine, mine, "school", TOKEN, actor="anna")
    create_message(bot_id=101)
    with pytest.raises(bots.BotError, match="1 messages of school are not over"):
        bots.remove(engine, "school", actor="anna")
    bots.remove(engine, "school", actor="anna", with_waiting=True)
    assert bots.listing(engine, mine) == []
    assert sealed_tokens(engine) == [None]


def test_nothing_is_kept_that_telegram_does_not_confirm(engine: Engine) -> None:
    with pytest.raises(bots.BotError, match="nothing was kept") as said:
        bots.add(engine, settings(), "school", TOKEN, actor="anna")
    assert "canary" not in str(said.value)
    with pytest.raises(bots.BotError, match="no bot's token"):
        bots.add(engine, settings(), "school", "canary", actor="anna")
    with pytest.raises(bots.BotError, match="printable"):
        bots.add(engine, settings(), "a\u202eb", TOKEN, actor="anna")
    assert sealed_tokens(engine) == []


def test_only_who_manages_keeps_bots(engine: Engine) -> None:
    with (
        acting_as(Actor("eva", ROLES[Role.APPROVER])),
        pytest.raises(NotAllowedError),
    ):
        bots.add(engine, settings(), "school", TOKEN, actor="eva")


def test_each_bot_sends_its_own_messages_and_a_new_one_joins_in(
    engine: Engine,
    sandbox: Running,  # noqa: F811
    create_message: CreateMessage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleet, "LOOK", 0.1)
    mine = settings(sandbox.port)
    bots.add(engine, mine, "school", TOKEN, actor="anna")
    made = {bot: create_message(bot_id=bot) for bot in (101, 202)}

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(fleet.Fleet(mine, engine).run(stop))
        await until(101)
        assert status(engine, made[202]).status == "scheduled"
        await asyncio.to_thread(bots.add, engine, mine, "club", OTHER, actor="anna")
        await until(202)
        await asyncio.to_thread(bots.remove, engine, "school", actor="anna")
        stop.set()
        await running

    async def until(bot: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while status(engine, made[bot]).status != "sent":
            assert time.monotonic() < deadline, f"bot {bot} did not send"
            await asyncio.sleep(0.05)

    asyncio.run(main())
    assert {entry["bot"] for entry in sandbox.state.accepted} == {101, 202}
    with engine.begin() as connection:
        rates = {row.bot_id for row in connection.execute(select(models.bot_pace))}
        assert rates == {101, 202}
        assert connection.execute(select(models.workers)).all() == []


def test_a_scheduler_that_breaks_is_not_kept_quiet(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "LOOK", 0.05)

    async def broken(_self: object, _stop: asyncio.Event) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(fleet.Scheduler, "run", broken)
    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(fleet.Fleet(settings(), engine).run(asyncio.Event()))


def test_in_a_terminal(
    tmp_path: Path,
    sandbox: Running,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def hsl(*words: str, token: str = "") -> tuple[int, str]:
        house.get_settings.cache_clear()
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{token}\n"))
        ended = cli.main(words)
        said = capsys.readouterr()
        return ended, said.out + said.err

    for name in ("BOT_TOKEN", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HSL_TELEGRAM_API_URL", f"http://127.0.0.1:{sandbox.port}")
    ended, key = hsl("secret-key")
    assert ended == 0
    monkeypatch.setenv("HSL_SECRET_KEY", key.strip())
    assert hsl("bot", "add", "school", token=TOKEN)[0] == 0
    assert hsl("bot", "add", "club", token=OTHER)[0] == 0
    assert "* school" in hsl("bot", "list")[1]
    assert hsl("bot", "use", "club")[0] == 0
    ended, said = hsl("bot", "list", "--json")
    assert ended == 0
    assert '"name": "club"' in said
    assert "canary" not in said
    assert hsl("bot", "rotate")[0] == 2
    assert "2 tokens, 0 webhooks" in hsl("bot", "rotate", "--key")[1]
    assert hsl("bot", "rotate", "club", token="202:NEW")[0] == 0
    people = tmp_path / "people.csv"
    people.write_text("user_id,first_name\n7,Anna\n")
    assert hsl("import", str(people))[0] == 0
    assert hsl("send", "--all", "--text", "Hi", "--yes", "--bot", "school")[0] == 0
    assert hsl("send", "--all", "--text", "Hi", "--yes")[0] == 0
    ended, said = hsl("send", "--all", "--text", "Hi", "--yes", "--bot", "chess")
    assert (ended, said) == (1, "hsl: There is no bot chess. There are: club, school.\n")
    assert hsl("bot", "remove", "school") == (
        1,
        "Nothing was removed. Add --yes where nobody can be asked.\n",
    )
    assert hsl("bot", "remove", "school", "--yes")[0] == 0
    loaded = load_settings()
    engine = database.engine_for(loaded)
    with engine.begin() as connection:
        found = connection.execute(select(models.message_history.c.bot_id)).scalars().all()
    engine.dispose()
    assert found == [101, 202]
    house.get_settings.cache_clear()
