"""People at work on the pages, over the same websockets that a browser uses.

Each signs in where accounts are on, opens a page or runs one anew every few seconds, keeps the
refreshes that the page asks for, and connects anew after ten visits or when the line breaks.
"""

import asyncio
import random
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

# What colleagues open, each as often as another.
VISITS = (
    ("", ""),
    ("audience", ""),
    ("audience", "stream=stream_1"),
    ("audience", "q=Name"),
    ("compose", ""),
    ("messages", ""),
    ("messages", "message=500"),
    ("delivery", ""),
    ("delivery", "view=Failures"),
    ("audit", ""),
)
VISITS_A_LINE = 10  # visits until the page is closed and opened anew
PATIENCE = 60.0  # seconds until a page that does not come counts as lost
AGAIN = 1.0  # seconds until a broken line is tried again


@dataclass(frozen=True)
class Run:
    """One page's script as a colleague waited for it."""

    at: float  # of the monotonic clock, when it was asked for
    seconds: float
    page: str


@dataclass(frozen=True)
class Trouble:
    """Something that should not be: when it was seen (monotonic), where, and in what words."""

    at: float
    where: str  # page, line, http, log
    words: str
    since: float | None = None  # when it was asked for, where somebody waited for an answer


class Colleagues:
    """So many sessions in a thread of their own, from `with` to its end.

    With `names` each signs in as one of them, by the one `password`. `pause` are the seconds from
    one page to the next, on average.
    """

    def __init__(
        self,
        address: str,
        count: int,
        *,
        names: tuple[str, ...] = (),
        password: str = "",
        pause: float = 5.0,
    ) -> None:
        self._address, self._count, self._pause = address, count, pause
        self._names, self._password = names, password
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._began = threading.Event()
        self.finished: list[Run] = []
        self.troubles: list[Trouble] = []
        self.last_run: dict[int, float] = {}  # a colleague's number → when they last saw a page

    @property
    def runs(self) -> int:
        """How many pages came."""
        return len(self.finished)

    def __enter__(self) -> "Colleagues":
        self._thread.start()
        self._began.wait()
        return self

    def __exit__(self, *_: object) -> None:
        for task in self._tasks:
            self._loop.call_soon_threadsafe(task.cancel)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._tasks = [self._loop.create_task(self._work(n)) for n in range(self._count)]
        self._began.set()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    async def _work(self, number: int) -> None:
        chance = random.Random(number)
        async with httpx.AsyncClient(base_url=self._address, timeout=PATIENCE) as browser:
            # Nobody comes with all the others, who then would wait for each other.
            await asyncio.sleep(chance.uniform(0, 2 * self._pause))
            while True:
                try:
                    await self._come(browser, number)
                    await self._visit(browser, number, chance)
                except InvalidHandshake as fault:  # an answer, but not the one that was asked for
                    self._note("http", f"{type(fault).__name__}: {fault}")
                    await asyncio.sleep(AGAIN)
                except (httpx.HTTPError, OSError, ConnectionClosed) as fault:
                    self._note("line", f"{type(fault).__name__}: {fault}")
                    await asyncio.sleep(AGAIN)

    def _note(self, where: str, words: str, waited: float = 0.0) -> None:
        now = time.monotonic()
        self.troubles.append(Trouble(now, where, words.strip(), now - waited))

    async def _come(self, browser: httpx.AsyncClient, number: int) -> None:
        """Load the page's frame as a browser does, and sign in where that is asked for."""
        answer = await browser.get("/", headers={"Accept": "text/html"})
        if self._names and answer.is_redirect:
            name = self._names[number % len(self._names)]
            answer = await browser.post(
                "/sign-in",
                data={"name": name, "password": self._password},
                headers={"Origin": self._address},
            )
            if answer.status_code != 303:
                self._note("http", f"sign-in answered {answer.status_code}")
        if answer.status_code >= 500:
            self._note("http", f"/ answered {answer.status_code}")

    async def _visit(self, browser: httpx.AsyncClient, number: int, chance: random.Random) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        async with connect(
            self._address.replace("http", "ws", 1) + "/_stcore/stream",
            additional_headers={"Cookie": cookies} if cookies else {},
            origin=self._address,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
        ) as line:
            page = _Page(line, self._note)
            listening = asyncio.create_task(page.listen())
            try:
                for _ in range(VISITS_A_LINE):
                    name, query = chance.choice(VISITS)
                    rest = self._pause * chance.uniform(0.6, 1.4)
                    took = await self._open(page, listening, name, query)
                    if took is None:
                        self._note("line", f"{name or 'overview'} did not come", PATIENCE)
                    else:
                        self.finished.append(Run(time.monotonic() - took, took, name or "overview"))
                        self.last_run[number] = time.monotonic()
                    # A line that breaks while somebody reads is seen at once.
                    done, _ = await asyncio.wait({listening}, timeout=max(0.0, rest - (took or 0)))
                    if done:
                        raise ConnectionError(f"the line was closed ({line.close_code})")
            finally:
                page.leave()
                listening.cancel()

    async def _open(
        self, page: "_Page", listening: "asyncio.Task[None]", name: str, query: str
    ) -> float | None:
        """Seconds until the page's script was through; None where it was not within PATIENCE.

        Raises ConnectionError where the line was closed meanwhile.
        """
        began = time.monotonic()
        coming = asyncio.create_task(page.open(name, query))
        try:
            await asyncio.wait(
                {coming, listening}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
            )
            if coming.done():
                await coming
                return time.monotonic() - began
            if listening.done():
                raise ConnectionError("the line was closed while a page was coming")
            return None
        finally:
            coming.cancel()


