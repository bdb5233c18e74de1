"""Grammars as they are written.

    # Knudsen and Hein 1999
    S -> L S | L
    L -> a F a' | a
    F -> a F a' | L S

- Names with a capital are nonterminals; the first line's is the start. A line that begins with `|` goes on with the rules of the one
  before, and `#` begins a comment.
- A small letter is a base. A primed one at the other end pairs with it: `a F a'` makes a pair around what F makes. `e` alone is nothing.
- `S+` is an S that makes one base at least. It is wanted where a rule could otherwise make itself out of nothing (S -> S S, S -> e).
- `[c] a F a' [c']` sees, without making them, the base before the span and the one behind it: the emission of a and a' depends on c and c'.
- `x{3..30}` are 3 to 30 unpaired bases, with a distribution over their number; `x{4}` are four. Two of them in one rule, around a
  nonterminal, have one over both numbers, of at most 30 bases in all; it bears the name `x{1..29 interior}` if one is given.
- `a F a' <helix>` names the emission's table. Rules share the tables of one name; without one, those whose bases are alike share.
- `L S (0.87)` is a probability to begin with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from medai.errors import DataError

_TOKEN = re.compile(
    r"(?P<run>[a-z]\{\s*(?P<low>\d+)(\s*\.\.\s*(?P<high>\d+))?(\s+(?P<lengths>[a-z][a-z0-9-]*))?\s*\})"
    r"|(?P<letter>[a-z]'?)(?![a-z0-9])"
    r"|(?P<name>[A-Z][A-Za-z0-9_]*)(?P<plus>\+)?"
    r"|(?P<arrow>->)|(?P<bar>\|)|(?P<open>\[)|(?P<close>\])"
    r"|<(?P<table>[a-z][a-z0-9-]*)>"
    r"|\((?P<number>[0-9.]+([eE]-?\d+)?)\)"
)


@dataclass(frozen=True)
class Letter:
    """A base: made, or seen as context. `name` is without the prime."""

    name: str
    primed: bool = False


@dataclass(frozen=True)
class Run:
    """`low` to `high` unpaired bases; `lengths` names the distribution over their number, if anything does."""

    low: int
    high: int
    lengths: str = ""


@dataclass(frozen=True)
class Symbol:
    """A nonterminal in a rule; `solid` if it makes one base at least."""

    name: str
    solid: bool = False


Item = Letter | Run | Symbol


@dataclass(frozen=True)
class Production:
    """A rule as it is written.

    Attributes:
        name: the nonterminal on its left.
        items: what it makes; nothing, if empty.
        before: bases seen before the span, from left to right.
        after: bases seen behind it.
        table: the name of its emission's table, if it has one.
        probability: the one to begin with, if there is one.
        line: where it stands, from 1.
        column: likewise.
    """

    name: str
    items: tuple[Item, ...]
    before: tuple[Letter, ...] = ()
    after: tuple[Letter, ...] = ()
    table: str = ""
    probability: float | None = None
    line: int = 0
    column: int = 0

    def fault(self, words: str) -> DataError:
        """An error that names the rule's place."""
        return at(self.line, self.column, words)


def at(line: int, column: int, words: str) -> DataError:
    """An error that names a place of a grammar, whose text may stand within another file."""
    return DataError(f"the grammar's line {line}, column {column}: {words}")


@dataclass
class _Open:
    """A rule that is being read."""

    name: str
    line: int
    column: int
    items: list[Item] = field(default_factory=list)
    before: list[Letter] = field(default_factory=list)
    after: list[Letter] = field(default_factory=list)
    table: str = ""
    probability: float | None = None
    nothing: bool = False
    in_context: bool = False
    contexts: int = 0

    def closed(self) -> Production:
        if self.in_context:
            raise at(self.line, self.column, "a [ is not closed")
        if not self.items and not self.nothing:
            raise at(self.line, self.column, f"a rule of {self.name} is empty: what makes nothing is written e")
        if self.items and self.nothing:
            raise at(self.line, self.column, "e stands alone in its rule")
        return Production(
            self.name, tuple(self.items), tuple(self.before), tuple(self.after), self.table, self.probability, self.line, self.column
        )


