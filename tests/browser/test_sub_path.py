"""The pages at a sub-path, behind a real reverse proxy that passes websockets on."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from playwright.sync_api import Browser, expect

from tests.browser.conftest import browser, environment, free_port

__all__ = ["browser"]
HOP = {"connection", "upgrade", "transfer-encoding", "content-encoding", "content-length"}


class Proxy:
    """Passes /hsl on to a port of this machine, and nothing else."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(20)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._session.close())

    async def _start(self) -> None:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application()
        app.router.add_route("*", "/hsl{rest:(/.*)?}", self._pass)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        address = f"http://127.0.0.1:{self._target}{request.path_qs}"
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP}
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._pass_socket(request, address, headers)
        async with self._session.request(
            request.method,
            address,
            headers=headers,
            data=await request.read(),
            allow_redirects=False,
        ) as found:
            kept = {
                k: v
                for k, v in found.headers.items()
                if k.lower() not in HOP - {"content-encoding"}
            }
            return web.Response(status=found.status, headers=kept, body=await found.read())

    async def _pass_socket(
        self, request: web.Request, address: str, headers: dict[str, str]
    ) -> web.WebSocketResponse:
        said = request.headers.get("Sec-WebSocket-Protocol", "")
        protocols = [word.strip() for word in said.split(",") if word.strip()]
        kept = {k: v for k, v in headers.items() if not k.lower().startswith("sec-websocket")}
        async with self._session.ws_connect(
            address, protocols=protocols, headers=kept, max_msg_size=0
        ) as inner:
            chosen = [inner.protocol] if inner.protocol else []
            outer = web.WebSocketResponse(protocols=chosen, max_msg_size=0)
            await outer.prepare(request)

            async def pump(source: object, target: object) -> None:
                async for message in source:  # type: ignore[attr-defined]
                    if message.type == aiohttp.WSMsgType.BINARY:
                        await target.send_bytes(message.data)  # type: ignore[attr-defined]
                    elif message.type == aiohttp.WSMsgType.TEXT:
                        await target.send_str(message.data)  # type: ignore[attr-defined]
                await target.close()  # type: ignore[attr-defined]

            await asyncio.gather(pump(outer, inner), pump(inner, outer))
        return outer


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[str]:
    """The address of the pages behind the proxy."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "hsl", "up"],
        cwd=tmp_path,
        env=environment(tmp_path, port, free_port()) | {"HSL_BASE_PATH": "/hsl/"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("HSL Dashboard: "):
            break
    assert f"HSL Dashboard: http://127.0.0.1:{port}/hsl (Ctrl-C ends it)\n" in said
    proxy = Proxy(port)
    yield f"http://127.0.0.1:{proxy.port}/hsl"
    proxy.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_pages_links_static_files_and_the_websocket_work_at_a_sub_path(
    browser: Browser, proxied: str
) -> None:
    page = browser.new_page()
    failed: list[str] = []
    page.on("response", lambda found: failed.append(found.url) if found.status >= 400 else None)
    page.goto(proxied + "/")
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible()
    page.get_by_role("link", name="Audit").click()
    expect(page).to_have_url(f"{proxied}/audit")
    expect(page.get_by_role("heading", name="Audit", exact=True)).to_be_visible()
    # An address that is opened at once, and a font of our own.
    page.goto(f"{proxied}/settings")
    expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_visible()
    font = page.request.get(f"{proxied}/app/static/inter/latin.woff2")
    assert (font.status, font.headers["content-type"]) == (200, "font/woff2")
    assert page.request.get(f"{proxied}/readyz").json() == {"status": "ready"}
    assert page.request.get(f"{proxied}/metrics").ok  # this proxy says nothing of itself
    # Streamlit's frontend looks for its server below the page's own address first.
    probes = ("/settings/_stcore/health", "/settings/_stcore/host-config")
    assert [url for url in failed if not url.endswith(probes)] == []
    page.close()
