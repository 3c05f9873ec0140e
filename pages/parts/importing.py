"""Bringing people in from a file, on the Audience page."""

import tempfile
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from hsl.audience import importer
from hsl.words import _, plural
from pages.parts import shell, show


def bring_people_in() -> None:
    """Draw the form, and what the last import did."""
    st.write(_("CSV, Parquet, Excel or JSON lines, with a column user_id."))
    file = st.file_uploader(
        _("File"), type=["csv", "tsv", "txt", "parquet", "xlsx", "jsonl", "ndjson"]
    )
    if file is not None and st.button(_("Import"), type="primary"):
        st.session_state["imported"] = import_people(file)
    report = st.session_state.get("imported")
    if isinstance(report, str):
        st.error(show.plain(report))
    elif report is not None:
        st.success(
            _(
                "{added} added, {updated} updated, {unchanged} unchanged, {rejected} rejected.",
                added=report.added,
                updated=report.updated,
                unchanged=report.unchanged,
                rejected=report.rejected,
            )
        )
        if report.forgotten:
            st.info(
                plural(
                    "{n} person was forgotten here before, and was left out.",
                    "{n} people were forgotten here before, and were left out.",
                    report.forgotten,
                )
            )
        if report.warning:
            st.warning(show.plain(report.warning))
        if report.rejects_file is not None:
            st.download_button(
                _("The rejected rows and why"),
                report.rejects_file.read_bytes(),
                file_name=report.rejects_file.name,
                on_click="ignore",
            )


def import_people(file: UploadedFile) -> importer.ImportReport | str:
    """The import's report, or why the file was refused."""
    bar = st.progress(0.0)
    with tempfile.TemporaryDirectory() as folder:
        # The name decides the format; a path in it must not decide the place.
        path = Path(folder) / Path(file.name).name
        path.write_bytes(file.getbuffer())
        try:
            return importer.import_file(
                shell.engine(),
                path,
                actor=shell.author(),
                rejects_dir=shell.settings().data_dir,
                progress=lambda share, stage: bar.progress(share, text=stage),
            )
        except importer.ImportRefused as refused:
            return _("Nothing was changed. {why}", why=str(refused))
