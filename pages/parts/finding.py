"""The cohort that the Audience page is about: its filters and conditions, kept in the address."""

from collections.abc import Collection

import streamlit as st

from hsl.audience import conditions as c
from hsl.audience import segments
from hsl.audience.address import AddressError, from_address, to_address
from hsl.audience.cohort import Cohort
from hsl.audience.offers import Offers, offers
from hsl.audience.snapshot import Facets
from hsl.order import naturally
from hsl.warehouse.errors import StoreError
from hsl.words import N_, _
from pages.parts import addressed, condition_editor, shell, show
from pages.parts.condition_editor import Choices

KEPT, REVISION, EDITED = "conditions", "conditions-revision", "conditions-edited"
JOINED = {"any": N_("any of them"), "all": N_("all of them")}
TYPED = "conditions-typed"  # an expression's cohort, which takes the place of all


def arrive() -> None:
    """Once a run, first: take over what was typed, or the address when one has just come here."""
    typed: Cohort | None = st.session_state.pop(TYPED, None)
    if typed is not None:
        _replace_all(typed)
    elif KEPT not in st.session_state or addressed.is_new():
        try:
            found = from_address(st.query_params.get("c", ""), shell.store().attributes)
        except AddressError as error:
            st.error(
                show.plain(
                    _(
                        "The address was not understood: {fault} Nobody is shown instead. "
                        "Take the condition “nobody” away to see everybody.",
                        fault=str(error),
                    )
                )
            )
            found = Cohort(where=c.NOBODY)
        keep(found)
    _into_address(kept())


def kept() -> Cohort:
    """The conditions beside the filters."""
    cohort: Cohort = st.session_state[KEPT]
    return cohort


def keep(cohort: Cohort, *, edited: tuple[int, ...] | None = None) -> None:
    """Go on with these conditions, with the form of the one at `edited` open."""
    st.session_state[KEPT] = cohort
    st.session_state[EDITED] = edited
    # Forms are keyed by their place; another tree has other things there.
    st.session_state[REVISION] = st.session_state.get(REVISION, 0) + 1
    _into_address(cohort)


def change(cohort: Cohort) -> None:
    """Go on with conditions that changed within the form that is open."""
    st.session_state[KEPT] = cohort
    _into_address(cohort)


def _replace_all(cohort: Cohort) -> None:
    """Go on with this cohort alone: the filters are emptied. Only before they are drawn."""
    clear_filters()
    keep(Cohort() if cohort == Cohort(everyone=True) else cohort)


def clear_filters() -> None:
    """Empty the filters. Only before they are drawn, such as in a button's callback."""
    st.session_state.update({"q": "", "stream": [], "outside": False, "match": "any"})


def clear_all() -> None:
    """Empty the filters and take all conditions away. Only before they are drawn."""
    clear_filters()
    keep(Cohort())


def filters() -> Cohort:
    """The filters that everybody uses."""
    facets = known()
    words = st.text_input(
        _("Search"), key="q", type="search", placeholder=_("Name, @username or id"),
        bind="query-params", live=show.LIVE,
    )  # fmt: skip
    match = addressed.one("match", ["any", "all"])
    streams = _streams(facets, addressed.several("stream"))
    if len(streams) > 1:
        st.segmented_control(
            _("Joined"),
            list(JOINED),
            required=True,
            key="match",
            format_func=lambda way: _(JOINED[way]),
            label_visibility="collapsed",
        )
    outside = st.checkbox(
        _("Not enrolled ({count})", count=facets.not_enrolled), key="outside", bind="query-params"
    )
    return Cohort(
        search=words or "",
        streams=tuple(streams),
        match="all" if match == "all" else "any",
        not_enrolled=outside,
    )


def known() -> Facets:
    """What there is to choose from; nothing where the store cannot tell now, and that is said."""
    try:
        return shell.people().facets
    except StoreError as fault:
        st.error(show.plain(str(fault)))
        return Facets()


def _streams(facets: Facets, chosen: Collection[str]) -> list[str]:
    """The streams that are chosen in their box; an address may name some that nobody is in."""
    names = naturally({*facets.streams, *chosen})
    told = condition_editor.inside(facets)
    streams = st.multiselect(
        _("Streams"), names, key="stream", placeholder=_("All streams"),
        format_func=lambda name: told.get(name) or _("{stream} (nobody)", stream=name),
    )  # fmt: skip
    return list(streams)


def without_search(filtered: Cohort) -> Cohort:
    """The filters but for the words that were searched for."""
    where = filtered.where
    parts = where.of if isinstance(where, c.All) else () if where is None else (where,)
    return Cohort(where=c.all_of(*[part for part in parts if not isinstance(part, c.Search)]))


def together(filtered: Cohort, conditions: Cohort) -> Cohort:
    """What is found: filters and conditions; everybody where there are none."""
    parts = [cohort.where for cohort in (filtered, conditions) if cohort.where is not None]
    return Cohort(where=c.all_of(*parts) or c.Everyone())


def choices() -> Choices:
    """What the forms of conditions offer. Raises StoreError."""
    index, store = shell.people(), shell.store()
    return Choices(
        facets=index.facets,
        offers=_offers(index.loaded_at.isoformat()),
        types={name: kind.value for name, kind in store.attributes.items()},
        segments=tuple(segment.name for segment in segments.listing(shell.engine())),
    )


def expanded(cohort: Cohort) -> Cohort:
    """The same people, with the condition of each segment in its place."""
    found = segments.expanded(shell.engine(), cohort)
    return found if isinstance(found, Cohort) else Cohort()


@st.cache_data(max_entries=2, show_spinner=False)
def _offers(loaded_at: str) -> Offers:
    return offers(shell.store())


def _into_address(cohort: Cohort) -> None:
    words = to_address(cohort)
    if words:
        st.query_params["c"] = words
    elif "c" in st.query_params:
        del st.query_params["c"]
