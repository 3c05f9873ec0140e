"""The hostile corpus in every text of every request: an answer of 2xx, or a problem and no change.

Each request below is right; one text of it at a time, also a name within a body, is then put in
for what somebody who means harm would send.
"""

import base64
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from api_served import Served, add_people, bot, served_on
from sqlalchemy import Engine, event

from hsl import database
from hsl.api import application, guard
from hsl.media import uploading
from tests import two_bots
from tests.conftest import migrated_copy
from tests.hostile.corpus import CORPUS, Hostile

LONGEST_ADDRESS = 60_000  # characters of an address that httpx2 still sends
KEPT_DIFFERENTLY = {"NUL", "zero width", "SQL", "terminal escape", "megabytes"}
# What is written, but for the tables that every request writes to.
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b(?!.*\bapi_(keys|answers)\b)", re.I | re.S)
CONDITION = {
    "kind": "all",
    "of": [
        {"kind": "attribute", "name": "city", "op": "eq", "values": ["Kazan"], "type": "text"},
        {"kind": "stream", "streams": ["4th_stream"], "statuses": ["active"]},
        {"kind": "reachable", "reachable": False, "reasons": ["blocked"]},
        {"kind": "search", "words": "P1"},
        {"kind": "message", "message_id": 1, "outcome": "failed", "reasons": ["blocked"]},
        {"kind": "pressed", "message_id": 1, "button": "yes"},
        {"kind": "segment", "name": "first"},
        {"kind": "arm", "salt": "x", "low": 0, "high": 10},
        {"kind": "person", "name": "username", "op": "contains", "values": ["user"]},
    ],
}
COHORT = {"where": CONDITION}
FLAT = {
    "streams": ["4th_stream"],
    "languages": ["ru"],
    "search": "P",
    "attributes": {"city": ["x"]},
}
CONTENT = {
    "message_type": "document",
    "text": "Hello {first_name}",
    "file_id": "BQACAg-x",
    "buttons": [
        [
            {"text": "Site", "url": "https://example.org"},
            {"text": "Yes", "callback_data": "yes"},
            {"text": "Copy", "copy_text": "x"},
        ]
    ],
    "default_language": "ru",
    "translations": {"en": {"text": "Hi", "buttons": [[{"text": "Yes", "callback_data": "yes"}]]}},
}
NEW, NUMBERS = "new", itertools.count()  # a name that no other segment has
EARLY, LATER = "2026-01-01T00:00:00Z", "2030-01-01T10:00:00+03:00"
STREAM = "in_stream('4th_stream')"


@dataclass(frozen=True)
class Asked:
    """A request that is right as it stands."""

    method: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    body: Any = None

    def send(self, client: httpx2.Client) -> httpx2.Response:
        """Its answer."""
        is_file = isinstance(self.body, bytes)
        body = self.body
        if isinstance(body, dict) and body.get("name") == NEW:
            body = {**body, "name": f"{NEW} {next(NUMBERS)}"}
        return client.request(
            self.method,
            # By hand, as httpx2 writes no half characters.
            f"{self.path}?{urlencode(self.params, errors='surrogatepass')}",
            content=body if is_file or body is None else json.dumps(body),
            headers={} if is_file or body is None else {"Content-Type": "application/json"},
        )

    def with_each_text(self, words: str) -> Iterator["Asked"]:
        """The request with one text of it after the other put in for `words`."""
        for name in self.params:
            yield Asked(self.method, self.path, {**self.params, name: words}, self.body)
        for body in _with_each_text(self.body, words):
            yield Asked(self.method, self.path, self.params, body)


def _with_each_text(value: Any, words: str) -> Iterator[Any]:
    if isinstance(value, str):
        yield words
    elif isinstance(value, dict):
        for name, inner in value.items():
            for changed in _with_each_text(inner, words):
                yield {**value, name: changed}
            yield {(words if key == name else key): one for key, one in value.items()}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            for changed in _with_each_text(inner, words):
                yield [*value[:at], changed, *value[at + 1 :]]


