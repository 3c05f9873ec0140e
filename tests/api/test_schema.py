"""Schemathesis: every address of the API, by its whole description, with right and wrong requests.

The examples are the same in every run.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from api_served import Served
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from hsl.api import application, guard
from hsl.media import uploading

EXAMPLES = 25  # of an operation
CORNERS = 150  # of an operation: all, but for those that take a cohort, which have thousands
LOOKED_AT = 1500  # corners of a cohort of which as many are taken


@pytest.fixture(scope="module", autouse=True)
def without_waiting() -> Iterator[None]:
    """Uploads do not wait for each other, and requests without a key are not counted."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(uploading, "CHAT_INTERVAL", 0.0)
        patched.setattr(guard, "MOST_STRANGERS", 100_000)
        yield


schema = schemathesis.openapi.from_dict(application.description())
# Here it would go through every corner of every condition that a cohort may have, for minutes;
# test_at_its_corners_it_does_what_its_description_says takes some of them.
schema.config.phases.coverage.enabled = False
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


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
    ask(case, shared)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_at_its_corners_it_does_what_its_description_says(operation: Any, shared: Served) -> None:
    """Every least, largest, missing, empty and ill-typed value of every parameter and field."""
    cases = list(
        itertools.islice(
            schema.iter_coverage_cases(
                operation=operation,
                generation_modes=list(schemathesis.GenerationMode),
                generation_config=schema.config.generation_for(
                    operation=operation, phase="coverage"
                ),
            ),
            LOOKED_AT,
        )
    )
    assert cases
    for case in cases[:: 1 + len(cases) // CORNERS]:
        ask(case, shared)


def ask(case: schemathesis.Case, shared: Served) -> None:
    """Send it; its answer must be one that the description has."""
    case.call_and_validate(
        base_url=f"{shared.address}{application.PREFIX}",
        headers={"Authorization": f"Bearer {shared.secret}"},
        # An expression or a cursor may be of the right form, and still say nothing.
        excluded_checks=[positive_data_acceptance],
        timeout=30,
    )
