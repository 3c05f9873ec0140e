"""The API over HTTP: keys, scopes, people, cohorts, segments, messages, reports, audit."""

from typing import Any

import httpx2
import pytest
from api_served import PEOPLE, Served
from sqlalchemy import Engine

from hsl import audit, models
from hsl.acting import Permission

TEXT = {"message_type": "text", "text": "Hello"}
STREAM = "in_stream('4th_stream')"


def problem(answer: httpx2.Response, status: int) -> str:
    """The sentence of a problem with this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert "Traceback" not in answer.text
    return str(said["detail"])


def all_of(client: httpx2.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """The entries of all pages."""
    found, cursor = [], None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = client.get(path, params={**params, **more}).raise_for_status().json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_without_a_key_nothing_is_told(shared: Served) -> None:
    with httpx2.Client(base_url=f"{shared.address}/api/v1", timeout=60) as nobody:
        for path in ("/people", "/nothing", "/"):
            answer = nobody.get(path)
            assert "hsl key add" in problem(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert nobody.get("/openapi.json").json()["openapi"].startswith("3.1")
    with shared.client("hsl_" + "a" * 43) as stranger:
        problem(stranger.get("/people"), 401)


def test_a_key_does_what_its_scopes_say(shared: Served) -> None:
    with shared.client(shared.key(Permission.LOOK)) as client:
        assert client.get("/messages").status_code == 200
        assert "scope “names”" in problem(client.get("/people"), 403)
        assert "scope “send”" in problem(client.post("/messages", json={}), 403)


def test_what_is_not_there_is_a_problem_too(shared: Served) -> None:
    with shared.client() as client:
        problem(client.get("/nothing"), 404)
        problem(client.delete("/people"), 405)
        other = client.patch("/people/101/do-not-message")
        assert problem(other, 405) and other.headers["allow"] == "DELETE, PUT"
        problem(client.get("/people/1"), 404)
        problem(client.get("/messages/1000000"), 404)
        problem(
            client.post("/messages", content=b"{", headers={"Content-Type": "application/json"}),
            422,
        )
        problem(client.post("/messages", json={"content": TEXT, "where": STREAM, "more": 1}), 422)
        problem(client.get("/people", params={"cursor": "rubbish"}), 422)
        problem(client.post("/cohorts/count", json={"where": "drop table users"}), 422)
        problem(client.post("/cohorts/count", json={"where": "\x00"}), 422)
        assert "over 1000 kB" in problem(client.post("/messages", content=b" " * 1_000_001), 413)


def test_pages_miss_nobody_while_people_come(shared: Served) -> None:
    with shared.client() as client:
        first = client.get("/people", params={"limit": 7}).json()
        file = b"user_id,first_name\n50,Early\n5000,Late\n"
        added = client.post("/people/import", params={"name": "people.csv"}, content=file)
        assert added.json()["added"] == 2
        rest = all_of(client, "/people", limit=7, cursor=first["next_cursor"])
        ids = [one["user_id"] for one in first["items"] + rest]
        assert ids == [*PEOPLE, 5000]
        found = all_of(client, "/people", where=STREAM)
        assert [one["user_id"] for one in found] == list(PEOPLE[:10])
        assert found[0]["streams"][0]["course_stream"] == "4th_stream"
        assert [p["user_id"] for p in all_of(client, "/people", search="P105")] == [105]


def test_a_mark_is_set_and_taken_away(shared: Served) -> None:
    with shared.client() as client:
        marked = client.put("/people/129/do-not-message", json={"reason": "asked by phone"})
        assert marked.json() == {"marked": 1, "withdrawn": 0}
        assert client.get("/people/129").json()["do_not_message"]["marked_by"] == "everything"
        assert client.delete("/people/129/do-not-message").status_code == 204
        problem(client.delete("/people/129/do-not-message"), 404)


def test_cohorts_and_segments(shared: Served) -> None:
    with shared.client() as client:
        counted = client.post("/cohorts/count", json={"where": STREAM}).json()
        assert counted["people"] == 10
        again = client.post("/cohorts/preview", json={"cohort": counted["cohort"]}).json()
        assert [one["user_id"] for one in again["people"]] == list(PEOPLE[:10])
        made = client.post("/segments", json={"name": "fourth", "where": STREAM})
        assert made.status_code == 201
        number = made.json()["id"]
        assert made.json()["people"] == 10
        problem(client.post("/segments", json={"name": "fourth", "where": STREAM}), 422)
        changed = client.patch(f"/segments/{number}", json={"name": "the fourth"})
        assert changed.json()["name"] == "the fourth"
        assert [s["id"] for s in all_of(client, "/segments", limit=1)] == [number]
        assert client.delete(f"/segments/{number}").status_code == 204
        problem(client.get(f"/segments/{number}"), 404)


def test_a_message_from_its_dry_run_to_its_end(served: Served, engine: Engine) -> None:
    wanted = {"content": TEXT, "where": STREAM, "at": "2199-01-01T10:00:00+03:00"}
    with served.client() as client:
        look = client.post("/messages/dry-run", json=wanted).json()
        assert (look["may_go"], look["people"], look["problems"]) == (True, 10, [])
        assert client.get("/messages").json()["items"] == []
        made = client.post("/messages", json=wanted)
        assert made.status_code == 201
        message = made.json()
        assert (message["status"], message["author"]) == ("scheduled", "everything")
        assert message["scheduled_at"] == "2199-01-01T07:00:00Z"
        path = f"/messages/{message['id']}"
        assert client.post(f"{path}/pause").json()["status"] == "paused"
        assert "cannot be paused" in problem(client.post(f"{path}/pause"), 409)
        assert client.post(f"{path}/resume").json()["status"] == "scheduled"
        found = all_of(client, f"{path}/recipients", limit=3)
        assert [one["user_id"] for one in found] == list(PEOPLE[:10])
        assert client.post(f"{path}/cancel").json()["status"] == "cancelled"
        assert client.get(path).json()["sum"]["cancelled"] == 10
        problem(client.post(f"{path}/retry", json={}), 409)
        problem(client.post(f"{path}/uncertain", json={"how": "mark_delivered"}), 409)
        problem(client.get(f"/reports/messages/{message['id']}"), 422)
        period = client.get("/reports/period", params={"since": "2026-01-01T00:00:00Z"}).json()
        assert period["messages"] == []
        entries = all_of(client, "/audit", limit=2, object_type="message")
        assert [one["action"] for one in entries] == [
            "message_cancelled",
            "message_resumed",
            "message_paused",
            "message_scheduled",
        ]
        assert {one["actor"] for one in entries} == {"everything"}


def test_pages_of_messages_and_files(served: Served, engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(5):
            connection.execute(
                models.media_files.insert().values(
                    bot_id=served.settings.bot_id,
                    kind="document",
                    file_id=f"f{number}",
                    name=f"{number}.pdf",
                    uploaded_by="anna",
                    uploaded_at=models.utc_now(),
                )
            )
    with served.client() as client:
        for _ in range(5):
            client.post("/messages", json={"content": TEXT, "where": "user_id = 100"})
        numbers = [one["id"] for one in all_of(client, "/messages", limit=2)]
        assert len(numbers) == 5
        assert numbers == sorted(numbers, reverse=True)
        names = [one["name"] for one in all_of(client, "/media", limit=2)]
        assert names == ["4.pdf", "3.pdf", "2.pdf", "1.pdf", "0.pdf"]


@pytest.mark.parametrize("at", ["2030-01-01T10:00", "0001-01-01T00:00:00+03:00", "soon"])
def test_a_time_has_a_zone_and_a_year(shared: Served, at: str) -> None:
    with shared.client() as client:
        answer = client.post("/messages", json={"content": TEXT, "where": STREAM, "at": at})
        assert problem(answer, 422).startswith("body.at")


def test_it_acts_from_an_address_as_a_key(shared: Served) -> None:
    with shared.client() as client:
        client.post("/segments", json={"name": "signed", "where": STREAM})
    entry = audit.entries(shared.engine, action="segment_added")[0][0]
    assert entry.actor == "everything"
