"""Compose: an audience split into A and B, each with a text of its own, and a hold-out."""

from typing import Any

import streamlit as st

from hsl.experiments import HOLD_OUT, MOST_ARMS, Arm
from hsl.message import translating
from hsl.message.content import Content
from hsl.words import N_, _
from pages.parts import desk, languages, show, whole_page

LETTERS = "ABCD"
NOTHING_LEFT = N_("The other shares leave nothing for A. Make one of them smaller.")


def choose(
    key: str, before: dict[str, Any], plan: dict[str, Any], content: Content
) -> dict[str, Any]:
    """The plan with its split as it is chosen now; `before` is the plan as it was kept."""
    known: dict[str, Any] = before.get("split") or {}
    rest = {name: value for name, value in plan.items() if name != "split"}
    if plan.get("when") == "again":
        return rest
    st.markdown(f"**{_('Try two or more texts')}**")
    if not st.toggle(
        _("Split into A and B"), bool(known), key=f"{key}-on", on_change=whole_page.ask
    ):
        return rest
    cells = st.columns([3, 2, 2], vertical_alignment="bottom")
    name = cells[0].text_input(
        _("Name of the experiment"), known.get("name", _("A or B")), key=f"{key}-name"
    )
    count = cells[1].number_input(
        _("Arms"), 2, MOST_ARMS, int(known.get("count", 2)), key=f"{key}-count"
    )
    hold_out = cells[2].number_input(
        _("Hold out (%)"),
        0,
        90,
        int(known.get("hold_out", 0)),
        key=f"{key}-hold",
        help=_("So many get no message at all, so that you can compare with doing nothing."),
    )
    texts: list[str] = list(known.get("texts", []))
    as_before = (known.get("count"), known.get("hold_out")) == (int(count), int(hold_out))
    shares: list[int] = list(known.get("shares", [])) if as_before else []
    equal = _equal(int(count), int(hold_out))
    before_texts: list[dict[str, str]] = list(known.get("translations", []))
    kept, parts, others = [], [], list[dict[str, str]]()
    for place in range(1, int(count)):
        head, share = st.columns([5, 2], vertical_alignment="center", wrap=False)
        head.markdown(f"**{LETTERS[place]}**")
        parts.append(
            int(
                share.number_input(
                    _("Share of {letter} (%)", letter=LETTERS[place]),
                    1,
                    99,
                    shares[place - 1] if place <= len(shares) else equal,
                    # Another number of arms or hold-out offers equal shares again.
                    key=f"{key}-share-{place}-{equal}",
                )
            )
        )
        text = texts[place - 1] if place <= len(texts) else content.text
        written = desk.text_field(f"{key}-text-{place}", text, caption=desk.is_file(
            content.message_type))  # fmt: skip
        kept.append(written)
        known_texts = before_texts[place - 1] if place <= len(before_texts) else {}
        others.append(
            languages.arm_texts(
                f"{key}-text-{place}",
                content,
                known_texts,
                caption=desk.is_file(content.message_type),
            )
        )
        for problem in translating.with_texts(content, written, others[-1]).check():
            if not problem.field.startswith("buttons."):
                st.error(show.plain(problem.message), icon=":material/error:")
    split = {
        "name": name,
        "count": int(count),
        "hold_out": int(hold_out),
        "texts": kept,
        "shares": parts,
        "translations": others,
    }
    arms = arms_of(split, content)
    if arms[0].share <= 0:
        st.error(_(NOTHING_LEFT), icon=":material/error:")
    else:
        said = ", ".join(f"{_(arm.name)} {arm.share:g} %" for arm in arms)
        same = _("The text above is A; kind, file and buttons are the same in all.")
        st.caption(f"{said}. {same}")
    return {**rest, "split": split}


def arms_of(split: dict[str, Any], content: Content) -> tuple[Arm, ...]:
    """The arms of a split, the hold-out last; A has what the others leave."""
    count, hold_out = int(split["count"]), float(split["hold_out"])
    equal = [_equal(count, int(hold_out))] * (count - 1)
    others = [float(share) for share in split.get("shares") or equal][: count - 1]
    shares = [100 - hold_out - sum(others), *others]
    texts = [content.text, *split["texts"]][:count]
    # Each arm has words of its own in every language; in A they are the content's.
    others: list[dict[str, str]] = [{}, *split.get("translations", [])]
    others += [{}] * (count - len(others))
    found = [
        Arm(LETTERS[place], shares[place], translating.with_texts(content, text, others[place]))
        for place, text in enumerate(texts)
    ]
    if hold_out:
        found.append(Arm(HOLD_OUT, hold_out, None))
    return tuple(found)


def _equal(count: int, hold_out: int) -> int:
    """Per cent of each arm but A where nobody chose others."""
    return (100 - hold_out) // count


def shown(key: str, plan: dict[str, Any], content: Content) -> Content:
    """The content to preview: that of the arm that is chosen, where there are some."""
    if not plan.get("split"):
        return content
    arms = {a.name: a.content for a in arms_of(plan["split"], content) if a.content is not None}
    chosen = st.segmented_control(
        _("Preview of"),
        list(arms),
        default="A",
        required=True,
        key=key,
        label_visibility="collapsed",
    )
    return arms.get(str(chosen), content) or content


def problems_of(plan: dict[str, Any], content: Content) -> list[str]:
    """Why the split cannot be; each names its arm."""
    split = plan.get("split")
    if not split:
        return []
    found = [] if str(split["name"]).strip() else [_("Give the experiment a name.")]
    arms = arms_of(split, content)
    if arms[0].share <= 0:
        found.append(_(NOTHING_LEFT))
    return found + [
        f"{arm.name}: {problem.message}"
        for arm in arms[1:]
        if arm.content is not None
        for problem in arm.content.check()
        if not problem.field.startswith("buttons.")
    ]
