"""What is fuzzed: each target takes any bytes, and fails where a reader does what it must not.

A reader may refuse with an error that is meant for a person, and with nothing else. What it takes
must come back the same where it can be written again.
"""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Engine, func, select

from hsl import database, models
from hsl.audience import address, importer, where, where_text
from hsl.audience.cohort import Cohort
from hsl.errors import PlainError
from hsl.media import dropped
from hsl.message import button_lines, html, placeholders, preview
from hsl.message.content import Content
from hsl.models import MessageType

KINDS = (".csv", ".tsv", ".jsonl", ".xlsx", ".parquet")
LONGEST = 500  # characters of a sentence that refuses


@cache
def _house() -> tuple[Engine, Path]:
    """A database with nobody in it, for this process."""
    folder = Path(tempfile.mkdtemp(prefix="hsl-fuzz-"))
    engine = database.open_engine(f"sqlite:///{folder / 'hsl.db'}", archive=folder / "archive")
    database.migrate(engine)
    return engine, folder


def people() -> int:
    """How many there are in the database that files are imported into."""
    with _house()[0].begin() as connection:
        count = select(func.count()).select_from(models.users)
        return int(connection.execute(count).scalar_one())


def import_people(content: bytes, kind: str) -> importer.ImportReport | None:
    """Import a file of this kind; None where it is refused, and then nobody came in."""
    engine, folder = _house()
    path, before = folder / f"people{kind}", people()
    path.write_bytes(content)
    try:
        report = importer.import_file(engine, path, actor="fuzz", rejects_dir=folder)
    except PlainError as refused:
        assert 0 < len(str(refused)) < LONGEST, refused
        assert people() == before
        return None
    assert people() == before + report.added
    return report


def file_of_people(given: bytes) -> None:
    """A file of people: its first byte chooses the kind."""
    if given:
        import_people(given[1:], KINDS[given[0] % len(KINDS)])


def _text(given: bytes) -> str:
    """A text; where it begins with a control, one as a command's words bring broken UTF-8."""
    return given.decode("utf-8", "surrogateescape" if given[:1] < b"\x10" else "replace")


def where_box(given: bytes) -> None:
    """The expression of a cohort."""
    try:
        cohort = where.parse(_text(given))
    except where.WhereError as refused:
        assert 0 < len(str(refused)) < LONGEST
        return
    assert where.parse(where_text.write(cohort)) == cohort
    assert address.from_address(address.to_address(cohort)) == cohort
    assert cohort.sentence()


def cohort_json(given: bytes) -> None:
    """A cohort as programs send it."""
    try:
        cohort = Cohort.model_validate_json(given)
    except ValidationError:
        return
    assert Cohort.model_validate_json(cohort.model_dump_json()) == cohort
    assert cohort.sentence()


def page_address(given: bytes) -> None:
    """A cohort in the address of a page, as an expression and packed."""
    for words in (_text(given), f"~{_text(given)}"):
        try:
            cohort = address.from_address(words)
        except address.AddressError as refused:
            assert 0 < len(str(refused)) < LONGEST
            continue
        assert address.from_address(address.to_address(cohort)) == cohort


def message_html(given: bytes) -> None:
    """A message's HTML, and its preview."""
    raw = _text(given)
    Content(text=raw).check()
    try:
        parsed = html.parse(raw)
    except html.HtmlError as refused:
        assert 0 < len(str(refused)) < LONGEST
        return
    shown = preview.body(parsed.text, parsed.entities).lower()
    assert not any(bad in shown for bad in ("<script", "<img", "<svg", 'href="javascript'))
    html.first_line(raw), html.dropped_links(raw), html.bare_links(parsed.text)


def placeholder(given: bytes) -> None:
    """A text with placeholders, and a value in one, parted by a line's end."""
    raw, _, value = _text(given).partition("\n")
    assert len(placeholders.names(raw)) <= len(placeholders.parts(raw))
    assert placeholders.is_personal(raw) == bool(placeholders.names(raw))
    said = placeholders.render("{first_name}", {"first_name": value})
    assert not placeholders.names(said) and "<" not in said
    placeholders.render(raw, {"first_name": value})


def pasted_buttons(given: bytes) -> None:
    """Buttons as people paste them."""
    words = _text(given)
    found = button_lines.read(words)
    assert len(found.rows) + len(found.refused) <= len(words.splitlines())
    problems = Content(text="Hi", buttons=found.rows).check()
    assert all(0 < len(one.message) < LONGEST for one in problems)
    numbered = [
        f"{at}:{button_lines.line(one)}" for at, row in enumerate(found.rows, 1) for one in row
    ]
    if not problems and all(line.isprintable() and line.count("=") == 1 for line in numbered):
        assert button_lines.numbered_rows(numbered) == found.rows


def dropped_file(given: bytes) -> None:
    """A file for a message: a picture, a film, or anything else."""
    name, _, content = given.partition(b"\n")
    try:
        found = dropped.examine(_text(name), content, MessageType.PHOTO)
    except PlainError as refused:
        assert 0 < len(str(refused)) < LONGEST
        return
    assert found.name and not set(found.name) & set('/\\\r\n\x00:"')


TARGETS: dict[str, Callable[[bytes], None]] = {
    "importer": file_of_people,
    "where": where_box,
    "cohort": cohort_json,
    "address": page_address,
    "html": message_html,
    "placeholder": placeholder,
    "button": pasted_buttons,
    "media": dropped_file,
}
# Where a guided search begins: right inputs, from which it goes on.
SEEDS: dict[str, tuple[bytes, ...]] = {
    "importer": (
        b"\x00user_id,first_name,city\n1,Anna,Kazan\n",
        b"\x01user_id\tstream\n1\t4th\n",
        b'\x02{"user_id": 1, "first_name": "Anna"}\n',
    ),
    "where": (b"in_stream('4th') AND NOT reachable", b"level >= 3 OR city IN ('Omsk')"),
    "cohort": (
        b'{"where": {"kind": "search", "words": "x"}}',
        b'{"where": {"kind": "not", "of": {"kind": "stream", "streams": ["4th"]}}}',
    ),
    "address": (b"in_stream('4th')",),
    "html": (b'<b>Hi</b> <a href="https://example.org">x</a> &amp; <tg-spoiler>s</tg-spoiler>',),
    "placeholder": (b"Hi {first_name|friend}!\nAnna",),
    "button": (b"1:Join=https://example.org\n2:Yes=callback:yes", b"Join - https://example.org"),
    "media": (b"x.png\n\x89PNG\r\n\x1a\n", b"x.mp4\n\x00\x00\x00\x18ftypisom"),
}
