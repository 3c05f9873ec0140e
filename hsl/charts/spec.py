"""From a chart to its Vega-Lite specification, for a page or for a picture."""

import threading
from collections.abc import Callable
from typing import Any

import altair as alt
from altair.utils import schemapi

_FRAMES = "hsl_frames"
# Altair's choice of how data is written is one for all threads, as is whether it checks.
_altair = threading.Lock()


def with_frames(build: Callable[[], Any]) -> dict[str, Any]:
    """The specification of what is built, with its data as frames by name, as Streamlit has it."""
    datasets: dict[str, Any] = {}

    def by_name(data: Any) -> dict[str, str]:
        name = f"data-{id(data)}"
        datasets[name] = data
        return {"name": name}

    with _altair:
        alt.data_transformers.register(_FRAMES, by_name)
        # Each part of a chart is checked as it is made, which takes a third of the time; here it
        # is not, as the tests build and check the same.
        with alt.data_transformers.enable(_FRAMES), schemapi.debug_mode(False):
            spec: dict[str, Any] = build().to_dict(validate=False)
    return {**spec, "datasets": datasets}


def with_records(chart: Any) -> dict[str, Any]:
    """The specification with its data in it, so that it stands alone."""
    with _altair, alt.data_transformers.enable("default"):
        spec: dict[str, Any] = chart.to_dict()
    return spec
