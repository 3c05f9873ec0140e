"""Every address of the API, as its description lists them, for a key of each scope and for none.

A new address fails here until it says below which scope opens it, with a request that it takes.
"""

from typing import Any

import httpx2
import pytest
from api_served import Served
from sqlalchemy import func, select

from hsl import models
from hsl.acting import ROLES, Permission, Role
from hsl.api import application

LOOK, NAMES, WRITE, SEND, MANAGE = Permission
TEXT = {"content": {"text": "Hello"}, "where": "user_id = 101"}
WHOM = {"where": "user_id = 100"}
BYTES = {"Content-Type": "application/octet-stream"}
# By operation: the scopes that open it, a request that it takes, and its answer.
NEEDS: dict[str, tuple[set[Permission], dict[str, Any], int]] = {
    "list_people": ({NAMES}, {}, 200),
    "get_person": ({NAMES}, {}, 200),
    "import_people": (
        {MANAGE},
        {"params": {"name": "people.csv"}, "content": b"user_id\n500\n", "headers": BYTES},
        200,
    ),
    "mark_person": ({SEND}, {"json": {"reason": "asked by phone"}}, 200),
    "unmark_person": ({SEND}, {}, 204),
    "count_cohort": ({LOOK}, {"json": WHOM}, 200),
    "preview_cohort": ({NAMES}, {"json": WHOM}, 200),
    "list_segments": ({LOOK}, {}, 200),
    "add_segment": ({WRITE}, {"json": {"name": "another", **WHOM}}, 201),
    "get_segment": ({LOOK}, {}, 200),
    "change_segment": ({WRITE}, {"json": {"description": "for tests"}}, 200),
    "remove_segment": ({WRITE}, {}, 204),
    "list_messages": ({LOOK}, {}, 200),
    "send_message": ({SEND}, {"json": TEXT}, 201),
    "look_at_message": ({WRITE}, {"json": TEXT}, 200),
    "get_message": ({LOOK}, {}, 200),
    "list_recipients": ({NAMES}, {}, 200),
    "pause_message": ({SEND}, {}, 200),
    "resume_message": ({SEND}, {}, 200),
    "cancel_message": ({SEND}, {}, 200),
    "retry_message": ({SEND}, {"json": {}}, 409),  # as nobody failed
    "settle_uncertain": ({SEND}, {"json": {"how": "mark_delivered"}}, 409),
    "list_media": ({LOOK}, {}, 200),
    "upload_media": (
        {WRITE},
        {"params": {"name": "a.txt"}, "content": b"", "headers": BYTES},
        422,  # as it is empty
    ),
    "report_message": ({LOOK}, {}, 422),  # as it did not start
    "report_period": ({LOOK}, {"params": {"since": "2026-01-01T00:00:00Z"}}, 200),
    "list_audit": ({LOOK, NAMES}, {}, 200),
}
OPERATIONS = {
    described["operationId"]: (method.upper(), path, described)
    for path, methods in application.description()["paths"].items()
    for method, described in methods.items()
}
EVERYTHING = frozenset(Permission)


@pytest.fixture(scope="module")
def known(shared: Served) -> dict[str, int]:
    """A person, a segment and a message that is still to go, by what paths call them."""
    with shared.client() as client:
        segment = client.post("/segments", json={"name": "one", **WHOM}).json()["id"]
        later = {**TEXT, "at": "2190-01-01T10:00:00Z"}
        message = client.post("/messages", json=later).json()["id"]
    return {"user_id": 100, "segment_id": segment, "message_id": message}


@pytest.fixture(scope="module")
def secrets(shared: Served) -> dict[frozenset[Permission], str]:
    """Secrets of a key of each scope alone, of all but each, and of what each role may do."""
    scopes = {frozenset(needed) for needed, _request, _status in NEEDS.values()}
    scopes |= {frozenset({one}) for one in Permission}
    scopes |= {EVERYTHING - {one} for one in Permission}
    scopes |= {frozenset(ROLES[role]) for role in Role}
    return {which: shared.key(*sorted(which)) for which in scopes}


def ask(
    served: Served, secret: str | None, operation: str, known: dict[str, int]
) -> httpx2.Response:
    method, path, _described = OPERATIONS[operation]
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    request = NEEDS[operation][1]
    with httpx2.Client(base_url=f"{served.address}{application.PREFIX}", timeout=60) as client:
        return client.request(
            method,
            path.format(**known),
            **{**request, "headers": {**headers, **request.get("headers", {})}},
        )


def refused(answer: httpx2.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["detail"])


def entries(served: Served) -> int:
    with served.engine.begin() as connection:
        counted = select(func.count()).select_from(models.audit_log)
        return int(connection.execute(counted).scalar_one())


def test_every_operation_of_the_description_says_which_scope_opens_it() -> None:
    assert set(NEEDS) == set(OPERATIONS)
    for _method, path, described in OPERATIONS.values():
        for status in ("401", "403"):
            assert "application/problem+json" in described["responses"][status]["content"], path


# In the order of the table, so that a message is paused before it is resumed and cancelled.
@pytest.mark.parametrize("operation", NEEDS)
def test_an_operation_is_for_keys_with_its_scope_alone(
    operation: str,
    shared: Served,
    known: dict[str, int],
    secrets: dict[frozenset[Permission], str],
) -> None:
    needed, _request, status = NEEDS[operation]
    before = entries(shared)
    for scopes, secret in secrets.items():
        if not needed <= scopes:
            said = refused(ask(shared, secret, operation, known), 403)
            assert any(f"has no scope “{one}”" in said for one in needed - scopes)
    refused(ask(shared, None, operation, known), 401)
    assert entries(shared) == before
    # They are enough, also for what the deed does on its way.
    answer = ask(shared, secrets[frozenset(needed)], operation, known)
    assert answer.status_code == status, answer.text
