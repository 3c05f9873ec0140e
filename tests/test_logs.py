"""The log: ids as fields in JSON, and no secret in any form."""

import io
import json
import logging

import pytest

from hsl import logs
from hsl.settings import load_settings

TOKEN = "12345:AAcanary-token"
ADDRESS = "postgresql+psycopg://hsl:canary-password@127.0.0.1/hsl"


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_in_it_and_ids_are(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr("sys.stderr", said)
    before = logging.root.handlers[:], logging.root.level
    try:
        logs.configure(
            load_settings(
                BOT_TOKEN=TOKEN,
                DATABASE_URL=ADDRESS,
                HSL_METRICS_TOKEN="canary-metrics",
                HSL_LOG_FORMAT=form,
            )
        )
        logger = logging.getLogger("hsl.test")
        logger.warning("To %s with canary-metrics", TOKEN, extra={"message_id": 3})
        try:
            raise ValueError(ADDRESS)
        except ValueError:
            logger.exception("It fails\nhere")
    finally:
        logging.root.handlers[:], level = before
        logging.root.setLevel(level)
    assert "canary" not in said.getvalue()
    assert "ValueError" in said.getvalue()
    if form == "json":
        first, second = map(json.loads, said.getvalue().splitlines())
        assert (first["message_id"], first["level"], first["logger"]) == (3, "WARNING", "hsl.test")
        assert second["exception"].startswith("Traceback")
