"""Links: where they lead, what Telegram refuses, and what is odd about the rest."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hsl.message import html, links
from hsl.message.content import Button, Content, Translation
from hsl.message.links import Kind, destination


@pytest.mark.parametrize(
    ("url", "host", "ascii_host", "path"),
    [
        ("https://lesson.org", "lesson.org", "lesson.org", ""),
        ("https://lesson.org/", "lesson.org", "lesson.org", ""),
        ("https://lesson.org/a/b?c=d#e", "lesson.org", "lesson.org", "/a/b?c=d#e"),
        ("https://lesson.org:8443/x", "lesson.org", "lesson.org", "/x"),
        ("HTTPS://Lesson.ORG/Path", "lesson.org", "lesson.org", "/Path"),
        ("https://пример.рф/путь", "пример.рф", "xn--e1afmkfd.xn--p1ai", "/путь"),
        ("https://xn--e1afmkfd.xn--p1ai/", "пример.рф", "xn--e1afmkfd.xn--p1ai", ""),
        ("https://straße.de", "straße.de", "xn--strae-oqa.de", ""),
        ("https://例え.jp", "例え.jp", "xn--r8jz45g.jp", ""),
        ("https://a.org?to=https://b.org", "a.org", "a.org", "?to=https://b.org"),
    ],
)
def test_a_sound_link_names_its_host_and_path(
    url: str, host: str, ascii_host: str, path: str
) -> None:
    found = destination(url)
    assert (found.host, found.ascii_host, found.path) == (host, ascii_host, path)
    assert found.is_sound
    assert found.kind is Kind.SITE
    assert found.mended is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is empty"),
        ("lesson.org", "must begin with https://"),
        ("javascript:alert(1)", "must begin with https://"),
        ("mailto:a@lesson.org", "must begin with https://"),
        ("ftp://lesson.org", "must begin with https://"),
        ("@anna_k", "must begin with https://"),
        ("https://localhost/", "has no dot"),
        ("http://localhost:8501", "has no dot"),
        ("https://https://lesson.org", "has no dot"),
        ("https:///x", "has no dot"),
        ("https://.", "has no dot"),
        ("https://a b.org", "a space"),
        ("https://a.org/a\tb", "a space"),
        ("https://[::1", "is not an address"),
        ("https://a.org:99999", "is not an address"),
        ("https://a.org:port", "is not an address"),
        ("https://a.org:0", "does not take"),
        ("tg://", "does not take"),
    ],
)
def test_what_telegram_refuses_is_a_problem(url: str, words: str) -> None:
    found = destination(url)
    assert found.problem is not None
    assert words in found.problem
    assert found.warning is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://lesson.org", "not encrypted"),
        ("https://lesson.org@evil.org/x", "leads to evil.org"),
        ("https://user:secret@lesson.org", "is a sign-in"),
        ("https://аpple.com", "xn--pple-43d.com is meant"),  # a Cyrillic а
        ("https://xn--80ak6aa92e.com", "xn--80ak6aa92e.com is meant"),  # all Cyrillic
        ("https://gοοgle.com", "look like others"),  # a Greek ο
        ("https://a.org\u200b", "cannot be seen"),
        ("https://a.org/\u202egnp.exe", "cannot be seen"),
        ("https://93.184.216.34/", "to a number"),
        ("https://192.168.0.1/", "its own network alone"),
        ("https://nas.local/x", "its own network alone"),
        ("https://www.example.com/x", "for examples"),
        ("https://lesson.org/x.", "The sign at its end"),
        ("https://lesson.org/x)", "The sign at its end"),
        ("https://[2606:2800::1]/", "to a number"),
        ("https://a..org", "no name that a browser finds"),
        ("https://lesson.org/https:/lesson.org", "stands in it twice"),
    ],
)
def test_what_is_odd_is_a_warning(url: str, words: str) -> None:
    found = destination(url)
    assert found.problem is None
    assert found.warning is not None
    assert words in found.warning
    assert not found.is_sound


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("tg://user?id=123", Kind.TELEGRAM, "the person with id 123"),
        ("tg://resolve?domain=hsl_bot", Kind.TELEGRAM, "@hsl_bot"),
        ("tg:resolve?domain=hsl_bot", Kind.TELEGRAM, "@hsl_bot"),
        ("tg://join?invite=abc", Kind.TELEGRAM, "Invites"),
        ("tg://msg_url?url=https://a.org", Kind.TELEGRAM, "share"),
        ("tg://settings", Kind.TELEGRAM, "“settings”"),
        ("https://t.me/hsl_bot", Kind.TELEGRAM, "@hsl_bot"),
        ("https://t.me/+AbCd", Kind.TELEGRAM, "Invites"),
        ("https://t.me/joinchat/AbCd", Kind.TELEGRAM, "Invites"),
        ("https://t.me/hsl/12", Kind.TELEGRAM, "one message"),
        ("https://t.me/c/100/12", Kind.TELEGRAM, "one message"),
        ("https://t.me/addstickers/Cats", Kind.TELEGRAM, "stickers"),
        ("https://t.me/share/url?url=a", Kind.TELEGRAM, "share"),
        ("https://t.me", Kind.TELEGRAM, "own site"),
        ("ton://transfer/abc", Kind.TON, "wallet"),
        ("tonsite://foundation.ton", Kind.TON, "foundation.ton"),
    ],
)
def test_what_telegram_opens_itself_is_explained(url: str, kind: Kind, words: str) -> None:
    found = destination(url)
    assert found.is_sound
    assert found.kind is kind
    assert found.explained is not None
    assert words in found.explained


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("lesson.org", "https://lesson.org"),
        ("www.lesson.org/a?b", "https://www.lesson.org/a?b"),
        ("пример.рф", "https://пример.рф"),
        ("@anna_k", "https://t.me/anna_k"),
        ("https:/lesson.org", "https://lesson.org"),
        ("https//lesson.org", "https://lesson.org"),
        ("https:lesson.org", "https://lesson.org"),
        ("https://https://lesson.org/a", "https://lesson.org/a"),
        ("https://lesson.org/a b", "https://lesson.org/a%20b"),
        ("javascript:alert(1)", None),
        ("mailto:a@lesson.org", None),
        ("https://localhost", None),
        ("not a link", None),
        ("", None),
    ],
)
def test_what_was_meant_is_offered(written: str, meant: str | None) -> None:
    assert destination(written).mended == meant


def test_a_name_in_another_script_alone_is_not_odd() -> None:
    for url in (
        "https://новости.рф",
        "https://ελλάδα.gr",
        "https://münchen.de",
        "https://カナlab.jp",
    ):
        assert destination(url).warning is None, url


@given(st.text(max_size=60) | st.from_regex(r"(?:https?|tg|ton)://\S{0,30}", fullmatch=True))
@example("https://\udcff.org")
@example("tg://user?id=")
@example("https://[::ffff:1.2.3.4]/")
@example('https://a.org/"><b>')
def test_any_text_has_a_destination(text: str) -> None:
    found = destination(text)
    assert found.problem is None or found.warning is None
    if found.mended is not None:
        assert destination(found.mended).problem is None


@given(st.from_regex(r"https?://[a-z.:@\[\]0-9]{1,20}(?:/[a-z<>\"&]{0,5})?", fullmatch=True))
def test_telegram_takes_what_has_no_problem(url: str) -> None:
    if destination(url).problem is None:
        link = url.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        assert html.parse(f'<a href="{link}">x</a>').entities


def test_odd_links_of_a_message_are_named() -> None:
    content = Content(
        text='See <a href="http://lesson.org">here</a>, https://192.168.0.1/, '
        "http://localhost:8501 and lesson.org",
        buttons=(
            (
                Button(text="Sound", url="https://lesson.org"),
                Button(text="Odd", url="https://аpple.com"),
                Button(text="Refused", url="https://localhost"),
                Button(text="Hi {first_name}", callback_data="x"),
            ),
        ),
    )
    here, number, local, odd, name = content.link_warnings()
    assert here.startswith("here: It is not encrypted")
    assert number.startswith("https://192.168.0.1/: 192.168.0.1 is reached")
    assert local.startswith("http://localhost:8501: Telegram makes no link of it")
    assert odd.startswith("“Odd”: аpple.com has letters")
    assert name.startswith("“Hi {first_name}”: A name in braces")


def test_odd_links_of_a_translation_are_named_once() -> None:
    odd = ((Button(text="Odd", url="https://nas.local"),),)
    said = {
        "ru": Translation(text='<a href="http://lesson.org">Сюда</a>', buttons=odd),
        "de": Translation(text="Hallo", buttons=odd),
    }
    content = Content(text="Hello", default_language="en", translations=said)
    here, button = content.link_warnings()
    assert here.startswith("Сюда: It is not encrypted")
    assert button.startswith("“Odd”: nas.local is reached")


def test_a_text_that_is_no_html_has_no_links_to_warn_of() -> None:
    assert links.warnings_of("<b>http://lesson.org") == ()
