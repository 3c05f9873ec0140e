"""The WHERE language: what it takes becomes a cohort and comes back; all else is refused."""

import gc
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsl.audience import conditions as c
from hsl.audience import where, where_text
from hsl.audience.cohort import Cohort
from tests.audience.cohorts import said

ATTRIBUTES = {
    "level": "number", "city": "text", "born": "date", "vip": "boolean", "tags": "list",
    "City of birth": "text", "reachable": "text", "select": "text",
}  # fmt: skip
MOST_SECONDS = 1.0


def refusal(text: str) -> str:
    """Why the text is refused; it takes less than a second, and is one sentence and its place."""
    gc.disable()  # other tests left a heap of which a collection takes as long
    try:
        began = time.thread_time()  # nor what other threads of the process do
        with pytest.raises(where.WhereError) as refused:
            where.parse(text, ATTRIBUTES)
        taken = time.thread_time() - began
    finally:
        gc.enable()
    assert taken < MOST_SECONDS
    words = str(refused.value)
    assert "\n" not in words
    assert len(words) < 300
    assert "Traceback" not in words
    return words


@settings(deadline=None, max_examples=300)
@given(cohort=said)
def test_every_cohort_comes_back_from_its_expression(cohort: Cohort) -> None:
    assert where.parse(where_text.write(cohort)) == cohort


TAKEN = [
    ("in_stream('4th') AND NOT in_stream('5th')", "in 4th and not in 5th"),
    ("in_stream('4th', '5th')", "in 4th or in 5th"),
    ("in_all_streams('4th', '5th')", "in 4th and in 5th"),
    ("NOT enrolled", "not enrolled"),
    ("in_stream('4th', status => 'active', status => 'paused', since => '2026-09-01')",
     "in 4th (as active or paused, from 2026-09-01)"),
    ("LEVEL >= 3", "level is at least 3"),
    ("3 <= level", "level is at least 3"),
    ("level BETWEEN -1 AND 2.5", "level is from -1 to 2.5"),
    ("city IN ('Moscow', 'Omsk')", "city is Moscow or Omsk"),
    ("city NOT IN ('Moscow')", "city is not Moscow"),
    ("city <> 'O''Hara'", "city is known and not O'Hara"),
    ("\"City of birth\" IS NOT NULL", "City of birth is known"),
    ("\"a:reachable\" = 'no'", "reachable is no"),
    ("\"select\" IS NULL", "select is unknown"),
    ("contains(city, 'mos') OR contains(username, 'ann')",
     "city contains mos or username contains ann"),
    ("has(tags, 'vip', 'new')", "tags has vip or new"),
    ("born >= '2000-01-01' AND born < DATE '2010-01-01'",
     "born is from 2000-01-01, born is before 2010-01-01"),
    ("vip AND NOT vip = FALSE", "vip is true, vip is not false"),
    ("registered_at >= days_ago(7)", "registered in the last 7 days"),
    ("language_code = 'ru'", "speaking ru"),
    ("username IS NULL", "username is unknown"),
    ("unreachable('blocked') OR NOT reachable", "unreachable (blocked) or unreachable"),
    ("unreachable_reason IN ('blocked')", "unreachable (blocked)"),
    ("search('anna')", "found by “anna”"),
    ("user_id IN (1, 2)", "2 chosen by name"),
    ("TRUE", "everybody"),
    ("FALSE", "nobody"),
    ("was_sent(12) AND NOT got(12)", "who were sent message 12, who never got message 12"),
    ("failed(12, 'blocked')", "who could not get message 12 (blocked)"),
    ("missed(12)", "who did not get message 12"),
    ("got_of_last(3) = 0", "who got none of the last 3 messages"),
    ("got_of_last(3) = 3", "who got all of the last 3 messages"),
    ("sent_within(7) < 2", "who were sent fewer than 2 messages in the last 7 days"),
    ("got_within(30) = 0", "who got nothing in the last 30 days"),
    ("failed_ever() >= 2", "who failed to get at least 2 messages"),
    ("pressed(12, 'yes') OR pressed('no') OR pressed()",
     "who pressed the button “yes” of message 12 or who pressed the button “no” "
     "or who pressed a button"),
    ("segment('Alumni')", "in the segment Alumni"),
    ("arm('spring', 0, 5000)", "in the random group 0–50 % of spring"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), TAKEN)
def test_it_reads_as_a_sentence(text: str, words: str) -> None:
    cohort = where.parse(text, ATTRIBUTES)
    assert cohort.sentence() == words
    assert where.parse(where_text.write(cohort), ATTRIBUTES) == cohort