def read(text: str) -> list[Production]:
    """The rules of a grammar, in order.

    Raises:
        DataError: the text is no grammar; names line and column of the text.
    """
    rules: list[Production] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.split("#", 1)[0]
        if stripped.strip():
            rules += _line(stripped, number, rules[-1].name if rules else "")
    if not rules:
        raise DataError("the grammar has no rules")
    return rules


def _line(text: str, number: int, last: str) -> list[Production]:
    tokens = list(_tokens(text, number))
    if tokens[0][0].lastgroup == "bar" or tokens[0][0]["bar"]:
        if not last:
            raise at(number, tokens[0][1], "a line that begins with | goes on with the rules of a line before, and there is none")
        name = last
    elif len(tokens) > 1 and tokens[0][0]["name"] and not tokens[0][0]["plus"] and tokens[1][0]["arrow"]:
        name, tokens = tokens[0][0]["name"], tokens[1:]
    else:
        raise at(number, tokens[0][1], "a line begins with a nonterminal and ->, or with |")
    rules, rule = [], None
    for match, column in tokens:
        if match["bar"] or match["arrow"]:
            if match["arrow"] and rule is not None:
                raise at(number, column, "a second -> on one line")
            if rule is not None:
                rules.append(rule.closed())
            rule = _Open(name, number, column + len(match[0]) + 1)
        elif rule is not None:
            _take(rule, match, column)
    assert rule is not None
    return [*rules, rule.closed()]


def _tokens(text: str, number: int) -> list[tuple[re.Match[str], int]]:
    found, place = [], 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise at(number, place + 1, f"{text[place:].split()[0]!r} is not part of a grammar")
        found.append((match, place + 1))
        place = match.end()
    return found


def _take(rule: _Open, match: re.Match[str], column: int) -> None:
    """Add a token to a rule."""
    if match["open"]:
        if rule.in_context or rule.contexts > 1 or (rule.contexts == 1 and not rule.items):
            raise at(rule.line, column, "bases in [] are seen before the span or behind it, once each")
        if rule.items:
            rule.contexts = 1
        rule.in_context = True
    elif match["close"]:
        if not rule.in_context:
            raise at(rule.line, column, "a ] closes nothing")
        rule.in_context, rule.contexts = False, rule.contexts + 1
    elif match["table"]:
        rule.table = match["table"]
    elif match["number"]:
        rule.probability = _probability(rule, match["number"], column)
    elif rule.in_context:
        if not match["letter"]:
            raise at(rule.line, column, f"{match[0]!r} cannot stand in []: bases can")
        (rule.after if rule.contexts else rule.before).append(Letter(match["letter"][0], match["letter"].endswith("'")))
    elif rule.contexts > 1 or rule.after:
        raise at(rule.line, column, f"{match[0]!r} stands behind the bases that are seen behind the span")
    elif match["letter"] == "e":
        rule.nothing = True
    else:
        rule.items.append(_item(rule, match, column))


def _item(rule: _Open, match: re.Match[str], column: int) -> Item:
    if match["name"]:
        return Symbol(match["name"], bool(match["plus"]))
    if match["letter"]:
        return Letter(match["letter"][0], match["letter"].endswith("'"))
    low = int(match["low"])
    high = low if match["high"] is None else int(match["high"])
    if high < low:
        raise at(rule.line, column, f"{match[0]!r} ends before it begins")
    return Run(low, high, match["lengths"] or "")


def _probability(rule: _Open, text: str, column: int) -> float:
    try:
        value = float(text)
    except ValueError:
        raise at(rule.line, column, f"({text}) is no number") from None
    if not 0 < value <= 1:
        raise at(rule.line, column, f"({text}) is no probability above 0")
    return value
