"""Runs of pages from which nothing is lost, where Streamlit 1.67 loses it.

- A part of a page that is drawn by the browser's clock names its page. One that asks while the next
  page is being drawn is served after it, or takes the place of the next page where that has not
  begun (`ScriptRunner._run_script`, `ScriptRequests._request_rerun_locked`): the browser is told
  that the old page runs, whose parts are gone, and shows an empty page.
- A part that asks when a run is over, but not all that it drew has reached the server's loop, gets
  a new runner, and what the old one still says is ignored (`AppSession._create_scriptrunner`): what
  was drawn last is missing, until the page is loaded anew.
- A press in a part that waits for a run to end is forgotten when the page is asked for anew
  meanwhile (`AppSession.request_rerun`).
- The browser tells a press and what a part has to say at the same moment as one run of that part,
  in which nobody asks whether the button was pressed. Such a run becomes one of the whole page.
"""

from functools import partial, wraps
from typing import Any

TRIGGER = "trigger_value"  # how the kinds of values end that hold for one run alone
SOON = 0.001  # seconds until it is looked again whether a runner has said its last


def lose_nothing(session: type[Any], runner: type[Any], requests: type[Any]) -> None:
    """Mend Streamlit's AppSession, ScriptRunner and ScriptRequests, once a process."""
    _pass_over_left_pages(runner, requests)
    _hear_runners_out(session)
    _keep_presses(session)


def _pass_over_left_pages(runner: type[Any], requests: type[Any]) -> None:
    run, take = runner._run_script, requests._request_rerun_locked

    @wraps(run)
    def run_unless_left(self: Any, asked: Any) -> None:
        shown = self._get_script_run_ctx().page_script_hash
        if not (_is_part(asked) and asked.page_script_hash != shown):
            run(self, asked)

    @wraps(take)
    def take_unless_left(self: Any, asked: Any) -> bool:
        waits = self._rerun_data
        is_page_to_come = _waits(self) and not _is_part(waits)
        known = {"", asked.page_script_hash}  # a first page is asked for by its name alone
        if is_page_to_come and _is_part(asked) and waits.page_script_hash not in known:
            return True
        taken: bool = take(self, asked)
        return taken

    runner._run_script, requests._request_rerun_locked = run_unless_left, take_unless_left


def _hear_runners_out(session: type[Any]) -> None:
    create = session._create_scriptrunner

    @wraps(create)
    def create_after_the_last_words(self: Any, asked: Any) -> None:
        # Who asks for a page anew has let go of the runner; only a part finds one that has ended.
        before = self._scriptrunner
        if before is None:
            create(self, asked)
        else:
            self._event_loop.call_soon(partial(once_it_is_over, self, before, asked))

    def once_it_is_over(self: Any, before: Any, asked: Any) -> None:
        now = self._scriptrunner
        if self._state.name == "SHUTDOWN_REQUESTED":
            return
        if now is before:
            self._event_loop.call_later(SOON, partial(once_it_is_over, self, before, asked))
        elif now is None or not now.request_rerun(asked):
            create_after_the_last_words(self, asked)

    session._create_scriptrunner = create_after_the_last_words


def _keep_presses(session: type[Any]) -> None:
    request = session.request_rerun

    @wraps(request)
    def request_with_presses(self: Any, client: Any) -> None:
        runner = self._scriptrunner
        if client is not None and client.fragment_id and _presses_elsewhere(self, client):
            client.fragment_id = ""
        if client is not None and not client.fragment_id and runner is not None:
            pressed = _end_with_presses(runner._requests, client.page_script_hash)
            told = {state.id for state in client.widget_states.widgets}
            client.widget_states.widgets.extend(one for one in pressed if one.id not in told)
        request(self, client)

    session.request_rerun = request_with_presses


def _presses_elsewhere(session: Any, client: Any) -> bool:
    """Whether something was pressed that the part that is to be drawn does not hold."""
    drawn = session._session_state._new_widget_state.widget_metadata
    pressed = (drawn.get(state.id) for state in client.widget_states.widgets if _is_press(state))
    return any(one is not None and one.fragment_id != client.fragment_id for one in pressed)


def _is_press(state: Any) -> bool:
    kind = state.WhichOneof("value") or ""
    if not kind.endswith(TRIGGER):
        return False
    value = getattr(state, kind)
    return bool(value.ListFields() if hasattr(value, "ListFields") else value)


def _end_with_presses(requests: Any, page: str) -> list[Any]:
    """End a runner; the presses on this page that it was asked for and has not begun with."""
    with requests._lock:
        waits = requests._rerun_data
        is_whole = _waits(requests) and waits.page_script_hash == page
        states = waits.widget_states.widgets if is_whole and waits.widget_states else []
        requests._state = type(requests._state).STOP
        return [state for state in states if _is_press(state)]


def _waits(requests: Any) -> bool:
    return bool(requests._state.name == "RERUN")


def _is_part(asked: Any) -> bool:
    return bool(asked.fragment_id or asked.fragment_id_queue)
