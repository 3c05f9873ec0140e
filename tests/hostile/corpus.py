"""What somebody who means harm brings, and by which ways. docs/security.md has the same table."""

from dataclasses import dataclass

WAYS = {
    "file": "a cell of an imported file (CSV, Excel, Parquet, JSON lines)",
    "export": "exported again as CSV and Excel",
    "where": "the WHERE box and `--where`",
    "search": "the search box and a cohort's JSON",
    "text": "a message's text, and its preview",
    "placeholder": "a person's value in a placeholder",
    "button": "pasted buttons",
    "page": "a label on a page",
    "address": "an address of a page",
    "argument": "the words of a command",
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
