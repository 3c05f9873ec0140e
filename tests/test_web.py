"""The pages' server: headers, health, and what it refuses."""

from pathlib import Path

import pytest

from hsl import web
from hsl.accounts import AccountError
from hsl.addresses import is_loopback
from hsl.settings import load_settings


def test_it_refuses_an_address_that_others_reach_where_nobody_can_sign_in(
    migrated_file: Path,
) -> None:
    address = f"sqlite:///{migrated_file}"
    with pytest.raises(AccountError, match=r"HSL_HOST 0\.0\.0\.0 is open .* no account"):
        web.run(load_settings(HSL_HOST="0.0.0.0", DATABASE_URL=address))


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("me", False)],
)
def test_it_knows_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_the_policy_lets_no_foreign_script_run() -> None:
    policy = web.content_security_policy()
    assert "unsafe-eval" not in policy
    assert "script-src 'self' blob: 'sha256-" in policy
    assert "frame-ancestors 'none'" in policy