REFUSED = [
    ("cty = 'Omsk'", "There is no column cty. Did you mean city? (line 1, character 1)"),
    ("reachable AND\n  levle > 3", "Did you mean level? (line 2, character 3)"),
    ("got_withn(3) = 0", "Did you mean got_within? (line 1, character 1)"),
    ("level >= '3'", "level is a number: write its value without quotes."),
    ("born > 'soon'", "“soon” is no date; write it as 2026-11-24."),
    ("born = DATE '2026-02-30'", "“2026-02-30” is no date"),
    ("city = NULL", "write IS NULL or IS NOT NULL"),
    ('city = "Omsk"', "Write a value in single quotes: 'Omsk'."),
    ("city LIKE 'Om%'", "LIKE is not taken; write contains(city, 'mos')."),
    ("got_within(30)", "Compare got_within() with a number of messages"),
    ("got(12) = 1", "got() is a yes or no: write it alone."),
    ("failed('12')", "failed() takes a whole number, such as failed(12)."),
    ("level BETWEEN 1 AND 'a'", "of several types"),
    ("level = 1e400", "too large a number"),
    ("(city = 'Omsk'", "A bracket is not closed"),
    ("city = 'Omsk", "A quote is not closed"),
    ("reachable AND", "near “AND”: something is missing"),
    ("", "Write a condition, such as"),
    ("users.city = 'Omsk'", "Write a column by its name alone, without a table."),
    ("first_name = 3", "first_name is a text: put its value in quotes."),
    ("reachable = 3", "reachable is a yes or no: write reachable, or NOT reachable."),
    ("user_id > 3", "Write user_id = 5 or user_id IN (5, 6)."),
    ("in_stream('4th', place => 'x')", "in_stream() knows status =>, since => and until =>"),
    ("vip > TRUE", "A boolean is only compared by ="),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_it_says_what_does_not_fit_and_where(text: str, words: str) -> None:
    assert words in refusal(text)


HOSTILE = [
    "1=1", "1 OR 1=1", "'' OR ''=''", "TRUE; DROP TABLE users", "TRUE; --", "TRUE -- ", "TRUE #",
    "TRUE /* x */", "/* x */ TRUE", "-- x\nTRUE", "TRUE UNION SELECT * FROM users",
    "user_id IN (SELECT user_id FROM users)", "EXISTS (SELECT 1)", "(SELECT 1) = 1",
    "city = (SELECT message_text FROM message_history LIMIT 1)", "city = ANY(SELECT 1)",
    "SELECT * FROM users", "DROP TABLE users", "DELETE FROM users", "UPDATE users SET city = 'x'",
    "INSERT INTO users VALUES (1)", "ATTACH 'x.db' AS x", "COPY users TO '/tmp/x'",
    "INSTALL httpfs", "LOAD httpfs", "PRAGMA database_list", "SET memory_limit='1TB'",
    "CALL pragma_version()", "CREATE TABLE x (a int)", "EXPORT DATABASE '/tmp'",
    "read_csv('/etc/passwd')", "read_text('/etc/passwd') = 'x'", "read_parquet('http://x/y') = 1",
    "glob('/*')", "getenv('BOT_TOKEN') = 'x'", "pg_read_file('/etc/passwd') = 'x'",
    "load_extension('x')", "pg_sleep(10)", "sleep(10)", "randomblob(1000000000) = 'x'",
    "repeat('x', 1000000000) = 'x'", "version() = 'x'", "current_user = 'x'", "current_date > '1'",
    "CURRENT_TIMESTAMP > '1'", "CAST(city AS INT) = 3", "city::int = 3",
    "TRY_CAST(city AS INT) = 3",
    "city || 'x' = 'y'", "level + 1 > 3", "level * 2 > 3", "- level > 3", "level % 2 = 0",
    "CASE WHEN TRUE THEN TRUE END", "IF(TRUE, TRUE, TRUE)", "COALESCE(city, 'x') = 'x'",
    "lower(city) = 'x'", "city ~ '(a+)+$'", "city SIMILAR TO 'x'", "city GLOB '*'",
    "regexp_matches(city, '(a+)+$')", "city COLLATE NOCASE = 'x'", "city[1] = 'x'", "city.x = 'y'",
    "users.city = 'x'", "main.users.city = 'x'", "*", "count(*) > 1", "count(*) OVER () > 1",
    "got_within(3) OVER () > 1", "$1", "?", ":city", "@x", "@@version = 'x'", "{{ city }}",
    "{% raw %}", "city = x'41'", "city = E'\\x41'", "city = U&'\\0041'", "city = $$x$$",
    "city = 'a' 'b'", "city = N'x'", "city = b'1'", "ROW(1, 2) = ROW(1, 2)", "(1, 2) = (1, 2)",
    "ARRAY[1] = ARRAY[1]", "x -> x", "x => 1", "city := 'x'", "INTERVAL '1' DAY", "city IS city",
    "city IN ()", "city IN (city)", "NOT", "AND", "()", "((", "))", "'", '"', "`", "\\", "\x00",
    "city = 'x' LIMIT 1", "city = 'x' ORDER BY 1", "city = 'x' GROUP BY 1", "city = 'x',",
    "city = 'x' WINDOW w AS ()", "TABLE users", "VALUES (1)", "city = 'x' INTO OUTFILE 'y'",
    "city IS DISTINCT FROM 'x'", "city BETWEEN SYMMETRIC 'b' AND 'a'", "NULL", "NOT NULL",
    "ｃｉｔｙ = 'x'", "city ＝ 'x'", "city = ‘x’", "city\u202e = 'x'", "city\u200b = 'x'",
    "сity = 'x'",  # the first letter is Cyrillic
    "city = 'x' \u037e DROP TABLE users", "city\ufeff = 'x'", "\u2028city = 'x' \u2029 DROP",
    "user_id IN (99999999999999999999999)", "got(99999999999999999999999)", "got(0)", "got(-1)",
    "got_within(-1) = 0", "got_within(99999999999) = 0", "got_of_last(999999999) = 0",
    "got_within(1e9) = 0", "got_within(30) = 99999999999", "arm('x', -1, 5)", "arm('x', 0, 99999)",
    "level = 1" + "0" * 5_000, "level = 0." + "1" * 15_000 + "e999999", "days_ago(1) = days_ago(1)",
    "registered_at > days_ago(99999999)", "registered_at > days_ago(-1)", "segment('')",
    "segment('a', 'b')", "in_stream(in_stream('a'))", "contains('city', 'x')", "contains(city)",
    "contains(city, city)", "has(tags)", "has(user_id, 'x')", "pressed(12, 'a', 'b')",
    "search('" + "x" * 5_000 + "')", "city = '" + "x" * 5_000 + "'",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:30]))
