"""Charts of named things, one below the other: name and figures as text, the mark below them.

Names stand within the chart, so that long ones leave room for the marks on a telephone.
"""

import json
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from hsl.charts.channels import fixed, where_chosen, where_small
from hsl.charts.figure import duration, percent
from hsl.charts.ink import Ink, dressed, of_state
from hsl.words import N_, _, number, plural

STEP = 40  # pixels a row
MARK = "mark"  # the name of the selection
TEXT_UP, MARK_DOWN = -8, 9  # pixels from a row's middle
ROOM = 190  # pixels for the figures at the right of a name
ROOM_BESIDE = 6  # pixels of an axis beside its ends, for a dot that stands there
LEAST_SPAN = 0.05  # of an axis of shares, so that nothing looks far apart that is not
# Seconds at which an axis of times has a mark.
TIMES = (1, 10, 60, 180, 600, 1_800, 3_600, 10_800, 43_200, 86_400, 259_200, 1_209_600)
NAMES = {  # of the column that names the rows
    "title": N_("message"),
    "stream": N_("stream"),
    "words": N_("reason"),
    "load": N_("messages a person"),
    "step": N_("step"),
    "arm": N_("arm"),
}


def dots(
    frame: pd.DataFrame,
    name: str,
    key: str,
    ink: Ink,
    *,
    of: str,
    colour: str | None = None,
    against: str | None = None,
    number: str | None = None,
) -> Any:
    """Shares as dots in their intervals. `of` is the column with n; needs share, low and high.

    An upright line stands at the median of the column `against`, where there is one; the column
    `number` says of how many messages it is.
    """
    words = [
        of_whole(share, int(n), small=bool(small))
        for share, n, small in zip(frame["share"], frame[of], frame["small"], strict=True)
    ]
    if against and number:
        words = [
            said if pd.isna(median) else f"{said}; {_median_of(int(count))}"
            for said, median, count in zip(words, frame[against], frame[number], strict=True)
        ]
    rows = _rows(frame, name, key, words)
    hue = where_small(alt.ColorValue, ink.grey, colour or ink.series)
    x = _share_axis(frame, *([against] if against else []))
    base = alt.Chart(rows).encode(y=_row())
    span = base.mark_rule(
        strokeWidth=5, strokeCap="round", opacity=0.4, yOffset=MARK_DOWN, clip=True
    ).encode(x=x.field("low"), x2=alt.X2("high:Q"), color=hue)
    dot = base.mark_point(size=80, filled=True, opacity=1, yOffset=MARK_DOWN, clip=True).encode(
        x=x.field("share"), color=hue, shape=shape()
    )
    facts = [alt.Tooltip("label:N", title=_named(name)), *share_facts(of)]
    if against is None:
        return _drawn(base, [span, dot], facts, ink, len(rows))
    line = (
        base.transform_filter(f"isValid(datum['{against}'])")
        .mark_tick(height=18, thickness=2, color=ink.text, yOffset=MARK_DOWN, clip=True)
        .encode(x=x.field(against))
    )
    facts.append(alt.Tooltip(f"{against}:Q", title=_("median of earlier"), format=".2%"))
    if number:
        facts.append(alt.Tooltip(f"{number}:Q", title=_("earlier messages"), format=","))
    return _drawn(base, [span, line, dot], facts, ink, len(rows))


def bars(
    frame: pd.DataFrame,
    name: str,
    key: str,
    ink: Ink,
    *,
    of: str = "people",
    words: Sequence[str] = (),
    kinds: Sequence[str] = (),
    colour: str | None = None,
    grey: Sequence[bool] = (),
    share: str = "",
) -> Any:
    """Numbers of people as bars; `words` stand at the right, `kinds` are states that colour.

    `grey` are the rows of too few to say. `share` names the frame's share, with its interval and n.
    """
    rows = _rows(frame, name, key, words or [number(n) for n in frame[of]])
    rows["fill"] = [of_state(kind, ink) for kind in kinds] or (colour or ink.series)
    if len(grey):
        rows["fill"] = rows["fill"].mask(pd.Series(grey, index=rows.index), ink.grey)
    base = alt.Chart(rows).encode(y=_row())
    x = alt.X(
        f"{of}:Q",
        title=None,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(format=",d", tickCount=5, tickMinStep=1),
    )
    bar = base.mark_bar(height=9, cornerRadiusEnd=3, yOffset=MARK_DOWN).encode(
        x=x, color=alt.Color("fill:N", scale=None)
    )
    facts = [
        alt.Tooltip("label:N", title=_named(name)),
        alt.Tooltip(f"{of}:Q", title=_("people"), format=","),
    ]
    if share:
        facts += share_facts("chosen", share)
    return _drawn(base, [bar], facts, ink, len(rows))


