"""The dialog that adds or changes a source: where, what columns mean, how it would come out."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from hsl.audience.columns import ALIASES, KNOWN
from hsl.audience.sources import definitions, preview, registry
from hsl.audience.sources.errors import SourceError
from hsl.words import N_, _, plural
from pages.parts import asking, shell, show

LEFT_OUT = N_("left out")
REJECTED = N_("rejected, because")
LOOKED = "source-looked"
CHANGED = "source-changed"  # the definition that is to be changed; None while one is added
FILLED = "source-filled"  # into the fields, when they are drawn for the first time
SCHEDULES = {  # words, and minutes
    N_("by hand"): None,
    N_("every 5 min"): 5,
    N_("every 15 min"): 15,
    N_("every hour"): 60,
    N_("every day"): 24 * 60,
}


@dataclass(frozen=True)
class Looked:
    """What was looked at last: what was filled in, and its preview or the error."""

    filled: dict[str, Any]
    preview: preview.Preview | None
    error: str


def begin(definition: definitions.Definition | None = None) -> None:
    """Forget what was filled in before; fill in the source that is to be changed, if it is one."""
    _forget("source-new-")
    st.session_state.pop(LOOKED, None)
    st.session_state[CHANGED] = definition
    if definition is None:
        return
    filled = {
        "name": definition.name,
        "kind": definition.kind.value,
        "address": definition.address,
        "query": definition.query or "",
        "which": definition.which.value,
        "every": _schedule(definition),
        "left": definition.mark_left,
    }
    st.session_state[FILLED] = filled


def title() -> str:
    """What the dialog does."""
    changed = _changed()
    if changed is None:
        return _("Add a source")
    return _("Change {name}", name=show.plain(changed.name))


def _changed() -> definitions.Definition | None:
    changed: definitions.Definition | None = st.session_state.get(CHANGED)
    return changed


def _schedule(definition: definitions.Definition) -> str:
    minutes = definition.every_minutes
    known = {often: words for words, often in SCHEDULES.items()}
    return known.get(minutes) or _("every {span}", span=show.duration(60 * (minutes or 0)))


def _schedules() -> dict[str, int | None]:
    """What there is to choose from, and what the source has now."""
    changed = _changed()
    return SCHEDULES if changed is None else SCHEDULES | {_schedule(changed): changed.every_minutes}


def _forget(beginning: str) -> None:
    for key in [key for key in st.session_state if str(key).startswith(beginning)]:
        del st.session_state[key]


def body() -> None:
    """Draw the dialog."""
    for part, value in st.session_state.pop(FILLED, {}).items():
        st.session_state[f"source-new-{part}"] = value
    name = st.text_input(
        _("Name"), key="source-new-name", placeholder="platform", disabled=_changed() is not None
    )
    filled = _where()
    # Always: Streamlit forgets what stands in boxes that a run does not draw.
    _draw_schedule()
    looked: Looked | None = st.session_state.get(LOOKED)
    if st.button(_("Look at it"), key="source-new-look", icon=":material/visibility:"):
        looked = _look(filled, looked)
    if looked is None or looked.filled != filled:
        st.caption(_("Nothing is changed by looking."))
        return
    if looked.preview is None:
        st.error(show.plain(looked.error))
        return
    found = looked.preview
    _draw_meanings(found)
    is_shown = _chosen(found) == _meanings(found)
    if is_shown:
        _draw_people(found)
    else:
        st.caption(_("The meanings have changed. Look at it again before you keep it."))
    fits = is_shown and found.problem is None
    if st.button(_("Keep it"), type="primary", key="source-new-keep", disabled=not fits):
        _keep(name.strip(), filled, found.mapping)


def _where() -> dict[str, Any]:
    st.session_state.setdefault("source-new-kind", definitions.Kind.SQL.value)
    kind = st.segmented_control(
        _("Where they are"),
        [kind.value for kind in definitions.Kind],
        key="source-new-kind",
        format_func={"sql": _("A database"), "files": _("Files")}.get,
        required=True,
    )
    is_sql = kind != definitions.Kind.FILES
    address = st.text_input(
        _("Its address") if is_sql else _("A path, folder, pattern or web address"),
        key="source-new-address",
        placeholder="postgresql://reader@host/name" if is_sql else "/exports/people-*.csv",
        help=_(
            "Passwords are not kept. Put an address that has one into an environment variable "
            "or into .env, and write env:NAME here."
        ),
    )
    filled: dict[str, Any] = {"kind": kind or "sql", "address": address}
    if is_sql:
        filled["query"] = st.text_area(
            _("One SELECT, a row per person and stream"), key="source-new-query", height=140
        )
    else:
        filled["which"] = st.radio(
            _("Where there are several"),
            [which.value for which in definitions.Which],
            key="source-new-which",
            horizontal=True,
            format_func={"newest": _("the newest file"), "all": _("all files")}.get,
        )
    return filled


def _look(filled: dict[str, Any], before: Looked | None) -> Looked:
    found, error, mapping = None, "", None
    if before is not None and before.filled == filled and before.preview is not None:
        mapping = _as_mapping(_chosen(before.preview))
    else:
        _forget("source-new-column-")
        changed = _changed()
        mapping = None if changed is None else changed.mapping
    try:
        definition = definitions.define(name="new", **filled, mapping=mapping or {})
        found = preview.preview(definition, shell.settings(), propose=mapping is None)
    except SourceError as refused:
        error = str(refused)
    looked = Looked(filled, found, error)
    st.session_state[LOOKED] = looked
    return looked


def _meanings(found: preview.Preview) -> dict[str, str]:
    return {column.theirs: column.ours or LEFT_OUT for column in found.columns}


def _chosen(found: preview.Preview) -> dict[str, str]:
    """What each of their columns means, as it stands in the boxes."""
    return {
        theirs: st.session_state.get(f"source-new-column-{theirs}") or ours
        for theirs, ours in _meanings(found).items()
    }


def _as_mapping(meanings: dict[str, str]) -> dict[str, str]:
    return {
        theirs: "" if ours == LEFT_OUT else ours
        for theirs, ours in meanings.items()
        # Which one is the Telegram id is always said, as other columns may look like one.
        if ours != theirs.strip().lower() or ours in ALIASES or ours == "user_id"
    }


def _draw_meanings(found: preview.Preview) -> None:
    st.markdown(f"**{_('What their columns mean')}**")
    columns: list[Any] = []
    for place, (theirs, ours) in enumerate(_meanings(found).items()):
        options = list(dict.fromkeys([ours, LEFT_OUT, theirs.strip().lower(), *KNOWN]))
        if place % 3 == 0:  # a row of its own, so that a narrow page keeps their order
            columns = st.columns(3)
        columns[place % 3].selectbox(
            show.plain(theirs),
            options,
            key=f"source-new-column-{theirs}",
            format_func=lambda name: (
                _(name)
                if name == LEFT_OUT
                else name
                if name in KNOWN
                else _("attribute {name}", name=name)
            ),
            accept_new_options=True,
        )


def _draw_people(found: preview.Preview) -> None:
    if found.problem is not None:
        st.error(show.plain(found.problem))
        return
    rejected = _(REJECTED)
    rows = [{**row.person, **row.attributes, rejected: row.problem or ""} for row in found.rows]
    heading = plural(
        "How the first row would come out", "How the first {n} rows would come out", len(rows)
    )
    st.markdown(f"**{heading}**")
    table = pd.DataFrame(rows).fillna("")
    if not found.rejected:
        table = table.drop(columns=rejected, errors="ignore")
    st.dataframe(table, hide_index=True, height=min(36 * (len(rows) + 1), 300))
    if found.rejected:
        st.warning(
            plural(
                "{n} of these rows would be rejected; the last column says why.",
                "{n} of these rows would be rejected; the last column says why.",
                found.rejected,
            )
        )


def _draw_schedule() -> None:
    left, right = st.columns(2, vertical_alignment="bottom")
    st.session_state.setdefault("source-new-left", True)
    left.selectbox(_("Run it"), list(_schedules()), key="source-new-every", format_func=_)
    right.checkbox(_("Mark who is gone from it as “left”"), key="source-new-left")


def _keep(name: str, filled: dict[str, Any], mapping: dict[str, str]) -> None:
    if not name:
        st.error(_("It has no name yet. Give it one, such as platform."))
        return
    fields = {
        **filled,
        "mapping": mapping,
        "every_minutes": _schedules()[st.session_state["source-new-every"]],
        "mark_left": st.session_state["source-new-left"],
    }
    try:
        if _changed() is None:
            definition = definitions.define(name=name, **fields)
            registry.add(shell.engine(), definition, actor=shell.author())
        else:
            registry.change(shell.engine(), name, actor=shell.author(), **fields)
    except SourceError as error:
        st.error(show.plain(str(error)))
        return
    asking.close()
    st.rerun()
