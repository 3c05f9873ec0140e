"""A file by the API, through the bot, into the library and into a message: over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_served import Served, add_people, bot, served_on
from sqlalchemy import Engine

from hsl import audit
from hsl.acting import Permission
from hsl.media import uploading
from hsl.models import MessageType
from tests import two_bots
from tests.media.conftest import draw, film

STREAM = "in_stream('4th_stream')"


@pytest.fixture
def with_bot(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The API on each of the two databases, of a bot that uploads without waiting."""
    monkeypatch.setattr(uploading, "CHAT_INTERVAL", 0.0)
    add_people(engine)
    with bot() as settings, served_on(engine, tmp_path, **settings) as found:
        yield found


def test_a_file_is_uploaded_listed_and_sent(with_bot: Served) -> None:
    picture, video, paper = draw(), film(), b"%PDF-1.4 a lesson"
    with with_bot.client(with_bot.key(Permission.LOOK, Permission.WRITE)) as client:
        made = [
            client.post("/media", params={"name": name, "kind": kind}, content=content)
            for name, kind, content in (
                ("lesson.png", "photo", picture),
                ("film.mp4", "video", video),
                ("lesson.pdf", "document", paper),
            )
        ]
        assert [answer.status_code for answer in made] == [201, 201, 201], made[-1].text
        told = [answer.json() for answer in made]
        assert [one["kind"] for one in told] == ["photo", "video", "document"]
        assert [one["size"] for one in told] == [len(picture), len(video), len(paper)]
        assert (told[0]["width"], told[0]["height"]) == (640, 360)
        assert len({one["file_id"] for one in told}) == 3
        listed = client.get("/media").json()["items"]
        assert {one["file_id"] for one in listed} == {one["file_id"] for one in told}
    content = {"message_type": "photo", "file_id": told[0]["file_id"], "text": "Look"}
    with with_bot.client() as client:
        look = client.post("/messages/dry-run", json={"content": content, "where": STREAM}).json()
        assert (look["may_go"], look["problems"]) == (True, [])
        sent = client.post("/messages", json={"content": content, "where": STREAM})
        assert sent.status_code == 201, sent.text
        assert sent.json()["content"]["file_id"] == told[0]["file_id"]
    entries, _total = audit.entries(with_bot.engine, action="media_uploaded")
    assert len(entries) == 3


def test_a_file_is_uploaded_through_the_bot_that_is_named(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "CHAT_INTERVAL", 0.0)
    add_people(engine)
    two_bots.keep(engine)
    club = {"bot": "club"}
    with (
        bot() as settings,
        served_on(engine, tmp_path, **settings, HSL_SECRET_KEY=two_bots.SECRET) as served,
        served.client() as client,
    ):

        def upload(**more: str) -> dict[str, object]:
            sent = client.post("/media", params={"name": "a.pdf", **more}, content=b"%PDF-1.4")
            assert sent.status_code == 201, sent.text
            return dict(sent.json())

        def ids(**more: str) -> list[object]:
            return [one["id"] for one in client.get("/media", params=more).json()["items"]]

        of_school, of_club = upload(), upload(**club)
        assert (ids(), ids(**club)) == ([of_school["id"]], [of_club["id"]])
        content = {"message_type": "document", "file_id": of_club["file_id"]}
        wanted = {"content": content, "where": STREAM}
        looks = [client.post("/messages/dry-run", json={**wanted, **more}) for more in ({}, club)]
        assert [look.json()["may_go"] for look in looks] == [False, True]
        chess = {"name": "a.pdf", "bot": "chess"}
        for refused in (
            client.post("/media", params=chess, content=b"%PDF-1.4"),
            client.get("/media", params={"bot": "chess"}),
        ):
            assert refused.status_code == 422
            assert refused.json()["detail"].startswith("There is no bot chess.")
        assert len(ids()) == len(ids(**club)) == 1


def test_the_same_file_goes_once_and_the_same_request_too(with_bot: Served) -> None:
    with with_bot.client() as client:
        once = {"Idempotency-Key": "lesson"}
        sent = {"params": {"name": "lesson.pdf"}, "content": b"%PDF-1.4"}
        first = client.post("/media", headers=once, **sent)
        again = client.post("/media", headers=once, **sent)
        anew = client.post("/media", **sent)
        assert first.status_code == again.status_code == anew.status_code == 201
        assert again.headers["idempotency-replayed"] == "true"
        assert first.json() == again.json()
        assert first.json()["id"] == anew.json()["id"]
        other = client.post("/media", headers=once, **(sent | {"content": b"%PDF-1.5"}))
        assert other.status_code == 422
        assert len(client.get("/media").json()["items"]) == 1


def test_what_is_not_what_it_says_is_told(with_bot: Served) -> None:
    with with_bot.client() as client:
        page = b"<html><script>alert(1)</script>"
        kept = client.post("/media", params={"name": "x.png", "kind": "photo"}, content=page).json()
        assert kept["kind"] == MessageType.DOCUMENT
        assert "not a picture" in kept["note"]
        for name in ("../../etc/passwd", "a\\b\\c.pdf", "x\r\nSet-Cookie: a=b"):
            kept = client.post("/media", params={"name": name}, content=name.encode()).json()
            assert not set(kept["name"]) & set("/\\\r\n:")
        for content in (b"", b"x"):
            answer = client.post("/media", params={"name": "x", "kind": "text"}, content=content)
            assert answer.status_code == 422
        assert client.post("/media", params={"name": "x"}, content=b"").status_code == 422
    with with_bot.client(with_bot.key(Permission.LOOK)) as viewer:
        answer = viewer.post("/media", params={"name": "x"}, content=b"x")
        assert answer.status_code == 403
