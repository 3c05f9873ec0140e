"""What was before and after: of every deed that changes something that is kept, in words."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, insert, select

import hsl
from hsl import acting, audit, audit_changes, configured, keys, models, sealing
from hsl.accounts import registry
from hsl.acting import Permission, Role
from hsl.audience import segments
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.sources import registry as sources
from hsl.audience.sources.definitions import Kind, define
from hsl.delivery import recurring
from hsl.message import templates, testing
from hsl.message.content import Content
from hsl.models import TemplateKind
from hsl.settings import load_settings
from hsl.table import Format
from hsl.webhooks import kept as webhooks
from pages.parts import audit_words

LONG = "The lesson begins at seven. " * 20
EVERYBODY = select(models.users.c.user_id, models.users.c.username)
BERLIN = ZoneInfo("Europe/Berlin")


def last(engine: Engine, action: str) -> audit.Entry:
    (entry, *_others), _total = audit.entries(engine, action=action)
    return entry


def said(engine: Engine, action: str) -> str:
    return audit_words.sentence(last(engine, action), BERLIN)


def test_only_what_differs_is_kept_and_long_texts_are_cut_to_it() -> None:
    found = audit_changes.between(
        {"a": 1, "text": f"{LONG}Bring a pen.", "gone": True, "list": list(range(70))},
        {"a": 1, "text": f"{LONG}Bring a pencil.", "new": "x" * 300},
    )
    before, after = found["before"], found["after"]
    assert set(before) == {"text", "gone", "list"} and set(after) == {"text", "new"}
    assert before["text"].startswith("…") and before["text"].endswith("a pen.")
    assert after["text"].endswith("a pencil.") and len(after["text"]) < 60
    assert after["new"] == "x" * 200 + "…"
    assert len(before["list"]) == 51
    assert audit_changes.between({"a": 1}, {"a": 1}) == {"before": {}, "after": {}}


def test_of_a_dict_within_only_what_differs_is_kept() -> None:
    found = audit_changes.between({"t": {"ru": "a", "en": "b"}}, {"t": {"ru": "c", "en": "b"}})
    assert found == {"before": {"t": {"ru": "a"}}, "after": {"t": {"ru": "c"}}}
    cohort = {"user_ids": [7] * 100}
    assert audit_changes.between({}, {"cohort": cohort})["after"]["cohort"] == cohort


def template(engine: Engine) -> None:
    made = templates.keep(engine, TemplateKind.TEMPLATE, "Hi", Content(text="Old"), author="anna")
    templates.replace(engine, made.id, Content(text="New"), actor="anna")
    templates.rename(engine, made.id, "Hello", actor="anna")
    templates.remove(engine, made.id, actor="anna")


def segment(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(models.users).values(user_id=7, attributes={}))
    cohort = Cohort(user_ids=(7,))
    segments.add(engine, name="West", owner="anna", cohort=cohort, description="old")
    segments.edit(engine, "West", actor="anna", description="new")
    segments.freeze(engine, "West", actor="anna")
    segments.thaw(engine, "West", actor="anna")


def source(engine: Engine) -> None:
    shop = define(name="shop", kind=Kind.FILES, address="/srv/people*.csv", every_minutes=60)
    sources.add(engine, shop, actor="anna")
    sources.change(engine, "shop", actor="anna", every_minutes=5)
    sources.add(engine, shop, actor="anna", replace=True)
    sources.remove(engine, "shop", actor="anna")


def account(engine: Engine) -> None:
    registry.add(engine, "vera", Role.EDITOR, email="vera@school.org")
    registry.change_role(engine, "vera", Role.VIEWER)
    registry.change_email(engine, "vera", "v@school.org")
    registry.disable(engine, "vera")
    registry.enable(engine, "vera")


def rule(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(models.users).values(user_id=7, attributes={}))
    recurring.create(
        engine,
        repeat=recurring.Repeat.parse("mon 09:00 Europe/Berlin"),
        content=Content(text=LONG),
        people=EVERYBODY,
        audience=Audience(include=(Cohort(everyone=True),)).model_dump(mode="json"),
        group="everybody",
        author="anna",
        bot_id=1,
    )
    (made,) = recurring.at_work(engine)
    recurring.stop(engine, made.id, actor="anna")


def key(engine: Engine) -> None:
    keys.add(engine, "shop", [Permission.LOOK], days=None, actor="anna")
    keys.revoke(engine, "shop", actor="anna")


def webhook(engine: Engine) -> None:
    given = load_settings(HSL_SECRET_KEY=sealing.new_key())
    made, _secret = webhooks.add(engine, given, "https://crm.example.org/token", actor="anna")
    webhooks.remove(engine, made.id, actor="anna")


def tester(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(models.users).values(user_id=7, attributes={}))
    testing.add(engine, "anna", 7)
    testing.remove(engine, "anna", 7)
    testing.remove(engine, "anna", 7)


DEEDS: dict[Callable[[Engine], None], dict[str, str]] = {
    template: {
        "template_kept": "kept a template: text: Old; name: Hi",
        "template_changed": "changed a template: text: Old → New; name: Hi",
        "template_renamed": "renamed a template: name: Hi → Hello; name: Hi",
        "template_deleted": "deleted a template: text: New → nothing; name: Hello",
    },
    segment: {
        "segment_edited": "changed a segment: description: old → new; name: West",
        "segment_frozen": "froze a segment: keeps its people: no → yes; name: West; people: 1",
        "segment_thawed": "thawed a segment: keeps its people: yes → no; name: West",
    },
    source: {
        "source_added": "added a source: address: /srv/people*.csv; every so many minutes: 60; "
        "kind: files; marks who has left: yes; which files: the newest",
        "source_changed": "changed a source: every so many minutes: 5 → 60",
        "source_removed": "removed a source: address: /srv/people*.csv → nothing; every so many "
        "minutes: 60 → nothing; kind: files → nothing; marks who has left: yes → nothing; "
        "which files: the newest → nothing",
    },
    account: {
        "account_added": "added an account: email address: vera@school.org; role: editor",
        "account_role": "changed an account’s role: role: editor → viewer",
        "account_email": "changed an account’s email address: "
        "email address: vera@school.org → v@school.org",
        "account_disabled": "disabled an account: active: yes → no",
        "account_enabled": "enabled an account: active: no → yes",
    },
    key: {
        "api_key_added": "made a key of the API: scopes: look; name: shop",
        "api_key_revoked": "revoked a key of the API: revoked: ",
    },
    webhook: {
        "webhook_added": "added a webhook: active: yes; address: https://crm.example.org/…; "
        "events: ",
        "webhook_removed": "removed a webhook: active: yes → nothing; "
        "address: https://crm.example.org/… → nothing; events: ",
    },
    tester: {
        "tester_added": "added a test recipient",
        "tester_removed": "took a test recipient off",
    },
}


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_it_says_what_was_before_and_after(engine: Engine, deed: Callable[[Engine], None]) -> None:
    deed(engine)
    for action, words in DEEDS[deed].items():
        assert said(engine, action).startswith(words), said(engine, action)
    _none, total = audit.entries(engine)
    with engine.begin() as connection:
        written = json.dumps(
            [dict(r.details) for r in connection.execute(models.audit_log.select())]
        )
    assert total >= len(DEEDS[deed])
    assert "hsl_" + "A" not in written and "whsec" not in written and "/token" not in written


def test_a_rule_says_what_it_was(engine: Engine) -> None:
    rule(engine)
    made, stopped = said(engine, "rule_created"), said(engine, "rule_stopped")
    assert "rule: every Monday at 09:00" in made and "active: yes" in made
    assert len(last(engine, "rule_created").details["after"]["preview"]) == 201
    assert "active: yes → no" in stopped and "to whom: everybody → nothing" in stopped


def test_the_settings_of_one_start_and_the_next(engine: Engine) -> None:
    first: dict[str, Any] = {
        "BOT_TOKEN": "303:tokencanary",
        "HSL_QUIET_HOURS": "21:00-07:00",
        "HSL_SECOND_APPROVER_OVER": 50,
        "HSL_PORT": 9000,
        "HSL_METRICS_TOKEN": SecretStr("metricscanary"),
        "HSL_TELEGRAM_API_URL": "https://user:apicanary@bots.example.org",
    }
    configured.note(engine, load_settings(**first), process="web")
    configured.note(engine, load_settings(**first), process="web")
    entries, total = audit.entries(engine, action=configured.CHANGED)
    assert (total, entries[0].details["before"]) == (1, {})
    assert entries[0].details["after"] == {
        "BOT_TOKEN": 303,
        "HSL_QUIET_HOURS": "21:00-07:00",
        "HSL_SECOND_APPROVER_OVER": 50,
        "HSL_METRICS_TOKEN": True,
        "HSL_TELEGRAM_API_URL": "https://bots.example.org",
    }
    del first["HSL_QUIET_HOURS"]
    configured.note(engine, load_settings(**first | {"HSL_SECOND_APPROVER_OVER": 0}), process="web")
    configured.note(engine, load_settings(**first | {"HSL_SECOND_APPROVER_OVER": 0}), process="web")
    assert audit.entries(engine, action=configured.CHANGED)[1] == 2
    assert said(engine, configured.CHANGED) == (
        "changed the settings: HSL_QUIET_HOURS: 21:00-07:00 → nothing; "
        "HSL_SECOND_APPROVER_OVER: 50 → nothing"
    )
    configured.note(engine, load_settings(**first), process="web")
    assert said(engine, configured.CHANGED).endswith("HSL_SECOND_APPROVER_OVER: 50")


def test_two_processes_with_different_settings_write_only_what_was_changed(engine: Engine) -> None:
    def start(process: str, quiet: str) -> int:
        configured.note(engine, load_settings(HSL_QUIET_HOURS=quiet), process=process)
        return audit.entries(engine, action=configured.CHANGED)[1]

    assert [start("web", "21:00-07:00"), start("scheduler", "22:00-07:00")] == [1, 2]
    assert [start("web", "21:00-07:00"), start("scheduler", "22:00-07:00")] == [2, 2]
    assert [start("scheduler", "22:00-07:00"), start("web", "20:00-07:00")] == [2, 3]
    changed = last(engine, configured.CHANGED)
    assert (changed.object_type, changed.object_id) == ("settings", "web")
    assert said(engine, configured.CHANGED) == (
        "changed the settings: HSL_QUIET_HOURS: 21:00-07:00 → 20:00-07:00"
    )
    assert audit_words.thing(changed) == "settings of the pages"


def test_entries_from_before_processes_had_their_own_are_of_each(engine: Engine) -> None:
    with engine.begin() as connection:
        audit.record(
            connection,
            actor="operator",
            action=configured.CHANGED,
            object_type="settings",
            details={"before": {}, "after": {"HSL_QUIET_HOURS": "21:00-07:00"}},
        )
    for process in ("web", "scheduler"):
        configured.note(engine, load_settings(HSL_QUIET_HOURS="21:00-07:00"), process=process)
    assert audit.entries(engine, action=configured.CHANGED)[1] == 1


def test_the_default_settings_are_no_entry(engine: Engine) -> None:
    configured.note(engine, load_settings(), process="web")
    assert audit.entries(engine)[1] == 0


def test_the_export_of_the_page_says_it_in_words(engine: Engine) -> None:
    template(engine)
    with audit.export(
        engine, Format.CSV, words=lambda entry: audit_words.sentence(entry, BERLIN)
    ) as file:
        whole = file.read().decode()
    assert audit.IN_WORDS in whole.splitlines()[0]
    assert "changed a template: text: Old → New; name: Hi" in whole
    with audit.export(engine, Format.CSV) as file:
        assert audit.IN_WORDS not in file.read().decode()


def test_who_sees_no_names_sees_none_in_a_cohort(engine: Engine) -> None:
    segment(engine)
    segments.edit(engine, "West", actor="anna", cohort=Cohort(user_ids=(700_000_037, 7)))
    nameless = acting.Actor("vera", frozenset({Permission.LOOK}))
    with acting.acting_as(nameless):
        entries, _total = audit.entries(engine)
        with audit.export(engine, Format.CSV) as file:
            whole = file.read().decode()
    assert "700000037" not in str([e.details for e in entries]) + whole
    assert "700000037" in str([e.details for e in audit.entries(engine)[0]])


def _actions() -> set[str]:
    """The names of deeds that stand in the code of hsl/, where an entry is written."""
    found = set()
    for path in Path(hsl.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in {"record", "_record", "_audit", "set_status"}:
                given = [*node.args, *(k.value for k in node.keywords if k.arg == "action")]
                words = [w for arg in given for w in ast.walk(arg) if isinstance(w, ast.Constant)]
                found |= {str(w.value) for w in words if "_" in str(w.value)}
    return {name for name in found if name.isidentifier() and not name.endswith("_")}


def test_every_deed_has_words() -> None:
    kinds = {f"{kind}_{deed}" for kind in TemplateKind for deed in
             ("kept", "changed", "renamed", "deleted", "restored")}  # fmt: skip
    found = {name for name in _actions() if not name.startswith("_")} | kinds
    assert {"bot_used", "message_rescheduled", "tester_added"} <= found
    known = set(audit_words.DEEDS) | set(audit_words.LABELS) | set(audit_words.THINGS)
    assert {name for name in found if name not in known} == set()
