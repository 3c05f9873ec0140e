"""A cohort is said in the reader's language, and stored in English."""

import re
from collections.abc import Iterator

import pytest

from hsl import words
from hsl.audience import conditions as c
from hsl.audience import where
from hsl.audience.cohort import Audience, Cohort


@pytest.fixture
def russian() -> Iterator[None]:
    words.read_by(lambda: "ru-RU")
    yield
    words.read_by(lambda: None)


SAID = [
    ("in_stream('4th') AND NOT in_stream('5th')", "в потоке 4th и не в потоке 5th"),
    ("got_within(30) >= 2", "кто получил не меньше 2 сообщений за последние 30 дней"),
    ("got_within(1) = 1", "кто получил ровно 1 сообщение за последний день"),
    ("NOT got_of_last(3) < 2", "кроме тех, кто получил меньше 2 из последних 3 сообщений"),
    ("sent_ever() = 0", "кому никогда ничего не отправляли"),
    ("failed(7, 'blocked')", "кому не удалось доставить сообщение 7 (заблокировали бота)"),
    ("NOT pressed(12, 'yes')", "кто не нажимал кнопку «yes» в сообщении 12"),
    ("registered_at >= days_ago(21)", "зарегистрированы за последний 21 день"),
    ("user_id IN (1, 2, 3)", "3 человека, выбранных вручную"),
    ("NOT (level > 1500 OR reachable)", "не (level: больше 1 500 или доступны)"),
]


@pytest.mark.parametrize(("expression", "said"), SAID)
def test_it_is_said_in_russian_and_stored_in_english(
    russian: None, expression: str, said: str
) -> None:
    cohort = where.parse(expression)
    assert re.sub(r"\s", " ", cohort.sentence()) == said
    stored = cohort.english()
    assert not re.search("[а-яё]", stored)
    words.read_by(lambda: None)
    assert cohort.sentence() == stored


def test_an_audience_is_said_whole(russian: None) -> None:
    chosen = Audience(
        include=(Cohort(streams=("4th",)), Cohort(user_ids=(5,))),
        exclude=(Cohort(where=c.Reachable(reachable=False)),),
    )
    assert chosen.sentence() == (
        "в потоке 4th; а также 1 человек, выбранный вручную; кроме тех, кто: недоступны"
    )
    assert chosen.english() == "in 4th; and 1 chosen by name; without unreachable"
