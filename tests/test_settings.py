"""Settings: read once, refused with one line."""

import pytest

from hsl import settings


def test_an_unknown_name_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HSL_PROT", "8501")
    with pytest.raises(settings.SettingsError, match="HSL_PROT is not a setting"):
        settings.load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HSL_PORT", "99999"),
        ("HSL_TIME_ZONE", "Moscow"),
        ("HSL_INDEX_MEMORY", "lots"),
        ("DATABASE_URL", "mysql://secret@h/x"),
        ("BOT_TOKEN", "secret"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_without_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(settings.SettingsError) as refused:
        settings.load_settings()
    assert str(refused.value).startswith(name)
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_without_a_token_it_is_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOT_TOKEN", raising=False)
    loaded = settings.load_settings(HSL_SANDBOX_PORT=9999)
    assert loaded.is_sandbox
    assert loaded.api_url == "http://127.0.0.1:9999"


def test_a_token_shows_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "123:canary")
    loaded = settings.load_settings()
    assert "canary" not in repr(loaded)
    assert loaded.bot_id == 123
    assert loaded.api_url == "https://api.telegram.org"
