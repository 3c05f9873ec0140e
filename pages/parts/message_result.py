"""What became of one message, on its page: the funnel, and its streams against earlier ones."""

import streamlit as st

from hsl import insights
from hsl.charts import people
from hsl.delivery.history import Message
from hsl.warehouse import moment
from hsl.words import _
from pages.parts import charts, shell, show


def present(message: Message) -> None:
    """The result of a message that has started, as of the store's last reading."""
    if message.started_at is None:
        st.info(_("There is a result once it has started."))
        return
    store = shell.store()
    newest = max(message.started_at, message.finished_at or message.started_at)
    if store.loaded_at <= newest:
        store.refresh()
    chosen = insights.Filter(message_id=message.id)
    with show.answered(), moment.of(store) as now:
        found = insights.result(now, message.id)
        charts.draw(people.funnel(found, message.id), chosen, now=now.read_at)
        if len(found.by_stream):
            charts.draw(people.one_by_stream(found, message.id), chosen, now=now.read_at)
