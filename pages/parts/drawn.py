"""Charts as they are drawn on a page: each is built once, and then known by what it shows."""

import hashlib
import pickle  # nosec B403 - written alone, to be hashed; nothing is read
from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from hsl import words
from hsl.charts import ink, spec
from hsl.charts.ink import Ink

KEPT = 256  # charts, of all viewers together
# Pixels; Streamlit leaves 20 below a chart that says nothing of them, and cuts its top label.
PADDING = {"left": 0, "right": 0, "top": 4, "bottom": 2}


def shade() -> Ink:
    """The colours for the viewer's theme."""
    return ink.DARK if st.context.theme.type == "dark" else ink.LIGHT


def chart(name: str, shown: object, build: Callable[[Ink], Any], **how: Any) -> Any:
    """Draw a chart that `build` makes of nothing but `shown`, the language and the colours.

    Building it takes longer than all else on a page together, so it is done once for all viewers.
    `how` is passed on to `st.vega_lite_chart`.
    """
    digest = hashlib.blake2b(pickle.dumps(shown), digest_size=16).hexdigest()
    colours = shade()
    found = _spec(name, digest, str(words.locale()), colours, _build=build)
    return st.vega_lite_chart(found, width="stretch", theme=None, **how)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _spec(
    name: str, digest: str, locale: str, colours: Ink, *, _build: Callable[[Ink], Any]
) -> dict[str, Any]:
    return {**spec.with_frames(partial(_build, colours)), "padding": PADDING}
