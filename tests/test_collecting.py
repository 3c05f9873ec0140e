"""Garbage collections that stay short."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from hsl import collecting


class _Knot:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(collecting, "LONG", 0.0)
    collecting.keep_short()
    yield
    gc.callbacks.remove(collecting._watch)
    gc.unfreeze()


@pytest.mark.usefixtures("watched")
def test_what_survives_a_long_collection_is_passed_over() -> None:
    gc.collect()
    assert gc.get_freeze_count() > 10_000


@pytest.mark.usefixtures("watched")
def test_what_dies_while_frozen_goes_when_all_is_thawed(monkeypatch: pytest.MonkeyPatch) -> None:
    knot = _Knot()
    seen = weakref.ref(knot)
    gc.collect()
    del knot
    gc.collect()
    assert seen() is not None
    monkeypatch.setattr(collecting, "THAWED_EVERY", 0.0)
    gc.collect()
    assert seen() is None


@pytest.mark.usefixtures("watched")
def test_watching_twice_is_watching_once() -> None:
    collecting.keep_short()
    assert gc.callbacks.count(collecting._watch) == 1
