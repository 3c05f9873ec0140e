"""What somebody who means harm brings, and by which ways. docs/security.md has the same table."""

from dataclasses import dataclass

HERE = "tests/hostile/test_hostile.py"
API = "tests/api/test_hostile_api.py"
SANDBOX = "tests/sandbox/test_hostile_sandbox.py"
PAGES = "tests/door/test_hostile_requests.py"
GUARD = "tests/door/test_guard.py"
BOUNDS = "tests/test_bounds.py"
FILES = "tests/audience/sources/test_files.py"
WEB = "tests/test_public_web.py"

# By which ways every payload is tried, and the test that does it.
WAYS = {
    "a cell of an imported file (CSV, Excel, Parquet, JSON lines)": (HERE, "in_a_file"),
    "exported again as CSV and Excel": (HERE, "in_a_file"),
    "the WHERE box and `--where`": (HERE, "in_the_where_box"),
    "the search box and a cohort's JSON": (HERE, "in_a_search_and_in_a_cohorts_json"),
    "a message's text, and its preview": (HERE, "in_a_message_and_its_preview"),
    "a person's value in a placeholder": (HERE, "as_a_value_in_a_placeholder"),
    "pasted buttons": (HERE, "as_buttons"),
    "a label on a page": (HERE, "as_a_label_on_a_page"),
    "an address of a page": (HERE, "in_an_address_of_a_page"),
    "the words of a command": (HERE, "in_the_words_of_a_command"),
    "every text of every request to the API": (API, "in_every_text_of_every_request"),
    "every argument of every method of the sandbox's Bot API": (
        SANDBOX,
        "in_every_argument_of_every_method",
    ),
    "the headers of a request": (PAGES, "the_corpus_in_headers"),
}
MARKUP = "shown as the characters that it is made of"
FORMULA = "an apostrophe before it in CSV and Excel, taken away again on import"
KEPT = "kept and shown as it is; it runs nowhere"
REFUSED = "refused with a sentence; nothing is changed"


@dataclass(frozen=True)
class Hostile:
    """One payload: what it is called, and what the program's answer to it is."""

    name: str
    payload: str
    answer: str


CORPUS = (
    Hostile("script", "<script>alert(1)</script>", MARKUP),
    Hostile("event handler", "<img src=x onerror=alert(1)>", MARKUP),
    Hostile("JavaScript address", '<a href="javascript:alert(1)">x</a>', MARKUP),
    Hostile("closed attribute", "\"><svg onload='alert(1)'>", MARKUP),
    Hostile("markdown link", "[x](javascript:alert(1)) ![p](https://example.org/p.png)", MARKUP),
    Hostile("markdown emphasis", "# *a* **b** `c` ~~d~~", MARKUP),
    Hostile("LaTeX", r"$\frac{1}{0}$ $$\input{/etc/passwd}$$", MARKUP),
    Hostile("Streamlit directive", ":material/delete: :red[x] :smile:", MARKUP),
    Hostile("right to left", "abc\u202egnp.exe", KEPT),
    Hostile("zero width", "a\u200bd\u2060m\ufeffin", KEPT),
    Hostile("NUL", "a\x00b", REFUSED),
    Hostile("half a character", "a\udcffb", REFUSED),
    Hostile("terminal escape", "\x1b[2J\x1b]0;title\x07", KEPT),
    Hostile("formula", '=HYPERLINK("http://example.org","x")', FORMULA),
    Hostile("formula after a separator", "x;=1+1|\t@SUM(A1)", FORMULA),
    Hostile("SQL", "'; DROP TABLE users; --", KEPT),
    Hostile("SQL union", "' OR 1=1 UNION SELECT sealed_token FROM bots --", KEPT),
    Hostile("path traversal", "../../../../etc/passwd", KEPT),
    Hostile("header injection", "x\r\nSet-Cookie: a=b", KEPT),
    Hostile("placeholder in a value", "{first_name} {attributes.__class__}", MARKUP),
    Hostile("format string", "%s %n {0.__class__.__mro__} ${x}", KEPT),
    Hostile("deep brackets", "(" * 5_000, REFUSED),
    Hostile("megabytes", "x" * 2_500_000, REFUSED),
)  # fmt: skip


@dataclass(frozen=True)
class Attack:
    """What somebody tries, the program's answer, and the test that tries it."""

    name: str
    answer: str
    file: str
    test: str


