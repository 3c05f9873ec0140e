"""An experiment under Messages: its arms side by side, and what to do next."""

from html import escape

import altair as alt
import pandas as pd
import streamlit as st

from hsl import comparing, experiments, table
from hsl.comparing import ArmResult, Result, Share
from hsl.delivery import history
from hsl.message import drafts
from pages.parts import charts, download, shell, show, take_back

BLUE, GREY = show.COLOURS["sending"], show.COLOURS["pending"]


def listing() -> None:
    """The experiments as a list behind an expander; nothing where there are none."""
    found = comparing.listing(shell.engine())
    if not found:
        return
    with st.expander(f"{len(found):,} experiments", icon=":material/science:"):
        for one in found:
            words = f"{one.name}: {', '.join(arm.name for arm in one.arms)}"
            left, right = st.columns([4, 2], vertical_alignment="center")
            if left.button(show.plain(words), key=f"experiment-{one.id}", type="tertiary"):
                st.query_params.from_dict({"experiment": str(one.id)})
                st.rerun()
            right.caption(f"{show.ago(one.created_at)}, by {show.plain(one.author)}")


def show_one(experiment_id: int) -> None:
    """The whole page of one experiment."""
    if st.button("All messages", type="tertiary", icon=":material/arrow_back:"):
        st.query_params.clear()
        st.rerun()
    try:
        result = comparing.result(shell.engine(), experiment_id)
    except comparing.ExperimentError as gone:
        st.info(show.plain(str(gone)))
        return
    st.html(f"<h1 class='hsl-title'>{escape(result.name)}</h1>")
    made = show.moment(result.created_at, shell.zone())
    st.html(
        f"<span class='hsl-dim'>{escape(result.audience.sentence())} · split at random · "
        f"by {escape(result.author)} · {escape(made)}</span>"
    )
    take_back.of_experiment(experiment_id)
    st.dataframe(_table(result), hide_index=True)
    download.menu(
        "Download this comparison",
        f"experiment-{result.id}",
        lambda form: table.as_file(result.as_table(), form),
    )
    _next(result)
    _chart(
        "Which arm arrives?",
        {a.name: a.delivered for a in result.arms if a.delivered},
        name=f"experiment-{result.id}-delivered",
    )
    if not result.has_presses:
        st.caption(
            "No presses of buttons are recorded. Your bot receives them; bring them in by "
            "`python -m hsl import-presses FILE`."
        )
        return
    buttons = dict.fromkeys(name for arm in result.arms for name in arm.pressed or {})
    for place, button in enumerate(buttons):
        shares = {a.name: a.pressed[button] for a in result.arms if button in (a.pressed or {})
                  and a.pressed is not None}  # fmt: skip
        name = f"experiment-{result.id}-pressed-{place}"
        _chart(f"Who presses {button}?", shares, name=name)


def _table(result: Result) -> pd.DataFrame:
    rows = []
    for arm in result.arms:
        row = {
            "Arm": arm.name,
            "Share": f"{arm.share:g} %",
            "People": show.number(arm.people),
            "Left out": show.number(sum(arm.left_out.values())),
            "State": arm.status or "no message",
            "Delivered": _words(arm.delivered),
            "Against A": _apart(arm.delivered),
        }
        for button, share in (arm.pressed or {}).items() if result.has_presses else ():
            row[f"Pressed {button}"] = _words(share)
            row[f"{button} against A"] = _apart(share)
        rows.append(row)
    first = result.arms[0].name
    frame = pd.DataFrame(rows).fillna("–")
    return frame.rename(columns=lambda name: name.replace("against A", f"against {first}")
                        .replace("Against A", f"Against {first}"))  # fmt: skip


def _words(share: Share | None) -> str:
    if share is None or not share.of:
        return "–"
    return (
        f"{100 * share.share:.1f} % of {share.of:,} ({100 * share.low:.1f}–{100 * share.high:.1f})"
    )


def _apart(share: Share | None) -> str:
    apart = share.difference if share is not None and share.of else None
    if apart is None:
        return "–"
    words = f"{100 * apart.by:+.1f} points ({100 * apart.low:+.1f} to {100 * apart.high:+.1f})"
    return words if apart.is_clear else f"{words}, may be chance"


def _chart(question: str, shares: dict[str, Share], *, name: str) -> None:
    known = {name: share for name, share in shares.items() if share.of}
    if not known:
        return
    frame = pd.DataFrame(
        [
            {
                "arm": name,
                "of": share.of,
                "share": share.share,
                "low": share.low,
                "high": share.high,
                "small": share.is_small,
            }
            for name, share in known.items()
        ]
    )
    words = "; ".join(f"{name}: {share.sentence()}" for name, share in known.items())
    st.subheader(show.plain(question))
    st.altair_chart(_intervals(frame), alt=f"{question} {words}")
    st.caption(show.plain(words))
    with st.expander("Numbers and files"):
        st.dataframe(frame, hide_index=True, column_config=charts.FORMATS)
        download.files(
            name, lambda: table.of_frame(frame), lambda: _intervals(frame), title=question
        )


def _intervals(frame: pd.DataFrame) -> alt.LayerChart:
    """Each arm's share as a point in its interval."""
    facts = [
        "arm",
        alt.Tooltip("share:Q", format=".1%"),
        alt.Tooltip("low:Q", title="from", format=".1%"),
        alt.Tooltip("high:Q", title="to", format=".1%"),
        alt.Tooltip("of:Q", title="of", format=","),
    ]
    base = alt.Chart(frame).encode(
        y=alt.Y("arm:N", title=None, sort=None, axis=alt.Axis(labelLimit=260)), tooltip=facts
    )
    colour = alt.condition("datum.small", alt.value(GREY), alt.value(BLUE))
    share = alt.Axis(format="%")
    span = base.mark_rule(strokeWidth=3, opacity=0.55).encode(
        x=alt.X(
            "low:Q",
            title="share, with its interval at 95 %",
            axis=share,
            scale=alt.Scale(zero=False, padding=12),
        ),
        x2="high:Q",
        color=colour,
    )
    point = base.mark_point(size=110, filled=True, opacity=1).encode(x="share:Q", color=colour)
    return (span + point).properties(height=alt.Step(34))


def _next(result: Result) -> None:
    with st.container(horizontal=True):
        for arm in result.arms:
            if arm.message_id is not None:
                if st.button(f"Message of {show.plain(arm.name)}", key=f"arm-{arm.name}"):
                    st.query_params.from_dict({"message": str(arm.message_id)})
                    st.rerun()
            elif arm.people and st.button(
                f"Write to the {arm.people:,} held out", icon=":material/forward_to_inbox:"
            ):
                _write_to(result, arm)


def _write_to(result: Result, arm: ArmResult) -> None:
    first = history.one(shell.engine(), result.arms[0].message_id or 0)
    of = experiments.Bounds(arm.low, arm.high)
    audience = experiments.arm_of(result.audience, result.salt, of)
    draft = drafts.start(
        shell.engine(),
        shell.author(),
        content=first.content if first is not None else None,
        audience=audience.model_dump(mode="json"),
    )
    st.switch_page("pages/compose.py", query_params={"draft": str(draft.id)})
