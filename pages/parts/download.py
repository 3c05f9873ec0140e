"""A small menu that downloads a table as CSV, Parquet or Excel."""

from collections.abc import Callable
from typing import IO

import streamlit as st

from hsl.table import Format


def menu(words: str, name: str, make: Callable[[Format], IO[bytes]]) -> None:
    """One button a format; the file `name` is made when it is pressed, not before."""
    with st.popover(words, icon=":material/download:"):
        for form in Format:
            st.download_button(
                form.words,
                lambda form=form: make(form),
                file_name=f"{name}.{form.value}",
                mime=form.mime,
                on_click="ignore",
                key=f"download-{name}-{form.value}",
                width="stretch",
            )
