"""Pictures: whether Telegram shows one as a photo, and a small one to see it by."""

import base64
import io
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP")
SMALL = 480  # pixels, of a thumbnail's longer side
MOST_PIXELS = 40_000_000  # of a picture that is decoded here
# core.telegram.org/bots/api#sendphoto
MOST_SIDES = 10_000  # pixels, width and height together
MOST_RATIO = 20


@dataclass(frozen=True)
class Picture:
    """A picture's size in pixels, upright, and a small JPEG of it in base64."""

    width: int
    height: int
    thumbnail: str

    @property
    def may_be_photo(self) -> bool:
        """True where Telegram takes one of these measures as a photo."""
        ratio = max(self.width, self.height) / max(1, min(self.width, self.height))
        return self.width + self.height <= MOST_SIDES and ratio <= MOST_RATIO


def look(content: bytes) -> Picture | None:
    """The picture in these bytes; None where they hold none that can be read to its end."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return None
            turned = opened.getexif().get(0x0112, 1) >= 5  # lies on its side
            width, height = opened.size[::-1] if turned else opened.size
            opened.draft("RGB", (2 * SMALL, 2 * SMALL))
            small = ImageOps.exif_transpose(opened)
            small.thumbnail((SMALL, SMALL))
            return Picture(width, height, _jpeg(small))
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,  # of a PNG that ends within a chunk
    ):
        return None


def _jpeg(picture: Image.Image) -> str:
    seen = picture.convert("RGBA")
    paper = Image.new("RGBA", seen.size, "white")
    paper.alpha_composite(seen)
    written = io.BytesIO()
    paper.convert("RGB").save(written, "JPEG", quality=80)
    return base64.b64encode(written.getvalue()).decode()
