"""The pages' server: headers, health, and what it refuses."""

import pytest

from hsl import web
from hsl.settings import load_settings


def test_it_refuses_an_address_that_others_reach() -> None:
    with pytest.raises(OSError, match=r"HSL_HOST 0\.0\.0\.0 is open to others"):
        web.run(load_settings(HSL_HOST="0.0.0.0"))


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("me", False)],
)
def test_it_knows_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert web.is_loopback(host) is expected


def test_the_policy_lets_no_foreign_script_run() -> None:
    policy = web.content_security_policy()
    assert "unsafe-eval" not in policy
    assert "script-src 'self' blob: 'sha256-" in policy
    assert "frame-ancestors 'none'" in policy
