"""Finding people by what they are called: by a beginning, and with a typing error.

`names` holds every username, first and last name in lower case, sorted, so that a beginning is
found without looking at everybody. `words` holds each of them once, folded: without accents, and
Cyrillic in Latin letters, so that "Anastasiya" finds "Анастасия" too.
"""

from collections.abc import Collection

import duckdb
import pandas as pd
from sqlalchemy import ColumnElement, select, table
from sqlalchemy import column as named

from hsl import models

SEARCHED = ("username", "first_name", "last_name")
BEYOND = "\U0010ffff"  # comes after every letter
LIKENESS = 0.88  # Jaro-Winkler, from 0 to 1
EDITS = 2  # letters that may be wrong, missing, too many or exchanged
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
_Names = table("names", named("word"), named("user_id"))


def folded(word: str) -> str:
    """SQL for a word in lower case as sounds in Latin letters."""
    found = f"translate(strip_accents({word}), '{_CYRILLIC}', '{_LATIN}')"
    for letters, sound in _SOUNDS:
        found = f"replace({found}, '{letters}', '{sound}')"
    return found


def create(store: duckdb.DuckDBPyConnection) -> None:
    """Make both tables from `users`."""
    store.execute(f"CREATE TABLE names AS {_named('users')} ORDER BY word, user_id")
    store.execute(
        f"CREATE TABLE words AS SELECT word, {folded('word')} AS folded "
        "FROM (SELECT DISTINCT word FROM names) ORDER BY folded, word"
    )


def renew(store: duckdb.DuckDBPyConnection, changed: str) -> None:
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


def beginning_with(wanted: str) -> ColumnElement[bool]:
    """For DuckDB: that a username, first or last name begins so; `wanted` is in lower case."""
    found = select(_Names.c.user_id).where(_Names.c.word >= wanted, _Names.c.word < wanted + BEYOND)
    return models.users.c.user_id.in_(found)


def similar(
    store: duckdb.DuckDBPyConnection, words: str, *, most: int, without: Collection[int] = ()
) -> pd.DataFrame:
    """People called almost so, the likest first: user_id, word (what is alike) and likeness.

    Found are names within two typing errors, in any script; those that begin so are left out, as
    they are no guess. Nobody, where fewer than three letters are given.
    """
    wanted = words.strip().removeprefix("@").lower()[:LONGEST]
    if len(wanted) < SHORTEST or BEYOND in wanted:
        return pd.DataFrame(columns=["user_id", "word", "likeness"])
    return store.execute(_SIMILAR, [wanted, wanted + BEYOND, list(without), most]).fetch_df()


def _named(people: str) -> str:
    return " UNION ALL ".join(
        f"SELECT lower({name}) AS word, user_id FROM {people} WHERE {name} IS NOT NULL"
        for name in SEARCHED
    )


# The second look goes by the beginning of longer words, among those with the same first letter.
_SIMILAR = f"""
WITH wanted AS MATERIALIZED (SELECT {folded("$1")} AS typed),
alike AS (
    SELECT word, jaro_winkler_similarity(folded, typed, {LIKENESS}) AS likeness
    FROM words, wanted
    WHERE likeness >= {LIKENESS} AND damerau_levenshtein(folded, typed) <= {EDITS}
    UNION ALL
    SELECT word, jaro_winkler_similarity(left(folded, length(typed)), typed) * 0.95 AS likeness
    FROM words, wanted
    WHERE length(typed) > {SHORTEST} AND folded >= typed[1] AND folded < typed[1] || '{BEYOND}'
        AND length(folded) > length(typed)
        AND jaro_winkler_similarity(left(folded, length(typed)), typed, {LIKENESS}) >= {LIKENESS}
        AND damerau_levenshtein(left(folded, length(typed)), typed) <= 1
),
best AS (
    SELECT word, max(likeness) AS likeness FROM alike
    WHERE NOT (word >= $1 AND word < $2) GROUP BY word ORDER BY likeness DESC, word LIMIT $4
)
SELECT user_id, arg_max(word, likeness) AS word, max(likeness) AS likeness
FROM names JOIN best USING (word)
WHERE NOT list_contains(CAST($3 AS BIGINT[]), user_id)
GROUP BY user_id ORDER BY likeness DESC, word, user_id LIMIT $4
"""
