"""Every deed is marked: what writes asks who acts, and the documentation says what it needs."""

import ast
import re

import deeds
import pytest

from hsl.acting import (
    NOBODY,
    ROLES,
    Actor,
    NotAllowedError,
    Permission,
    Role,
    acting_as,
    permissions_of,
)
from hsl.audience.snapshot import Snapshot
from hsl.settings import ROOT

# What the program does by itself, or as a step of a deed that asked already.
OF_THE_PROGRAM = {
    "hsl.accounts.links.use": "by whoever holds the link",
    "hsl.accounts.registry.change_password": "one's own, proved by the old one; others' by a link",
    "hsl.accounts.second_factor.confirm": "one's own, proved by a code",
    "hsl.accounts.second_factor.remove": "one's own, proved by a code",
    "hsl.accounts.second_factor.renew_codes": "one's own, proved by the password",
    "hsl.accounts.second_factor.start": "one's own, before it is confirmed",
    "hsl.accounts.sessions.seen": "notes that a session is used",
    "hsl.accounts.sessions.sign_out": "one's own session",
    "hsl.accounts.sessions.sign_out_everywhere": "one's own sessions, or a step of a change",
    "hsl.accounts.signing_in.with_code": "by who is not signed in yet",
    "hsl.accounts.signing_in.with_password": "by who is not signed in yet",
    "hsl.accounts.single_sign_on.come_back": "by who is not signed in yet",
    "hsl.accounts.single_sign_on.enter": "by who is not signed in yet",
    "hsl.api.once.claim": "a step of an API request, whose deed asks",
    "hsl.api.once.forget": "by the scheduler",
    "hsl.api.once.keep": "a step of an API request, whose deed asks",
    "hsl.api.once.release": "a step of an API request, whose deed asks",
    "hsl.api.once.renew": "a step of an API request, whose deed asks",
    "hsl.audience.segments.measure": "each day, by the scheduler",
    "hsl.audience.sources.claims.begin": "a step of sources.runs.run",
    "hsl.audience.sources.claims.close_dead": "by the scheduler, of runs that died",
    "hsl.audience.sources.claims.fail": "a step of sources.runs.run",
    "hsl.audience.sources.claims.signs": "a step of sources.runs.run",
    "hsl.audience.sources.runs.run_due": "by the scheduler",
    "hsl.backups.making.enter": "a step of backups.making.make",
    "hsl.backups.postgres.bring_back": "a step of restoring, by the operator",
    "hsl.backups.postgres.set_aside": "a step of restoring, by the operator",
    "hsl.backups.upgrading.migrate": "at the start of a process",
    "hsl.configured.note": "at the start of a process",
    "hsl.database.impatient": "a connection",
    "hsl.database.migrate": "at the start of a process",
    "hsl.delivery.outbox.prepare": "a step of outbox.create and experiments.create",
    "hsl.delivery.preparing.clear_stale": "by the scheduler",
    "hsl.delivery.preparing.prepared": "a step of whatever makes or starts a message",
    "hsl.delivery.recurring.make_due": "by the scheduler, as a rule asks",
    "hsl.delivery.starting.start_due": "by the scheduler, when a message's time has come",
    "hsl.delivery.steering.settle_cancelled": "by the scheduler, of what was cancelled",
    "hsl.delivery.trouble.look_due": "by the scheduler",
    "hsl.keys.of_secret": "notes that a key was used",
    "hsl.media.library.uploaded": "a step of media.uploading.upload",
    "hsl.message.presence.leave": "takes away one's own sign of presence",
    "hsl.privacy.retention.let_go": "by the scheduler, as the settings say",
    "hsl.privacy.rewriting.forget": "a step of privacy.forgetting.forget",
    "hsl.privacy.rewriting.forget_before": "a step of privacy.retention.let_go",
    "hsl.privacy.sign_ins.let_go": "by the scheduler, as the setting says",
    "hsl.watch.telling.changes": "by the scheduler and the pages, of alarms",
    "hsl.webhooks.sending.forget": "by the scheduler",
    "hsl.webhooks.sending.send_due": "by the scheduler",
    "hsl.webhooks.sending.send_one": "by the scheduler",
}
ROLES_DOC = ROOT / "docs" / "roles.md"


def test_whatever_writes_is_marked() -> None:
    assert set(deeds.unmarked(deeds.functions())) == set(OF_THE_PROGRAM)


def test_a_new_deed_without_a_mark_is_found() -> None:
    written = (
        "from hsl import audit\n"
        "def deed(engine):\n    _step(engine)\n"
        "def _step(engine):\n    audit.record(engine, actor='a', action='b')\n"
        "@needs(Permission.SEND)\ndef marked(engine):\n    _step(engine)\n"
    )
    known = {one.name: one for one in deeds._of_module("hsl.new", ast.parse(written))}
    assert deeds.unmarked(known) == ["hsl.new.deed"]


@pytest.mark.parametrize("name", sorted(deeds.marks()))
def test_a_deed_refuses_who_may_not_before_it_does_anything(name: str) -> None:
    deed, needed = deeds.deed(name), deeds.marks()[name]
    with acting_as(NOBODY), pytest.raises(NotAllowedError, match="nobody may not"):
        deed()
    for role in Role:
        actor = deeds.actor_of(role)
        with acting_as(actor):
            if needed in ROLES[role]:
                with pytest.raises(TypeError):  # it came as far as its missing arguments
                    deed()
            else:
                with pytest.raises(NotAllowedError, match=rf"{actor.name} may not .* role \w+"):
                    deed()
    without_names = permissions_of(Role.VIEWER, viewers_see_names=False)
    refusal = TypeError if needed in without_names else NotAllowedError
    with acting_as(Actor("Vera", without_names)), pytest.raises(refusal):
        deed()


@pytest.mark.parametrize("method", [Snapshot.page, Snapshot.similar])
def test_people_of_the_index_are_names(method: object) -> None:
    assert getattr(method, "__permission__", None) is Permission.NAMES


def test_the_documentation_says_who_may_do_what() -> None:
    text = ROLES_DOC.read_text("utf-8")
    for role in Role:
        row = re.search(rf"^\| {role} \|(.*)\|$", text, re.MULTILINE)
        assert row is not None, role
        cells = [cell.strip() for cell in row[1].split("|")]
        may = {
            permission: cell
            for permission, cell in zip(Permission, cells, strict=True)
            if cell != "–"
        }
        assert set(may) == ROLES[role]


def test_the_documentation_lists_every_deed() -> None:
    listed = deeds.table()
    text = ROLES_DOC.read_text("utf-8")
    assert listed in text, f"docs/roles.md must end with:\n{listed}"