def times(frame: pd.DataFrame, name: str, key: str, ink: Ink, *, words: Sequence[str]) -> Any:
    """Seconds until half, 95 % and all, on a logarithmic axis, as a line with three dots."""
    rows = _rows(frame, name, key, words)
    for column in ("seconds_50", "seconds_95", "seconds_100"):
        rows[column] = rows[column].clip(lower=min(TIMES), upper=max(TIMES))
    shown = _around(float(rows["seconds_50"].min()), float(rows["seconds_100"].max()))
    labels = " : ".join(
        f"datum.value == {second} ? {json.dumps(duration(second))}" for second in shown
    )
    axis = alt.Axis(values=shown, labelExpr=f"{labels} : ''", title=None)
    scale = alt.Scale(type="log", domain=[shown[0], shown[-1]], nice=False, padding=ROOM_BESIDE)
    hue = where_small(alt.ColorValue, ink.grey, ink.series)
    base = alt.Chart(rows).encode(y=_row())
    marks = [
        base.mark_rule(strokeWidth=5, strokeCap="round", opacity=opacity, yOffset=MARK_DOWN).encode(
            x=alt.X(f"{start}:Q", scale=scale, axis=axis), x2=alt.X2(f"{end}:Q"), color=hue
        )
        for start, end, opacity in (
            ("seconds_50", "seconds_95", 0.5),
            ("seconds_95", "seconds_100", 0.2),
        )
    ]
    marks += [
        base.mark_point(size=size, filled=True, opacity=1, yOffset=MARK_DOWN).encode(
            x=alt.X(f"{column}:Q", scale=scale, axis=axis), color=hue
        )
        for column, size in (("seconds_50", 80), ("seconds_95", 50), ("seconds_100", 24))
    ]
    facts = [
        alt.Tooltip("label:N", title=_("message")),
        alt.Tooltip("seconds_50:Q", title=_("half, seconds"), format=",.1f"),
        alt.Tooltip("seconds_95:Q", title=_("95 %, seconds"), format=",.1f"),
        alt.Tooltip("seconds_100:Q", title=_("all, seconds"), format=",.1f"),
        alt.Tooltip("delivered:Q", title="n", format=","),
    ]
    return _drawn(base, marks, facts, ink, len(rows))


def _rows(frame: pd.DataFrame, name: str, key: str, words: Sequence[str]) -> pd.DataFrame:
    return frame.assign(
        row=range(len(frame)),
        label=frame[name].astype(str),
        key=frame[key].astype(str),
        words=pd.Series(list(words), dtype=object, index=frame.index),
    )


def share_facts(of: str, title: str | None = None) -> list[Any]:
    """What a tooltip says of a share: the share, its interval, and n (the column `of`)."""
    return [
        alt.Tooltip("share:Q", title=title or _("share"), format=".2%"),
        alt.Tooltip("low:Q", title=_("from (95 %)"), format=".2%"),
        alt.Tooltip("high:Q", title=_("to (95 %)"), format=".2%"),
        alt.Tooltip(f"{of}:Q", title="n", format=","),
    ]


def shape() -> Any:
    """What is too small to say anything is a diamond, and not grey alone."""
    return where_small(alt.ShapeValue, "diamond", "circle")


def of_whole(share: float, whole: int, *, small: bool) -> str:
    """Such as "98.4% of 1,204"; a small share has two decimals."""
    said = percent(share, decimals=2 if 0 < share < 0.01 else 1)
    if small:
        return _("{percent} of {whole}, too few to say", percent=said, whole=whole)
    return _("{percent} of {whole}", percent=said, whole=whole)


def _median_of(count: int) -> str:
    return plural("median of {n} message", "median of {n} messages", count)


def _named(name: str) -> str:
    return _(NAMES.get(name, name))


def _row() -> alt.Y:
    return alt.Y("row:O", axis=None, sort=None, scale=alt.Scale(padding=0))


def _around(first: float, last: float) -> list[int]:
    """The marks of an axis from the last one before `first` to the first one after `last`."""
    below = max((second for second in TIMES if second <= first), default=min(TIMES))
    above = min(second for second in TIMES if second >= last and second > below)
    return [second for second in TIMES if below <= second <= above]


def _share_axis(frame: pd.DataFrame, *more: str) -> alt.X:
    sure = frame[~frame["small"]]
    shown = sure if len(sure) else frame
    seen = [column for column in more if shown[column].notna().any()]
    low = min(float(shown[column].min()) for column in ("low", *seen))
    high = max(float(shown[column].max()) for column in ("high", *seen))
    low, high = max(0.0, low - 0.01), min(1.0, high + 0.01)
    if high - low < LEAST_SPAN:
        low, high = max(0.0, high - LEAST_SPAN), max(high, LEAST_SPAN)
    digits = "~%" if high - low > 0.1 else ".1~%"
    return alt.X(
        type="quantitative",
        title=None,
        scale=alt.Scale(domain=[low, high], nice=False, zero=False, padding=ROOM_BESIDE),
        axis=alt.Axis(format=digits, tickCount=5),
    )


def _drawn(
    base: alt.Chart, marks: Sequence[alt.Chart], facts: Sequence[Any], ink: Ink, count: int
) -> Any:
    # A whole row is the door, not the dot alone.
    chosen = alt.selection_point(name=MARK, fields=["key"])
    door = (
        base.mark_rect(fill=ink.series, stroke=None, cursor="pointer")
        .encode(
            x=fixed(alt.XValue, 0),
            x2=fixed(alt.X2Value, alt.expr("width")),
            opacity=where_chosen(alt.OpacityValue, chosen, 0.10, 0),
            tooltip=list(facts),
        )
        .add_params(chosen)
    )
    label = base.mark_text(
        align="left", fontSize=13, dy=TEXT_UP, color=ink.text, limit=alt.expr(f"width - {ROOM}")
    ).encode(x=fixed(alt.XValue, 0), text=alt.Text("label:N"))
    figures = base.mark_text(align="right", fontSize=12, dy=TEXT_UP, color=ink.dim).encode(
        x=fixed(alt.XValue, alt.expr("width")), text=alt.Text("words:N")
    )
    layers = alt.layer(*marks, label, figures, door)
    return dressed(layers.properties(height=STEP * count), ink)
