"""Finding people by what they are called: by a beginning, and with a typing error.

`names` holds every username, first and last name in lower case, sorted, so that a beginning is
found without looking at everybody. `words` holds each of them once, folded: without accents, and
Cyrillic in Latin letters, so that "Anastasiya" finds "Анастасия" too.

DuckDB and pandas are loaded where they are used, as conditions are also made for the main database.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import column as named
from sqlalchemy import func, select, table

from hsl import models

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

SEARCHED = ("username", "first_name", "last_name")
BEYOND = "\U0010ffff"  # comes after every letter
LIKENESS = 0.88  # Jaro-Winkler, from 0 to 1
EDITS = 2  # letters that may be wrong, missing, too many or exchanged
LIKEST = 200  # words of which typing errors are counted
SHORTEST = 3  # letters that a search with typing errors needs
LONGEST = 64

_CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщыэюяіїєґўьъ"
_LATIN = "abvgdeejziiklmnoprstufhccssieuaiiegu"
# The ways in which one sound is written, made one.
_SOUNDS = (
    *(("shch", "s"), ("sch", "s"), ("sh", "s"), ("ch", "c"), ("zh", "j"), ("kh", "h")),
    *(("ts", "c"), ("ya", "a"), ("ia", "a"), ("yu", "u"), ("iu", "u"), ("yo", "e"), ("ph", "f")),
    *(("y", "i"), ("w", "v"), ("ł", "l"), ("ø", "o"), ("ß", "ss"), ("ii", "i")),
)
Frame = Callable[[str, Sequence[object]], "pd.DataFrame"]  # of a statement and its values
_Names = table("names", named("word"), named("user_id"))


def folded(word: str) -> str:
    """SQL for a word in lower case as sounds in Latin letters."""
    found = f"translate(strip_accents({word}), '{_CYRILLIC}', '{_LATIN}')"
    for letters, sound in _SOUNDS:
        found = f"replace({found}, '{letters}', '{sound}')"
    return found


def create(store: "duckdb.DuckDBPyConnection") -> None:
    """Make both tables from `users`."""
    store.execute(f"CREATE TABLE names AS {_named('users')} ORDER BY word, user_id")
    store.execute(
        f"CREATE TABLE words AS SELECT word, {folded('word')} AS folded "
        "FROM (SELECT DISTINCT word FROM names) ORDER BY folded, word"
    )


def renew(store: "duckdb.DuckDBPyConnection", changed: str) -> None:
    """Do so for the people of the table `changed` alone, when `users` is up to date.

    Words that nobody has any more stay; they find nobody.
    """
    store.execute(f"DELETE FROM names WHERE user_id IN (SELECT user_id FROM {changed})")
    people = f"(SELECT * FROM users WHERE user_id IN (SELECT user_id FROM {changed}))"
    store.execute(f"CREATE TEMPORARY TABLE new_names AS {_named(people)}")
    store.execute("INSERT INTO names SELECT word, user_id FROM new_names ORDER BY word, user_id")
    store.execute(
        f"INSERT INTO words SELECT word, {folded('word')} FROM "
        "(SELECT DISTINCT word FROM new_names ANTI JOIN words USING (word))"
    )
    store.execute("DROP TABLE new_names")


def beginning_with(wanted: str, words: Mapping[str, int] = MappingProxyType({})) -> Any:
    """For DuckDB: that a username, first or last name begins with `wanted`, or that for each of
    `words` so many of the three do; all in lower case."""
    found = _beginning_with(wanted)
    of_all: Any = None
    for word, names in words.items():
        of_word = _beginning_with(word)
        if names > 1:
            of_word = of_word.group_by(_Names.c.user_id).having(func.count() >= names)
        of_all = of_word if of_all is None else of_word.where(_Names.c.user_id.in_(of_all))
    if of_all is not None:
        found = found.union_all(of_all)
    return models.users.c.user_id.in_(found)


def _beginning_with(wanted: str) -> Any:
    return select(_Names.c.user_id).where(_Names.c.word >= wanted, _Names.c.word < wanted + BEYOND)


def similar(
    frame: Frame, words: str, *, most: int, among: tuple[str, Sequence[Any]] | None = None
) -> "pd.DataFrame":
    """People called almost so, the likest first: user_id, word (what is alike) and likeness.

    Found are names within two typing errors, in any script; those that begin so are left out, as
    they are no guess. Nobody, where fewer than three letters are given. `among` is a statement of
    the user_id of those who may be found, and its values ($1 and so on).
    """
    import pandas as pd

    wanted = words.strip().removeprefix("@").lower()[:LONGEST]
    nobody = pd.DataFrame(columns=["user_id", "word", "likeness"])
    if len(wanted) < SHORTEST or BEYOND in wanted:
        return nobody
    typed = str(frame(f"SELECT {folded('$1')} AS typed", [wanted])["typed"][0])
    if len(typed) < SHORTEST:
        return nobody
    # Two letters are taken to be right there, or it would be a look at too many words.
    start = typed[:2]
    values = [typed, start, start + BEYOND, wanted, wanted + BEYOND, most]
    sql, given = among or ("SELECT user_id FROM users", [])
    return frame(_similar(len(given), sql), [*given, *values])


def _named(people: str) -> str:
    return " UNION ALL ".join(
        f"SELECT lower({name}) AS word, user_id FROM {people} WHERE {name} IS NOT NULL"
        for name in SEARCHED
    )


# Likeness is reckoned for every word, and typing errors for the likest alone, as they cost a
# hundred times as much. The second look is at the beginnings of longer words.
def _similar(before: int, among: str) -> str:
    typed, start, end, wanted, beyond, most = (f"${before + place}" for place in range(1, 7))
    return f"""
WITH likest AS MATERIALIZED (
    SELECT word, folded, jaro_winkler_similarity(folded, {typed}, {LIKENESS}) AS likeness
    FROM words WHERE likeness >= {LIKENESS} ORDER BY likeness DESC, word LIMIT {LIKEST}
),
beginnings AS MATERIALIZED (
    SELECT word, left(folded, length({typed})) AS folded,
        jaro_winkler_similarity(left(folded, length({typed})), {typed}, {LIKENESS}) AS likeness
    FROM words WHERE folded >= {start} AND folded < {end}
        AND length(folded) > length({typed})
        AND likeness >= {LIKENESS} ORDER BY likeness DESC, word LIMIT {LIKEST}
),
alike AS (
    SELECT word, likeness FROM likest WHERE damerau_levenshtein(folded, {typed}) <= {EDITS}
    UNION ALL
    SELECT word, likeness * 0.95 FROM beginnings WHERE damerau_levenshtein(folded, {typed}) <= 1
),
best AS (
    SELECT word, max(likeness) AS likeness FROM alike
    WHERE NOT (word >= {wanted} AND word < {beyond}) GROUP BY word
)
SELECT user_id, arg_max(word, likeness) AS word, max(likeness) AS likeness
FROM names JOIN best USING (word)
WHERE user_id IN (SELECT user_id FROM ({among}))
GROUP BY user_id ORDER BY likeness DESC, word, user_id LIMIT {most}
"""
