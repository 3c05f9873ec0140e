"""The colours of charts: one hue for series, the palette of states, text that passes AA."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
from babel.dates import get_day_names, get_month_names
from babel.numbers import get_decimal_symbol, get_group_symbol

from hsl import words

BLACK, WHITE = "#000000", "#FFFFFF"
FONT = 'Inter, "Segoe UI", Roboto, "Noto Sans", sans-serif'


@dataclass(frozen=True)
class Ink:
    """The colours on one background."""

    text: str
    dim: str  # of axes and secondary words; 4.5:1 and more
    grid: str
    series: str
    grey: str  # of what is too small to say anything
    failed: str
    reasons: tuple[str, ...]  # shades of failed, from the most frequent reason
    scale: tuple[str, str]  # from the lowest share to the highest
    on_high: str  # text on the upper part of the scale
    on_low: str
    turn: float  # where on the scale, from 0 to 1, the one takes over from the other
    background: str = "transparent"


LIGHT = Ink(
    text="#17212B",
    dim="#56606B",
    grid="#E3E8ED",
    series="#0072B2",
    grey="#8A8F98",
    failed="#D55E00",
    reasons=("#8F3F00", "#D55E00", "#F08A3C", "#F7B587", "#FBDCC4"),
    scale=("#E4F0F8", "#0B5C8A"),
    on_high="#FFFFFF",
    on_low="#000000",
    turn=0.77,
)
DARK = Ink(
    text="#E8EDF2",
    dim="#A9B4BF",
    grid="#2A3541",
    series="#4AA3DF",
    grey="#7E8791",
    failed="#F0803C",
    reasons=("#FBD3B4", "#F5A56B", "#E0711F", "#A95110", "#6E3A16"),
    scale=("#1B2E3D", "#7CC0EA"),
    on_high="#000000",
    on_low="#FFFFFF",
    turn=0.53,
)
STATES = {
    "people": "series",
    "sent": "#009E73",
    "failed": "failed",
    "uncertain": "#E69F00",
    "cancelled": "#7A8591",
    "pending": "#8A8F98",
    "deleted": "#CC79A7",
}


def contrast(one: str, other: str) -> float:
    """How far two colours (#RRGGBB) stand apart, from 1 to 21, as WCAG 2 reckons it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def on(colour: str) -> str:
    """Black or white, whichever is read better on this colour."""
    return max((BLACK, WHITE), key=lambda text: contrast(text, colour))


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def of_state(kind: str, ink: Ink) -> str:
    """The colour of a delivery status, or of people as such."""
    colour = STATES[kind]
    return str(getattr(ink, colour)) if not colour.startswith("#") else colour


def _locale() -> dict[str, Any]:
    """How the reader's language writes numbers and dates; English is Vega's own."""
    if words.language() == "en":
        return {}
    locale = words.locale()
    days = get_day_names("wide", "stand-alone", locale)
    short_days = get_day_names("abbreviated", "stand-alone", locale)
    spaced = "\u00a0" in locale.percent_formats[None].pattern
    sunday_first = (6, 0, 1, 2, 3, 4, 5)  # as D3 counts
    return {
        "locale": {
            "number": {
                "decimal": get_decimal_symbol(locale),
                "thousands": get_group_symbol(locale),
                "grouping": [3],
                "currency": ["", ""],
                "percent": "\u00a0%" if spaced else "%",
            },
            "time": {
                "dateTime": "%x, %X",
                "date": "%d.%m.%Y",
                "time": "%H:%M:%S",
                "periods": ["AM", "PM"],
                "days": [str(days[day]) for day in sunday_first],
                "shortDays": [str(short_days[day]) for day in sunday_first],
                "months": _ordered(get_month_names("wide", "stand-alone", locale)),
                "shortMonths": _ordered(get_month_names("abbreviated", "format", locale)),
            },
        }
    }


def _ordered(names: Mapping[int, str]) -> list[str]:
    return [str(names[number]) for number in sorted(names)]


def dressed(chart: Any, ink: Ink) -> Any:
    """The chart with fonts, quiet axes and no frame; its height is that of the marks alone."""
    return (
        chart.properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
        .configure(background=ink.background, font=FONT, **_locale())
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelColor=ink.dim,
            titleColor=ink.dim,
            gridColor=ink.grid,
            domain=False,
            ticks=False,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            labelPadding=6,
        )
        .configure_legend(
            labelColor=ink.text, titleColor=ink.dim, labelFontSize=12, symbolType="square"
        )
    )
