"""Due sources run in the scheduler, beside the sending, and end with it."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from hsl import models
from hsl.audience.sources import definitions, registry, runs
from hsl.scheduler import Scheduler
from hsl.settings import Settings

Keep = Callable[..., definitions.Definition]


async def until(found: Callable[[], object], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not found():
            await asyncio.sleep(0.05)


def people(engine: Engine) -> int:
    with engine.begin() as connection:
        return len(connection.execute(select(models.users)).all())


@pytest.fixture
def alone(tmp_path: Path) -> Settings:
    """Settings of a scheduler whose Bot API server nobody asks."""
    return Settings(data_dir=tmp_path / "data", telegram_api_url="http://127.0.0.1:9")


def test_a_due_source_is_read_by_the_scheduler(
    engine: Engine, alone: Settings, keep: Keep, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("user_id\n1\n2\n", "utf-8")
    keep(str(path), every_minutes=15)

    async def work() -> None:
        stop = asyncio.Event()
        scheduler = asyncio.create_task(Scheduler(alone, engine).run(stop))
        await until(lambda: people(engine) == 2)
        stop.set()
        await scheduler

    asyncio.run(work())
    last = registry.named(engine, "school").last_run
    assert last is not None and last.error is None


def test_a_long_run_keeps_neither_the_heartbeat_nor_the_end_waiting(
    engine: Engine,
    alone: Settings,
    keep: Keep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("user_id\n1\n", "utf-8")
    keep(str(path), every_minutes=15)
    fetch = runs.fetch

    def slowly(*given: object, tell: Callable[[str], None], **named: object) -> object:
        for turn in range(600):  # a minute
            tell(f"{turn} rows")
            time.sleep(0.1)
        return fetch(*given, tell=tell, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "fetch", slowly)
    beats: list[object] = []

    def beaten() -> bool:
        with engine.begin() as connection:
            beat = connection.execute(
                select(models.workers.c.beat_at).where(models.workers.c.kind == "scheduler")
            ).scalar_one_or_none()
        if beat is not None and beat not in beats:
            beats.append(beat)
        return len(beats) >= 2

    async def work() -> float:
        stop = asyncio.Event()
        scheduler = asyncio.create_task(Scheduler(alone, engine).run(stop))
        await until(lambda: registry.named(engine, "school").is_running)
        await until(beaten)
        stop.set()
        began = time.monotonic()
        await scheduler
        return time.monotonic() - began

    assert asyncio.run(work()) < 10
    last = registry.named(engine, "school").last_run
    assert last is not None and last.error == runs.STOPPED
    assert people(engine) == 0
