"""Downloads: a table as CSV, Parquet or Excel, and a chart as a picture."""

from collections.abc import Callable
from typing import IO, Any

import streamlit as st

from hsl import table
from hsl.charts import picture
from hsl.table import Format, Table
from pages.parts import kept

PICTURES = {"png": "image/png", "svg": "image/svg+xml"}


def menu(words: str, name: str, make: Callable[[Format], IO[bytes]]) -> None:
    """One button a format; the file `name` is made when it is pressed, not before."""
    with st.popover(words, icon=":material/download:"):
        _tables(name, make, width="stretch")


def files(name: str, make: Callable[[], Table], chart: Callable[[], Any], *, title: str) -> None:
    """A row of buttons: the numbers in each format, and the chart as PNG and SVG."""
    with st.container(horizontal=True):
        _tables(name, lambda form: table.as_file(make(), form), width="content")
        for form, mime in PICTURES.items():
            st.download_button(
                form.upper(),
                kept.made(
                    lambda form=form: picture.picture(chart(), form, title=title),
                    name=f"{name}.{form}",
                    mime=mime,
                ),
                file_name=f"{name}.{form}",
                mime=mime,
                on_click="ignore",
                key=f"{form}-{name}",
                icon=":material/image:",
            )


def _tables(name: str, make: Callable[[Format], IO[bytes]], *, width: Any) -> None:
    for form in Format:
        st.download_button(
            form.words,
            kept.made(lambda form=form: make(form), name=f"{name}.{form.value}", mime=form.mime),
            file_name=f"{name}.{form.value}",
            mime=form.mime,
            on_click="ignore",
            key=f"download-{name}-{form.value}",
            icon=None if width == "stretch" else ":material/download:",
            width=width,
        )
