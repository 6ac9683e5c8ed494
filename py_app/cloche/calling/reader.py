"""Reads an answer as it streams: what the model thinks, what it says, and the tool calls that it writes.

Owns the grammar of calls as models write them: an incremental recursive descent on the words of scanner.py, so that a
piece of the answer may end anywhere. What is not a call goes through as it is, and is held back only while it may still
become one. Understood are

    <tool_call>{"name": ..., "arguments": {...}}</tool_call>             Hermes, ChatML, Qwen
    <tool_call><function=name><parameter=key>value</parameter>...        Qwen's coders; with or without the outer mark
    <|python_tag|>{"name": ..., "parameters": {...}}; {...}              Llama 3
    [TOOL_CALLS][{...}, ...]  and  [TOOL_CALLS]name[ARGS]{...}           Mistral
    {"name": ..., "arguments": {...}}                                    bare or in a code block, where an answer begins

Whether arguments are right is not judged here; a call that cannot be read becomes one with a `fault`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engine_contract import ToolCall, ToolCallDelta
from .scanner import MAX_JSON_CHARS, Reading, Scanner
from .written import opens_call, read_calls, read_parameters

FENCE = "```"
TOOL_CALL, TOOL_CALL_END = "<tool_call>", "</tool_call>"
FUNCTION, FUNCTION_END = "<function=", "</function>"
PARAMETER, PARAMETER_END = "<parameter=", "</parameter>"
PYTHON_TAG = "<|python_tag|>"
TOOL_CALLS, CALL_ID, ARGS = "[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"
THINK, THINK_END = "<think>", "</think>"
MARKS = (TOOL_CALL, FUNCTION, PYTHON_TAG, TOOL_CALLS, FENCE)
MAX_CALLS = 128
MAX_NAME_CHARS = 128
#: a stray bracket or two may stand before the mark that ends a call
MAX_STRAY_CHARS = 16


class AnswerReader(Scanner):
    """Reads one answer. `tools` holds the schema of the arguments of each tool; without tools nothing is a call."""

    def __init__(self, tools: Mapping[str, dict[str, Any]]) -> None:
        super().__init__()
        self.calls: list[ToolCall] = []
        self._tools = tools
        self._fenced = False
        self._reading = self._answer()
        self._go_on()

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
            yield from self._while(str.isspace, MAX_JSON_CHARS, extra=";,")
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