SSRF = "refused before a connection is made, where private networks are not allowed"
HUNG_UP = "hung up on, or answered by 4xx; others are served meanwhile"
ATTACKS = (
    Attack("a source or webhook in a private network", SSRF, FILES,
           "every_kind_of_private_place_is_known"),
    Attack("an IPv4 number within IPv6 (mapped, 6to4, NAT64)", SSRF, WEB,
           "a_webhook_does_not_tell_this_machine"),
    Attack("a number written in decimal, octal, hex or short", SSRF, WEB,
           "a_source_does_not_read_this_machine"),
    Attack("an address that sends on into a private network", SSRF, FILES,
           "where_it_is_sent_on_to_is_looked_at_too"),
    Attack("an address that sends on to another scheme, or in a circle",
           "not followed; webhooks follow nothing", WEB, "it_is_not_sent_on_to_another_scheme"),
    Attack("a name that changes its number (DNS rebinding)",
           "the number that was looked at is the one connected to", FILES,
           "what_was_looked_at_is_what_is_connected_to"),
    Attack("file:, ftp:, gopher:, data: and others", "refused", WEB, "other_schemes_are_refused"),
    Attack("a password in an address", "refused, and not repeated", WEB,
           "a_password_in_an_address_is_refused_and_not_repeated"),
    Attack("another site's page that asks with our cookie (CSRF)",
           "403: a foreign Origin, none, or a Referer alone", PAGES,
           "what_another_site_asks_with_our_cookie_is_refused"),
    Attack("another site's page that opens a websocket", "403", GUARD,
           "a_websocket_is_for_who_is_signed_in_and_asks_from_our_page"),
    Attack("another site's name that points here (DNS rebinding), at the sandbox", "421", SANDBOX,
           "a_name_that_another_site_lets_point_here_is_refused"),
    Attack("another site's page that asks the sandbox", "403", SANDBOX,
           "a_page_of_another_site_can_do_nothing"),
    Attack("a line's end in the way back after signing in (header injection)",
           "leads to the first page", PAGES, "the_way_back_splits_no_header"),
    Attack("a Host of any form", "answered; no redirect names it", PAGES,
           "any_host_is_answered"),
    Attack("two requests in one (smuggling)", "400", PAGES, "two_requests_in_one_are_none"),
    Attack("a huge head", "400", BOUNDS, "a_huge_head_is_refused"),
    Attack("a huge head that asks for a websocket", "400", BOUNDS,
           "a_websocket_with_a_huge_head_is_refused_at_once"),
    Attack("a cookie that takes long to read", "left out; others beside it hold", PAGES,
           "no_cookie_keeps_the_pages_busy"),
    Attack("a head that comes drop by drop", HUNG_UP, BOUNDS, "who_drips_a_head_is_hung_up_on"),
    Attack("a body to the API that does not come", "408", "tests/api/test_limits.py",
           "a_body_that_does_not_come_is_not_waited_for"),
    Attack("many websockets", "403 beyond a hundred of one address", BOUNDS,
           "sockets_of_one_address_are_bounded_and_one_that_closes_makes_room"),
    Attack("many messages on a websocket", "others are served meanwhile", PAGES,
           "a_flood_of_messages_keeps_nobody_out"),
    Attack("a huge message on a websocket", "this websocket is closed", BOUNDS,
           "a_huge_message_closes_its_socket_alone"),
    Attack("rubbish on a websocket",
           "this websocket is closed, with one line in the log; others are served meanwhile", PAGES,
           "rubbish_on_a_websocket_harms_nobody_else"),
    Attack("any address without a session", "401, or the way to the door", GUARD,
           "strangers_get_nothing"),
    Attack("an upload without a session", "401", GUARD, "an_upload_of_a_strangers_is_refused"),
    Attack("the address of a file that a page gave to somebody else",
           "404, whatever the role: a page has to give it in the same session",
           "tests/door/test_given_files.py",
           "a_file_is_for_the_session_that_a_page_gave_it_to"),
    Attack("an upload into a session that is not open", "4xx", PAGES,
           "a_file_goes_into_no_session_but_an_open_one"),
    Attack("a path out of the pages' files (traversal)", "nothing of other files", PAGES,
           "no_path_leads_out_of_the_pages_own_files"),
    Attack("an open websocket whose session ended, or whose role changed", "closed", GUARD,
           "a_websocket_closes_when_its_session_ends"),
    Attack("the API without a key", "401, then 429", "tests/api/test_api.py",
           "without_a_key_nothing_is_told"),
    Attack("a packed file that unpacks to very much", "refused with the limit",
           "tests/audience/test_importer.py",
           "a_file_that_unpacks_to_more_than_may_be_put_aside_is_refused"),
    Attack("a picture that unpacks to very much", "refused, or sent as a document", SANDBOX,
           "a_picture_that_unpacks_to_very_much_is_refused"),
    Attack("a file that is broken anywhere", "imported or refused, and nobody lost",
           "tests/fuzz/test_fuzz.py", "a_file_that_is_broken_anywhere_is_imported_or_refused"),
)  # fmt: skip
