"""An answer while it is being written: grows from the events of its session, goes to the page and to the store.

Owns the assistant's message of one turn. Text goes to the page as it comes and to the store at least every second; when
the store is full the answer goes on in memory. It does not know what runs the turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from amplifier_core.events import (
    APPROVAL_DENIED,
    APPROVAL_GRANTED,
    APPROVAL_REQUIRED,
    CONTENT_BLOCK_DELTA,
    CONTENT_BLOCK_END,
    PROVIDER_REQUEST,
    PROVIDER_RESPONSE,
    TOOL_ERROR,
    TOOL_POST,
    TOOL_PRE,
)

from .errors import ClocheError, StorageError
from .shapes import Timings, Usage
from .store.messages import cancel_running_calls
from .store.store import Store

Data = dict[str, Any]
Emit = Callable[[str, Data], None]
#: seconds between two commits of a growing answer
COMMIT_INTERVAL = 0.5
KINDS = {"text": "text", "thinking": "reasoning"}


class Turn:
    """One answer. `message` is its state as shapes.Message."""

    def __init__(self, message: Data, store: Store, emit: Emit) -> None:
        self.message: Data = {**message, "parts": list(message["parts"])}
        self._store = store
        self._emit = emit
        self._started = time.monotonic()
        self._first_token: float | None = None
        self._first_part = 0
        self._blocks: dict[int, int] = {}
        self._tool_starts: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._told_full = False
        self._usage = Usage()
        self._timings: Timings | None = None

    def hear(self, event: str, data: Data) -> None:
        """Take an event of the session."""
        if self.ended:
            return
        if event == PROVIDER_REQUEST:
            self._first_part = len(self.message["parts"])
            self._blocks.clear()
        elif event == CONTENT_BLOCK_DELTA:
            self._add_text(data["block_index"], data["block_type"], data["delta"])
        elif event == CONTENT_BLOCK_END:
            self._end_block(data["block_index"], data["block"])
        elif event == PROVIDER_RESPONSE:
            self._take_response(data)
        elif event == TOOL_PRE:
            self._start_call(data)
        elif event == APPROVAL_REQUIRED:
            self._ask(data)
        elif event in (APPROVAL_GRANTED, APPROVAL_DENIED):
            self._decided(data, allowed=event == APPROVAL_GRANTED)
        elif event == TOOL_POST:
            failed = not data["result"].get("success", True)
            self._end_call(data, "failed" if failed else "done", data["output"])
        elif event == TOOL_ERROR:
            denied = data["error"]["type"] == "denied"
            self._end_call(data, "denied" if denied else "failed", data["error"]["msg"])

    def answer_text(self) -> str:
        """The text of the answer so far."""
        return "".join(part["text"] for part in self.message["parts"] if part["type"] == "text")

    def rewrite(self, text: str | None, form: str = "markdown") -> None:
        """Put another text in place of the answer's; None leaves none. What the model thought stays."""
        parts = [part for part in self.message["parts"] if part["type"] != "text"]
        if text is not None:
            parts.append({"type": "text", "text": text, "format": form})
        self.message["parts"] = parts
        self._blocks.clear()
        self._emit("message:changed", {"message": self.snapshot()})
        self._changed()

    def begin_with(self, model: str, provider: str, *, remote: bool, note: str) -> None:
        """Say who is asked now, and why it is not the first choice."""
        another = (provider, note) != (self.message["provider"], self.message["note"])
        self.message.update(model=model or None, provider=provider, remote=remote, note=note)
        if another:
            self._emit("message:changed", {"message": self.snapshot()})

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return bool(self.message["status"] != "streaming")

    def finish(self, status: str, error: ClocheError | None = None) -> bool:
        """End the answer and keep it; says whether it could be kept."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        message = self.message
        cancel_running_calls(message["parts"])
        message["status"] = status
        message["error"] = error.info().model_dump() if error else None
        message["timings"] = self._final_timings().model_dump()
        if self._usage.prompt_tokens or self._usage.completion_tokens:
            message["usage"] = self._usage.model_dump()
        try:
            with self._store.database.transaction():
                self._store.messages.finish(message)
                self._store.sessions.touch(message["session_id"])
        except StorageError as storage_error:
            self._tell_full(storage_error)
            return False
        return True

    def snapshot(self) -> Data:
        """The message as it is now; it does not grow with the answer."""
        return {**self.message, "parts": [dict(part) for part in self.message["parts"]]}

    def _part(self, index: int, kind: str) -> tuple[int, Data]:
        parts = self.message["parts"]
        if index not in self._blocks:
            self._blocks[index] = len(parts)
            parts.append({"type": KINDS[kind], "text": ""})
        position = self._blocks[index]
        return position, parts[position]

    def _add_text(self, index: int, kind: str, text: str) -> None:
        if self._first_token is None:
            self._first_token = time.monotonic()
        position, part = self._part(index, kind)
        part["text"] += text
        message = self.message
        self._emit(
            "content_block:delta",
            {
                "session_id": message["session_id"],
                "message_id": message["id"],
                "index": position,
                "kind": part["type"],
                "text": text,
            },
        )
        self._changed()

    def _end_block(self, index: int, block: Data) -> None:
        kind = block["type"]
        if kind not in KINDS:
            return
        text = block[kind]
        _, part = self._part(index, kind)
        if part["text"] != text:
            part["text"] = text
            self._emit("message:changed", {"message": self.snapshot()})
            self._changed()

    def _start_call(self, data: Data) -> None:
        self._tool_starts[data["tool_call_id"]] = time.monotonic()
        self.message["parts"].append(
            {
                "type": "tool_call",
                "id": data["tool_call_id"],
                "name": data["tool_name"],
                "arguments": data["tool_input"],
                "access": data.get("access"),
                "status": "running",
                "approval": None,
                "output": None,
                "duration_ms": None,
            }
        )
        self._emit("message:changed", {"message": self.snapshot()})
        self._changed()

    def _find(self, kind: str, part_id: str | None) -> Data | None:
        """The newest part with this id."""
        found = [part for part in self.message["parts"] if part["type"] == kind and part["id"] == part_id]
        return found[-1] if found else None

    def _ask(self, data: Data) -> None:
        asked = {name: data[name] for name in ("prompt", "deadline")}
        asked |= {"id": data["approval_id"], "origin": data.get("origin", "")}
        part = self._find("tool_call", data.get("tool_call_id"))
        if part is None:
            part = {"type": "question", "id": asked["id"], "prompt": asked["prompt"]}
            self.message["parts"].append(part)
        else:
            part.update(access=data.get("access"), arguments=data.get("tool_input", part["arguments"]))
        part.update(status="asking", approval=asked)
        self._emit("message:changed", {"message": self.snapshot()})
        self._commit()

    def _decided(self, data: Data, *, allowed: bool) -> None:
        part = self._find("tool_call", data.get("tool_call_id"))
        if part is not None and part["status"] == "asking":
            part.update(status="running", approval=None)
            self._tool_starts[part["id"]] = time.monotonic()
        elif part is None and (part := self._find("question", data["approval_id"])) is not None:
            part.update(status="allowed" if allowed else "denied", approval=None)
        else:
            return
        self._emit("message:changed", {"message": self.snapshot()})
        self._changed()

    def _end_call(self, data: Data, status: str, output: str) -> None:
        call_id = data["tool_call_id"]
        part = self._find("tool_call", call_id)
        if part is None:
            self._start_call(data)
            part = self.message["parts"][-1]
        took = time.monotonic() - self._tool_starts[call_id]
        figures = data.get("figures") or []
        part.update(status=status, output=output, figures=figures, approval=None, duration_ms=round(took * 1000, 1))
        self._emit("message:changed", {"message": self.snapshot()})
        self._changed()

    def _take_response(self, data: Data) -> None:
        self.message["finish_reason"] = data["finish_reason"]
        metadata = data["metadata"] or {}
        self.message["model"] = metadata.get("model") or self.message["model"]
        usage = data["usage"] or {}
        self._usage = Usage(
            prompt_tokens=self._usage.prompt_tokens + usage.get("input_tokens", 0),
            completion_tokens=self._usage.completion_tokens + usage.get("output_tokens", 0),
            cached_tokens=self._usage.cached_tokens + (usage.get("cache_read_tokens") or 0),
        )
        if metadata.get("timings"):
            self._timings = merged(self._timings, Timings.model_validate(metadata["timings"]))

    def _final_timings(self) -> Timings:
        timings = self._timings or Timings()
        first = None if self._first_token is None else round((self._first_token - self._started) * 1000, 1)
        return timings.model_copy(
            update={
                "time_to_first_token_ms": first if first is not None else timings.time_to_first_token_ms,
                "total_ms": round((time.monotonic() - self._started) * 1000, 1),
            }
        )

    def _changed(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(COMMIT_INTERVAL, self._commit)

    def _commit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            self._store.messages.save_partial(self.message["id"], self.message["parts"])
        except StorageError as error:
            self._tell_full(error)

    def _tell_full(self, error: StorageError) -> None:
        if self._told_full:
            return
        self._told_full = True
        self._emit(
            "notice",
            {
                "level": "error",
                "code": error.code,
                "message": f"{error.message} The answer is being written but cannot be kept.",
                "action": "Delete conversations or free disk space, and copy what you need.",
            },
        )


def merged(before: Timings | None, after: Timings) -> Timings:
    """Timings of a turn of several rounds: durations add up, the first token stays the first, the rate is the last."""
    if before is None:
        return after
    return Timings(
        time_to_first_token_ms=before.time_to_first_token_ms,
        prompt_ms=added(before.prompt_ms, after.prompt_ms),
        image_ms=added(before.image_ms, after.image_ms),
        total_ms=added(before.total_ms, after.total_ms),
        tokens_per_second=after.tokens_per_second or before.tokens_per_second,
    )


def added(first: float | None, second: float | None) -> float | None:
    """The sum of what is known."""
    if first is None or second is None:
        return second if first is None else first
    return first + second
