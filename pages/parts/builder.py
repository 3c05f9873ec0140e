"""Conditions as lines that read as they are said, each with its people; one opens as a form."""

from collections.abc import Iterator

import streamlit as st

from hsl.audience import conditions as c
from hsl.audience import editing, funnel, sentences
from hsl.audience.cohort import Cohort
from hsl.audience.editing import Path
from hsl.warehouse.errors import StoreError
from hsl.words import N_, _
from pages.parts import condition_editor, finding, shell, show
from pages.parts.condition_editor import Choices

Counts = dict[Path, int]
_GROUPS: dict[tuple[type, bool], str] = {
    (c.AnyOf, True): N_("any of these"),
    (c.All, True): N_("all of these"),
    (c.AnyOf, False): N_("none of these"),
    (c.All, False): N_("not all of these"),
}


def builder(choices: Choices) -> None:
    """The conditions of the page, and the way to add one."""
    with st.container(key="builder", gap="small"):
        _builder(choices)


def _builder(choices: Choices) -> None:
    where = finding.kept().where
    places = [] if where is None else list(_places(where, ()))
    counts = _counts(places)
    if where is not None:
        _tree(where, (), "", counts, choices)
    new = _menu(_("Add a condition"), choices, "add")
    if new is not None:
        tree = editing.joined(where, (), new, "all")
        last = (len(tree.of) - 1,) if isinstance(tree, c.All) and where is not None else ()
        finding.keep(Cohort(where=tree), edited=last)
        st.rerun()


def _counts(places: list[tuple[Path, c.Condition]]) -> Counts:
    try:
        counted = funnel.alone(
            shell.store(), [condition for _, condition in places], expand=finding.expanded
        )
    except StoreError:
        return {}  # said beside what is found; a condition can still be taken away here
    return dict(zip([path for path, _ in places], counted, strict=True))


def _places(condition: c.Condition, path: Path) -> Iterator[tuple[Path, c.Condition]]:
    """Every line and every group, with its place."""
    yield path, condition
    for place, part in enumerate(editing.children(condition)):
        yield from _places(part, (*path, place))


def _tree(
    condition: c.Condition, path: Path, joiner: str, counts: Counts, choices: Choices
) -> None:
    turned = isinstance(condition, c.Not) and isinstance(condition.of, c.All | c.AnyOf)
    group = condition.of if isinstance(condition, c.Not) and turned else condition
    if not isinstance(group, c.All | c.AnyOf):
        _line(condition, path, joiner, counts, choices)
        return
    inner = (*path, 0) if turned else path
    between = N_("and {clause}") if isinstance(group, c.All) else N_("or {clause}")
    if not path and isinstance(group, c.All) and not turned:
        for place, part in enumerate(group.of):
            _tree(part, (place,), between if place else "", counts, choices)
        return
    with st.container(border=True, gap="small"):
        words = _GROUPS[type(group), not turned]
        head, gone = st.columns([8, 1], gap="small", vertical_alignment="center", wrap=False)
        said = _with(joiner, _(words))
        head.caption(f"{said} · {show.number(counts[path])}" if path in counts else said)
        _gone(gone, path, _("Take these away"))
        for place, part in enumerate(group.of):
            _tree(part, (*inner, place), between if place else "", counts, choices)


def _line(
    condition: c.Condition, path: Path, joiner: str, counts: Counts, choices: Choices
) -> None:
    key = _key(path)
    is_open = st.session_state.get(finding.EDITED) == path
    said, gone = st.columns([8, 1], gap="small", vertical_alignment="center", wrap=False)
    label = show.plain(_with(joiner, sentences.phrase(condition)))
    label += f" · **{show.number(counts[path])}**" if path in counts else ""
    if said.button(label, key=f"line-{key}", type="tertiary", help=_("Change it")):
        st.session_state[finding.EDITED] = None if is_open else path
        st.rerun()
    _gone(gone, path, _("Take this condition away"))
    if is_open:
        with st.container(border=True):
            _form(condition, path, choices)


def _with(joiner: str, clause: str) -> str:
    return _(joiner, clause=clause) if joiner else clause


def _form(condition: c.Condition, path: Path, choices: Choices) -> None:
    key, tree = _key(path), finding.kept().where
    leaf = condition.of if isinstance(condition, c.Not) else condition
    if tree is None or isinstance(leaf, c.All | c.AnyOf | c.Not):
        return
    changed: c.Condition = condition_editor.edit(leaf, choices, f"form-{key}")
    if st.toggle(_("Not these: everybody else"), isinstance(condition, c.Not), key=f"not-{key}"):
        changed = c.Not(of=changed)
    if changed != condition:
        finding.change(Cohort(where=editing.replaced(tree, path, changed)))
        st.rerun()
    other = _menu(_("Or another"), choices, f"or-{key}")
    if other is not None:
        joined = editing.joined(tree, path, other, "any")
        if joined is not None:
            finding.keep(Cohort(where=joined), edited=_beside(joined, path))
        st.rerun()
    if st.button(_("Done"), key=f"done-{key}"):
        st.session_state[finding.EDITED] = None
        st.rerun()


def _beside(tree: c.Condition, path: Path) -> Path:
    """Where the new one stands that was joined by or with the one at `path`."""
    try:
        group = editing.at(tree, path)
    except IndexError:
        return path
    if isinstance(group, c.AnyOf):
        return (*path, len(group.of) - 1)
    return (*path[:-1], path[-1] + 1)


def _gone(column: "st.delta_generator.DeltaGenerator", path: Path, words: str) -> None:
    if column.button(words, key=f"gone-{_key(path)}", type="tertiary", icon=":material/close:"):
        tree = finding.kept().where
        left = None if tree is None else editing.replaced(tree, path, None)
        finding.keep(Cohort(where=left))
        st.rerun()


def _key(path: Path) -> str:
    return "-".join(map(str, (st.session_state[finding.REVISION], *path)))


def _menu(label: str, choices: Choices, key: str) -> c.Condition | None:
    """A list of conditions to add; what was just chosen."""
    offered = _offered(choices)
    revision = st.session_state[finding.REVISION]
    chosen = st.selectbox(
        label, list(offered), None, key=f"menu-{key}-{revision}",
        placeholder=_("{label} …", label=label), label_visibility="collapsed",
    )  # fmt: skip
    return offered.get(chosen) if chosen else None


def _offered(choices: Choices) -> dict[str, c.Condition]:
    """The conditions by their names, each as it begins."""
    messages = choices.offers.messages
    latest = messages[0].id if messages else 1
    languages = tuple(choices.facets.languages)[:1]
    found: dict[str, c.Condition] = {
        _("Stream"): c.InStream(),
        _("Reachability"): c.Reachable(),
        _("Registered"): c.Person(name="registered_at", op="ge", values=(c.DaysAgo(days_ago=30),)),
    }
    if languages:
        found[_("Language")] = c.Person(name="language_code", op="in", values=languages)
    for name in choices.types:
        label = name[:1].upper() + name[1:]
        label = _("{name} (attribute)", name=label) if label in found else label
        found[label] = c.Attribute(name=name, op="known")
    found |= {
        _("History: how many messages"): c.MessageCount(what="got", days=30, op="eq", count=0),
        _("History: one message"): c.MessageOutcome(message_id=latest, outcome="got"),
        _("History: pressed a button"): c.Pressed(),
    }
    if choices.segments:
        found[_("Segment")] = c.Segment(name=choices.segments[0])
    found[_("Username")] = c.Person(name="username", op="known")
    found[_("Unreachable since")] = c.Person(name="unreachable_since", op="known")
    return found
