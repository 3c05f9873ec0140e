"""Accounts on both databases, without Argon2's full costs."""

import pytest
from argon2 import PasswordHasher

from hsl.accounts import passwords
from hsl.settings import Settings, load_settings

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that are made in no time."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    monkeypatch.setattr(passwords, "_NOBODYS", hasher.hash("nobody has this password"))


@pytest.fixture
def settings() -> Settings:
    """Settings as they are by default."""
    return load_settings()
