"""A page that was left stays left.

A part of a page that is drawn anew by the browser's clock names its page. One that asks while the
next page is being drawn is served by Streamlit 1.67 after it, or takes the place of the next page
where that has not begun (`ScriptRequests._request_rerun_locked`, `ScriptRunner._run_script`): the
browser is told that the old page runs, whose parts are gone, and shows an empty page.
"""

from functools import wraps
from typing import Any


def forget_left_pages(runner: type[Any], requests: type[Any]) -> None:
    """Have Streamlit's ScriptRunner and ScriptRequests pass over parts of pages that were left."""
    run, take = runner._run_script, requests._request_rerun_locked

    @wraps(run)
    def run_unless_left(self: Any, asked: Any) -> None:
        shown = self._get_script_run_ctx().page_script_hash
        if not (_is_part(asked) and asked.page_script_hash != shown):
            run(self, asked)

    @wraps(take)
    def take_unless_left(self: Any, asked: Any) -> bool:
        waits = self._rerun_data
        is_page_to_come = self._state.name == "RERUN" and not _is_part(waits)
        known = {"", asked.page_script_hash}  # a first page is asked for by its name alone
        if is_page_to_come and _is_part(asked) and waits.page_script_hash not in known:
            return True
        taken: bool = take(self, asked)
        return taken

    runner._run_script, requests._request_rerun_locked = run_unless_left, take_unless_left


def _is_part(asked: Any) -> bool:
    return bool(asked.fragment_id or asked.fragment_id_queue)
