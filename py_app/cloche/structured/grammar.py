"""Grammars in GBNF, llama.cpp's form of BNF: reading one, and telling whether a text follows it.

Owns both. A grammar is rules `name ::= ...` of literals, character classes, groups, alternatives and repetitions; a
text must be derived from `root` whole. The check is Earley's, so that it takes any grammar that an engine takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .schema import BadSchema

MAX_REPEAT = 1000
MAX_SYMBOLS = 100_000
MAX_DEPTH = 64
#: states that a check may go through
MAX_STATES = 2_000_000
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "[": "[", "]": "]", "-": "-", "^": "^"}
CODES = {"x": 2, "u": 4, "U": 8}
NAME_MARKS = "-_"


class Letters(NamedTuple):
    """Letters between bounds, these included, or all others."""

    bounds: tuple[tuple[str, str], ...]
    others: bool = False

    def has(self, letter: str) -> bool:
        """Whether a letter is one of them."""
        return any(first <= letter <= last for first, last in self.bounds) is not self.others


Symbol = Letters | str
Alternatives = list[tuple[Symbol, ...]]


class Grammar:
    """A grammar; `text` is how it was written. Raises BadSchema with the line of the mistake."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._rules: dict[str, Alternatives] = _Reader(text).rules()
        known = set(self._rules)
        if "root" not in known:
            raise BadSchema("The grammar has no rule “root”, from which the answer is derived.")
        used = {part for rule in self._rules.values() for symbols in rule for part in symbols if isinstance(part, str)}
        for name in sorted(used - known):
            raise BadSchema(f"The grammar uses a rule “{name}” that it does not have.")
        self._empty = self._rules_that_may_be_empty()

    def fault_of(self, text: str) -> str:
        """Where a text leaves the grammar; empty if it follows it."""
        states = 0
        waiting: list[dict[str, list[_State]]] = []
        here = [_State("root", symbols, 0, 0) for symbols in self._rules["root"]]
        for place in range(len(text) + 1):
            seen, later = set(here), []
            waits: dict[str, list[_State]] = {}
            waiting.append(waits)
            for state in here:  # grows while it is gone through
                for found in self._moves(state, place, waiting):
                    if found not in seen:
                        seen.add(found)
                        here.append(found)
                symbol = state.next()
                if isinstance(symbol, Letters) and place < len(text) and symbol.has(text[place]):
                    later.append(state.after())
            states += len(here)
            if states > MAX_STATES:
                return "it is too long to be checked against the grammar"
            if place == len(text):
                break
            if not later:
                return f"the answer leaves the grammar at character {place + 1} ({text[place]!r})"
            here = list(dict.fromkeys(later))
        whole = any(state.name == "root" and state.start == 0 and state.next() is None for state in here)
        return "" if whole else "the answer ends before the grammar does"

    def _moves(self, state: _State, place: int, waiting: list[dict[str, list[_State]]]) -> list[_State]:
        """The states that one leads to without reading on."""
        symbol = state.next()
        if symbol is None:
            return [waiter.after() for waiter in waiting[state.start].get(state.name, ())]
        if isinstance(symbol, Letters):
            return []
        waiting[place].setdefault(symbol, []).append(state)
        begun = [_State(symbol, symbols, 0, place) for symbols in self._rules[symbol]]
        return [*begun, state.after()] if symbol in self._empty else begun

    def _rules_that_may_be_empty(self) -> set[str]:
        empty: set[str] = set()
        while True:
            more = {
                name
                for name, rule in self._rules.items()
                if any(all(isinstance(part, str) and part in empty for part in symbols) for symbols in rule)
            }
            if more == empty:
                return empty
            empty = more


class _State(NamedTuple):
    """How far an alternative of a rule is, and where in the text it began."""

    name: str
    symbols: tuple[Symbol, ...]
    at: int
    start: int

    def next(self) -> Symbol | None:
        return self.symbols[self.at] if self.at < len(self.symbols) else None

    def after(self) -> _State:
        return self._replace(at=self.at + 1)


