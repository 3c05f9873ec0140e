"""Nothing is answered to strangers: real requests to every path that Streamlit serves."""

import re
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import streamlit
from sqlalchemy import select
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hsl import audit, models, web
from hsl.accounts import links, registry, sessions
from hsl.accounts.tables import sign_in_attempts
from hsl.acting import Role
from hsl.door.routes import own_path
from tests.door.conftest import PASSWORD, Served, ask, serving, until
from tests.door.lines import stream

PATHS = [
    "/",
    "/audience",
    "/_stcore/health",
    "/_stcore/script-health-check",
    "/_stcore/metrics",
    "/_stcore/host-config",
    "/_stcore/bidi-components/x",
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/mcp",
    "/media/0000.png",
    "/component/x/index.html",
    "/static/js/index.js",
    "/app/static/inter/latin.woff2",
    "/api",
    "/api/v1/people",
    "/auth/login",
    "/oauth2callback",
    "/sign-in/../audience",
    "//sign-in",
    "/sign-in/x",
    "/healthz/../media/x",
    "/SIGN-IN",
    "/anything",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_strangers_get_nothing(served: Served, path: str, method: str) -> None:
    with httpx2.Client(timeout=60) as client:
        request = client.build_request(method, served.address, headers=served.origin)
        request.url = request.url.copy_with(raw_path=path.encode())
        answer = client.send(request)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


def test_every_path_of_streamlit_is_among_them() -> None:
    folder = Path(streamlit.__path__[0]) / "web" / "server" / "starlette"
    said = ""
    for name in ("routes", "agent_routes", "auth_routes"):
        said += (folder / f"starlette_{name}.py").read_text("utf-8")
    core = set(re.findall(r'"_stcore/([\w/.-]+)"', said)) | set(
        re.findall(r"\{BASE_ROUTE_CORE\}/([\w-]+)", said)
    )
    asked = {path.removeprefix("/_stcore/") for path in PATHS} | {"agent/interact", "upload_file"}
    assert {one for one in core if not any(known.startswith(one) for known in asked)} == set()


def test_an_upload_of_a_strangers_is_refused(served: Served) -> None:
    answer = httpx2.put(
        f"{served.address}/_stcore/upload_file/session/file",
        files={"file": b"x"},
        headers=served.origin,
    )
    assert answer.status_code == 401


def test_a_page_leads_to_the_door_and_back(served: Served) -> None:
    with served.browser() as client:
        html = {"Accept": "text/html,*/*"}
        answer = client.get("/messages?status=sent&x=//evil.example", headers=html)
        assert answer.status_code == 303
        door = client.get(answer.headers["location"], headers=html)
        wanted = re.search(r'name="next" value="([^"]+)"', door.text)
        assert wanted and wanted[1] == "/messages?status=sent&amp;x=//evil.example"
        assert door.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in door.headers["content-security-policy"]
        entered = client.post(
            "/sign-in",
            data={"name": "anna", "password": PASSWORD, "next": "/messages?status=sent"},
            headers=served.origin,
        )
        assert entered.headers["location"] == "/messages?status=sent"
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
        page = client.get("/messages", headers=html)
        assert page.status_code == 200
        assert page.headers.get_list("cache-control") == ["no-store"]
        assert client.get("/_stcore/health").text == "ok"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nx", "", "x", "/sign-out"],
)
def test_the_way_back_leads_nowhere_else(wanted: str) -> None:
    assert own_path(wanted) == "/"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", None])
def test_another_site_cannot_post(served: Served, origin: str | None) -> None:
    with served.signed_in() as client:
        headers = {} if origin is None else {"Origin": origin}
        for path in ("/sign-out", "/sign-in", "/_stcore/upload_file/a/b", "/api/v1/messages"):
            assert client.post(path, data={"deed": "here"}, headers=headers).status_code == 403
        assert client.get("/signed-in").status_code == 204


@pytest.mark.parametrize(
    "cookie", ["hsl_session=", "hsl_session=x", "hsl_session=a; hsl_session=b", "hsl_session=%00"]
)
def test_a_made_up_cookie_opens_nothing(served: Served, cookie: str) -> None:
    assert ask(served.address, headers={"Cookie": cookie}).status_code == 401


