"""Reads an answer as it streams: what the model thinks, what it says, and the tool calls that it writes.

Owns the grammar of calls as models write them. An incremental recursive descent: each rule is a generator that stops
where the text so far ends and goes on with the next piece, so that a piece may end anywhere. What is not a call goes
through as it is and is held back only while it may still become one. Understood are

    <tool_call>{"name": ..., "arguments": {...}}</tool_call>             Hermes, ChatML, Qwen
    <tool_call><function=name><parameter=key>value</parameter>...        Qwen's coders; with or without the outer mark
    <|python_tag|>{"name": ..., "parameters": {...}}; {...}              Llama 3
    [TOOL_CALLS][{...}, ...]  and  [TOOL_CALLS]name[ARGS]{...}           Mistral
    {"name": ..., "arguments": {...}}                                    bare or in a code block, where an answer begins

Whether arguments are right is not judged here; a call that cannot be read becomes one with a `fault`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

from ..engine_contract import Delta, ToolCall, ToolCallDelta
from .written import MAX_DEPTH, opens_call, read_calls, read_parameters

Value = TypeVar("Value")
Reading = Generator[None, None, Value]

FENCE = "```"
TOOL_CALL, TOOL_CALL_END = "<tool_call>", "</tool_call>"
FUNCTION, FUNCTION_END = "<function=", "</function>"
PARAMETER, PARAMETER_END = "<parameter=", "</parameter>"
PYTHON_TAG = "<|python_tag|>"
TOOL_CALLS, CALL_ID, ARGS = "[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"
THINK, THINK_END = "<think>", "</think>"
MARKS = (TOOL_CALL, FUNCTION, PYTHON_TAG, TOOL_CALLS, FENCE)
MAX_CALLS = 128
MAX_CALL_CHARS = 200_000
MAX_NAME_CHARS = 128
#: a stray bracket or two may stand before the mark that ends a call
MAX_STRAY_CHARS = 16


class AnswerReader:
    """Reads one answer. `tools` holds the schema of the arguments of each tool; without tools nothing is a call."""

    def __init__(self, tools: Mapping[str, dict[str, Any]]) -> None:
        self.calls: list[ToolCall] = []
        self._tools = tools
        self._input = ""
        self._at = 0
        self._ended = False
        self._fenced = False
        #: what was read of something that may be a call
        self._held: list[str] = []
        self._delta = Delta()
        self._reading: Reading[None] | None = self._answer()
        self._go_on()

    def feed(self, text: str) -> Delta:
        """What the next piece of the answer adds, as far as it is certain."""
        self._input = self._input[self._at :] + text
        self._at = 0
        return self._go_on()

    def end(self) -> Delta:
        """What was held back: the answer ends here."""
        self._ended = True
        return self._go_on()

    def _go_on(self) -> Delta:
        if self._reading is not None:
            try:
                next(self._reading)
            except StopIteration:
                self._reading = None
        delta, self._delta = self._delta, Delta()
        return delta

    # ------------------------------------------------------------ the grammar

    def _answer(self) -> Reading[None]:
        yield from self._thoughts()
        if self._tools:
            yield from self._beginning()
        while (mark := (yield from self._text(MARKS if self._tools else ()))) is not None:
            if mark == FENCE:
                self._fenced = not self._fenced
                self._say(mark)
            elif not (yield from self._call(mark)):
                self._release()

    def _thoughts(self) -> Reading[None]:
        """`<think>` counts only where an answer begins."""
        yield from self._space()
        if not (yield from self._next_is(THINK)):
            self._unread()
            return
        self._skip(len(THINK))
        self._held.clear()
        yield from self._text((THINK_END,), self._think)
        yield from self._space()
        self._held.clear()

    def _beginning(self) -> Reading[None]:
        """A bare call, or a code block with nothing but a call in it."""
        yield from self._space()
        self._fenced = yield from self._next_is(FENCE)
        mark = ""
        if self._fenced:
            self._hold(len(FENCE))
            yield from self._while(str.isalnum, MAX_NAME_CHARS, extra="_-")
            yield from self._space()
            for mark in (TOOL_CALL, FUNCTION, ""):
                if (yield from self._next_is(mark)):
                    break
            self._skip(len(mark))
        if not (yield from self._call(mark) if mark else self._objects(bare=True)):
            self._fenced = False
            self._unread()
        elif self._fenced and (yield from self._next_is(FENCE)):
            self._skip(len(FENCE))
            self._fenced = False
            yield from self._space()
            self._held.clear()

    def _call(self, mark: str) -> Reading[bool]:
        """The calls after a mark, which is held; whether there was one."""
        self._hold_text(mark)
        yield from self._space()
        if mark == TOOL_CALLS:
            found = yield from self._mistral()
        elif mark == FUNCTION or (mark == TOOL_CALL and (yield from self._next_is(FUNCTION))):
            if mark != FUNCTION:
                self._hold(len(FUNCTION))
            found = yield from self._function()
        else:
            found = yield from self._objects(bare=False)
        if found:
            yield from self._close(TOOL_CALL_END)
        return found

    def _objects(self, *, bare: bool) -> Reading[bool]:
        """One object or list of calls after the other, also with a semicolon or a comma between them."""
        found = False
        while (yield from self._look(1)) in ("{", "["):
            text = yield from self._json((lambda begun: opens_call(begun, self._tools)) if bare else None)
            calls = None if text is None else read_calls(text)
            known = calls is not None and all(call.function.name in self._tools for call in calls)
            if calls is None or (bare and not known) or not self._add(calls):
                if found:
                    self._release()
                return found
            found = True
            yield from self._while(str.isspace, MAX_CALL_CHARS, extra=";,")
            self._held.clear()
        return found

    def _mistral(self) -> Reading[bool]:
        found = yield from self._objects(bare=False)
        if found:
            return True
        name = yield from self._while(str.isalnum, MAX_NAME_CHARS, extra="_-.")
        if not name:
            return False
        if (yield from self._next_is(CALL_ID)):
            self._hold(len(CALL_ID))
            yield from self._while(str.isalnum, MAX_NAME_CHARS)
        if (yield from self._next_is(ARGS)):
            self._hold(len(ARGS))
        yield from self._space()
        if (yield from self._look(1)) != "{":
            return False
        arguments = (yield from self._json()) or ""
        found = self._add(read_calls(arguments, name) or [])
        yield from self._space_after(found)
        return found

    def _function(self) -> Reading[bool]:
        """`name>`, then an object or parameters one by one, then the end."""
        name = yield from self._while(str.isalnum, MAX_NAME_CHARS, extra="_-.")
        if not name or (yield from self._look(1)) != ">":
            return False
        self._hold(1)
        yield from self._space()
        if (yield from self._look(1)) == "{":
            calls = read_calls((yield from self._json()) or "", name)
        else:
            given: dict[str, str] = {}
            while (yield from self._next_is(PARAMETER)):
                self._hold(len(PARAMETER))
                key = yield from self._while(lambda mark: mark not in ">\n", MAX_NAME_CHARS)
                self._hold(1)
                begun = len(self._held)
                ended = yield from self._text((PARAMETER_END,), self._hold_text)
                given[key] = "".join(self._held[begun:])
                self._hold_text(ended or "")
                yield from self._space()
            calls = [read_parameters(name, given, self._tools.get(name, {}))]
        found = self._add(calls or [])
        if found:
            yield from self._close(FUNCTION_END)
        return found

    # ------------------------------------------------------------ its words

    def _text(self, marks: tuple[str, ...], tell: Callable[[str], None] | None = None) -> Reading[str | None]:
        """Text up to the first of the marks, which is read; None at the end of the answer."""
        tell = tell or self._say
        while True:
            found = min(((at, mark) for mark in marks if (at := self._input.find(mark, self._at)) >= 0), default=None)
            if found is not None:
                tell(self._input[self._at : found[0]])
                self._at = found[0] + len(found[1])
                return found[1]
            rest = self._input[self._at :]
            kept = 0 if self._ended else longest_beginning(rest, marks)
            if len(rest) > kept:
                tell(rest[: len(rest) - kept])
            self._at = len(self._input) - kept
            if self._ended:
                return None
            yield

    def _json(self, plausible: Callable[[str], bool | None] | None = None) -> Reading[str | None]:
        """An object or list as it is written: up to its last bracket, to a mark that no JSON has, or to the end.

        None as soon as `plausible` says of its beginning that it is no call.
        """
        parts: list[str] = []
        depth = size = 0
        quoted = escaped = False
        while (yield from self._more()):
            start, over = self._at, False
            for position in range(start, len(self._input)):
                mark = self._input[position]
                if quoted:
                    quoted = escaped or mark != '"'
                    escaped = mark == "\\" and not escaped
                elif mark == '"':
                    quoted = True
                elif mark in "{[":
                    depth += 1
                elif mark in "}]":
                    depth -= 1
                over = not quoted and (depth == 0 or mark == "<" or depth > MAX_DEPTH)
                if over:
                    self._at = position + (mark != "<")
                    break
            else:
                self._at = len(self._input)
            parts.append(self._input[start : self._at])
            self._hold_text(parts[-1])
            size += self._at - start
            if plausible is not None:
                verdict = plausible("".join(parts))
                if verdict is False or (verdict is None and over):
                    return None
                if verdict:
                    plausible = None
            if over or size > MAX_CALL_CHARS:
                return "".join(parts)
        return None if plausible is not None else "".join(parts)

    def _more(self) -> Reading[bool]:
        """Wait for something to read; False at the end."""
        while self._at == len(self._input) and not self._ended:
            yield
        return self._at < len(self._input)

    def _look(self, count: int) -> Reading[str]:
        """The next characters, fewer only at the end."""
        while len(self._input) - self._at < count and not self._ended:
            yield
        return self._input[self._at : self._at + count]

    def _next_is(self, mark: str) -> Reading[bool]:
        """Whether this comes next; waits only while it may."""
        while True:
            here = self._input[self._at : self._at + len(mark)]
            if here == mark:
                return True
            if self._ended or not mark.startswith(here):
                return False
            yield

    def _while(self, fits: Callable[[str], bool], most: int, extra: str = "") -> Reading[str]:
        """Characters that fit, held."""
        parts: list[str] = []
        while most > 0 and (yield from self._more()):
            mark = self._input[self._at]
            if not (fits(mark) or mark in extra):
                break
            parts.append(mark)
            self._hold(1)
            most -= 1
        return "".join(parts)

    def _space(self) -> Reading[str]:
        return (yield from self._while(str.isspace, MAX_CALL_CHARS))

    def _space_after(self, call: bool) -> Reading[None]:
        yield from self._space()
        if call:
            self._held.clear()

    def _close(self, mark: str) -> Reading[None]:
        """The mark that ends a call, if it is there, with the white space around it."""
        yield from self._space()
        self._held.clear()
        stray = 0
        while stray < MAX_STRAY_CHARS and (yield from self._look(stray + 1))[stray:] in tuple("}]"):
            stray += 1
        window = yield from self._look(stray)
        self._skip(stray)
        if (yield from self._next_is(mark)):
            self._skip(len(mark))
            yield from self._space_after(True)
        else:
            self._say(window)

    # ------------------------------------------------------------ what comes of it

    def _add(self, calls: list[ToolCall]) -> bool:
        """Take calls for made; in a code block only those of tools that there are."""
        if not calls or (self._fenced and any(call.function.name not in self._tools for call in calls)):
            return False
        for call in calls[: MAX_CALLS - len(self.calls)]:
            function = call.function
            piece = ToolCallDelta(index=len(self.calls), id=call.id, name=function.name, arguments=function.arguments)
            self._delta.tool_calls.append(piece)
            self.calls.append(call)
        self._held.clear()
        return True

    def _hold(self, count: int) -> None:
        self._hold_text(self._input[self._at : self._at + count])
        self._skip(count)

    def _hold_text(self, text: str) -> None:
        self._held.append(text)

    def _skip(self, count: int) -> None:
        self._at = min(self._at + count, len(self._input))

    def _release(self) -> None:
        """It was no call."""
        self._say("".join(self._held))
        self._held.clear()

    def _unread(self) -> None:
        """It was no call, and something else may begin within it."""
        self._input = "".join(self._held) + self._input[self._at :]
        self._at = 0
        self._held.clear()

    def _say(self, text: str) -> None:
        self._delta.text += text

    def _think(self, text: str) -> None:
        self._delta.reasoning += text


def longest_beginning(text: str, marks: tuple[str, ...]) -> int:
    """How many of the last characters may be the beginning of a mark."""
    for length in range(min(len(text), max(map(len, marks), default=1) - 1), 0, -1):
        if any(mark.startswith(text[-length:]) for mark in marks):
            return length
    return 0
