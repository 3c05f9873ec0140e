"""From a chart to its Vega-Lite specification, for a page or for a picture."""

import threading
from typing import Any

import altair as alt
from altair.utils import schemapi

_FRAMES = "hsl_frames"
# Altair's choice of how data is written is one for all threads, as is whether it checks.
_altair = threading.Lock()


def with_frames(chart: Any) -> dict[str, Any]:
    """The specification with its data as frames by name, as Streamlit sends them on."""
    datasets: dict[str, Any] = {}

    def by_name(data: Any) -> dict[str, str]:
        name = f"data-{id(data)}"
        datasets[name] = data
        return {"name": name}

    with _altair:
        alt.data_transformers.register(_FRAMES, by_name)
        # It is checked where a chart is built, by the tests.
        with alt.data_transformers.enable(_FRAMES), schemapi.debug_mode(False):
            spec: dict[str, Any] = chart.to_dict(validate=False)
    return {**spec, "datasets": datasets}


def with_records(chart: Any) -> dict[str, Any]:
    """The specification with its data in it, so that it stands alone."""
    with _altair, alt.data_transformers.enable("default"):
        spec: dict[str, Any] = chart.to_dict()
    return spec