def _cursor(*place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


CURSOR = _cursor(1)
REQUESTS = (
    Asked("GET", "/people", {"where": STREAM, "search": "P1", "cursor": CURSOR, "limit": "5"}),
    Asked("PUT", "/people/101/do-not-message", body={"reason": "asked"}),
    Asked("POST", "/people/import", {"name": "people.csv"}, b"user_id\n100\n"),
    Asked("POST", "/cohorts/count", body={"where": STREAM}),
    Asked("POST", "/cohorts/count", body={"cohort": COHORT}),
    Asked("POST", "/cohorts/count", body={"cohort": FLAT}),
    Asked("POST", "/cohorts/preview", body={"where": STREAM}),
    Asked("GET", "/segments", {"cursor": CURSOR, "limit": "5"}),
    Asked("POST", "/segments", body={"name": NEW, "description": "d", "where": STREAM}),
    Asked("POST", "/segments", body={"name": NEW, "frozen": True, "cohort": FLAT}),
    Asked("PATCH", "/segments/2", body={"name": "kept", "description": "d"}),
    Asked("GET", "/messages", {"status": "sent", "search": "x", "cursor": CURSOR, "limit": "5"}),
    Asked("POST", "/messages/dry-run", body={"content": {"text": "Hi"}, "where": STREAM}),
    Asked("POST", "/messages", body={"content": CONTENT, "where": STREAM}),
    Asked(
        "POST",
        "/messages",
        body={
            "content": {"text": "Hi"},
            "at": LATER,
            "audience": {
                "include": [{"streams": ["4th_stream"], "search": "P"}],
                "exclude": [{"search": "P101"}],
                "ignore_cap": "urgent",
            },
        },
    ),
    Asked("GET", "/messages/1/recipients", {"status": "sent", "cursor": CURSOR, "limit": "5"}),
    Asked("POST", "/messages/1/retry", body={"reasons": ["blocked"]}),
    Asked("POST", "/messages/1/uncertain", body={"how": "mark_delivered", "user_ids": [101]}),
    Asked(
        "GET",
        "/media",
        {"search": "x", "bot": "club", "cursor": _cursor(LATER, 1), "limit": "5"},
    ),
    Asked("POST", "/media", {"name": "x.pdf", "kind": "document", "bot": "club"}, b"%PDF-1.4"),
    Asked("GET", "/reports/period", {"since": EARLY, "until": LATER, "stream": "x"}),
    Asked(
        "GET",
        "/audit",
        {"actor": "a", "action": "b", "object_type": "c", "object_id": "d", "cursor": CURSOR,
         "limit": "5"},
    ),
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def without_waiting() -> Iterator[None]:
    """Uploads do not wait for each other, and requests without a key are not counted."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(uploading, "CHAT_INTERVAL", 0.0)
        patched.setattr(guard, "MOST_STRANGERS", 1_000_000)
        yield


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lived_in(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The API on each of the two databases, with people, a segment, a sent message, and a bot."""
    folder = tmp_path_factory.mktemp("lived-in")
    with migrated_copy(request, request.param, folder) as address, bot() as its_settings:
        engine = database.open_engine(address, archive=folder / "archive")
        add_people(engine)
        two_bots.keep(engine)
        its_settings["HSL_SECRET_KEY"] = two_bots.SECRET
        with served_on(engine, folder, **its_settings) as found, found.client() as client:
            for path, body in (
                ("/segments", {"name": "first", "where": STREAM}),
                ("/segments", {"name": "another", "where": STREAM}),
                ("/messages", {"content": {"text": "Hi"}, "where": STREAM}),
            ):
                assert client.post(path, json=body).status_code == 201
            yield found
        engine.dispose()


@contextmanager
def written(engine: Engine) -> Iterator[list[str]]:
    """What is committed meanwhile: statements that write, but for what each request writes."""
    committed: list[str] = []

    def note(connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if WRITES.match(statement):
            connection.info.setdefault("written", []).append(statement)

    def commit(connection: Any) -> None:
        committed.extend(connection.info.pop("written", []))

    def roll_back(connection: Any) -> None:
        connection.info.pop("written", None)

    told = {"after_cursor_execute": note, "commit": commit, "rollback": roll_back}
    for name, listener in told.items():
        event.listen(engine, name, listener)
    try:
        yield committed
    finally:
        for name, listener in told.items():
            event.remove(engine, name, listener)


def is_right(answer: httpx2.Response) -> bool:
    """True for 2xx, False for a problem that is the sender's; fails for anything else."""
    assert "Traceback" not in answer.text
    if 200 <= answer.status_code < 300:
        return True
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert 0 < len(answer.json()["detail"]) < 600
    return False


def try_all(served: Served, hostile: Hostile) -> set[bool]:
    """Send it in every text of every request: whether any was taken, and any refused."""
    found = set()
    with served.client() as client, written(served.engine) as done:
        for asked in (one for right in REQUESTS for one in right.with_each_text(hostile.payload)):
            if sum(len(str(value)) for value in asked.params.values()) > LONGEST_ADDRESS:
                continue  # test_a_huge_head_is_refused of tests/test_bounds.py
            done.clear()
            answer = asked.send(client)
            found.add(is_right(answer))
            assert answer.status_code < 300 or not done, (asked, answer.text, done)
    return found


@pytest.mark.parametrize("right", REQUESTS, ids=lambda right: f"{right.method} {right.path}")
def test_each_request_is_right_as_it_stands(lived_in: Served, right: Asked) -> None:
    with lived_in.client() as client:
        answer = right.send(client)
    # The message was not sent yet.
    assert is_right(answer) or answer.status_code == 409, answer.text


@pytest.mark.parametrize(
    ("lived_in", "hostile"),
    [("sqlite", one) for one in CORPUS]
    + [("postgresql", one) for one in CORPUS if one.name in KEPT_DIFFERENTLY],
    ids=lambda given: given if isinstance(given, str) else given.name,
    indirect=["lived_in"],
    scope="module",
)
def test_in_every_text_of_every_request(lived_in: Served, hostile: Hostile) -> None:
    assert False in try_all(lived_in, hostile)


def test_no_text_of_the_description_is_left_out() -> None:
    asked = {(one.method, _numberless(one.path)): one for one in REQUESTS}
    for path, methods in application.description()["paths"].items():
        for method, told in methods.items():
            named = {one["name"] for one in told.get("parameters", []) if one["in"] == "query"}
            if not named and "requestBody" not in told:
                continue  # it has a number alone
            one = asked[method.upper(), _numberless(path)]
            assert set(one.params) == named
            assert (one.body is not None) == ("requestBody" in told)


def _numberless(path: str) -> str:
    return re.sub(r"\{\w+\}|\d+", "#", path)
