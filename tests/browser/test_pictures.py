"""The documentation's pictures show the pages as they are."""

from pathlib import Path

from PIL import Image, ImageDraw

from docs import make_pictures
from docs.make_pictures import FRONT, PICTURES, difference, draw, file_of, kept

LARGEST = 150_000  # bytes
REMEDY = "run python docs/make_pictures.py, and look at what it drew"


def test_the_pictures_show_the_pages_as_they_are(tmp_path: Path) -> None:
    stale = {}
    for name, language, drawn in draw(tmp_path, list(PICTURES), ["en"]):
        before = kept(name, language)
        said = difference(before.image, drawn.image, before.volatile + drawn.volatile)
        if said:
            stale[name] = said
    assert not stale, f"{stale}: {REMEDY}"


def test_every_picture_is_kept_in_every_language_and_small() -> None:
    for language in make_pictures.LOCALES:
        files = {file_of(name, language) for name in PICTURES if name != FRONT}
        assert files == set(file_of("desk", language).parent.glob("*.png"))
        assert all(file.stat().st_size < LARGEST for file in files | {file_of(FRONT, "en")})


def test_a_changed_page_is_seen_and_another_time_is_not() -> None:
    before = kept("message", "en")
    assert before.volatile
    changed = before.image.copy()
    pen = ImageDraw.Draw(changed)
    for left, top, width, height in before.volatile:
        pen.rectangle((left, top, left + width, top + height), fill="red")
    assert difference(before.image, changed, before.volatile) == ""
    # A button of the usual size that is gone.
    pen.rectangle((40, 345, 200, 385), fill="white")
    assert "squares" in difference(before.image, changed, before.volatile)
    wider = Image.new("RGB", (before.image.width + 1, before.image.height))
    assert "pixels became" in difference(before.image, wider, [])
