"""What the viewer may do: a courtesy of the pages, as every deed of `hsl` asks for itself."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from hsl import acting
from hsl.acting import NotAllowedError, Permission
from pages.parts import show


def may(permission: Permission) -> bool:
    """Whether the viewer may do what needs the permission."""
    return acting.current().may(permission)


def why_not(permission: Permission) -> str | None:
    """The sentence that says who may, as a button's help; None where the viewer may."""
    try:
        acting.require(permission)
    except NotAllowedError as refused:
        return show.plain(str(refused))
    return None


def or_says(permission: Permission) -> bool:
    """Whether the viewer may; where not, one sentence stands in place of what is not shown."""
    why = why_not(permission)
    if why is not None:
        st.info(why, icon=":material/lock:")
    return why is None


def greyed(permission: Permission, **look: Any) -> dict[str, Any]:
    """How a widget looks: as said, but grey, and saying why, for who may not."""
    why = why_not(permission)
    return look if why is None else {**look, "disabled": True, "help": why}


def button(words: str, permission: Permission, **look: Any) -> bool:
    """A button that is grey, and says why, for who may not."""
    return st.button(words, **greyed(permission, **look))


def popover(words: str, permission: Permission, **look: Any) -> DeltaGenerator | None:
    """The place within a popover; None, and a grey button that says why, for who may not."""
    if not may(permission):
        st.button(words, **greyed(permission, **look))
        return None
    return st.popover(words, **look)
