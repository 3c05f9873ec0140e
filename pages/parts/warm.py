"""What the first page of a process would wait for, done before anybody asks for it."""

import importlib
import logging
import pkgutil
import threading
import time
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from hsl.warehouse.errors import StoreError
from pages.parts import shell

log = logging.getLogger("hsl.pages")


def up() -> None:
    """Import what pages are made of; then read people and deliveries, in a thread of its own.

    Where the database does not answer the first page says so, as it does later.
    """
    for found in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"pages.parts.{found.name}")
    threading.Thread(target=_read, name="warm-up", daemon=True).start()


def _read() -> None:
    began = time.monotonic()
    try:
        shell.store()
    except (SQLAlchemyError, StoreError):
        return
    log.info("People and deliveries were read in %.1f s.", time.monotonic() - began)
