"""The frames of the results, counted once while the store stays as it is."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from hsl.charts.figure import Counts
from hsl.insights import Filter, Step
from pages.parts import shell


@st.cache_data(max_entries=200, show_spinner="Counting …")
def _counted(
    name: str, chosen: Filter, zone: str, now: datetime, zoned: bool, step: Step | None
) -> pd.DataFrame:
    return Counts(shell.store(), chosen, ZoneInfo(zone), now).frame(name, zoned=zoned, step=step)


@dataclass(frozen=True)
class Remembered(Counts):
    """The same frames, remembered for every session of this process."""

    def frame(self, name: str, *, zoned: bool = False, step: Step | None = None) -> pd.DataFrame:
        """The figure of this name."""
        return _counted(name, self.chosen, self.zone.key, self.now, zoned, step)


def of(chosen: Filter) -> Counts:
    """The frames for this filter, as of the store's last reading, for the viewer."""
    store = shell.store()
    return Remembered(store, chosen, shell.zone(), store.loaded_at)