def test_what_the_guard_tells_cannot_be_said_by_a_browser(served: Served) -> None:
    with served.signed_in() as client:
        token = client.cookies["hsl_session"]
    from hsl.accounts.tokens import hashed

    answer = ask(served.address, headers={"hsl-session": hashed(token)})
    assert answer.status_code == 401


def test_a_websocket_is_for_who_is_signed_in_and_asks_from_our_page(served: Served) -> None:
    with served.browser() as stranger, pytest.raises(InvalidStatus) as refused:
        stream(served.address, stranger)
    assert refused.value.response.status_code == 403
    with served.signed_in() as client:
        with pytest.raises(InvalidStatus):
            stream(served.address, client, origin="https://evil.example")
        with stream(served.address, client):
            pass


@pytest.mark.parametrize("way", ["sign-out", "everywhere", "disabled", "role"])
def test_a_websocket_closes_when_its_session_ends(served: Served, way: str) -> None:
    with served.signed_in("boris") as client, stream(served.address, client) as socket:
        if way == "sign-out":
            client.post("/sign-out", data={"deed": "here"}, headers=served.origin)
            assert client.cookies.get("hsl_session") is None
        elif way == "everywhere":
            account = registry.named(served.engine, "boris").id
            sessions.sign_out_everywhere(served.engine, account)
        elif way == "disabled":
            registry.disable(served.engine, "boris")
        else:
            registry.change_role(served.engine, "boris", Role.VIEWER)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=10)
        assert closed.value.rcvd and closed.value.rcvd.code == 4401
        until(lambda: client.get("/signed-in").status_code == 401, seconds=5)
    registry.enable(served.engine, "boris")


def test_who_signs_out_is_out_at_once(served: Served) -> None:
    with served.signed_in() as client, served.browser() as thief:
        thief.cookies = client.cookies
        kept = dict(client.cookies)
        client.post("/sign-out", data={"deed": "here"}, headers=served.origin)
        answer = ask(f"{served.address}/signed-in", cookies=kept)
        assert answer.status_code == 401


def test_wrong_passwords_have_to_wait_and_are_told_so(served: Served) -> None:
    wrong = {"name": "<b>eve</b>", "password": "a wrong one"}
    with served.browser() as client:
        statuses = [
            client.post("/sign-in", data=wrong, headers=served.origin) for _turn in range(6)
        ]
        with served.engine.begin() as connection:
            waits = connection.execute(select(sign_in_attempts.c.locked_until)).scalars().all()
            assert any(waits)
            # Two seconds are over before a busy machine has asked again.
            in_an_hour = models.utc_now() + timedelta(hours=1)
            connection.execute(
                sign_in_attempts.update()
                .where(sign_in_attempts.c.locked_until.is_not(None))
                .values(locked_until=in_an_hour)
            )
        statuses.append(client.post("/sign-in", data=wrong, headers=served.origin))
    assert {one.status_code for one in statuses} == {403}
    assert "The name or the password is wrong." in statuses[0].text
    assert "Try again in" in statuses[-1].text
    assert "<b>eve" not in statuses[0].text and "a wrong one" not in statuses[0].text
    with served.engine.begin() as connection:
        connection.execute(sign_in_attempts.delete())


def test_the_door_speaks_russian(served: Served) -> None:
    answer = ask(f"{served.address}/sign-in", headers={"Accept-Language": "ru-RU,en;q=0.5"})
    assert '<html lang="ru">' in answer.text and "Пароль" in answer.text


@pytest.mark.parametrize("body", [b"x" * 20_000, b"&".join([b"a=b"] * 50), b"\xff=\xff"])
def test_what_is_no_form_is_refused(served: Served, body: bytes) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded", **served.origin}
    answer = httpx2.post(f"{served.address}/sign-in", content=body, headers=kind, timeout=60)
    assert answer.status_code in {400, 403}


