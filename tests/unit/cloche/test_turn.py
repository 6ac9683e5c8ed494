"""An answer growing from the events of its session."""

from __future__ import annotations

from typing import Any

from cloche.shapes import Message, Timings
from cloche.store.store import Store
from cloche.turn import Turn, merged


class Fixture:
    """A turn with its store and what it told the page."""

    def __init__(self) -> None:
        self.store = Store(":memory:")
        session_id = self.store.sessions.create()["id"]
        message = self.store.messages.add(session_id, None, "assistant", [], status="streaming")
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.turn = Turn(message, self.store, lambda name, data: self.told.append((name, data)))

    def hear(self, *events: tuple[str, dict[str, Any]]) -> None:
        """Feed events."""
        for name, data in events:
            self.turn.hear(name, data)

    def parts(self) -> list[tuple[Any, ...]]:
        """The parts in short."""
        return [
            (part["type"], part["text"]) if "text" in part else (part["name"], part["status"], part["output"])
            for part in self.turn.message["parts"]
        ]


def delta(text: str, index: int = 0, kind: str = "text") -> tuple[str, dict[str, Any]]:
    """A piece of text."""
    return "content_block:delta", {"block_index": index, "block_type": kind, "delta": text}


def pre(name: str, call_id: str = "c1") -> tuple[str, dict[str, Any]]:
    """A call begins."""
    return "tool:pre", {"tool_name": name, "tool_call_id": call_id, "tool_input": {"a": 1}}


def post(name: str, output: str, *, success: bool = True) -> tuple[str, dict[str, Any]]:
    """A call ends."""
    result = {"success": success}
    return "tool:post", {"tool_name": name, "tool_call_id": "c1", "tool_input": {}, "result": result, "output": output}


def failed(kind: str) -> tuple[str, dict[str, Any]]:
    """A call that did not come to run."""
    error = {"type": kind, "msg": "No."}
    return "tool:error", {"tool_name": "add", "tool_call_id": "c1", "tool_input": {}, "error": error}


REQUEST = ("provider:request", {"provider": "llamacpp", "iteration": 1})


async def test_text_calls_and_more_text_become_parts_in_that_order() -> None:
    fixture = Fixture()
    fixture.hear(REQUEST, delta("Let me "), delta("see."), pre("add"), post("add", "5"), REQUEST, delta("It is 5."))
    assert fixture.parts() == [("text", "Let me see."), ("add", "done", "5"), ("text", "It is 5.")]
    assert fixture.turn.finish("complete")
    Message.model_validate(fixture.turn.message)
    assert [data["index"] for name, data in fixture.told if name == "content_block:delta"] == [0, 0, 2]


async def test_a_call_shows_while_it_runs() -> None:
    fixture = Fixture()
    fixture.hear(REQUEST, pre("add"))
    assert fixture.parts() == [("add", "running", None)]
    assert fixture.told[-1][0] == "message:changed"


async def test_a_call_that_fails_or_is_denied_says_so() -> None:
    for event, status in ((post("add", "No.", success=False), "failed"), (failed("ValueError"), "failed")):
        fixture = Fixture()
        fixture.hear(REQUEST, pre("add"), event)
        assert fixture.parts() == [("add", status, "No.")]
    fixture = Fixture()
    fixture.hear(REQUEST, failed("denied"))
    assert fixture.parts() == [("add", "denied", "No.")]


async def test_a_call_that_is_cut_off_is_cancelled() -> None:
    fixture = Fixture()
    fixture.hear(REQUEST, pre("add"))
    fixture.turn.finish("stopped")
    assert fixture.parts() == [("add", "cancelled", None)]


async def test_text_that_did_not_stream_comes_with_the_end_of_its_block() -> None:
    fixture = Fixture()
    block = {"type": "text", "text": "All at once."}
    fixture.hear(REQUEST, ("content_block:end", {"block_index": 0, "total_blocks": 1, "block": block}))
    assert fixture.parts() == [("text", "All at once.")]
    assert fixture.told[-1][1]["message"]["parts"][0]["text"] == "All at once."


async def test_nothing_grows_after_the_end() -> None:
    fixture = Fixture()
    fixture.turn.finish("stopped")
    fixture.hear(REQUEST, delta("late"))
    assert fixture.parts() == []


async def test_the_figures_of_all_rounds_add_up() -> None:
    fixture = Fixture()
    usage = {"input_tokens": 10, "output_tokens": 2, "cache_read_tokens": None}
    metadata = {"model": "starter", "timings": Timings(prompt_ms=5.0).model_dump()}
    response = {"provider": "x", "finish_reason": "stop", "usage": usage, "metadata": metadata}
    fixture.hear(("provider:response", response), ("provider:response", response))
    fixture.turn.finish("complete")
    assert fixture.turn.message["usage"] == {
        "prompt_tokens": 20,
        "completion_tokens": 4,
        "cached_tokens": 0,
        "image_tokens": 0,
    }
    assert fixture.turn.message["timings"]["prompt_ms"] == 10.0


def test_of_two_rounds_the_first_token_is_the_first_and_the_rate_the_last() -> None:
    first = Timings(time_to_first_token_ms=1.0, total_ms=10.0, tokens_per_second=50.0, image_ms=3.0)
    second = Timings(time_to_first_token_ms=9.0, total_ms=20.0, tokens_per_second=60.0)
    assert merged(first, second) == Timings(
        time_to_first_token_ms=1.0, total_ms=30.0, tokens_per_second=60.0, image_ms=3.0
    )
