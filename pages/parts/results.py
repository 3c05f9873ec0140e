"""The frames of the results, counted once while the store stays as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from hsl.charts.figure import Counts
from hsl.insights import Filter, Readable, Step
from hsl.warehouse import moment
from pages.parts import shell


@st.cache_data(max_entries=200, show_spinner=False)
def _counted(
    name: str,
    chosen: Filter,
    zone: str,
    now: datetime,
    zoned: bool,
    step: Step | None,
    _store: Readable,
) -> pd.DataFrame:
    return Counts(_store, chosen, ZoneInfo(zone), now).frame(name, zoned=zoned, step=step)


@dataclass(frozen=True)
class Remembered(Counts):
    """The same frames, remembered for every session of this process."""

    def frame(self, name: str, *, zoned: bool = False, step: Step | None = None) -> pd.DataFrame:
        """The figure of this name."""
        return _counted(name, self.chosen, self.zone.key, self.now, zoned, step, self.store)


@contextmanager
def of(chosen: Filter) -> Iterator[Counts]:
    """The frames for this filter and the viewer, all of one moment, that of the last reading."""
    with moment.of(shell.store()) as found:
        yield Remembered(found, chosen, shell.zone(), found.read_at)
