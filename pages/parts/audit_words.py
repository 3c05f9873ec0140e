"""What stands in the audit, as words (HTML): deeds, things, and what was before and after."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from hsl import acting, stored, words
from hsl.audience.cohort import Cohort
from hsl.audit import Entry, signed
from hsl.configured import PAGES, SCHEDULER
from hsl.delivery import told
from hsl.words import N_, _
from pages.parts import show

MANY = 12  # values of a list that are shown; the download has all of them
DEEDS = {
    "account_added": N_("added an account"),
    "account_disabled": N_("disabled an account"),
    "account_email": N_("changed an account’s email address"),
    "account_enabled": N_("enabled an account"),
    "account_linked": N_("linked an account with single sign-on"),
    "account_password": N_("set a password"),
    "account_role": N_("changed an account’s role"),
    "api_key_added": N_("made a key of the API"),
    "api_key_revoked": N_("revoked a key of the API"),
    "approval_approved": N_("approved"),
    "approval_asked": N_("asked for a second approver"),
    "approval_rejected": N_("rejected"),
    "archived": N_("archived"),
    "backup_failed": N_("a backup failed"),
    "backup_made": N_("made a backup"),
    "backup_restored": N_("restored a backup"),
    "bot_added": N_("added a bot"),
    "bot_removed": N_("removed a bot"),
    "bot_rotated": N_("gave a bot a new token"),
    "bot_sealed_anew": N_("sealed a bot's token anew"),
    "bot_stopped": N_("stopped sending"),
    "bot_used": N_("put a bot in use"),
    "bot_works_again": N_("goes on sending"),
    "draft_discarded": N_("discarded a draft"),
    "draft_restored": N_("brought a discarded draft back"),
    "experiment_created": N_("split an audience"),
    "first_steps_dismissed": N_("hid the first steps"),
    "import": N_("brought people in"),
    "media_added": N_("added a file to the library"),
    "media_listed_again": N_("listed a file again"),
    "media_removed": N_("took a file off the library"),
    "media_renamed": N_("renamed a file"),
    "media_uploaded": N_("uploaded a file"),
    "kept_no_longer": N_("let go of old rows"),
    "message_cancelled": N_("cancelled"),
    "message_created": N_("sent"),
    "message_delete_in_chats": N_("deletes from the chats"),
    "message_edit_in_chats": N_("edits in the chats"),
    "message_edited": N_("edited"),
    "message_failed": N_("was ended by a fault"),
    "message_not_started": N_("did not start"),
    "message_paused": N_("paused"),
    "message_rescheduled": N_("moved to another time"),
    "message_resumed": N_("went on"),
    "message_retried": N_("tried again"),
    "message_scheduled": N_("scheduled"),
    "message_send_production": N_("finished"),
    "message_taken_back": N_("took back"),
    "message_too_late": N_("was too late to start"),
    "message_withdrawn": N_("left people out"),
    "person_forgotten": N_("forgot a person for ever"),
    "presses_imported": N_("brought presses in"),
    "recovery_code_used": N_("used a recovery code"),
    "recovery_codes_renewed": N_("renewed the recovery codes"),
    "report_failed": N_("a report failed"),
    "report_written": N_("wrote a report"),
    "restored": N_("restored from the archive"),
    "rule_created": N_("made a rule"),
    "rule_failed": N_("a rule failed"),
    "rule_stopped": N_("stopped a rule"),
    "sample_removed": N_("removed the sample"),
    "scheduled_message_sent": N_("finished a scheduled one"),
    "second_factor_added": N_("added a second factor"),
    "second_factor_removed": N_("took a second factor away"),
    "second_factor_sealed": N_("sealed a second factor"),
    "segment_added": N_("saved a segment"),
    "segment_deleted": N_("removed a segment"),
    "segment_edited": N_("changed a segment"),
    "segment_frozen": N_("froze a segment"),
    "segment_thawed": N_("thawed a segment"),
    "settings_changed": N_("changed the settings"),
    "snippet_changed": N_("changed a snippet"),
    "snippet_deleted": N_("deleted a snippet"),
    "snippet_kept": N_("kept a snippet"),
    "snippet_renamed": N_("renamed a snippet"),
    "snippet_restored": N_("brought a snippet back"),
    "set_up_link_made": N_("made a set-up link"),
    "sign_in_failed": N_("failed to sign in"),
    "signed_in": N_("signed in"),
    "signed_out": N_("signed out"),
    "signed_out_everywhere": N_("signed out everywhere"),
    "source_added": N_("added a source"),
    "source_changed": N_("changed a source"),
    "source_failed": N_("a source failed"),
    "source_read": N_("read a source"),
    "source_removed": N_("removed a source"),
    "suppressed": N_("marked as do-not-message"),
    "template_changed": N_("changed a template"),
    "template_deleted": N_("deleted a template"),
    "template_kept": N_("kept a template"),
    "template_renamed": N_("renamed a template"),
    "template_restored": N_("brought a template back"),
    "tester_added": N_("added a test recipient"),
    "tester_removed": N_("took a test recipient off"),
    "uncertain_marked_delivered": N_("marked uncertain ones as delivered"),
    "uncertain_sent_again": N_("sent to uncertain ones again"),
    "unsuppressed": N_("took a do-not-message mark away"),
    "webhook_added": N_("added a webhook"),
    "webhook_given_up": N_("gave up telling a webhook"),
    "webhook_gone": N_("switched a webhook off that is gone"),
    "webhook_removed": N_("removed a webhook"),
    "webhook_sealed_anew": N_("sealed a webhook’s secret anew"),
}
PROCESSES = {PAGES: N_("of the pages"), SCHEDULER: N_("of the scheduler")}
THINGS = {
    "account": N_("account {which}"),
    "api_key": N_("key {which}"),
    "backup": N_("backup {which}"),
    "bot": N_("bot {which}"),
    "draft": N_("draft {which}"),
    "experiment": N_("experiment {which}"),
    "file": N_("file {which}"),
    "media": N_("file {which}"),
    "message": N_("message {which}"),
    "month": N_("month {which}"),
    "people": N_("people"),
    "person": N_("person {which}"),
    "report": N_("report {which}"),
    "rule": N_("rule {which}"),
    "segment": N_("segment {which}"),
    "settings": N_("settings {which}"),  # of PROCESSES
    "snippet": N_("snippet {which}"),
    "source": N_("source {which}"),
    "template": N_("template {which}"),
    "webhook": N_("webhook {which}"),
}
LABELS = {
    "active": N_("active"),
    "added": N_("added"),
    "arm": N_("arm"),
    "address": N_("address"),
    "audience_mode": N_("audience"),
    "author": N_("author"),
    "buttons": N_("buttons"),
    "chat_id": N_("kept in chat"),
    "cancelled": N_("cancelled"),
    "cohort": N_("who"),
    "description": N_("description"),
    "default_language": N_("default language"),
    "email": N_("email address"),
    "error": N_("error"),
    "events": N_("events"),
    "expires_at": N_("valid until"),
    "experiment": N_("experiment"),
    "every_minutes": N_("every so many minutes"),
    "file": N_("file"),
    "files": N_("files"),
    "frozen": N_("keeps its people"),
    "group": N_("to whom"),
    "is_exclusion": N_("an exclusion list"),
    "in_use": N_("bot in use"),
    "keep_quiet": N_("waits for the morning"),
    "kind": N_("kind"),
    "known": N_("known before"),
    "file_id": N_("Telegram’s file id"),
    "left_out": N_("left out"),
    "left_streams": N_("left their streams"),
    "mapping": N_("columns"),
    "mark_left": N_("marks who has left"),
    "message_id": N_("as message"),
    "message_type": N_("kind"),
    "messages": N_("messages"),
    "name": N_("name"),
    "path": N_("file"),
    "paused": N_("paused"),
    "people": N_("people"),
    "preview": N_("begins"),
    "query": N_("query"),
    "reason": N_("reason"),
    "recipients": N_("recipients"),
    "rejected": N_("rejected"),
    "result": N_("result"),
    "resumed": N_("went on"),
    "revoked_at": N_("revoked"),
    "role": N_("role"),
    "rows": N_("rows"),
    "rule": N_("rule"),
    "run": N_("run"),
    "said": N_("what it said"),
    "scheduled_at": N_("planned for"),
    "scopes": N_("scopes"),
    "seconds": N_("seconds"),
    "sentence": N_("who"),
    "sha256": N_("SHA-256"),
    "sign_ins": N_("sessions and attempts"),
    "single_sign_on": N_("single sign-on"),
    "size": N_("bytes"),
    "statistics": N_("became"),
    "sum": N_("sum"),
    "text": N_("text"),
    "translations": N_("translations"),
    "type": N_("kind"),
    "unchanged": N_("unchanged"),
    "updated": N_("updated"),
    "user_ids": N_("ids"),
    "username": N_("username"),
    "version": N_("version"),
    "was": N_("planned for before"),
    "which": N_("which files"),
    "waiting": N_("waiting"),
}
# What is a word of ours when it stands as a value.
VALUES = {
    **show.WORDS,
    **acting.ROLE_NAMES,
    "text": N_("text"),
    "video": N_("video"),
    "document": N_("document"),
    "frozen": N_("as it was then"),
    "live": N_("as it is at the start"),
    "newest": N_("the newest"),
    "all": N_("all"),
}
# Ids and ordinals, not counts.
NUMBERS = {
    "version", "run", "rule", "experiment", "user_ids", "cancelled", "paused", "resumed",
    "chat_id", "message_id",
}  # fmt: skip
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def deed(action: str) -> str:
    """What was done, in words; as it is written where there are none."""
    return _(DEEDS[action]) if action in DEEDS else action.replace("_", " ")


WAYS = {
    "pages": N_("pages"),
    "api": N_("API"),
    "terminal": N_("terminal"),
    "scheduler": N_("scheduler"),
    "program": N_("program"),
}


def origin(entry: Entry) -> str:
    """HTML of from where it was done; empty where that was not written down."""
    if entry.way is None or entry.actor == entry.way:
        return ""
    said = _(WAYS[entry.way]) if entry.way in WAYS else entry.way
    return f"<small>{escape(' · '.join(filter(None, (said, entry.address))))}</small>"


def thing(entry: Entry) -> str:
    """HTML of what it was done to; a message and a person are doors to themselves."""
    if not entry.object_type:
        return ""
    which = entry.object_id or ""
    if entry.object_type == "settings" and which in PROCESSES:
        which = _(PROCESSES[which])
    words = THINGS.get(entry.object_type)
    said = _(words, which=which) if words else f"{entry.object_type} {which}"
    said = escape(said.strip())
    if entry.object_type == "message" and which.isdigit():
        return f'<a href="messages?message={which}" target="_self">{said}</a>'
    return said


@dataclass(frozen=True)
class Line:
    """A detail in words; `is_change` where `value` came in the place of `before`, if of any."""

    label: str
    value: str
    before: str = ""
    is_change: bool = False

    def html(self) -> str:
        """The line as the page shows it."""
        value = escape(self.value)
        if self.is_change:
            value = f"<ins>{value}</ins>"
        if self.before:
            value = f"<del>{escape(self.before)}</del> → {value}"
        return f"<div><dt>{escape(self.label)}</dt><dd>{value}</dd></div>"

    def plain(self) -> str:
        """The line as a file has it."""
        arrow = f"{self.before} → " if self.before else ""
        return f"{self.label}: {arrow}{self.value}"


def details(entry: Entry, zone: ZoneInfo, *, group: str = "") -> str:
    """HTML of an entry's details: a line each, with what changed as before → after.

    `group` says in the viewer's language to whom the entry's message goes, where that is known.
    """
    lines = "".join(line.html() for line in _lines(entry, zone, group))
    return f"<dl>{lines}</dl>" if lines else ""


def sentence(entry: Entry, zone: ZoneInfo) -> str:
    """The entry in words on one line: the deed, and its details with what was before and after."""
    said = "; ".join(line.plain() for line in _lines(entry, zone, ""))
    return f"{deed(entry.action)}: {said}" if said else deed(entry.action)


def _lines(entry: Entry, zone: ZoneInfo, group: str) -> Iterator[Line]:
    found = dict(entry.details)
    if group and "group" in found:
        found["group"] = group
    if "cohort" in found:
        found.pop("sentence", None)  # the same in English
    before, after = found.pop("before", None), found.pop("after", None)
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                yield _change(_label(name), name, before.get(name), after.get(name), zone)
    elif before is not None or after is not None:
        yield _change(_("changed"), "", before, after, zone)
    for name, value in found.items():
        if value not in (None, "", [], {}):
            yield Line(_label(name), _value(name, value, zone))


def _change(label: str, name: str, before: Any, after: Any, zone: ZoneInfo) -> Line:
    was = "" if before in (None, "", [], {}) else _value(name, before, zone)
    return Line(label, _value(name, after, zone), was, is_change=True)


def _label(name: str) -> str:
    if name.isupper():
        return name  # a setting's
    return _(LABELS[name]) if name in LABELS else name.replace("_", " ")


def _value(name: str, value: Any, zone: ZoneInfo) -> str:
    if value in (None, "", [], {}):
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return str(value) if name in NUMBERS else show.number(value)
    if isinstance(value, float):
        return words.number(value, decimals=0 if value.is_integer() else 1)
    if isinstance(value, list):
        shown = ", ".join(_value(name, one, zone) for one in value[:MANY])
        left = len(value) - MANY
        return shown if left <= 0 else _("{some} and {count} more", some=shown, count=left)
    if isinstance(value, dict) and name == "cohort":
        try:
            return Cohort.model_validate(value).sentence()
        except ValidationError:
            pass  # a later version's; it is told of as it is written
    if isinstance(value, dict):
        parts = (f"{_word(key)}: {_value(key, one, zone)}" for key, one in value.items() if one)
        return ", ".join(parts) or _("nothing")
    said = str(value)
    if name == "author":
        return signed(said)
    if name == "sum":
        return told.closing(said)
    if name == "reason":
        return told.reason(said)
    if _MOMENT.match(said):
        try:
            when = datetime.fromisoformat(said)
        except ValueError:
            return said
        return show.moment(when, zone) if when.tzinfo else said
    return _word(said)


def _word(said: str) -> str:
    """A value of ours in the viewer's language; what people wrote stays as they wrote it."""
    if said in VALUES:
        return _(VALUES[said])
    return _(LABELS[said]) if said in LABELS else stored.said(said)
