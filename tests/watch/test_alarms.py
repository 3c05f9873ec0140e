"""Vital signs, alarms, metrics, and the admins who are told once."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from sqlalchemy import Engine, insert, update
from starlette.applications import Starlette
from starlette.testclient import TestClient

from hsl import doctor, models
from hsl.delivery import outcome
from hsl.health import Health
from hsl.settings import Settings, load_settings
from hsl.watch import alarms, metrics, telling, vitals
from hsl.watch.vitals import Vitals

WELL = Vitals(
    scheduler_silent=2.0, schedule_lag=0.0, queue_depth=0, queue_age=0.0, on_their_way=0,
    departures=7, rate=30.0, is_held=False, trouble=None, messages={"sent": 2},
    outcomes={"sent": 9}, lately={("sent", ""): 99, ("failed", "blocked"): 1}, backup_age=60.0,
    backup_failed=None, backup_limit=100.0, index_age=1.0, disk_free=10**12, database_latency=0.001,
)  # fmt: skip


class Chats:
    """A gateway that notes what is sent, by chat."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []

    async def call(self, _method: str, arguments: dict[str, Any]) -> outcome.Outcome:
        self.said.append((arguments["chat_id"], arguments["text"]))
        return outcome.Outcome(outcome.Verdict.SENT)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Settings:
    monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path))
    return load_settings(HSL_ADMIN_CHATS="5, -7")


@pytest.mark.parametrize(
    ("name", "signs"),
    [
        ("scheduler_silent", {"scheduler_silent": 61.0}),
        ("scheduler_silent", {"scheduler_silent": None, "queue_depth": 3}),
        ("many_failing", {"lately": {("sent", ""): 20, ("failed", "other"): 40}}),
        ("token_refused", {"trouble": "Telegram refused the bot: Unauthorized"}),
        ("disk_low", {"disk_free": 400 * 2**20}),
        ("backup_old", {"backup_age": 101.0}),
        ("backup_old", {"backup_age": None, "backup_failed": "No space."}),
    ],
)
def test_each_rule_holds_for_its_own_fault_alone(name: str, signs: dict[str, Any]) -> None:
    ill = replace(WELL, **signs)
    (found,) = alarms.standing(ill)
    assert found.name == name
    assert found.sentence(ill).endswith(".")
    assert alarms.standing(WELL) == []
    assert alarms.standing(replace(WELL, scheduler_silent=None, backup_limit=None)) == []


def beat(engine: Engine, ago: float) -> None:
    with engine.begin() as connection:
        when = models.utc_now() - timedelta(seconds=ago)
        changed = connection.execute(update(models.workers).values(beat_at=when))
        if not changed.rowcount:
            connection.execute(
                insert(models.workers).values(
                    name="a", kind="scheduler", host="h", pid=1, started_at=when, beat_at=when
                )
            )


def test_the_admins_are_told_once_and_once_more_when_it_is_over(
    engine: Engine, settings: Settings
) -> None:
    chats = Chats()
    for ago, told in ((1, 0), (300, 2), (400, 2), (1, 4), (1, 4)):
        beat(engine, ago)
        news = telling.changes(engine, settings)
        asyncio.run(telling.tell(engine, settings, chats, news))  # type: ignore[arg-type]
        assert len(chats.said) == told
    assert [chat for chat, _ in chats.said] == [5, -7, 5, -7]
    assert "silent for 5 min" in chats.said[0][1]
    assert "at work again" in chats.said[2][1]
    # They left with permits of the one pace.
    assert vitals.read(engine, settings).departures == 4


@pytest.fixture
def client(engine: Engine, settings: Settings) -> Iterator[TestClient]:
    app = Starlette(routes=Health(settings, engine).routes())
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5)) as client:
        yield client


def test_metrics_are_well_formed_and_say_what_is_in_the_database(client: TestClient) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == metrics.CONTENT_TYPE
    found = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert found["hsl_database_up"].samples[0].value == 1
    assert {sample.labels["name"] for sample in found["hsl_alarm"].samples} == {
        alarm.name for alarm in alarms.ALARMS
    }


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-For": "1.2.3.4"}, {"Host": "school.example"}, {"Via": "1.1 caddy"}]
)
def test_who_comes_through_a_proxy_sees_no_metrics_without_the_token(
    client: TestClient, headers: dict[str, str]
) -> None:
    assert client.get("/metrics", headers=headers).status_code == 401


def test_the_token_opens_them_and_then_nothing_else_does(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(HSL_METRICS_TOKEN="sesame")
    app = Starlette(routes=Health(settings, engine).routes())
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5)) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer no"}).status_code == 401
        right = {"Authorization": "Bearer sesame", "X-Forwarded-For": "1.2.3.4"}
        assert client.get("/metrics", headers=right).status_code == 200


def test_readiness_follows_the_database(client: TestClient, engine: Engine) -> None:
    assert client.get("/readyz").json() == {"status": "ready"}
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_the_doctor_tells_what_the_alarms_tell(engine: Engine, settings: Settings) -> None:
    checks = doctor._alarms(engine, settings)
    assert [(check.name, check.ok) for check in checks] == [("deliveries", True), ("backup", True)]
