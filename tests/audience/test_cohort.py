"""A cohort as a value: old stored forms, JSON, and the page's address."""

import base64
import json
import zlib
from datetime import date

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from hsl.audience import address
from hsl.audience import conditions as c
from hsl.audience.cohort import Audience, Cohort
from tests.audience.cohorts import said

OLD = {
    "streams": ["3rd", "4th"], "match": "any", "not_enrolled": True, "languages": ["ru"],
    "registered_from": "2026-01-01", "registered_to": None, "reachable": True,
    "attributes": {"city": ["Omsk", "Tomsk"]}, "search": "ann", "user_ids": [1, 2],
    "everyone": False, "got_message": 7, "missed_message": 8,
}  # fmt: skip


def test_the_form_of_old_is_read_as_conditions() -> None:
    assert Cohort.model_validate(OLD).where == c.All(
        of=(
            c.AnyOf(of=(c.InStream(streams=("3rd", "4th")), c.NOT_ENROLLED)),
            c.Person(name="language_code", op="in", values=("ru",)),
            c.Person(name="registered_at", op="ge", values=(date(2026, 1, 1),)),
            c.Reachable(),
            c.Attribute(name="city", op="in", values=("Omsk", "Tomsk")),
            c.Search(words="ann"),
            c.Ids(ids=(1, 2)),
            c.MessageOutcome(message_id=7, outcome="got"),
            c.MessageOutcome(message_id=8, outcome="missed"),
        )
    )


def test_an_old_audience_is_read_from_its_json() -> None:
    empty = {**OLD, "streams": [], "not_enrolled": False, "languages": [], "reachable": None,
             "registered_from": None, "attributes": {}, "search": "", "user_ids": [],
             "got_message": None, "missed_message": None}  # fmt: skip
    stored = json.dumps({"include": [{**empty, "everyone": True}], "exclude": [empty]})
    audience = Audience.model_validate_json(stored)
    assert audience == Audience(include=(Cohort(everyone=True),), exclude=(Cohort(),))
    assert audience.sentence() == "everybody"


def test_the_keywords_are_short_for_conditions() -> None:
    assert Cohort(streams=("4th",), match="all") == Cohort(streams=("4th",))
    assert Cohort(streams=("3rd", "4th"), match="all", not_enrolled=True).where == c.All(
        of=(c.InStream(streams=("3rd", "4th"), match="all"), c.NOT_ENROLLED)
    )
    assert Cohort(where=c.Reachable(), streams=("4th",)).sentence() == "reachable, in 4th"
    assert Cohort(attributes={"city": ()}).sentence() == "nobody"
    assert Cohort(user_ids=(1, 2)).user_ids == (1, 2)
    assert Audience(include=(Cohort(user_ids=(1,)), Cohort())).is_individual


@pytest.mark.parametrize("match", ["any", "all"])
def test_nothing_chosen_is_nobody(match: str) -> None:
    assert Cohort.model_validate({"match": match}).is_empty
    assert Cohort().sentence() == "nobody"


@settings(deadline=None)
@given(cohort=said)
def test_it_comes_back_from_json_and_from_an_address(cohort: Cohort) -> None:
    assert Cohort.model_validate_json(cohort.model_dump_json()) == cohort
    assert Cohort.model_validate(cohort.model_dump(mode="json")) == cohort
    assert address.from_address(address.to_address(cohort)) == cohort
    assert cohort.sentence()


def test_a_long_cohort_is_packed_for_the_address() -> None:
    many = Cohort(user_ids=tuple(range(700_000_000, 700_010_000)))
    packed = address.to_address(many)
    assert packed.startswith("~")
    assert len(packed) < 30_000
    assert address.from_address(packed) == many


def _packed(text: bytes) -> str:
    return "~" + base64.urlsafe_b64encode(zlib.compress(text, 9)).decode()


@pytest.mark.parametrize(
    "words",
    ["~", "~!!!", "~AAAA", _packed(b"{}}"), _packed(b'{"where":{"kind":"magic"}}'),
     _packed(b"[" * 100_000), _packed(b'{"where":' + b'{"kind":"not","of":' * 10_000),
     _packed(Cohort(where=c.AnyOf(of=(c.Reachable(),) * 300)).model_dump_json().encode()),
     _packed(b" " * 50_000_000), _packed(b"x")[:-4], "city = ", "~" + "A" * 100_000],
)  # fmt: skip
def test_a_broken_address_is_refused_with_a_sentence(words: str) -> None:
    with pytest.raises(address.AddressError) as refused:
        address.from_address(words)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "attribute", "name": "level", "type": "number", "op": "ge", "values": ["3"]},
        {"kind": "attribute", "name": "level", "type": "number", "op": "ge", "values": [1e300]},
        {"kind": "attribute", "name": "level", "type": "number", "op": "between", "values": [1]},
        {"kind": "attribute", "name": "vip", "type": "boolean", "op": "lt", "values": [True]},
        {"kind": "attribute", "name": "born", "type": "date", "op": "eq", "values": ["soon"]},
        {"kind": "attribute", "name": "", "op": "known"},
        {"kind": "person", "name": "attributes", "op": "known"},
        {"kind": "messages", "what": "got", "days": 3, "last": 3, "op": "eq", "count": 0},
        {"kind": "message", "message_id": 3, "outcome": "got", "reasons": ["blocked"]},
        {"kind": "all", "of": [{"kind": "everyone"}]},
        {"kind": "search", "words": "a\x00"},
    ],
)
def test_what_makes_no_sense_is_no_cohort(condition: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Cohort.model_validate({"where": condition})
