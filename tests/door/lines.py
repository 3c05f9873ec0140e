"""A page's line to the pages' server, spoken as a browser does."""

from contextlib import AbstractContextManager

import httpx2
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect


def stream(
    address: str, client: httpx2.Client, origin: str | None = None
) -> AbstractContextManager[ClientConnection]:
    """The line of one page, with the cookies of a client."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return connect(
        address.replace("http", "ws", 1) + "/_stcore/stream",
        additional_headers={"Cookie": cookies},
        origin=address if origin is None else origin,  # type: ignore[arg-type]
        subprotocols=["streamlit"],  # type: ignore[list-item]
        max_size=None,
        close_timeout=1,
    )


def visit(page: str = "", *, name: str = "", query: str = "") -> BackMsg:
    """What a browser says to open a page, by its hash or by its name."""
    asked = BackMsg()
    asked.rerun_script.page_script_hash = page
    asked.rerun_script.page_name, asked.rerun_script.query_string = name, query
    return asked


def run(
    socket: ClientConnection, asked: BackMsg, *, until: str = "script_finished"
) -> list[ForwardMsg]:
    """What a page says from a message to the end of its script, or another answer to it."""
    socket.send(asked.SerializeToString())
    frames: list[ForwardMsg] = []
    while not frames or frames[-1].WhichOneof("type") != until:
        frames.append(ForwardMsg.FromString(socket.recv(timeout=60)))
    return frames


def known_pages(frames: list[ForwardMsg]) -> dict[str, str]:
    """The hash of each page, by its address."""
    (navigation,) = (
        frame.navigation for frame in frames if frame.WhichOneof("type") == "navigation"
    )
    return {page.url_pathname: page.page_script_hash for page in navigation.app_pages}
