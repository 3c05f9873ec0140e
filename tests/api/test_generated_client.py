"""A client that openapi-python-client makes of the description goes one road of its own."""

import importlib
import json
import subprocess
import sys
from typing import Any

import pytest
from api_served import PEOPLE, Served

from hsl.api import application


@pytest.fixture(scope="module")
def client_package(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of the generated package, to be imported."""
    folder = tmp_path_factory.mktemp("client")
    description = folder / "openapi.json"
    description.write_text(json.dumps(application.description()))
    config = folder / "config.yml"
    config.write_text("post_hooks: []\npackage_name_override: generated_hsl_client\n")
    made = subprocess.run(
        [
            sys.executable, "-m", "openapi_python_client", "generate", "--path", str(description),
            "--config", str(config), "--meta", "none", "--output-path",
            str(folder / "generated_hsl_client"), "--fail-on-warning",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    return "generated_hsl_client"


def test_a_message_by_the_generated_client(client_package: str, shared: Served) -> None:
    def operation(name: str) -> Any:
        return importlib.import_module(f"{client_package}.api.{name}")

    models = importlib.import_module(f"{client_package}.models")
    made = importlib.import_module(client_package)
    client = made.AuthenticatedClient(
        base_url=f"{shared.address}{application.PREFIX}", token=shared.secret
    )
    people = operation("people.list_people").sync(client=client, limit=5)
    assert [person.user_id for person in people.items] == list(PEOPLE[:5])
    new = models.NewMessage(content=models.Content(text="Hello"), where="in_stream('4th_stream')")
    send = operation("messages.send_message")
    first = send.sync(client=client, body=new, idempotency_key="by-the-client")
    again = send.sync(client=client, body=new, idempotency_key="by-the-client")
    assert first.id == again.id
    assert first.sum_.total == 10
    cancelled = operation("messages.cancel_message").sync(message_id=first.id, client=client)
    assert cancelled.status == models.MessageStatus.CANCELLED
    missing = operation("messages.get_message").sync_detailed(message_id=999_999, client=client)
    assert missing.status_code == 404
