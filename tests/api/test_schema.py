"""Schemathesis: every address of the API with examples of its whole description, and wrong ones."""

import hypothesis
import schemathesis
from api_served import Served
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
import pytest


@pytest.fixture
def schema(shared: Served) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{shared.address}/api/v1/openapi.json")
