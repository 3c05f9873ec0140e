"""An experiment under Messages: its arms side by side, and what to do next."""

from html import escape

import pandas as pd
import streamlit as st

from hsl import comparing, experiments, table
from hsl.acting import Permission
from hsl.audit import signed
from hsl.charts import ink, rows
from hsl.comparing import ArmResult, Result, Share
from hsl.delivery import history
from hsl.message import drafts
from hsl.words import _, number, plural
from pages.parts import allowed, charts, download, drawn, shell, show, take_back


def listing() -> None:
    """The experiments as a list behind an expander; nothing where there are none."""
    found = comparing.listing(shell.engine())
    if not found:
        return
    with st.expander(
        plural("{n} experiment", "{n} experiments", len(found)), icon=":material/science:"
    ):
        for one in found:
            words = f"{one.name}: {', '.join(arm.name for arm in one.arms)}"
            left, right = st.columns([4, 2], vertical_alignment="center")
            if left.button(show.plain(words), key=f"experiment-{one.id}", type="tertiary"):
                st.query_params.from_dict({"experiment": str(one.id)})
                st.rerun()
            right.caption(
                _(
                    "{ago}, by {author}",
                    ago=show.ago(one.created_at),
                    author=show.plain(signed(one.author)),
                )
            )


def show_one(experiment_id: int) -> None:
    """The whole page of one experiment."""
    if st.button(_("All messages"), type="tertiary", icon=":material/arrow_back:"):
        st.query_params.clear()
        st.rerun()
    try:
        result = comparing.result(shell.engine(), experiment_id)
    except comparing.ExperimentError as gone:
        st.info(show.plain(str(gone)))
        return
    st.html(f"<h1 class='hsl-title'>{escape(result.name)}</h1>")
    made = show.moment(result.created_at, shell.zone())
    by = escape(_("by {author}", author=signed(result.author)))
    st.html(
        f"<span class='hsl-dim'>{escape(result.audience.sentence())} · "
        f"{escape(_('split at random'))} · {by} · "
        f"{escape(made)}</span>"
    )
    take_back.of_experiment(experiment_id)
    st.dataframe(_table(result), hide_index=True)
    download.menu(
        _("Download this comparison"),
        f"experiment-{result.id}",
        lambda form: table.as_file(result.as_table(), form),
    )
    _next(result)
    _chart(
        _("Which arm arrives?"),
        {a.name: a.delivered for a in result.arms if a.delivered},
        name=f"experiment-{result.id}-delivered",
    )
    if not result.has_presses:
        st.caption(
            _(
                "No presses of buttons are recorded. Your bot receives them; bring them in by "
                "`python -m hsl import-presses FILE`."
            )
        )
        return
    buttons = dict.fromkeys(name for arm in result.arms for name in arm.pressed or {})
    for place, button in enumerate(buttons):
        shares = {a.name: a.pressed[button] for a in result.arms if button in (a.pressed or {})
                  and a.pressed is not None}  # fmt: skip
        name = f"experiment-{result.id}-pressed-{place}"
        _chart(_("Who presses {button}?", button=_button(button)), shares, name=name)


def _table(result: Result) -> pd.DataFrame:
    against = _("against {arm}", arm=result.arms[0].name)
    lines = []
    for arm in result.arms:
        line = {
            _("Arm"): arm.name,
            _("Share"): _("{percent} %", percent=f"{arm.share:g}"),
            _("People"): show.number(arm.people),
            _("Left out"): show.number(sum(arm.left_out.values())),
            _("State"): _(show.WORDS.get(arm.status, arm.status)) if arm.status
            else _("no message"),
            _("Delivered"): _words(arm.delivered),
            _("Delivered, {against}", against=against): _apart(arm.delivered),
        }  # fmt: skip
        for button, share in (arm.pressed or {}).items() if result.has_presses else ():
            named = _button(button)
            line[_("Pressed {button}", button=named)] = _words(share)
            line[_("{button}, {against}", button=named, against=against)] = _apart(share)
        lines.append(line)
    return pd.DataFrame(lines).fillna("–")


def _button(name: str) -> str:
    return _(name) if name == comparing.ANY_BUTTON else name


def _words(share: Share | None) -> str:
    if share is None or not share.of:
        return "–"
    return _(
        "{percent} % of {whole} ({low}–{high})",
        percent=number(100 * share.share, decimals=1),
        whole=share.of,
        low=number(100 * share.low, decimals=1),
        high=number(100 * share.high, decimals=1),
    )


def _apart(share: Share | None) -> str:
    apart = share.difference if share is not None and share.of else None
    if apart is None:
        return "–"
    words = apart.sentence()
    return words if apart.is_clear else _("{difference}, may be chance", difference=words)


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
    st.header(show.plain(question))
    drawn.chart(
        name,
        frame,
        lambda shade: rows.dots(frame, "arm", "arm", shade, of="of"),
        alt=f"{question} {words}",
    )
    st.html(f'<div class="hsl-dim">{escape(words)}</div>')
    with st.expander(_("Numbers and files")):
        download.files(
            name,
            lambda: table.of_frame(frame),
            lambda: rows.dots(frame, "arm", "arm", ink.LIGHT, of="of"),
            title=question,
        )
        st.dataframe(frame, hide_index=True, column_config=charts.formats())


def _next(result: Result) -> None:
    with st.container(horizontal=True):
        for arm in result.arms:
            if arm.message_id is not None:
                if st.button(
                    _("Message of {arm}", arm=show.plain(arm.name)), key=f"arm-{arm.name}"
                ):
                    st.query_params.from_dict({"message": str(arm.message_id)})
                    st.rerun()
            elif arm.people and allowed.button(
                _("Write to the {count} held out", count=arm.people),
                Permission.WRITE,
                icon=":material/forward_to_inbox:",
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