def test_hostile_words_are_refused_with_a_sentence(text: str) -> None:
    assert refusal(text)


DEEP = 10_000
HUGE = {
    "a megabyte of a name": "a" * 1_000_000,
    "a megabyte of a text": "city = '" + "x" * 1_000_000 + "'",
    "a megabyte of conditions": " OR ".join(["level = 1"] * 80_000),
    "deep brackets": "(" * DEEP + "reachable" + ")" * DEEP,
    "open brackets": "(" * DEEP,
    "closed brackets": ")" * DEEP,
    "deep square brackets": "city" + "[" * DEEP,
    "not not not": "NOT " * 4_900 + "reachable",
    "minus minus": "level = " + "- " * 5_000 + "1",
    "deep functions": "got(" * 4_900,
    "deep cases": "CASE WHEN " * 1_900,
    "not in brackets": "NOT (" * 3_900 + "reachable" + ")" * 3_900,
    "a long chain of and": " AND ".join(["vip"] * 2_500),
    "a chain of comparisons": "vip" + " = vip" * 3_000,
    "a chain of sums": "level = 1" + " + 1" * 4_000,
    "a chain of casts": "city" + "::int" * 3_900,
    "a chain of dots": "city" + ".city" * 3_900,
    "a chain of between": "level BETWEEN " * 1_400 + "1",
    "a chain of is": "vip" + " IS NOT" * 2_500,
    "a chain of ins": "city" + " IN" * 6_000,
    "exists exists": "EXISTS " * 2_800,
    "select select": "(SELECT " * 2_400,
    "interval": "INTERVAL " * 2_200,
    "like like": "city" + " LIKE 'x'" * 2_200,
    "arrows": "city" + " -> 'x'" * 2_800,
    "lambda": "x -> " * 3_900,
    "collate": "city" + " COLLATE x" * 1_900,
    "many quotes": "'" * 9_999,
    "distinct": "got(DISTINCT " * 1_500,
}


@pytest.mark.parametrize("what", HUGE)
def test_what_is_huge_or_deep_is_refused_at_once(what: str) -> None:
    assert refusal(HUGE[what])


def test_a_long_list_is_no_bomb() -> None:
    ids = tuple(range(1_000_000, 1_002_000))
    assert where.parse(f"user_id IN ({', '.join(map(str, ids))})") == Cohort(user_ids=ids)


@settings(deadline=None, max_examples=300)
@given(text=st.text(max_size=60) | st.lists(st.sampled_from([
    "NOT", "AND", "OR", "(", ")", "city", "level", "=", "IN", "'x'", "3", "got", "got_within",
    "IS", "NULL", "BETWEEN", "DATE", ",", "=>", ".", "::", "SELECT", "CASE", "*", "[", "\"", "--",
]), max_size=14).map(" ".join))  # fmt: skip
def test_rubbish_is_taken_or_refused_and_nothing_else(text: str) -> None:
    try:
        cohort = where.parse(text, ATTRIBUTES)
    except where.WhereError:
        return
    assert where.parse(where_text.write(cohort), ATTRIBUTES) == cohort


def test_words_in_a_text_are_only_words() -> None:
    cohort = where.parse("city = '; DROP TABLE users; --'")
    assert cohort.where == c.Attribute(name="city", op="eq", values=("; DROP TABLE users; --",))
