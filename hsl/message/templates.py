"""Templates (whole contents with a name) and snippets (pieces of text), for all who write here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from hsl import audit, audit_changes, database, models
from hsl.acting import Permission, needs
from hsl.errors import PlainError
from hsl.message import html
from hsl.message.content import Content
from hsl.models import TemplateKind
from hsl.words import N_, _

Templates = models.message_templates
LONGEST_NAME = 80  # characters
TAKEN = {
    TemplateKind.TEMPLATE: N_("There is a template called “{name}” already. Choose another name."),
    TemplateKind.SNIPPET: N_("There is a snippet called “{name}” already. Choose another name."),
}


class TemplateError(PlainError, ValueError):
    """A template or snippet cannot be kept, found or changed as asked; nothing was changed."""


@dataclass(frozen=True)
class Template:
    """A template or a snippet; a snippet's content is its text alone."""

    id: int
    kind: TemplateKind
    name: str
    author: str
    content: Content
    created_at: datetime
    updated_at: datetime


def listing(engine: Engine, kind: TemplateKind, *, words: str = "") -> list[Template]:
    """Those whose name or text in any language holds all of `words`, by name.

    They are some hundreds at most, and SQLite's lower() knows no Cyrillic: they are searched here.
    """
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(
            select(Templates).where(Templates.c.kind == kind).order_by(Templates.c.name_key)
        ).all()
    wanted = words.casefold().split()
    found = [_template(row) for row in rows]
    return [one for one in found if all(word in _searched(one) for word in wanted)]


def load(engine: Engine, template_id: int) -> Template:
    """One of them. Raises TemplateError where it is gone."""
    with database.read_only(engine).begin() as connection:
        row = connection.execute(select(Templates).where(Templates.c.id == template_id)).first()
    if row is None:
        raise TemplateError(_("It was deleted meanwhile. Reload the page."))
    return _template(row)


@needs(Permission.WRITE)
def keep(
    engine: Engine, kind: TemplateKind, name: str, content: Content, *, author: str
) -> Template:
    """Keep a content under a name. Raises TemplateError where the name is taken, or it is empty.

    A template may be unfinished; a snippet must be whole HTML, as it goes into other texts.
    """
    name = _good_name(name)
    _check(kind, content)
    now = models.utc_now()
    values = {
        "kind": kind,
        "name": name,
        "name_key": _key(name),
        "author": author,
        "content": content.model_dump(mode="json"),
        "created_at": now,
        "updated_at": now,
    }
    return _added(engine, values, actor=author, action=f"{kind}_kept")


@needs(Permission.WRITE)
def replace(engine: Engine, template_id: int, content: Content, *, actor: str) -> Template:
    """Give it another content; the audit says what was before. Raises TemplateError."""
    with engine.begin() as connection:
        before = _locked(connection, template_id)
        _check(before.kind, content)
        row = connection.execute(
            update(Templates)
            .where(Templates.c.id == template_id)
            .values(content=content.model_dump(mode="json"), updated_at=models.utc_now())
            .returning(Templates)
        ).one()
        changed = audit_changes.between(_said(before.content), _said(content))
        _record(connection, before, actor, f"{before.kind}_changed", changed)
    return _template(row)


@needs(Permission.WRITE)
def rename(engine: Engine, template_id: int, name: str, *, actor: str) -> Template:
    """Give it another name. Raises TemplateError where it is taken."""
    name = _good_name(name)
    kind = TemplateKind.TEMPLATE
    try:
        with engine.begin() as connection:
            before = _locked(connection, template_id)
            kind = before.kind
            row = connection.execute(
                update(Templates)
                .where(Templates.c.id == template_id)
                .values(name=name, name_key=_key(name), updated_at=models.utc_now())
                .returning(Templates)
            ).one()
            changed = audit_changes.between({"name": before.name}, {"name": name})
            _record(connection, before, actor, f"{kind}_renamed", changed)
    except IntegrityError:
        raise _taken(kind, name) from None
    return _template(row)


@needs(Permission.WRITE)
def remove(engine: Engine, template_id: int, *, actor: str) -> Template:
    """Delete it, and return it as it was, for `restore`; the audit says what it was."""
    with engine.begin() as connection:
        before = _locked(connection, template_id)
        connection.execute(delete(Templates).where(Templates.c.id == template_id))
        gone = audit_changes.between(_said(before.content), {})
        _record(connection, before, actor, f"{before.kind}_deleted", gone)
    return before


@needs(Permission.WRITE)
def restore(engine: Engine, template: Template, *, actor: str) -> Template:
    """Bring a deleted one back as it was. Raises TemplateError where its name is taken by now."""
    values = {
        "kind": template.kind,
        "name": template.name,
        "name_key": _key(template.name),
        "author": template.author,
        "content": template.content.model_dump(mode="json"),
        "created_at": template.created_at,
        "updated_at": template.updated_at,
    }
    return _added(engine, values, actor=actor, action=f"{template.kind}_restored")


def _added(engine: Engine, values: dict[str, Any], *, actor: str, action: str) -> Template:
    try:
        with engine.begin() as connection:
            row = connection.execute(insert(Templates).returning(Templates), values).one()
            found = _template(row)
            made = audit_changes.between({}, _said(found.content))
            _record(connection, found, actor, action, made)
    except IntegrityError:
        raise _taken(TemplateKind(values["kind"]), values["name"]) from None
    return found


def _good_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise TemplateError(_("It needs a name. Write one by which others find it."))
    if len(name) > LONGEST_NAME:
        raise TemplateError(
            _(
                "The name has {count} characters; {most} are the most. Shorten it.",
                count=len(name),
                most=LONGEST_NAME,
            )
        )
    return name


def _check(kind: TemplateKind, content: Content) -> None:
    is_empty = not content.text.strip() and not content.translations
    if is_empty and not (kind is TemplateKind.TEMPLATE and (content.file_id or content.buttons)):
        raise TemplateError(_("There is nothing to keep. Write a text first."))
    if kind is TemplateKind.TEMPLATE:
        return
    if content != Content(text=content.text):
        raise TemplateError(_("A snippet is a text alone. Keep the whole as a template."))
    try:
        html.parse(content.text)
    except html.HtmlError as fault:
        raise TemplateError(
            _("A snippet must be whole by itself. {problem}", problem=str(fault))
        ) from None


def _taken(kind: TemplateKind, name: str) -> TemplateError:
    return TemplateError(_(TAKEN[kind], name=name))


def _key(name: str) -> str:
    return name.casefold()


def _searched(one: Template) -> str:
    texts = [said.text for said in one.content.translations.values()]
    return " ".join([one.name, one.content.text, *texts]).casefold()


def _locked(connection: Connection, template_id: int) -> Template:
    row = connection.execute(
        select(Templates).where(Templates.c.id == template_id).with_for_update()
    ).first()
    if row is None:
        raise TemplateError(_("It was deleted meanwhile. Reload the page."))
    return _template(row)


def _said(content: Content) -> dict[str, Any]:
    """A content's fields that are not as they are in an empty one."""
    return content.model_dump(mode="json", exclude_defaults=True)


def _record(
    connection: Connection, one: Template, actor: str, action: str, details: dict[str, Any]
) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        object_type=str(one.kind),
        object_id=one.id,
        details={"name": one.name, **details},
    )


def _template(row: Row[Any]) -> Template:
    return Template(
        id=row.id,
        kind=TemplateKind(row.kind),
        name=row.name,
        author=row.author,
        content=Content.from_json(row.content),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
