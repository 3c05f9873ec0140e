"""What is dropped goes as the kind that Telegram will take it as, or is refused in one sentence."""

import io

import pytest
from PIL import Image

from hsl.media import dropped, pictures
from hsl.media.errors import MediaError
from hsl.models import MessageType
from tests.media.conftest import draw, film

PHOTO, VIDEO, DOCUMENT = MessageType.PHOTO, MessageType.VIDEO, MessageType.DOCUMENT


@pytest.mark.parametrize(
    ("name", "content", "wanted", "kind", "note"),
    [
        ("a.png", draw(), PHOTO, PHOTO, None),
        ("a.jpg", draw(form="JPEG"), PHOTO, PHOTO, None),
        ("a.webp", draw(form="WEBP"), PHOTO, PHOTO, None),
        ("a.png", draw(), DOCUMENT, DOCUMENT, None),
        ("a.png", draw(), VIDEO, PHOTO, dropped.A_PICTURE),
        ("a.mp4", film(), VIDEO, VIDEO, None),
        ("a.mp4", film(), PHOTO, VIDEO, dropped.A_VIDEO),
        ("a.png", b"nothing of a picture", PHOTO, DOCUMENT, dropped.NO_PICTURE),
        ("a.png", draw()[:300], PHOTO, DOCUMENT, dropped.NO_PICTURE),
        ("a.mp4", b"\0\0\0\x10ftypisom", VIDEO, DOCUMENT, dropped.NO_VIDEO),
        ("a.png", draw(4200, 200), PHOTO, DOCUMENT, dropped.LONG_PICTURE),
        ("a.png", draw(6000, 4001), PHOTO, DOCUMENT, dropped.LONG_PICTURE),
        ("a.png", draw() + bytes(10_000_000), PHOTO, DOCUMENT, dropped.LARGE_PICTURE),
    ],
)
def test_it_goes_as_what_it_is(
    name: str, content: bytes, wanted: MessageType, kind: MessageType, note: str | None
) -> None:
    found = dropped.examine(name, content, wanted)
    assert (found.kind, found.note) == (kind, note)


def test_measures_of_a_photo_are_upright() -> None:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (400, 200)).save(written, "JPEG", exif=exif)
    found = dropped.examine("a.jpg", written.getvalue(), PHOTO)
    assert (found.width, found.height) == (200, 400)
    small = pictures.look(written.getvalue())
    assert small is not None
    assert len(small.thumbnail) < 4_000


def test_measures_of_a_video() -> None:
    found = dropped.examine("a.mp4", film(), VIDEO)
    assert (found.width, found.height, found.duration) == (1920, 1080, 65)
    turned = dropped.examine("a.mp4", film(turned=True), VIDEO)
    assert (turned.width, turned.height) == (1080, 1920)


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "a.pdf is empty"), (bytes(50_000_001), "50 MB at most")]
)
def test_what_cannot_go_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(MediaError, match=words):
        dropped.examine("a.pdf", content, DOCUMENT)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Программа курса.pdf", "Программа курса.pdf"),
        ("../../etc/passwd", "passwd"),
        ('a"b\r\nX: y.png', "a b X y.png"),
        ("c:\\files\\x.png", "x.png"),
        ("...", "file"),
        (f"{'я' * 300}.png", f"{'я' * 116}.png"),
    ],
)
def test_a_name_is_only_a_name(name: str, kept: str) -> None:
    assert dropped.named(name) == kept
