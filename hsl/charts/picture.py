"""A chart as a picture file, drawn in this process without a browser and without the network."""

from typing import Any, Literal

from hsl.charts.spec import with_records

WIDTH = 900  # pixels
SCALE = 2  # of a PNG, for sharp edges on paper
VEGA_LITE = "6.4"

Form = Literal["png", "svg"]


class PictureError(RuntimeError):
    """The picture cannot be drawn; the message says why and what to do."""


def picture(chart: Any, form: Form, *, title: str = "") -> bytes:
    """The chart as PNG or SVG on white, with its question above. Raises PictureError."""
    try:
        # 84 MB on disk and 200 MB of memory at the first picture: loaded only when one is wanted.
        import vl_convert
    except ImportError as error:
        raise PictureError(
            "Pictures need the package vl-convert-python. Install it: "
            "pip install -r requirements.txt -c requirements.lock"
        ) from error
    spec = with_records(chart)
    spec |= {"width": WIDTH, "background": "white", "padding": 16}
    if title:
        spec["title"] = {"text": title, "anchor": "start", "fontSize": 18, "offset": 14}
    # Nothing is fetched: the data stands in the chart, and no address is allowed.
    if form == "svg":
        return vl_convert.vegalite_to_svg(spec, VEGA_LITE, allowed_base_urls=[]).encode()
    drawn: bytes = vl_convert.vegalite_to_png(spec, VEGA_LITE, scale=SCALE, allowed_base_urls=[])
    return drawn