class _Page:
    """One open page: what it was asked, what came, and its refreshes."""

    def __init__(self, line: Any, note: Any) -> None:
        self._line, self._note = line, note
        self._refreshing: set[asyncio.Task[None]] = set()
        self._through = asyncio.Event()

    async def open(self, name: str, query: str) -> None:
        """Ask for a page, and wait until its script is through."""
        self.leave()
        self._through.clear()
        back = BackMsg()
        state = back.rerun_script
        state.page_name, state.query_string = name, query
        state.context_info.timezone, state.context_info.locale = "Europe/Moscow", "en-GB"
        await self._line.send(back.SerializeToString())
        await self._through.wait()

    def leave(self) -> None:
        """End the refreshes."""
        for task in self._refreshing:
            task.cancel()
        self._refreshing.clear()

    async def listen(self) -> None:
        """Take what comes, until the line is closed."""
        try:
            async for said in self._line:
                self._take(ForwardMsg.FromString(said))
        except ConnectionClosed:
            return  # whoever waits for this task says so

    def _take(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    self._note("page", "the script does not compile")
                    self._through.set()
                # A run that is stopped for another is followed by that one's end, and a part's
                # refresh is not the page.
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    self._through.set()
            case "session_event":
                if message.session_event.WhichOneof("type") == "script_compilation_exception":
                    self._note("page", "the script does not compile")
            case "page_not_found":
                self._note("page", "there is no such page")
            case "delta":
                self._take_element(message.delta.new_element)
            case "auto_rerun":
                wanted = message.auto_rerun
                again = self._refresh(wanted.fragment_id, max(wanted.interval, 1.0))
                self._refreshing.add(asyncio.create_task(again))

    def _take_element(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            shown = element.exception
            self._note("page", f"{shown.type}: {shown.message}".splitlines()[0])
        elif kind == "alert" and element.alert.format == Alert.ERROR:
            self._note("page", element.alert.body.splitlines()[0])

    async def _refresh(self, fragment: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            back = BackMsg()
            back.rerun_script.fragment_id = fragment
            back.rerun_script.is_auto_rerun = True
            await self._line.send(back.SerializeToString())
