"""How often a key may ask, and how much may be sent."""

import socket
from pathlib import Path

import httpx2
import pytest
from api_served import Served, serving
from starlette.applications import Starlette
from starlette.routing import Mount

from hsl.api import application, bodies, buckets, guard
from hsl.settings import load_settings


def test_a_bucket_fills_again_and_few_are_kept() -> None:
    now = [0.0]
    found = buckets.Buckets(3, 60.0, clock=lambda: now[0])
    assert [found.take("a").left for _ in range(3)] == [2, 1, 0]
    refused = found.take("a")
    assert (refused.is_allowed, refused.wait) == (False, 20.0)
    now[0] = 20.0
    assert found.take("a").is_allowed
    for name in range(2 * buckets.MOST):
        found.take(name)
    assert len(found._buckets) == buckets.MOST


def test_who_asks_too_often_waits(shared: Served, tmp_path: Path) -> None:
    slow = load_settings(HSL_DATA_DIR=tmp_path, HSL_API_REQUESTS_PER_MINUTE=2, DATABASE_URL=None)
    app = Starlette(routes=[Mount(application.PREFIX, app=application.create(slow, shared.engine))])
    with serving(app) as address, httpx2.Client(base_url=f"{address}/api/v1", timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {shared.secret}"
        answers = [client.get("/messages") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == '"key";q=2;w=60'
        assert answers[0].headers["ratelimit"] == '"key";r=1;t=1'
        assert 0 < int(answers[2].headers["retry-after"]) <= 30
        assert answers[2].headers["content-type"] == "application/problem+json"
        client.headers["Authorization"] = "Bearer hsl_guessed"
        strangers = [client.get("/messages").status_code for _ in range(guard.MOST_STRANGERS + 1)]
        assert set(strangers[:-1]) == {401}
        assert strangers[-1] == 429


def test_a_file_that_is_too_large_is_refused_before_it_is_whole(
    shared: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bodies.UPLOADS, "/people/import", 1000)
    with shared.client() as client:
        answer = client.post(
            "/people/import", params={"name": "people.csv"}, content=b"x" * 100_000
        )
    assert answer.status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(
    shared: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.2)
    with shared.client() as client:
        host = httpx2.URL(shared.address)

        with socket.create_connection((host.host, host.port or 0)) as raw:
            raw.sendall(
                b"POST /api/v1/cohorts/count HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n"
                b"Authorization: Bearer " + shared.secret.encode() + b"\r\n\r\n{"
            )
            assert raw.recv(100).startswith(b"HTTP/1.1 408 ")
        assert client.get("/messages").status_code == 200