class _Reader:
    """Reads a grammar. Groups and repetitions become rules of their own, whose names no one can write."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._rules: dict[str, Alternatives] = {}

    def rules(self) -> dict[str, Alternatives]:
        """All rules."""
        self._space()
        while self._at < len(self._text):
            name = self._name()
            if not name or not self._take("::="):
                raise self._wrong("a rule looks like: name ::= “text” | other-rule")
            if name in self._rules:
                raise self._wrong(f"there are two rules “{name}”")
            self._rules[name] = []
            self._rules[name] = self._alternatives()
        return self._rules

    def _alternatives(self) -> Alternatives:
        found = [self._sequence()]
        while self._take("|"):
            found.append(self._sequence())
        return found

    def _sequence(self) -> tuple[Symbol, ...]:
        found: list[Symbol] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            part = self._part()
            if part is None:
                break
            found.extend(self._repeated(part))
        return tuple(found)

    def _part(self) -> Sequence[Symbol] | None:
        """A literal, a class, a group or the name of a rule; None where the next rule begins."""
        mark = self._text[self._at]
        if self._take("("):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise self._wrong("the brackets are nested too deeply")
            group = self._new(self._alternatives())
            if not self._take(")"):
                raise self._wrong("a bracket is not closed")
            self._depth -= 1
            return [group]
        if self._take("."):
            return [Letters((), others=True)]
        if mark == '"':
            return [Letters(((letter, letter),)) for letter in self._letters('"')]
        if mark == "[":
            return [self._class()]
        before = self._at
        name = self._name()
        if not name:
            raise self._wrong(f"{mark!r} is not expected here")
        if self._text.startswith("::=", self._at):
            self._at = before
            return None
        return [name]

    def _repeated(self, part: Sequence[Symbol]) -> Sequence[Symbol]:
        """The part as often as the mark after it says."""
        if self._take("*"):
            return self._times(part, 0, None)
        if self._take("+"):
            return self._times(part, 1, None)
        if self._take("?"):
            return self._times(part, 0, 1)
        if not self._take("{"):
            return part
        least = self._number()
        most: int | None = least
        if self._take(","):
            most = None if self._text[self._at : self._at + 1] == "}" else self._number()
        if not self._take("}") or (most is not None and most < least):
            raise self._wrong("a repetition looks like {2}, {2,} or {2,5}")
        return self._times(part, least, most)

    def _times(self, part: Sequence[Symbol], least: int, most: int | None) -> Sequence[Symbol]:
        if len(part) * max(least, most or 0) > MAX_SYMBOLS:
            raise self._wrong("this is too long to be repeated so often")
        fixed = list(part) * least
        if most is None:
            name = self._new([()])
            self._rules[name].append((name, *part))
            return [*fixed, name]
        maybe: Sequence[Symbol] = ()
        for _ in range(most - least):
            maybe = [self._new([(), (*part, *maybe)])]
        return [*fixed, *maybe]

    def _new(self, alternatives: Alternatives) -> str:
        name = f"({len(self._rules)})"
        self._rules[name] = alternatives
        return name

    def _class(self) -> Letters:
        self._at += 1
        others = self._text.startswith("^", self._at)
        self._at += others
        bounds: list[tuple[str, str]] = []
        while not self._text.startswith("]", self._at):
            first = last = self._letter()
            if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
                self._at += 1
                last = self._letter()
            bounds.append((first, last))
        self._at += 1
        self._space()
        return Letters(tuple(bounds), others)

    def _letters(self, end: str) -> list[str]:
        self._at += 1
        found: list[str] = []
        while not self._text.startswith(end, self._at):
            found.append(self._letter())
        self._at += 1
        self._space()
        return found

    def _letter(self) -> str:
        """One letter, or what a backslash stands for."""
        letter = self._text[self._at : self._at + 1]
        if letter in ("", "\n"):
            raise self._wrong("a text or a class is not closed")
        self._at += 1
        if letter != "\\":
            return letter
        kind = self._text[self._at : self._at + 1]
        self._at += 1
        if kind in ESCAPES:
            return ESCAPES[kind]
        digits = self._text[self._at : self._at + CODES.get(kind, 0)]
        try:
            self._at += len(digits)
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            raise self._wrong(f"\\{kind} stands for nothing") from None

    def _name(self) -> str:
        start = self._at
        while self._at < len(self._text) and (self._text[self._at].isalnum() or self._text[self._at] in NAME_MARKS):
            self._at += 1
        name = self._text[start : self._at]
        self._space()
        return name

    def _number(self) -> int:
        digits = self._name()
        if not digits.isdecimal() or int(digits[:6]) > MAX_REPEAT:
            raise self._wrong(f"a number up to {MAX_REPEAT} is missing")
        return int(digits)

    def _take(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        self._space()
        return True

    def _space(self) -> None:
        """White space and comments."""
        while self._at < len(self._text) and (self._text[self._at].isspace() or self._text[self._at] == "#"):
            if self._text[self._at] == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                self._at += 1

    def _wrong(self, why: str) -> BadSchema:
        return BadSchema(f"Line {self._text.count(chr(10), 0, self._at) + 1} of the grammar: {why}.")
