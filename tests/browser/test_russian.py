"""A Russian reader finds Russian words alone: on every page, and in what opens from it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House
from tests.browser.test_road import settled

# Names that stay as they are: of the product, of formats, of what people and Telegram call so.
STAY = (
    "HSL Dashboard English Telegram Bot API BotFather username Stars Files sandbox newest left "
    "CSV TSV TXT JSON JSONL NDJSON lines Excel XLSX Parquet HTML SQL PNG SVG Ctrl-C Enter the "
    "user_id file_id env app sqlite SQLite SQLAlchemy hsl python source run api org http https "
    "UTC Europe Moscow HSL_MEDIA_CHAT even ten-then-pause mon sample_users SELECT platform "
    "OpenID Connect text json"
)
OURS = "Begins Waits Halted school nothing-here Russian speakers 3rd_stream 4th_stream 5th_stream"
# What Telegram answered stands beside the reason in words; documents say their language.
ANSWERS = re.compile(r"^(Forbidden|Bad Request): |\(по-английски\)")
# Keys, paths, usernames, addresses, settings, and what a screen reader says of an icon.
NO_WORDS = re.compile(r"HSL_\w+|Ctrl\+[\w+.]+|/[\w./*-]+|@\w+|\S+://\S+|\w+ icon")
WORD = re.compile(r"\b[A-Za-z][\w-]{2,}")
READ = r"""() => {
  const found = [];
  // Names and usernames are people's; code and icons are not read; a chart tells itself whole.
  const skip = "script, style, code, pre, noscript, textarea, svg, canvas, [data-testid^=stIcon]," +
    "[data-testid=stDataFrame], [translate=no]";
  const read = (node) => {
    if (node.nodeType === Node.TEXT_NODE) found.push(node.nodeValue.trim());
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches(skip)) return;
    const style = getComputedStyle(node);
    if (style.display === "none" || style.visibility === "hidden") return;
    for (const name of ["aria-label", "placeholder", "title", "alt"]) {
      found.push(node.getAttribute(name) || "");
    }
    node.shadowRoot?.childNodes.forEach(read);
    node.childNodes.forEach(read);
  };
  read(document.body);
  return [...new Set(found)].filter(Boolean);
}"""


def english(page: Page) -> list[str]:
    """What is to be read on the page and has a word of English in it."""
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    settled(page)
    known = {word.lower() for word in f"{STAY} {OURS}".split()}
    wrong = []
    for said in page.evaluate(READ):
        words = {word.lower() for word in WORD.findall(NO_WORDS.sub(" ", said))}
        if words - known and not ANSWERS.search(said):
            wrong.append(said)
    return wrong


@pytest.fixture
def told(house: House) -> House:
    """A house with a message that is sent, one that waits, one that is halted, and a bad source."""
    house.hsl("send", "--user", "700000000", "--user", "700001110", "--text", "Begins", "--yes")
    house.hsl("send", "--stream", "3rd_stream", "--text", "Halted", "--yes")
    house.hsl("pause", "2")
    later = ("--at", "2099-01-01T10:00Z", "--yes")
    house.hsl("send", "--stream", "5th_stream", "--text", "Waits", *later)
    house.hsl("segment", "add", "Russian speakers", "--where", "language_code = 'ru'")
    house.hsl("source", "add", "school", "--files", "/nothing-here/*.csv", "--by-hand")
    with pytest.raises(AssertionError, match="names no file"):
        house.hsl("source", "run", "school")
    return house


def press(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("button", name=name).first.click()


def tab(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_text(name, exact=True).first.click()


# A page's address, and what is opened on it one after the other.
ROADS: list[tuple[str, list[Callable[[Page], None]]]] = [
    ("", [press("Справка"), press("Удалить 5")]),
    ("audience", [press("Загрузить людей"), press("Сохранить как сегмент")]),
    ("audience?view=segments", []),
    ("audience?view=do-not-message", [tab("Отметить всех из списка")]),
    ("compose", []),
    ("messages", []),
    ("messages?view=calendar", []),
    ("messages?message=1", [tab("Содержание"), tab("Ход")]),
    ("messages?message=2", []),
    ("messages?message=3", []),
    ("delivery", []),
    ("audit", [press("Скачать эти записи")]),
    ("settings", [press("Добавить источник")]),
]


@pytest.mark.timeout(300)
def test_nothing_is_said_in_english_to_a_russian_reader(browser: Browser, told: House) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 2000}, timezone_id="Europe/Moscow", locale="ru-RU"
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    wrong = []
    for address, openings in ROADS:
        page.goto(f"{told.address}/{address}")
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        wrong += [f"{address}: {said}" for said in english(page)]
        for place, opening in enumerate(openings):
            opening(page)
            wrong += [f"{address} {place}: {said}" for said in english(page)]
            page.keyboard.press("Escape")
    page.screenshot(path=told.folder / "last.png")
    context.close()
    assert not wrong, "\n".join(dict.fromkeys(wrong))
