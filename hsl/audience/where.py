"""A WHERE expression, read into a cohort: the text is never run as SQL.

sqlglot makes a tree of it, and only the few shapes of docs/cohorts.md are taken out of that tree;
everything else is refused with one sentence and its place.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import ValidationError
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from hsl.audience import conditions as c
from hsl.audience import vocabulary
from hsl.audience.cohort import Cohort
from hsl.audience.vocabulary import MisfitError
from hsl.words import N_, _

MOST_CHARACTERS = 20_000
MOST_NESTED = 40
MOST_CONDITIONS = 200
_OPEN_NEAR = N_("A bracket is not closed near “{word}”.")
_OPEN_AT_END = N_("A bracket is not closed at its end.")
_UNREAD_NEAR = N_("It cannot be read near “{word}”: something is missing, or one word too many.")
_UNREAD_AT_END = N_("It cannot be read at its end: something is missing, or one word too many.")
_NAME = re.compile(r"[^\W\d]\w*")
_PREFIXES = {TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE}
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_QUOTED = {TokenType.STRING, TokenType.IDENTIFIER}
_OPS: dict[type[exp.Expression], c.CountOp] = {
    exp.EQ: "eq", exp.NEQ: "ne", exp.LT: "lt", exp.LTE: "le", exp.GT: "gt", exp.GTE: "ge",
}  # fmt: skip
_FLIPPED: dict[c.CountOp, c.CountOp] = {
    "eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le",
}  # fmt: skip


class WhereError(ValueError):
    """The text is no condition that can be taken; the message says why, and where."""

    def __init__(self, words: str, text: str = "", start: int | None = None) -> None:
        if start is not None:
            before = text[:start]
            line, column = before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1
            words = _(
                "{words} (line {line}, character {column})",
                words=words,
                line=str(line),
                column=str(column),
            )
        super().__init__(words)


class _Parser(Parser):
    """Knows no function by its name, so that each one comes out as it was written."""

    FUNCTIONS: ClassVar[dict[Any, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[Any, Any]] = {}
    NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[Any, Any]] = {}


def parse(text: str, attributes: Mapping[str, str] | None = None) -> Cohort:
    """The cohort that an expression says. Raises WhereError for anything else.

    `attributes` are the attributes that there are, with their types (number, date, boolean, text,
    list); others are refused. None: any name may be one.
    """
    reading = _Reading(text, attributes)
    try:
        return Cohort(where=reading.condition(reading.tree()))
    except RecursionError:
        raise WhereError(_("It is nested too deep. Write it flatter.")) from None
    except ValidationError as error:
        words = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise WhereError(_("A value does not fit: {words}.", words=words)) from None


class _Reading:
    """One text on its way into a cohort."""

    def __init__(self, text: str, attributes: Mapping[str, str] | None) -> None:
        self.text = text
        self.words = vocabulary.Vocabulary(attributes)
        self.found = 0

    def tree(self) -> exp.Expression:
        """What sqlglot makes of the text. Raises WhereError."""
        if not self.text.strip():
            raise WhereError(_("Write a condition, such as in_stream('4th_stream') AND reachable."))
        if len(self.text) > MOST_CHARACTERS:
            raise WhereError(
                _(
                    "It is {count} characters long; at most {most_characters} are read.",
                    count=len(self.text),
                    most_characters=MOST_CHARACTERS,
                )
            )
        try:
            tokens = Tokenizer().tokenize(self.text)
            self._check(tokens)
            found = _Parser().parse_into(exp.Condition, tokens, self.text)
        except TokenError:
            raise WhereError(
                _("A quote is not closed, or a character has no meaning here.")
            ) from None
        except ParseError as error:
            raise self._unread(error) from None
        except (WhereError, RecursionError):
            raise
        except Exception as error:
            # sqlglot trips over some rubbish with errors of every kind; it is rubbish all the same.
            raise WhereError(_("It cannot be read ({name}).", name=type(error).__name__)) from None
        if len(found) != 1 or not isinstance(found[0], exp.Expression):
            raise WhereError(_("Write one condition, joined by AND and OR."))
        return found[0]

    def _check(self, tokens: list[Token]) -> None:
        depth = prefixes = 0
        for token in tokens:
            kind = token.token_type
            if token.comments:
                self._refuse_at("Comments are not taken; leave them out.", token.start)
            if kind is TokenType.SEMICOLON:
                self._refuse_at("One condition is taken, and no semicolon.", token.start)
            if kind not in _QUOTED and not token.text.isascii() and not _NAME.fullmatch(token.text):
                self._refuse_at(f"“{_short(token.text)}” has no meaning here.", token.start)
            depth += (kind in _OPENING) - (kind in _CLOSING)
            prefixes = prefixes + 1 if kind in _PREFIXES else 0
            if max(depth, prefixes) > MOST_NESTED:
                self._refuse_at(
                    _("It is nested more than {most} deep.", most=MOST_NESTED), token.start
                )
        if self.text.lstrip().startswith(("--", "/*", "#")) or not tokens:
            raise WhereError(_("Comments are not taken; leave them out."))

    def _unread(self, error: ParseError) -> WhereError:
        found = error.errors[0] if error.errors else {}
        highlight, what = found.get("highlight") or "", found.get("description") or ""
        lines = self.text.split("\n")
        line, column = found.get("line") or 1, found.get("col") or 0
        start = sum(len(words) + 1 for words in lines[: line - 1]) + column - len(highlight)
        is_open = what.startswith("Expecting )")
        if highlight:
            said = _OPEN_NEAR if is_open else _UNREAD_NEAR
        else:
            said = _OPEN_AT_END if is_open else _UNREAD_AT_END
        words = _(said, word=_short(highlight))
        return WhereError(words, self.text, max(start, 0))

    def condition(self, node: exp.Expression) -> c.Condition:
        """The condition that a part of the tree says."""
        if isinstance(node, exp.Paren):
            return self.condition(node.this)
        if isinstance(node, exp.And | exp.Or):
            parts = tuple(self.condition(part) for part in _operands(node))
            return c.All(of=parts) if isinstance(node, exp.And) else c.AnyOf(of=parts)
        if isinstance(node, exp.Not):
            if isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
                return self._leaf(node.this, "known")
            return c.Not(of=self.condition(node.this))
        return self._leaf(node)

    def _leaf(self, node: exp.Expression, is_null: c.Op = "unknown") -> c.Condition:
        self.found += 1
        if self.found > MOST_CONDITIONS:
            raise WhereError(
                _("It has more than {most_conditions} conditions.", most_conditions=MOST_CONDITIONS)
            )
        try:
            return self._said(node, is_null)
        except MisfitError as misfit:
            raise self._refuse(str(misfit), node) from None

    def _said(self, node: exp.Expression, is_null: c.Op) -> c.Condition:
        if type(node) in _OPS:
            return self._compared(node, _OPS[type(node)])
        if isinstance(node, exp.Boolean):
            return c.Everyone() if node.this else c.NOBODY
        if isinstance(node, exp.Column):
            return self.words.alone(self._name(node))
        if isinstance(node, exp.Anonymous):
            return self._function(node)
        if isinstance(node, exp.Is):
            if isinstance(node.expression, exp.Null):
                return self.words.compared(self._name(node.this), is_null, ())
            return self.words.compared(self._name(node.this), "eq", (self._value(node.expression),))
        if isinstance(node, exp.In) and not node.args.get("query") and node.expressions:
            values = tuple(self._value(value) for value in node.expressions)
            return self.words.compared(self._name(node.this), "in", values)
        if isinstance(node, exp.Between) and not node.args.get("symmetric"):
            values = (self._value(node.args["low"]), self._value(node.args["high"]))
            return self.words.compared(self._name(node.this), "between", values)
        if isinstance(node, exp.Like | exp.ILike):
            raise MisfitError(_("LIKE is not taken; write contains(city, 'mos')."))
        raise MisfitError(_("{called} is not taken here.", called=_called(node)))

    def _compared(self, node: exp.Expression, op: c.CountOp) -> c.Condition:
        left, right = _bare(node.this), _bare(node.expression)
        if (isinstance(right, exp.Column) and not isinstance(left, exp.Column)) or (
            isinstance(right, exp.Anonymous) and isinstance(left, exp.Literal)
        ):
            left, right, op = right, left, _FLIPPED[op]
        value = self._value(right)
        if isinstance(left, exp.Anonymous):
            words, _named = self._arguments(left)
            return self.words.counted(str(left.this), words, op, value)
        return self.words.compared(self._name(left), op, (value,))

    def _function(self, node: exp.Anonymous) -> c.Condition:
        name = str(node.this).lower()
        if name in vocabulary.ON_A_COLUMN and node.expressions:
            kind = vocabulary.ON_A_COLUMN[name]
            values = tuple(self._value(value) for value in node.expressions[1:])
            return self.words.contains(self._name(node.expressions[0]), kind, values)
        return self.words.function(name, *self._arguments(node))

    def _arguments(
        self, node: exp.Anonymous
    ) -> tuple[list[c.Value], dict[str, list[c.Value | None]]]:
        plain: list[c.Value] = []
        named: dict[str, list[c.Value | None]] = {}
        for argument in node.expressions:
            if isinstance(argument, exp.Kwarg):
                name, given = argument.this.name.lower(), argument.expression
                is_none = name == "status" and isinstance(given, exp.Null)
                named.setdefault(name, []).append(None if is_none else self._value(given))
            elif named:
                raise MisfitError(_("What has no name stands before what has one."))
            else:
                plain.append(self._value(argument))
        return plain, named

    def _name(self, node: exp.Expression) -> str:
        node = _bare(node)
        if not isinstance(node, exp.Column):
            raise MisfitError(
                _("{called} is not taken where a column stands.", called=_called(node))
            )
        if len(node.parts) != 1 or not isinstance(node.this, exp.Identifier):
            raise MisfitError(_("Write a column by its name alone, without a table."))
        name = str(node.this.this)
        if not node.this.args.get("quoted") and not _NAME.fullmatch(name):
            raise MisfitError(_("{short} is no name of a column.", short=_short(name)))
        return name

    def _value(self, node: exp.Expression) -> c.Value:
        node = _bare(node)
        if isinstance(node, exp.Literal):
            return node.this if node.is_string else vocabulary.number(node.this)
        text = node.this if isinstance(node, exp.Neg | exp.Cast) else None
        if isinstance(node, exp.Neg) and isinstance(text, exp.Literal) and not text.is_string:
            return vocabulary.number(f"-{text.this}")
        if _is_date(node):
            return vocabulary.day(str(node.this.this))
        if isinstance(node, exp.Boolean):
            return bool(node.this)
        if isinstance(node, exp.Anonymous) and str(node.this).lower() == "days_ago":
            return vocabulary.days_ago(self._arguments(node)[0])
        if isinstance(node, exp.Column):
            raise MisfitError(
                _("Write a value in single quotes: '{short}'.", short=_short(node.name))
            )
        if isinstance(node, exp.Null):
            raise MisfitError(_("Nothing equals NULL; write IS NULL or IS NOT NULL."))
        raise MisfitError(_("{called} is not taken where a value stands.", called=_called(node)))

    def _refuse(self, words: str, node: exp.Expression) -> WhereError:
        places = [part.meta["start"] for part in node.walk() if "start" in part.meta]
        return WhereError(words, self.text, min(places, default=None))

    def _refuse_at(self, words: str, start: int) -> None:
        raise WhereError(words, self.text, start)


def _operands(node: exp.Expression) -> Iterator[exp.Expression]:
    """All that one kind of joining joins, from left to right, however long the chain."""
    kind, waiting = type(node), [node]
    while waiting:
        part = waiting.pop()
        if type(part) is kind:
            waiting += [part.expression, part.this]
        else:
            yield part


def _is_date(node: exp.Expression) -> bool:
    """True for DATE '2026-11-24'."""
    written = isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal)
    return written and node.this.is_string and node.args["to"].this is exp.DataType.Type.DATE


def _bare(node: exp.Expression) -> exp.Expression:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _called(node: exp.Expression) -> str:
    """A part of the tree by a word that the writer may know."""
    if isinstance(node, exp.Anonymous):
        return _("The function {name}", name=_short(str(node.this)))
    if isinstance(node, exp.Query | exp.Subquery | exp.Exists):
        return _("A query inside")
    if isinstance(node, exp.Column):
        return _("The column {name}", name=_short(node.name))
    if isinstance(node, exp.Literal | exp.Boolean):
        return _("A bare value")
    return f"{type(node).__name__.upper()}"


def _short(words: str) -> str:
    return words if len(words) <= 40 else f"{words[:40]}…"