def test_behind_tls_the_cookie_is_secure_and_of_this_host(served: Served) -> None:
    proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    with served.browser() as client:
        answer = client.post(
            "/sign-in",
            data={"name": "anna", "password": PASSWORD},
            headers={**served.origin, **proxied},
        )
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-hsl_session=") and "Secure" in cookie
        entries, _total = audit.entries(served.engine, action="signed_in")
        assert entries[0].details["address"] == "203.0.113.9"
        # By TLS the cookie that any host beside this one could have set opens nothing.
        token = cookie.partition("=")[2].partition(";")[0]
        for name, status in (("hsl_session", 401), ("__Host-hsl_session", 200)):
            headers = {**proxied, "Cookie": f"{name}={token}"}
            assert client.get("/_stcore/health", headers=headers).status_code == status


def test_a_set_up_link_opens_once(served: Served) -> None:
    registry.add(served.engine, "vera", Role.VIEWER)
    path = f"/set-up/{links.make(served.engine, 'vera')}"
    with served.browser() as client:
        assert "You sign in as vera." in client.get(path).text
        twice = {"password": PASSWORD, "again": "another one"}
        assert "not the same" in client.post(path, data=twice, headers=served.origin).text
        twice["again"] = PASSWORD
        assert client.post(path, data=twice, headers=served.origin).status_code == 303
        assert client.get("/signed-in").status_code == 204
        assert client.get(path).status_code == 404


def test_a_deed_is_told_from_a_page_that_draws_itself() -> None:
    by_itself, by_hand, beat = BackMsg(), BackMsg(), BackMsg()
    by_itself.rerun_script.is_auto_rerun = True
    by_hand.rerun_script.fragment_id = "x"
    beat.app_heartbeat = True
    found = [web._is_deed(one.SerializeToString()) for one in (by_hand, by_itself, beat)]
    assert found == [True, False, False]
    for nonsense in (b"\xff\xff", b""):
        with pytest.raises(ValueError, match="message"):
            web._is_deed(nonsense)


def test_without_accounts_the_pages_are_for_this_machine(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with serving(tmp_path_factory.mktemp("open")) as found:
        assert ask(found.address).status_code == 200
        with stream(found.address, found.browser()) as socket:
            for headers in ({"X-Forwarded-For": "203.0.113.9"}, {"Host": "evil.example"}):
                answer = ask(found.address, headers=headers)
                assert answer.status_code == 403 and "hsl user add" in answer.text
            registry.add(found.engine, "anna", Role.ADMIN, password=PASSWORD)
            with pytest.raises(ConnectionClosed):
                while True:
                    socket.recv(timeout=10)
        assert ask(found.address).status_code == 401


def test_under_a_path_of_a_proxy_all_leads_within_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("under")
    with serving(folder, HSL_PUBLIC_URL="https://school.example/desk") as found:
        registry.add(found.engine, "anna", Role.ADMIN, password=PASSWORD)
        until(lambda: ask(found.address).status_code == 401)
        html = {"Accept": "text/html"}
        answer = ask(f"{found.address}/messages", headers=html)
        assert answer.headers["location"] == "/desk/sign-in?next=%2Fmessages"
        with found.browser() as client:
            entered = client.post(
                "/sign-in",
                data={"name": "anna", "password": PASSWORD, "next": "/messages"},
                headers=found.origin,
            )
            assert entered.headers["location"] == "/desk/messages"
            assert client.get("/messages", headers=html).status_code == 200
            with stream(found.address, client):
                pass


def test_under_a_path_that_a_proxy_passes_on_all_leads_within_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with serving(tmp_path_factory.mktemp("passed-on"), HSL_BASE_PATH="/desk") as found:
        registry.add(found.engine, "anna", Role.ADMIN, password=PASSWORD)
        until(lambda: ask(f"{found.address}/desk/").status_code == 401)
        html = {"Accept": "text/html"}
        answer = ask(f"{found.address}/desk/messages", headers=html)
        assert answer.headers["location"] == "/desk/sign-in?next=%2Fmessages"
        assert ask(f"{found.address}/desk/sign-in", headers=html).status_code == 200
        assert ask(f"{found.address}/desk/healthz").status_code == 200
        assert ask(f"{found.address}/desk/api/v1/people").status_code == 401
        with found.browser() as client:
            entered = client.post(
                "/desk/sign-in",
                data={"name": "anna", "password": PASSWORD, "next": "/messages"},
                headers=found.origin,
            )
            assert entered.headers["location"] == "/desk/messages"
            assert client.get("/desk/messages", headers=html).status_code == 200
