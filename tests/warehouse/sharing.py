"""A process that shares a store's folder with others."""

from pathlib import Path

from hsl import database
from hsl.warehouse.store import Store


def run(address: str, folder: str) -> None:
    """Open and save the store six times; says each time how many people are in it."""
    engine = database.open_engine(address)
    for _ in range(6):
        store = Store(engine, folder=Path(folder), refresh_after=300.0)
        print(len(store.frame("SELECT 1 FROM users")), flush=True)  # noqa: T201
        store.save()
