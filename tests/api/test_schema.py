"""Schemathesis: every address of the API, by its whole description, with right and wrong requests.

The examples are the same in every run.
"""

from collections.abc import Iterator

import pytest
import schemathesis
from api_served import Served
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from hsl.api import application, guard
from hsl.media import uploading

EXAMPLES = 25  # of an operation


@pytest.fixture(scope="module", autouse=True)
def without_waiting() -> Iterator[None]:
    """Uploads do not wait for each other, and requests without a key are not counted."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(uploading, "CHAT_INTERVAL", 0.0)
        patched.setattr(guard, "MOST_STRANGERS", 100_000)
        yield


schema = schemathesis.openapi.from_dict(application.description())
# It would go through every corner of every condition that a cohort may have, for minutes.
schema.config.phases.coverage.enabled = False


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_it_does_what_its_description_says(case: schemathesis.Case, shared: Served) -> None:
    case.call_and_validate(
        base_url=f"{shared.address}{application.PREFIX}",
        headers={"Authorization": f"Bearer {shared.secret}"},
        # An expression or a cursor may be of the right form, and still say nothing.
        excluded_checks=[positive_data_acceptance],
        timeout=30,
    )
