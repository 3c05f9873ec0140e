"""Idempotency-Key: one deed and one answer, with two at once and after a crash."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from api_served import Served
from sqlalchemy import Engine, func, select, update

from hsl import audit, dispatch, models, outward
from hsl.acting import Permission
from hsl.api import once
from hsl.audience.cohort import Audience, Cohort
from hsl.message.content import Content

NEW: dict[str, Any] = {
    "content": {"message_type": "text", "text": "Hello"},
    "where": "in_stream('4th_stream')",
}


def send(served: Served, key: str, body: dict[str, Any] = NEW) -> httpx2.Response:
    with served.client() as client:
        return client.post("/messages", json=body, headers={"Idempotency-Key": key})


def made(engine: Engine) -> int:
    with engine.begin() as connection:
        found = select(func.count()).select_from(models.message_history)
        return int(connection.execute(found).scalar_one())


def let_claims_lapse(engine: Engine) -> None:
    """As if half a minute had passed since a process died."""
    with engine.begin() as connection:
        past = models.utc_now() - timedelta(seconds=1)
        connection.execute(update(outward.api_answers).values(owned_until=past))


def test_the_same_again_is_one_message_and_one_answer(served: Served, engine: Engine) -> None:
    first, second = send(served, "a"), send(served, "a")
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"
    assert made(engine) == 1
    other = send(served, "a", {**NEW, "keep_quiet": True})
    assert other.status_code == 422
    assert "another request" in other.json()["detail"]
    assert send(served, "b").json()["id"] != first.json()["id"]
    with served.client(served.key(*Permission)) as client:  # keys know nothing of each other
        assert client.post("/messages", json=NEW, headers={"Idempotency-Key": "a"}).json()["id"] > 2


def test_two_at_once_are_one(served: Served, engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send(served, "at once"), range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert made(engine) == 1


def test_after_a_crash_it_is_not_done_twice(
    served: Served, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_given: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:  # the deed is done, and nothing after it
        patched.setattr(once, "keep", die)
        patched.setattr(once, "release", die)
        assert send(served, "crash").status_code == 500
    assert made(engine) == 1
    let_claims_lapse(engine)
    again = send(served, "crash")
    assert (again.status_code, made(engine)) == (201, 1)
    assert again.json()["sum"]["total"] == 10
    assert send(served, "crash").content == again.content


def test_after_a_crash_other_deeds_are_told_too(
    served: Served, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = send(served, "one", {**NEW, "at": "2199-01-01T10:00:00Z"}).json()["id"]
    file = b"user_id\n100\n5000\n"
    asked: list[tuple[str, dict[str, Any]]] = [
        (f"/messages/{message_id}/pause", {}),
        ("/people/import?name=people.csv", {"content": file}),
        ("/segments", {"json": {"name": "fourth", "where": "in_stream('4th_stream')"}}),
    ]

    def ask(number: int) -> httpx2.Response:
        path, given = asked[number]
        with served.client() as client:
            return client.post(path, headers={"Idempotency-Key": f"k{number}"}, **given)

    for number in range(len(asked)):
        with monkeypatch.context() as patched:
            patched.setattr(once, "keep", lambda *_given: None)
            first = ask(number)
        let_claims_lapse(engine)
        again = ask(number)
        assert again.status_code == first.status_code < 300, again.text
        assert again.json() == first.json()


def test_after_a_crash_before_the_deed_it_is_done(served: Served, engine: Engine) -> None:
    with engine.begin() as connection:
        number = connection.execute(select(outward.api_keys.c.id)).scalar_one()
    wanted = once.hash_of("POST", "/messages", b"", "another")
    assert isinstance(once.claim(engine, number, "early", wanted), once.Claim)
    assert isinstance(once.claim(engine, number, "early", wanted), once.Busy)
    let_claims_lapse(engine)
    assert isinstance(once.claim(engine, number, "early", wanted), once.Claim)


def test_who_lost_the_claim_does_not_do_the_deed(served: Served, engine: Engine) -> None:
    wanted = once.hash_of("POST", "/messages", b"", "x")
    slow = once.claim(engine, 1, "slow", wanted)
    let_claims_lapse(engine)
    fast = once.claim(engine, 1, "slow", wanted)
    assert isinstance(slow, once.Claim)
    assert isinstance(fast, once.Claim)

    def deed(mine: once.Claim) -> int:
        with audit.witnessed(lambda connection, entry: once.stamp(connection, mine, entry)):
            return dispatch.send(
                engine,
                served.settings,
                content=Content(text="Hello"),
                audience=Audience(include=(Cohort(everyone=True),)),
                author="crm",
            )

    with pytest.raises(once.LostClaimError):
        deed(slow)
    assert made(engine) == 0
    message_id = deed(fast)
    let_claims_lapse(engine)
    found = once.claim(engine, 1, "slow", wanted)
    assert isinstance(found, once.Undone)
    assert found.done["object_id"] == str(message_id)


def test_what_was_refused_may_be_tried_again(served: Served, engine: Engine) -> None:
    nobody = {**NEW, "where": "in_stream('5th_stream')"}
    assert send(served, "refused", nobody).status_code == 422
    with engine.begin() as connection:
        connection.execute(
            models.enrollments.insert().values(user_id=100, course_stream="5th_stream")
        )
    assert send(served, "refused", nobody).status_code == 201


def test_answers_are_forgotten_after_a_day(served: Served, engine: Engine) -> None:
    send(served, "old")
    assert once.forget(engine) == 0
    with engine.begin() as connection:
        old = models.utc_now() - timedelta(hours=25)
        connection.execute(update(outward.api_answers).values(created_at=old))
    assert send(served, "old").json()["id"] == 2
    with engine.begin() as connection:
        connection.execute(update(outward.api_answers).values(created_at=old))
    assert once.forget(engine) == 1


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_what_is_no_key_is_refused(shared: Served, key: str) -> None:
    assert send(shared, key).status_code == 422
